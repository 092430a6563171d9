"""Drift: what is not as an upgrade has made it.

What should be there is not worked out but made: a fresh install in a place that nobody sees, described in the same
words as the real one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.dialect import Described, Searching
from crmkit.builtin.sql.dropping import columns_kept
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.planning import Custom, plan
from crmkit.builtin.sql.schema import Found, is_within
from crmkit.builtin.sql.trigrams import ROW_COLUMNS
from crmkit.ports.store import Drift
from crmkit.records import declaration_of

_EXTRA: Final = "Drop it, or leave it: it only costs time."
_UPGRADE: Final = "crmkit db upgrade"


def drift(catalogue: Catalogue, link: Link, found: Found, custom: Custom | None) -> Iterator[Drift]:
    """Yield what is not as it should be, of the record types that the ledger has."""
    real = catalogue.database.describe(link, catalogue.schema)
    for table, whole in fresh(catalogue, link, found, custom).items():
        name = table.removeprefix(catalogue.prefix)
        kept: Mapping[str, Any] = found.value(f"type:{name}") or {"fields": ()}
        if not kept["fields"] and name in catalogue.types:
            continue  # an upgrade makes it
        there = real.get(table)
        if there is None:
            remedy = f"Its rows are in a backup only: restore one, or make it anew, empty: {_UPGRADE}."
            yield Drift(table=table, what="missing table", remedy=remedy)
            continue
        columns = frozenset(columns_kept(kept, [field["name"] for field in kept["fields"]]))
        wanted = _made(catalogue, name, kept, columns, there, whole)
        old = columns - whole.columns.keys()
        yield from _columns(table, there, wanted, columns)
        yield from _indexes(table, there, wanted, old)
        yield from _rules(table, there, wanted)


def _made(
    catalogue: Catalogue,
    name: str,
    kept: Mapping[str, Any],
    columns: frozenset[str],
    there: Described,
    whole: Described,
) -> Described:
    """Return what an upgrade has made of a table until now, where it is declared newer than that."""
    of = catalogue.types.get(name)
    if of is None or is_within(declaration_of(of), kept):
        return whole
    system = {column for field in declaration_of(of).fields if field.system for column in field.columns}
    system.update(ROW_COLUMNS)
    return Described(
        columns={column: type_ for column, type_ in whole.columns.items() if column in columns | system},
        indexes={index: on for index, on in whole.indexes.items() if index in there.indexes},
    )


def fresh(catalogue: Catalogue, link: Link, found: Found, custom: Custom | None) -> Mapping[str, Described]:
    """Return the tables of a fresh install."""
    database = catalogue.database
    types = tuple(catalogue.types.values())
    made = Catalogue(types, database, schema=database.rehearsal_schema(catalogue.schema), prefix=catalogue.prefix)
    searching = Searching() if found.searching.before else found.searching  # what is yet to be made serves no index
    nothing = attrs.evolve(found, before=(), columns={}, indexes=frozenset(), ledger={}, searching=searching)
    texts = [step.text for step in plan(made, nothing, custom).steps]
    tables = database.rehearse(link, [text for text in texts if text.startswith(("CREATE ", "ALTER TABLE "))])
    return {name: table for name, table in tables.items() if name.startswith(catalogue.prefix)}


def _columns(table: str, there: Described, wanted: Described, old: frozenset[str]) -> Iterator[Drift]:
    for name, type_ in wanted.columns.items():
        found = there.columns.get(name)
        if found is None:
            remedy = f"Its values are in a backup only: restore one, or add it anew, empty: {_UPGRADE}."
            yield Drift(table=table, name=name, what="missing column", wanted=type_, remedy=remedy)
        elif found != type_:
            remedy = f"Give it back its type, {type_}, by hand; or restore a backup."
            yield Drift(table=table, name=name, what="other type", found=found, wanted=type_, remedy=remedy)
    for name in there.columns.keys() - wanted.columns.keys() - old:
        remedy = "Drop it, or declare it; crmkit neither reads nor writes it."
        yield Drift(
            table=table, name=name, what="extra column", found=there.columns[name], remedy=remedy,
            is_harmless="NOT NULL" not in there.columns[name],
        )  # fmt: skip


def _indexes(table: str, there: Described, wanted: Described, old: frozenset[str]) -> Iterator[Drift]:
    for name, on in wanted.indexes.items():
        found = there.indexes.get(name)
        if found is None:
            yield Drift(table=table, name=name, what="missing index", wanted=on, remedy=f"Build it: {_UPGRADE}.")
        elif found == f"{on}, invalid":
            remedy = f"A build of it was broken off: build it anew: {_UPGRADE}."
            yield Drift(table=table, name=name, what="invalid index", found=found, wanted=on, remedy=remedy)
        elif found != on:
            remedy = f"Drop it by hand, then build it anew: {_UPGRADE}."
            yield Drift(table=table, name=name, what="other index", found=found, wanted=on, remedy=remedy)
    for name in there.indexes.keys() - wanted.indexes.keys():
        on = there.indexes[name]
        if not any(column in on for column in old):
            is_harmless = not on.startswith("UNIQUE")
            remedy = _EXTRA if is_harmless else "Drop it: it refuses records that crmkit takes."
            yield Drift(table=table, name=name, what="extra index", found=on, remedy=remedy, is_harmless=is_harmless)


def _rules(table: str, there: Described, wanted: Described) -> Iterator[Drift]:
    for name in there.rules.keys() - wanted.rules.keys():
        remedy = "Drop it: crmkit has no rules in the database, and does not know what this one does."
        yield Drift(table=table, name=name, what="extra rule", found=there.rules[name], remedy=remedy)
