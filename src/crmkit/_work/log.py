"""The log of a unit of work: entries and spans, gathered while it runs and written before it commits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ..ports.store import Add
from ..records import Customer, FrozenMap, LogEntry, Record, Span
from ..records import Unit as UnitRecord
from ..records.ids import new_ids

_NAMES: Final = (
    "id", "unit", "n", "created_at", "name", "record_type", "record_id", "record_version", "values", "customer_id",
)  # fmt: skip

if TYPE_CHECKING:
    from .unit import Unit


class Log:
    """What a unit writes beside the records themselves."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._entries: list[tuple[Any, ...]] = []
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
        kept = None if values is None else FrozenMap(values)
        self._entries.append((name, type_name, record.id, record.version, kept, home))

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
        tx, entries, spans = self._unit.tx, self._made(), self._spans
        is_first = not self._is_begun and bool(entries)
        self._flushed += len(entries)
        self._entries, self._spans = [], []
        self._is_begun = self._is_begun or is_first
        if spans:
            tx.write([Add(span) for span in spans])
        if entries:
            tx.write([Add(entry) for entry in entries])
        if is_first:
            tx.write([Add(self._unit_record())])

    def _made(self) -> list[LogEntry]:
        """Return what was noted as records, built past ``__init__``: there are as many as all others of the unit."""
        build = self._unit.house.builder(LogEntry, _NAMES)
        unit, now, first = self._unit.id, self._unit.now, self._flushed
        ids = new_ids(len(self._entries))
        made = enumerate(zip(ids, self._entries, strict=True), first)
        return [build((each_id, unit, n, now, *entry)) for n, (each_id, entry) in made]

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
