"""What an upgrade does: the steps from the schema that is there to the declarations, worked out before the first of them runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from crmkit.builtin.sql.blobs import blob_table
from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.doubles import no_doubles
from crmkit.builtin.sql.folding import folding, noting, to_fold
from crmkit.builtin.sql.ledger import keeper, remover
from crmkit.builtin.sql.schema import CORE_VERSION, Found, is_within
from crmkit.builtin.sql.steps import (
    Step,
    add_column,
    create_index,
    create_table,
    custom_index,
    index_texts,
    search_indexes,
    sentence,
    statement,
)
from crmkit.builtin.sql.tables import state_table
from crmkit.errors import StoreError
from crmkit.records import Declaration, Field, LedgerEntry, Record, declaration_of
from crmkit.records.text import FOLD_VERSION

OPEN: Final = "open"
"""The ledger's entry that stands while steps which run after the transaction are not done."""
_LEDGER: Final = declaration_of(LedgerEntry).name
Custom = Mapping[type[Record], Sequence[Field]]


@attrs.frozen
class Plan:
    """The steps in order, and why a record type can not be brought to its declaration, by its name."""

    steps: tuple[Step, ...]
    refused: Mapping[str, StoreError]


def plan(catalogue: Catalogue, found: Found, custom: Custom | None = None, *, online: bool = False) -> Plan:
    """Return what an upgrade does.

    Args:
        custom: custom fields that have an index.
        online: others use the database meanwhile: indexes of tables that are there are built without a lock.
    """
    steps: list[Step] = []
    refused: dict[str, StoreError] = {}
    blobs = blob_table(catalogue.database, prefix=catalogue.prefix, schema=catalogue.schema)
    if blobs.name not in found.columns:
        steps.append(create_table(blobs, catalogue.database))
    state = state_table(catalogue.prefix)
    if found.searching.is_ours and state.name not in found.columns:
        steps.append(create_table(state, catalogue.database))
    for name, of in catalogue.types.items():
        try:
            made = list(_type_steps(catalogue, found, of, (custom or {}).get(of, ()), online=online))
        except StoreError as refusal:
            refused[name] = refusal
        else:
            steps += [attrs.evolve(step, of=name) for step in made]
    looks, steps = [step for step in steps if step.is_look], [step for step in steps if not step.is_look]
    keeps_at_once = catalogue.database.keeps_at_once and bool(steps or found.before)
    is_later = any(step.is_later for step in steps)
    if keeps_at_once:
        steps = _opened(catalogue, found, steps)
    closing = _closing(catalogue, found, refused, is_open=keeps_at_once, is_later=is_later)
    return Plan((*looks, *map(statement, found.before), *steps, *closing), refused)


def _opened(catalogue: Catalogue, found: Found, steps: Sequence[Step]) -> list[Step]:
    """Return the steps behind the ledger's own and a note in it: who is broken off here is known by that note."""
    mine = [step for step in steps if step.of == _LEDGER]
    rest = [step for step in steps if step.of != _LEDGER]
    return [*mine, *_noted(catalogue, found), *rest]


def _noted(catalogue: Catalogue, found: Found) -> Iterator[Step]:
    if OPEN not in found.ledger:
        yield sentence("Note in the ledger what is begun.", keeper(catalogue, found, OPEN, {"since": "schema"}))


def _closing(
    catalogue: Catalogue, found: Found, refused: Mapping[str, Any], *, is_open: bool, is_later: bool
) -> Iterator[Step]:
    for key, value in _entries(catalogue, found):
        if found.value(key) != value and key.removeprefix("type:") not in refused:
            yield sentence(f"Keep {key} in the ledger.", keeper(catalogue, found, key, value))
    if is_later and not is_open:
        yield from _noted(catalogue, found)
    if is_open or is_later or OPEN in found.ledger:
        yield attrs.evolve(
            sentence("Note in the ledger that all is built.", remover(catalogue, OPEN)), is_later=is_later
        )


def _type_steps(
    catalogue: Catalogue, found: Found, of: type[Record], custom: Sequence[Field], *, online: bool
) -> Iterator[Step]:
    layout, database = catalogue.layout(of), catalogue.database
    name = layout.declaration.name
    there = found.columns.get(layout.table.name)
    kept: Mapping[str, Any] | None = found.value(f"type:{name}")
    is_new = there is None
    stale = to_fold(layout, found)
    if there is None:
        yield statement(layout.create)
    else:
        _refuse_strangers(layout.table.name, found, kept, of)
        _refuse_other_kinds(layout.declaration, kept or {})
        yield from no_doubles(layout, there, found.indexes, database)
        # an index of trigrams of our own takes texts once they are right, in the same transaction
        is_aside = online and not found.searching.is_ours
        yield from noting(catalogue, found, layout, stale, aside=is_aside)
        for field in layout.declaration.stored:
            if missing := [column for column in field.columns if column not in there]:
                yield from add_column(layout, field, missing, database)
        yield from folding(catalogue, layout, stale, aside=is_aside)
    for index in layout.indexes:
        if index.name not in found.indexes:
            written = layout.create_indexes[str(index.name)]
            yield create_index(index, database, aside=online and not is_new, written=written)
    yield from search_indexes(layout, catalogue.prefix, found, database, aside=online and not is_new)
    for field in custom:
        yield from custom_index(layout.table, field, found.indexes, database, aside=online and not is_new)
    yield from index_texts(layout, catalogue.prefix, found, is_folded=not stale, aside=online)


def _refuse_strangers(table: str, found: Found, kept: Any, of: type[Record]) -> None:
    """A table of our name that the ledger does not know is somebody else's."""
    if found.ledger and kept is None and of is not LedgerEntry and OPEN not in found.ledger:
        raise StoreError(
            f"The table {table!r} is there already and is not crmkit's: rename it, or the record type.",
            code="collision",
        )


def _refuse_other_kinds(declaration: Declaration, kept: Mapping[str, Any]) -> None:
    for entry in kept.get("fields", ()):
        field = declaration.by_name.get(entry["name"])
        if field is not None and (field.kind, field.places) != (entry["kind"], entry.get("places", 0)):
            raise StoreError(
                f"{declaration.name}.{field.name} is kept as {entry['kind']} and declared as {field.kind}: "
                "give the new one another name, and copy the values in a step.",
                code="not_additive",
                field=field.name,
            )


# --- the ledger ---
def _entries(catalogue: Catalogue, found: Found) -> Iterator[tuple[str, Any]]:
    yield "schema", {"core": CORE_VERSION}
    yield "fold", {"version": FOLD_VERSION}
    for name, of in catalogue.types.items():
        kept = found.value(f"type:{name}")
        declaration = declaration_of(of)
        if kept is None or not is_within(declaration, kept):
            yield f"type:{name}", _merged(declaration.in_ledger, kept or {})


def _merged(declared: Mapping[str, Any], kept: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the declaration with what only the database has: its columns stay, and so do their facts."""
    fields: dict[str, Any] = {field["name"]: field for field in kept.get("fields", ())}
    mine = [{**fields.pop(field["name"], {}), **field} for field in declared["fields"]]
    return {**declared, "fields": [*mine, *fields.values()]}
