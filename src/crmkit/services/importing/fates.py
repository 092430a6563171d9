"""What an undo does with the records of one unit of an import: which go, which become what they were, which stay and why.

A record that the import changed becomes what it was, unless somebody changed it since. One that it created goes, unless
somebody changed it since or refers to it; what belongs to a record that stays, stays with it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import attrs

from ...ports.work import Work
from ...query import each
from ...records import AnyRef, Field, Leftover, LogEntry, Operation, Record, StageChange, Unit, declaration_of
from ...records.as_json import value_from_json
from ..referring import references
from .past import undo_of


@attrs.frozen
class Reason:
    """Why a record stays: a code of ``Leftover.reason``, and by what."""

    code: str
    by: str = ""


@attrs.define(eq=False)
class Touched:
    """What the log says of the records of one unit.

    Attributes:
        entries: the unit's, the last one first.
        created: the records that it added, as they are now, the last one first.
        changed: those that it only changed, as they are now.
        gone: those that it only changed, and that are no more.
        since: what somebody else did to a record after the import first wrote it.
        made: the records that this import added, whenever it did: an earlier unit of it undoes them.
        operations: the import's own, and that of its undoing.
    """

    entries: Sequence[LogEntry]
    created: dict[AnyRef, Any]
    changed: dict[AnyRef, Any]
    gone: Sequence[AnyRef]
    since: Mapping[UUID, str]
    made: frozenset[UUID]
    operations: frozenset[UUID]

    @property
    def ours(self) -> dict[AnyRef, Any]:
        """The records that the import added here or before and changed here."""
        return {**self.created, **{ref: record for ref, record in self.changed.items() if ref.id in self.made}}


def touched(work: Work, unit: UUID, operations: frozenset[UUID]) -> Touched:
    """Return what the log says of a unit's records.

    Args:
        operations: the import's own, and that of its undoing: what they did is nobody else's.
    """
    e = each(LogEntry)
    entries = list(reversed(work.find(LogEntry, e.unit == unit, order=[e.n])))
    added = {_ref(entry): None for entry in entries if entry.values is None}
    other = {_ref(entry): None for entry in entries if _ref(entry) not in added}
    now = _now(work, [*added, *other])
    owners = [owner for record in now.values() if (owner := owner_of(record)) is not None]
    lives, ours = _lives(work, {ref.id for ref in (*added, *other, *owners)}, operations)
    return Touched(
        entries,
        {ref: now[ref] for ref in added if ref in now},
        {ref: now[ref] for ref in other if ref in now},
        [ref for ref in other if ref not in now],
        {key: since for key, life in lives.items() if (since := _since(life, ours, entries[-1].id))},
        frozenset(key for key, life in lives.items() if life and life[0].unit in ours and life[0].values is None),
        operations,
    )


def _ref(entry: LogEntry) -> AnyRef:
    return AnyRef(entry.record_type, entry.record_id)


def _now(work: Work, refs: Iterable[AnyRef]) -> dict[AnyRef, Any]:
    by_type: dict[str, list[UUID]] = {}
    for ref in refs:
        by_type.setdefault(ref.type, []).append(ref.id)
    return {
        AnyRef(name, key): record
        for name, ids in by_type.items()
        for key, record in work.get_many(work.house.by_name[name], ids).items()
    }


def owner_of(record: Record) -> AnyRef | None:
    """Return what a record belongs to."""
    owner = declaration_of(type(record)).owner
    return None if owner is None else named_by(owner, record)


# --- since ---
def _lives(
    work: Work, ids: Iterable[UUID], operations: frozenset[UUID]
) -> tuple[dict[UUID, list[LogEntry]], set[UUID]]:
    """Return all entries of records, in the order in which they were made, and the units that are ours.

    What another import did and its undoing took back is as if it had not been.
    """
    lives: dict[UUID, list[LogEntry]] = {}
    for entry in work.find(LogEntry, each(LogEntry).record_id.in_(list(ids))):
        lives.setdefault(entry.record_id, []).append(entry)
    units = work.get_many(Unit, {entry.unit for life in lives.values() for entry in life})
    undone = _undone_operations(work, {unit.operation for unit in units.values()} - operations)
    x = each(Leftover)
    left = {(one.operation, one.record_id) for one in work.find(Leftover, x.operation.in_(list(undone.values())))}
    for key, life in lives.items():
        life[:] = [
            entry
            for entry in sorted(life, key=lambda entry: (entry.record_version, entry.id))
            if (by := undone.get(units[entry.unit].operation)) is None or (by, key) in left
        ]
    return lives, {unit.id for unit in units.values() if unit.operation in operations}


def _undone_operations(work: Work, operations: set[UUID]) -> dict[UUID, UUID]:
    """Return those of these operations that were wholly undone, and those that undid them, each with the import."""
    found = work.get_many(Operation, operations)
    undos = {undo: one.id for one in found.values() if (undo := undo_of(one)) is not None}
    done = {undo for undo, one in work.get_many(Operation, undos).items() if one.status == "done"}
    return {key: undos[undo] for undo in done for key in (undo, undos[undo])}


def _since(life: Sequence[LogEntry], ours: set[UUID], first: UUID) -> str:
    """Return the name of the first change that is not ours and comes after one of ours; where none is ours, after this unit."""
    mine = [number for number, entry in enumerate(life) if entry.unit in ours]
    later = life[mine[0] :] if mine else [entry for entry in life if entry.id > first]
    return next((entry.name for entry in later if entry.unit not in ours), "")


# --- what was changed ---
def as_before(found: Touched) -> tuple[dict[AnyRef, Record], dict[AnyRef, Reason]]:
    """Return the records that the unit changed as they were, and those that stay as they are."""
    before: dict[AnyRef, Any] = {}
    left = {ref: Reason("gone") for ref in found.gone if ref.id not in found.made}
    for entry in found.entries:
        ref = _ref(entry)
        if ref in found.changed and ref.id in found.since:
            left[ref] = Reason("changed", found.since[ref.id])
        elif ref in found.changed:
            before[ref] = _undone(before.get(ref, found.changed[ref]), entry)
    return before, left


def _undone(record: Any, entry: LogEntry) -> Any:
    fields = declaration_of(_type_of(record)).by_name
    known = {name: sides[0] for name, sides in entry.values.items() if name in fields}
    return attrs.evolve(record, **{name: value_from_json(fields[name], value) for name, value in known.items()})


def _type_of(record: Record) -> type[Record]:
    return type(record)


def named_by(field: Field, record: Record) -> AnyRef | None:
    """Return what a field of a record names; None where it names nothing, or a fact (a plain id)."""
    value = getattr(record, field.name)
    if value is None or isinstance(value, AnyRef):
        return value
    return AnyRef(declaration_of(field.target).name, value) if isinstance(field.target, type) else None


def without(before: Mapping[AnyRef, Record], found: Touched, goes: Container[AnyRef | None]) -> list[Record]:
    """Return the import's own records that name what goes, as they are but for that: what else they say goes with them, or stays."""
    changed: list[Record] = []
    for ref, record in before.items():
        now: Record = found.changed[ref]
        names = [f.name for f in declaration_of(type(now)).references if named_by(f, now) in goes]
        if names:
            changed.append(attrs.evolve(now, **{name: getattr(record, name) for name in names}))
    return changed


def missing(work: Work, before: Mapping[AnyRef, Record], found: Touched) -> dict[AnyRef, Reason]:
    """Return the records that would name again what is no longer there."""
    named: dict[AnyRef, list[AnyRef]] = {}
    for ref, record in before.items():
        for field in declaration_of(type(record)).references:
            to = named_by(field, record)
            if to is not None and to != named_by(field, found.changed[ref]):
                named.setdefault(to, []).append(ref)
    there = _now(work, named)
    return {ref: Reason("absent", to.type) for to, refs in named.items() if to not in there for ref in refs}


# --- what was created ---
def staying(work: Work, found: Touched) -> dict[AnyRef, Reason]:
    """Return the records of the import's own that stay, and why. Others that it changed are as they were by now: they may have named them."""
    ours = found.ours
    stays = {ref: Reason("changed", found.since[ref.id]) for ref in ours if ref.id in found.since}
    parts: dict[AnyRef, list[AnyRef]] = {}
    names: dict[AnyRef, list[AnyRef]] = {}
    named = list(references(work, list(ours)))
    going = _going(
        work, found, {referrer for referrer, ref in named if ref not in found.created and referrer not in ours}
    )
    for referrer, ref in named:
        if referrer in ours:
            names.setdefault(referrer, []).append(ref)
        elif ref not in stays and (ref in found.created or referrer not in going):
            stays[ref] = Reason("used", referrer.type)
    for ref, record in ours.items():
        owner = owner_of(record)
        if owner in ours:
            parts.setdefault(owner, []).append(ref)
        elif ref not in stays and owner is not None and owner.id in found.since and _stays_with(found, record, owner):
            stays[ref] = Reason("part", owner.type)
    _spread(stays, names, parts)
    return stays


def _going(work: Work, found: Touched, referrers: set[AnyRef]) -> set[AnyRef]:
    """Return those of these records that an earlier unit of the import added, and nobody changed since: they will go."""
    lives, ours = _lives(work, {ref.id for ref in referrers}, found.operations)
    going = {
        key for key, life in lives.items() if life and life[0].values is None and all(e.unit in ours for e in life)
    }
    return {ref for ref in referrers if ref.id in going}


def _stays_with(found: Touched, record: Record, owner: AnyRef) -> bool:
    """Whether a record stays because its owner was changed since: one that this import made, or whose path it tells."""
    return owner.id in found.made or isinstance(record, StageChange)


def _spread(
    stays: dict[AnyRef, Reason], names: Mapping[AnyRef, list[AnyRef]], parts: Mapping[AnyRef, list[AnyRef]]
) -> None:
    """What a record that stays names, stays, and so do its parts."""
    waiting = list(stays)
    while waiting:
        ref = waiting.pop()
        for reason, more in ((Reason("used", ref.type), names), (Reason("part", ref.type), parts)):
            for one in more.get(ref, ()):
                if one not in stays:
                    stays[one] = reason
                    waiting.append(one)
