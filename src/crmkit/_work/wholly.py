"""Record types as the database has them: with the fields that a newer version of a plugin left there, and without those that are not there yet.

An erasure works by them: it shall forget no column that the declaration of today does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ..query import Find
from ..records import CORE_TYPES, Declaration, LedgerEntry, declaration_of
from ..records.ledger import class_from_ledger, declaration_to_json
from .running import Runner


def wholly(runner: Runner) -> Runner:
    """Return what runs units of work on the record types as they are kept, whatever plugins declare; it sees all records."""
    runner = attrs.evolve(runner, narrowed=False)
    house = runner.house
    kept = runner.run(lambda unit: {one.key: one.value for one in unit.tx.find(Find(of=LedgerEntry))}, wholly)
    known = dict(house.by_name)
    for name, of in house.by_name.items():
        entry = kept.get(f"type:{name}")
        if of not in CORE_TYPES and entry is not None and _differs(declaration_of(of), entry):
            known[name] = class_from_ledger(_as_kept(declaration_of(of), entry), known)
    types = tuple(known.values())
    if types == tuple(house.types):
        return runner
    return attrs.evolve(runner, house=attrs.evolve(house, types=types), store=runner.store.with_types(types))


def _differs(declaration: Declaration, entry: Mapping[str, Any]) -> bool:
    return {field.name for field in declaration.own_fields} != {field["name"] for field in entry["fields"]}


def _as_kept(declaration: Declaration, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the declaration with the fields that are kept; of those that it knows, it says what they are."""
    declared = declaration_to_json(declaration)
    mine: dict[str, Any] = {field["name"]: field for field in declared["fields"]}
    return {**declared, "fields": [mine.get(field["name"], field) for field in entry["fields"]]}
