"""Dropping fields that are no longer declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.ledger import keeper
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.schema import Found
from crmkit.builtin.sql.steps import Step, drop_columns, sentence, statement
from crmkit.builtin.sql.trigrams import STATE, dropping_text, index_of
from crmkit.errors import StoreError
from crmkit.records import Field, FrozenMap, Record
from crmkit.records.fields import Kind


def dropping(catalogue: Catalogue, link: Link, found: Found, of: type[Record], names: Sequence[str]) -> Iterator[Step]:
    """Yield the steps that drop fields; nothing for those that are not there.

    Raises:
        StoreError: a field is still declared.
    """
    layout = catalogue.layout(of)
    name, table, database = layout.declaration.name, layout.table, catalogue.database
    declared = [one for one in names if one in layout.declaration.by_name]
    if declared:
        raise StoreError(f"{name}.{declared[0]} is still declared: it can not be dropped.", code="declared")
    kept: Mapping[str, Any] = found.value(f"type:{name}") or {"fields": ()}
    there = found.columns.get(table.name, frozenset[str]())
    columns = [column for column in columns_kept(kept, names) if column in there]
    for column in columns:
        if index_of(table.name, column) in found.indexes:
            yield from map(statement, dropping_text(table.name, catalogue.prefix + STATE, column))
    if columns:
        indexes = sorted(
            index for index, keys in database.index_columns(link, table).items() if not keys.isdisjoint(columns)
        )
        yield from drop_columns(table, columns, indexes, database)
    left = _without(kept, names)
    if left != kept:
        yield sentence(f"Keep type:{name} in the ledger.", keeper(catalogue, found, f"type:{name}", left))


def columns_kept(kept: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    """Yield the columns of fields that the ledger has."""
    for entry in kept["fields"]:
        if entry["name"] in names:
            kind, searchable = cast("Kind", entry["kind"]), entry.get("searchable", False)
            yield from Field(name=entry["name"], kind=kind, searchable=searchable).columns


def _without(kept: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Any]:
    """Return a declaration without these fields, and without the keys that they stand in."""
    gone = set(names)
    keys = {key: [one for one in kept.get(key, ()) if gone.isdisjoint(one)] for key in ("unique", "indexes")}
    return FrozenMap({**kept, **keys, "fields": [field for field in kept["fields"] if field["name"] not in gone]})
