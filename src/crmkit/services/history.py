"""History: who changed what, read from the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from ..ports.work import Service, Work, verb
from ..query import each
from ..records import Customer, FrozenMap, LogEntry, Operation, Record, Redirect, Unit


@attrs.frozen(kw_only=True)
class Change:
    """One entry of the log, with its unit of work.

    Attributes:
        name: what happened: ``customer.changed``, ``deal.won``.
        actor: who did it. origin: live, imported, copied or undone.
        verb: what was asked for (``imports.run``), where the operation is kept; empty else.
        values: ``{field: [before, after]}`` as JSON of what was changed, the record of what was removed, else empty.
    """

    at: datetime
    name: str
    actor: str
    origin: str
    verb: str = ""
    record_type: str
    record_id: UUID
    version: int
    values: Mapping[str, Any]
    operation: UUID

    def as_dict(self) -> dict[str, Any]:
        """Return the change as JSON values."""
        plain = {name: str(getattr(self, name)) for name in ("record_id", "operation")}
        return {**attrs.asdict(self, recurse=False), **plain, "at": self.at.isoformat(), "values": dict(self.values)}


class History(Service):
    """The log, by record and by operation."""

    @verb
    def of(self, record: Record, *, whole: bool = False, limit: int | None = None) -> tuple[Change, ...]:
        """Return what happened to a record, the newest first; for a customer also what happened to those merged into it.

        Args:
            whole: (a customer) also what happened to all that belongs to it.
            limit: how many; None: all.
        """
        ids = [record.id, *(_merged_into(self.unit, record) if isinstance(record, Customer) else ())]
        e = each(LogEntry)
        where = e.record_id.in_(ids) | e.customer_id.in_(ids) if whole else e.record_id.in_(ids)
        return _read(self.unit, self.unit.find(LogEntry, where, order=[-e.id], limit=limit))

    @verb
    def operation(self, operation: UUID) -> tuple[Change, ...]:
        """Return what one operation did, in the order in which it was done."""
        units = [unit.id for unit in self.unit.find(Unit, each(Unit).operation == operation)]
        e = each(LogEntry)
        return _read(self.unit, self.unit.find(LogEntry, e.unit.in_(units), order=[e.id])) if units else ()


def _merged_into(work: Work, customer: Customer) -> Iterable[UUID]:
    return [redirect.old for redirect in work.find(Redirect, each(Redirect).customer == customer.id)]


def _read(work: Work, entries: Sequence[LogEntry]) -> tuple[Change, ...]:
    units = work.get_many(Unit, {entry.unit for entry in entries})
    operations = work.get_many(Operation, {unit.operation for unit in units.values()})
    return tuple(_change(entry, units[entry.unit], operations) for entry in entries if entry.unit in units)


def _change(entry: LogEntry, unit: Unit, operations: Mapping[UUID, Operation]) -> Change:
    asked = operations.get(unit.operation)
    return Change(
        at=unit.at, name=entry.name, actor=unit.actor, origin=unit.origin, verb=asked.kind if asked else "",
        record_type=entry.record_type, record_id=entry.record_id, version=entry.record_version, values=FrozenMap(entry.values),
        operation=unit.operation,
    )  # fmt: skip
