"""The log of a unit of work: entries and spans, gathered while it runs and written before it commits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..ports.store import Add, Write
from ..records import Customer, FrozenMap, Id, LogEntry, Record, Span
from ..records import Unit as UnitRecord

if TYPE_CHECKING:
    from .unit import Unit


class Log:
    """What a unit writes beside the records themselves."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._entries: list[LogEntry] = []
        self._spans: list[Span] = []
        self._flushed = 0
        self._is_begun = False

    @property
    def is_written(self) -> bool:
        """The unit has an entry in the log."""
        return self._is_begun or bool(self._entries)

    def note(self, name: str, type_name: str, record: Record, values: Mapping[str, Any] | None) -> None:
        """Note one change of a record."""
        home = record.id if type(record) is Customer else record.customer_id
        self._entries.append(
            LogEntry(
                unit=Id(self._unit.id),
                n=self._flushed + len(self._entries),
                name=name,
                record_type=type_name,
                record_id=record.id,
                record_version=record.version,
                values=None if values is None else FrozenMap(values),
                customer_id=home,
                created_at=self._unit.now,
            )
        )

    def span(self, span: Span) -> None:
        """Note the beginning of a span."""
        self._spans.append(span)

    def settled(self) -> tuple[int, bool]:
        """Write what was noted, and return where the log stands: a savepoint is made right after."""
        self.flush()
        return self._flushed, self._is_begun

    def undo_to(self, settled: tuple[int, bool]) -> None:
        """Forget what was noted since: the store's savepoint undoes what was written since."""
        self._entries, self._spans = [], []
        self._flushed, self._is_begun = settled

    def flush(self) -> None:
        """Write what was noted."""
        if not self._entries and not self._spans:
            return
        tx = self._unit.tx
        writes: list[Write] = [Add(span) for span in self._spans]
        writes += [Add(entry) for entry in self._entries]
        if not self._is_begun and self._entries:
            writes.append(Add(self._unit_record()))
            self._is_begun = True
        self._flushed += len(self._entries)
        self._entries, self._spans = [], []
        tx.write(writes)

    def _unit_record(self) -> UnitRecord:
        unit = self._unit
        return UnitRecord(
            id=unit.id,
            operation=unit.operation,
            actor=unit.actor,
            origin=unit.origin,
            cause=unit.cause,
            at=unit.now,
            created_at=unit.now,
        )
