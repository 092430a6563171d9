"""What a search by a part of a text has in a place: which indexes it may have, which are there, and what makes it slow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.indexing import BATCH, waiting
from crmkit.builtin.sql.layout import Layout
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.schema import Found
from crmkit.builtin.sql.tables import index_name
from crmkit.builtin.sql.trigrams import STATE, TextIndex, index_of


def search_columns(layout: Layout[Any]) -> Iterator[tuple[str, str]]:
    """Yield the folded texts of a table: the name of its index, and its column."""
    for field in layout.declaration.stored:
        if field.searchable:
            yield index_name(layout.table.name, ("search", field.columns[1]), unique=False), field.columns[1]


def text_index(layout: Layout[Any], prefix: str) -> TextIndex | None:
    """Return the index of trigrams that a store keeps of a table's texts; None where it may have none."""
    declaration, table = layout.declaration, layout.table.name
    columns = {index_of(table, folded): folded for _, folded in search_columns(layout)}
    if not columns or declaration.coarse or not (layout.has_version or declaration.mode == "append_only"):
        return None
    return TextIndex(table=table, state=prefix + STATE, columns=columns, has_version=layout.has_version)


def wanted_texts(catalogue: Catalogue, found: Found) -> Mapping[str, TextIndex]:
    """Return the indexes of trigrams that a store keeps here, by record type, also those that are not there yet."""
    layouts = [catalogue.layout(of) for of in catalogue.types.values()] if found.searching.is_ours else []
    made = {layout.declaration.name: text_index(layout, catalogue.prefix) for layout in layouts}
    return {name: index for name, index in made.items() if index is not None}


def text_indexes(catalogue: Catalogue, found: Found) -> Mapping[str, TextIndex]:
    """Return those that are there."""
    wanted = wanted_texts(catalogue, found).items()
    return {name: index for name, index in wanted if index.names <= found.indexes}


def is_searched(catalogue: Catalogue, found: Found) -> bool:
    """Say whether each text has the index that it can have here."""
    if found.searching.is_ours:
        return all(index.names <= found.indexes for index in wanted_texts(catalogue, found).values())
    layouts = [catalogue.layout(of) for of in catalogue.types.values()] if found.searching.index is not None else []
    return all(name in found.indexes for layout in layouts for name, _ in search_columns(layout))


def slowness(catalogue: Catalogue, found: Found, link: Link) -> Iterator[str]:
    """Yield what makes a search slow."""
    if found.searching.why_not:
        yield found.searching.why_not
    for index in text_indexes(catalogue, found).values():
        if waiting(link, index) >= BATCH:
            yield f"A search in {index.table} is slow until its new texts are in their index: run `crmkit work`."
