"""The feed: committed changes in an order that no late commit can slip behind.

A unit gets its position only after its commit. Numbering is a transaction of its own that locks the counter's row
first: whatever it does not see yet will get a greater position. Ids and times are not in the order of commits, so a
reader that keeps "the last one seen" by them loses late commits.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

import attrs

from ..ports.store import Add, Replace, Transaction, Write
from ..query import Find, Order, each
from ..records import Counter, LogEntry
from ..records import Unit as UnitRecord

if TYPE_CHECKING:
    from .running import Runner
    from .unit import Unit

COUNTER_ID: Final = UUID("00000000-0000-7000-8000-000000000002")


def number(runner: Runner, limit: int = 2000) -> int:
    """Give positions to committed units that have none, oldest first; return how many got one."""
    return runner.run(lambda unit: _number(unit, limit), number)


def last_position(tx: Transaction) -> int:
    """Return the greatest position given so far; 0 where none was."""
    found = tx.get(Counter, [COUNTER_ID]).get(COUNTER_ID)
    return found.value if found else 0


def _number(unit: Unit, limit: int) -> int:
    tx = unit.to_write()
    counter = _locked(tx)
    u = each(UnitRecord)
    waiting = list(tx.find(Find(of=UnitRecord, where=u.position.is_missing, order=(Order(u.at),), limit=limit)))
    if not waiting:
        return 0
    entries = _entries(tx, waiting)
    ordered = _in_order(waiting, entries)
    writes: list[Write] = [
        Replace(attrs.evolve(record, position=counter.value + i)) for i, record in enumerate(ordered, 1)
    ]
    tx.write([*writes, Replace(attrs.evolve(counter, value=counter.value + len(ordered)))])
    return len(ordered)


def _locked(tx: Transaction) -> Counter:
    """Return the counter, its row locked by a write that changes nothing."""
    fresh = Counter(id=COUNTER_ID, key="log")
    tx.write([Add(fresh, if_absent=True)])
    counter = tx.get(Counter, [COUNTER_ID])[COUNTER_ID]
    tx.write([Replace(counter)])
    return tx.get(Counter, [COUNTER_ID])[COUNTER_ID]


def _entries(tx: Transaction, units: Sequence[UnitRecord]) -> list[LogEntry]:
    e = each(LogEntry)
    return list(tx.find(Find(of=LogEntry, where=e.unit.in_([unit.id for unit in units]))))


def _in_order(units: Sequence[UnitRecord], entries: Sequence[LogEntry]) -> list[UnitRecord]:
    """Return the units so that each record's versions ascend; else by time, then id."""
    by_id = {unit.id: unit for unit in units}
    before: dict[UUID, set[UUID]] = {unit.id: set() for unit in units}
    versions: dict[UUID, list[tuple[int, UUID]]] = {}
    for entry in entries:
        versions.setdefault(entry.record_id, []).append((entry.record_version, entry.unit))
    for seen in versions.values():
        seen.sort(key=lambda pair: pair[0])
        for (_, earlier), (_, later) in itertools.pairwise(seen):
            if earlier != later:
                before[later].add(earlier)
    ordered: list[UnitRecord] = []
    done: set[UUID] = set()
    rest = sorted(units, key=lambda unit: (unit.at, unit.id))
    while rest:
        ready = [unit for unit in rest if before[unit.id] <= done] or rest[:1]
        ordered += ready
        done.update(unit.id for unit in ready)
        rest = [unit for unit in rest if unit.id not in done]
    return [by_id[unit.id] for unit in ordered]


@attrs.frozen
class Told:
    """One entry of the feed with the unit that made it."""

    entry: LogEntry
    unit: UnitRecord


def read_feed(
    tx: Transaction, position: int, n: int, record_types: Sequence[str], limit: int
) -> tuple[list[Told], int, int]:
    """Return the entries on record types after a place in the log, and the place to go on from.

    Where fewer than ``limit`` are found, that place is the end of what has been numbered.
    """
    e = each(LogEntry)
    behind = (e.unit.position > position) | ((e.unit.position == position) & (e.n > n))
    end = last_position(tx)
    where = behind & e.record_type.in_(record_types)
    entries = list(tx.find(Find(of=LogEntry, where=where, order=(Order(e.unit.position), Order(e.n)), limit=limit)))
    units = tx.get(UnitRecord, list({entry.unit for entry in entries}))
    told = [Told(entry, units[entry.unit]) for entry in entries]
    if len(entries) < limit or not told:
        return told, end, 2**31
    return told, told[-1].unit.position or position, told[-1].entry.n
