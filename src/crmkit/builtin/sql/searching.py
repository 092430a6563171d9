"""What a search by a part of a text has in a place: which indexes it may have, which are there, and what makes it slow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.indexing import BATCH, waiting
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.schema import Found
from crmkit.builtin.sql.tables import index_name
from crmkit.builtin.sql.trigrams import STATE, TextIndex, index_of
from crmkit.records import Declaration, declaration_of


def search_columns(declaration: Declaration, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the folded texts of a record type: the name of its index, and its column."""
    table = prefix + declaration.name
    for field in declaration.stored:
        if field.searchable:
            yield index_name(table, ("search", field.columns[1]), unique=False), field.columns[1]


def text_index(declaration: Declaration, prefix: str) -> TextIndex | None:
    """Return the index of trigrams that a store keeps of a record type's texts; None where it may have none."""
    table, has_version = prefix + declaration.name, "version" in declaration.by_name
    columns = {index_of(table, folded): folded for _, folded in search_columns(declaration, prefix)}
    if not columns or declaration.coarse or not (has_version or declaration.mode == "append_only"):
        return None
    return TextIndex(table=table, state=prefix + STATE, columns=columns, has_version=has_version)


def wanted_texts(catalogue: Catalogue, found: Found) -> Mapping[str, TextIndex]:
    """Return the indexes of trigrams that a store keeps here, by record type, also those that are not there yet."""
    types = catalogue.types.items() if found.searching.is_ours else ()
    made = {name: text_index(declaration_of(of), catalogue.prefix) for name, of in types}
    return {name: index for name, index in made.items() if index is not None}


def text_indexes(catalogue: Catalogue, found: Found) -> Mapping[str, TextIndex]:
    """Return those that are there."""
    wanted = wanted_texts(catalogue, found).items()
    return {name: index for name, index in wanted if index.names <= found.indexes}


def is_searched(catalogue: Catalogue, found: Found) -> bool:
    """Say whether each text has the index that it can have here."""
    if found.searching.is_ours:
        return all(index.names <= found.indexes for index in wanted_texts(catalogue, found).values())
    types = catalogue.types.values() if found.searching.index is not None else ()
    wanted = (name for of in types for name, _ in search_columns(declaration_of(of), catalogue.prefix))
    return found.indexes.issuperset(wanted)


def slowness(catalogue: Catalogue, found: Found, link: Link) -> Iterator[str]:
    """Yield what makes a search slow."""
    if found.searching.why_not:
        yield found.searching.why_not
    for index in text_indexes(catalogue, found).values():
        if waiting(link, index) >= BATCH:
            yield f"A search in {index.table} is slow until its new texts are in their index: run `crmkit work`."
