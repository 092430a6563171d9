"""The schema in the database: what is there, and how far that is what the declarations ask for.

The ledger, itself a table, keeps each declaration as data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.dialect import Searching
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.tables import CUSTOM
from crmkit.errors import NewerSchema, StoreCorrupt
from crmkit.records import Declaration, LedgerEntry, declaration_of

CORE_VERSION: Final = 1
"""The version of what no declaration says: the ledger itself, the chunks of files, how kinds are kept."""


@attrs.frozen(kw_only=True)
class Found:
    """What is in the database: what has to come before the first table, the columns of each table under our prefix, the names of indexes, how a search can have one, and the ledger's entries."""

    before: tuple[str, ...]
    columns: Mapping[str, frozenset[str]]
    indexes: frozenset[str]
    searching: Searching
    ledger: Mapping[str, LedgerEntry]

    def value(self, key: str) -> Any:
        """Return the value of a ledger's entry, deep-frozen, or None."""
        return self.ledger[key].value if key in self.ledger else None


def look(catalogue: Catalogue, link: Link, *, is_ours: bool) -> Found:
    """Read what is in the database.

    Args:
        is_ours: the database was opened by a URL of ours, and holds nothing else.

    Raises:
        StoreCorrupt: it is the database of another program. NewerSchema: a newer version made it.
    """
    database, layout = catalogue.database, catalogue.layout(LedgerEntry)
    columns = database.tables(link, schema=catalogue.schema)
    if is_ours and not catalogue.prefix:
        database.check_identity(link, columns, layout.table.name, CORE_VERSION)
    searching = database.searching(link, catalogue.schema, may_create=is_ours)
    found = Found(
        before=(*database.prepare(link, catalogue.schema), *searching.before),
        columns=columns,
        indexes=database.indexes(link, schema=catalogue.schema),
        searching=searching,
        ledger=_ledger(catalogue, link, columns),
    )
    if not found.ledger:
        _refuse_strangers(catalogue, found)
    version: int = (found.value("schema") or {"core": CORE_VERSION})["core"]
    if version > CORE_VERSION:
        raise NewerSchema(
            f"{link.place} has the schema {version}, this version of crmkit knows {CORE_VERSION}: use a newer one."
        )
    return found


def _ledger(catalogue: Catalogue, link: Link, columns: Mapping[str, Any]) -> Mapping[str, LedgerEntry]:
    layout = catalogue.layout(LedgerEntry)
    if layout.table.name not in columns:
        return {}
    return {entry.key: entry for entry in layout.decode(link.rows(layout.everything))}


def _refuse_strangers(catalogue: Catalogue, found: Found) -> None:
    """Where there is no ledger, a table with one of our names is somebody else's; an empty ledger was just begun."""
    ledger = catalogue.layout(LedgerEntry)
    strange = sorted(catalogue.prefix + name for name in catalogue.types if catalogue.prefix + name in found.columns)
    if strange and not (strange == [ledger.table.name] and found.columns[strange[0]] == frozenset(ledger.columns)):
        raise StoreCorrupt(
            f"The table {strange[0]!r} is there already and is not crmkit's: open the store with another prefix= or schema=."
        )


def absent_columns(catalogue: Catalogue, found: Found) -> Mapping[str, frozenset[str]]:
    """Return the columns that are declared and not there, by record types that are."""
    absent: dict[str, frozenset[str]] = {}
    for name, of in catalogue.types.items():
        there = found.columns.get(catalogue.prefix + name)
        declared = {column for field in declaration_of(of).stored for column in field.columns}
        if there is not None and not declared <= there:
            absent[name] = frozenset(declared - there)
    return absent


def custom_columns(catalogue: Catalogue, found: Found) -> Mapping[str, frozenset[str]]:
    """Return the columns of custom fields that are there, by record type."""
    there = {name: found.columns.get(catalogue.prefix + name, frozenset[str]()) for name in catalogue.types}
    made = {name: frozenset(one for one in columns if one.startswith(CUSTOM)) for name, columns in there.items()}
    return {name: columns for name, columns in made.items() if columns}


def is_within(declaration: Declaration, kept: Mapping[str, Any]) -> bool:
    """Say whether the ledger has all that is declared; it may have more, from newer code."""
    if declaration.in_ledger == kept:
        return True
    asked = dict(declaration.in_ledger)
    fields = {field["name"]: field for field in kept.get("fields", ())}
    if not all(_has(fields.get(field["name"], {}), field) for field in asked.pop("fields")):
        return False
    keys = {name: asked.pop(name) for name in ("unique", "indexes")}
    return _has(kept, asked) and all(key in kept.get(name, ()) for name in keys for key in keys[name])


def _has(kept: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    return all(kept.get(key) == value for key, value in asked.items())
