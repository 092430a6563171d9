"""The schema in the database: what is there, what the declarations ask for, and the steps between them.

The ledger, itself a table, keeps each declaration as data. A schema is made and upgraded in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

import attrs

from crmkit.builtin.sql.blobs import blob_table
from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.steps import (
    Step,
    add_column,
    create_index,
    create_table,
    custom_index,
    refold,
    sentence,
    statement,
)
from crmkit.builtin.sql.writing import Writer
from crmkit.errors import NewerSchema, StoreCorrupt, StoreError
from crmkit.ports.store import Add, Replace, Schema
from crmkit.records import Declaration, Field, LedgerEntry, Record, declaration_of
from crmkit.records.ledger import declaration_to_json
from crmkit.records.text import FOLD_VERSION

CORE_VERSION: Final = 1
"""The version of what no declaration says: the ledger itself, the chunks of files, how kinds are kept."""


@attrs.frozen(kw_only=True)
class Found:
    """What is in the database: what has to come before the first table, the columns of each table under our prefix, the names of indexes, and the ledger's entries."""

    before: tuple[str, ...]
    columns: Mapping[str, frozenset[str]]
    indexes: frozenset[str]
    ledger: Mapping[str, LedgerEntry]

    def value(self, key: str) -> Any:
        """Return the value of a ledger's entry as plain JSON, or None."""
        return plain(self.ledger[key].value) if key in self.ledger else None


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
    found = Found(
        before=tuple(database.prepare(link, catalogue.schema)),
        columns=columns,
        indexes=database.indexes(link, schema=catalogue.schema),
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
    """Where there is no ledger, a table with one of our names is somebody else's."""
    strange = sorted(catalogue.prefix + name for name in catalogue.types if catalogue.prefix + name in found.columns)
    if strange:
        raise StoreCorrupt(
            f"The table {strange[0]!r} is there already and is not crmkit's: open the store with another prefix= or schema=."
        )


def status(catalogue: Catalogue, link: Link, *, is_ours: bool) -> Schema:
    """Compare what is there with the declarations; until an upgrade, questions read defaults for what is not there."""
    found = look(catalogue, link, is_ours=is_ours)
    catalogue.learn(absent_columns(catalogue, found))
    declared = {name: declaration_of(of) for name, of in catalogue.types.items()}
    kept = {key[5:]: found.value(key) for key in found.ledger if key.startswith("type:")}
    return Schema(
        is_absent=not found.ledger,
        pending=tuple(step.text for step in steps(catalogue, found)) if _differs(declared, kept, found) else (),
        behind=frozenset(name for name in declared if name in kept and not is_within(declared[name], kept[name])),
        unknown={name: value for name, value in kept.items() if name not in declared},
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


def _differs(declared: Mapping[str, Declaration], kept: Mapping[str, Any], found: Found) -> bool:
    if found.value("fold") != {"version": FOLD_VERSION}:
        return True
    return not all(name in kept and is_within(declaration, kept[name]) for name, declaration in declared.items())


def is_within(declaration: Declaration, kept: Mapping[str, Any]) -> bool:
    """Say whether the ledger has all that is declared; it may have more, from newer code."""
    asked = plain(declaration_to_json(declaration))
    fields = {field["name"]: field for field in kept.get("fields", ())}
    if not all(_has(fields.get(field["name"], {}), field) for field in asked.pop("fields")):
        return False
    keys = {name: asked.pop(name) for name in ("unique", "indexes")}
    return _has(kept, asked) and all(key in kept.get(name, ()) for name in keys for key in keys[name])


def _has(kept: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    return all(kept.get(key) == value for key, value in asked.items())


# --- from what is there to what is declared ---
def steps(
    catalogue: Catalogue, found: Found, custom: Mapping[type[Record], Sequence[Field]] | None = None
) -> Iterator[Step]:
    """Yield what an upgrade does, in order.

    Raises:
        StoreError: a change is not additive.
    """
    yield from map(statement, found.before)
    blobs = blob_table(catalogue.database, prefix=catalogue.prefix, schema=catalogue.schema)
    if blobs.name not in found.columns:
        yield create_table(blobs, catalogue.database)
    for name, of in catalogue.types.items():
        yield from _type_steps(catalogue, found, name, of)
        for field in (custom or {}).get(of, ()):
            yield from custom_index(catalogue.layout(of).table, field, found.indexes, catalogue.database)
    if found.ledger and found.value("fold") != {"version": FOLD_VERSION}:
        for of in catalogue.types.values():
            yield from refold(catalogue.layout(of), catalogue.database, declaration_of(of).stored)
    for key, value in _entries(catalogue, found):
        if found.value(key) != value:
            yield sentence(f"Keep {key} in the ledger.", _keeper(catalogue, found, key, value))


def _type_steps(catalogue: Catalogue, found: Found, name: str, of: type[Record]) -> Iterator[Step]:
    layout, database = catalogue.layout(of), catalogue.database
    there = found.columns.get(layout.table.name)
    if there is None:
        yield create_table(layout.table, database)
    else:
        _refuse_other_kinds(layout.declaration, found.value(f"type:{name}") or {})
        for field in layout.declaration.stored:
            if missing := [column for column in field.columns if column not in there]:
                yield from add_column(layout, field, missing, database)
    for index in sorted(layout.table.indexes, key=lambda index: str(index.name)):
        if index.name not in found.indexes:
            yield create_index(index, database)


def _refuse_other_kinds(declaration: Declaration, kept: Mapping[str, Any]) -> None:
    for entry in kept.get("fields", ()):
        field = declaration.by_name.get(entry["name"])
        if field is not None and (field.kind, field.places) != (entry["kind"], entry.get("places", 0)):
            raise StoreError(
                f"{declaration.name}.{field.name} is kept as {entry['kind']} and declared as {field.kind}: "
                "give the new one another name, and copy the values.",
                code="not_additive",
            )


def _entries(catalogue: Catalogue, found: Found) -> Iterator[tuple[str, Any]]:
    yield "schema", {"core": CORE_VERSION}
    yield "fold", {"version": FOLD_VERSION}
    for name, of in catalogue.types.items():
        kept = found.value(f"type:{name}")
        declaration = declaration_of(of)
        if kept is None or not is_within(declaration, kept):
            yield f"type:{name}", _merged(plain(declaration_to_json(declaration)), kept or {})


def _merged(declared: Mapping[str, Any], kept: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the declaration with what only the database has: its columns stay, and so do their facts."""
    fields: dict[str, Any] = {field["name"]: field for field in kept.get("fields", ())}
    mine = [{**fields.pop(field["name"], {}), **field} for field in declared["fields"]]
    return {**declared, "fields": [*mine, *fields.values()]}


def _keeper(catalogue: Catalogue, found: Found, key: str, value: Any) -> Any:
    def keep(link: Link) -> None:
        entry = found.ledger.get(key)
        write = Add(LedgerEntry(key=key, value=value)) if entry is None else Replace(attrs.evolve(entry, value=value))
        Writer(catalogue, link).write([write])

    return keep


def upgrade(
    catalogue: Catalogue, link: Link, *, is_ours: bool, custom: Mapping[type[Record], Sequence[Field]] | None
) -> tuple[str, ...]:
    """Bring the schema to the declarations; return what was done."""
    found = look(catalogue, link, is_ours=is_ours)
    done: list[str] = []
    if is_ours and not found.columns:
        catalogue.database.mark_identity(link, CORE_VERSION)
    for step in list(steps(catalogue, found, custom)):
        step.run(link)
        done.append(step.text)
    catalogue.learn({})
    return tuple(done)


def plain(value: Any) -> Any:
    """Return a JSON value with lists for tuples, as it was written."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast("Sequence[Any]", value)]
    return value
