"""Which plugin checks which record types, kept in the ledger: one that is missing later fails closed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import attrs

from .._work.house import House
from .._work.running import Runner
from ..errors import CRMError
from ..ports.store import Add, Replace, Store
from ..query import Find
from ..records import LedgerEntry


def keep_checks(house: House, store: Store, kept: Mapping[str, Mapping[str, Any]]) -> None:
    """Note the checks of plugins that are new here; where nothing can be written now, the next upgrade does it."""
    if any(kept.get(key, {}).get("types") != tuple(sorted(types)) for key, types in _checks(house).items()):
        runner = Runner(house=house, store=store, narrowed=False)
        with suppress(CRMError):
            runner.run(lambda unit: note_checks(unit, house), note_checks)


def _checks(house: House) -> Mapping[str, Iterable[str]]:
    builtin = {state.name for state in house.loaded.states if state.is_builtin}
    return {f"checks:{name}": types for name, types in house.loaded.checks.items() if name not in builtin}


def note_checks(unit: Any, house: House) -> int:
    """Write into the ledger which plugin checks which record types, so that one that is missing later fails closed."""
    wanted = _checks(house)
    if not wanted:
        return 0
    tx = unit.to_write()
    kept = {entry.key: entry for entry in tx.find(Find(of=LedgerEntry))}
    changed = 0
    for key, types in wanted.items():
        value = {"types": sorted(types)}
        if key not in kept:
            tx.write([Add(LedgerEntry(key=key, value=value, created_at=unit.now))])
            changed += 1
        elif dict(kept[key].value) != {"types": tuple(value["types"])}:
            tx.write([Replace(attrs.evolve(kept[key], value=value))])
            changed += 1
    return changed
