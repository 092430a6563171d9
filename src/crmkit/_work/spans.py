"""Spans: how long a field had a value. Written with the change that begins or ends one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import attrs

from ..ports.store import Add, Remove, Replace, Write
from ..query import Find, Order, each, reference_to
from ..records import AnyRef, Declaration, Field, Record, Span, declaration_of, new_id
from ..records.as_json import value_to_json

if TYPE_CHECKING:
    from .unit import Unit

_NAMES: Final = (
    "id", "record", "of", "pipeline", "field", "value", "entered_at", "left_at", "customer_id", "created_at",
)  # fmt: skip


def span_value(field: Field, value: Any) -> str:
    """Return a field's value as spans keep it: a text; empty where it is missing."""
    if isinstance(value, str):
        return value
    made = value_to_json(field, value)
    return "" if made is None else made if isinstance(made, str) else str(made)


def first_spans(unit: Unit, declaration: Declaration, record: Record, at: datetime) -> list[Span]:
    """Return the spans that a new record begins."""
    return [
        _span(unit, declaration, record, field, value, at)
        for field in declaration.histories
        if (value := span_value(field, getattr(record, field.name)))
    ]


def _span(  # noqa: PLR0917  # all of them say what the span is
    unit: Unit,
    declaration: Declaration,
    record: Record,
    field: Field,
    value: str,
    at: datetime,
    left: datetime | None = None,
) -> Span:
    home = record.id if declaration.name == "customer" else record.customer_id
    return unit.house.builder(Span, _NAMES)(
        (
            new_id(), AnyRef(declaration.name, record.id), declaration.name, getattr(record, "pipeline", ""), field.name, value, at,
            left, home, unit.now,
        )
    )  # fmt: skip


def spans_of(unit: Unit, record: Record, field: str) -> list[Span]:
    """Return how long a field of a record had which value, the first one first."""
    unit._settle(Span)  # one that began in this unit may not be written yet
    s = each(Span)
    where = (s.record == reference_to(record)) & (s.field == field)
    return list(unit.tx.find(Find(of=Span, where=where, order=(Order(s.entered_at),))))


def turn_span(unit: Unit, declaration: Declaration, record: Record, field: Field, at: datetime) -> bool:
    """Write that a field has its record's value since ``at``; a change that is told late splits the span that it falls into.

    Returns:
        Whether that was not known.
    """
    value = span_value(field, getattr(record, field.name))
    writes = _turned(unit, declaration, record, field, value, at, spans_of(unit, record, field.name))
    unit.to_write().write(writes)
    return bool(writes)


def _turned(  # noqa: PLR0917  # all of them say what turned
    unit: Unit, declaration: Declaration, record: Record, field: Field, value: str, at: datetime, spans: list[Span]
) -> list[Write]:
    before = [span for span in spans if span.entered_at <= at]
    after = [span for span in spans if span.entered_at > at]
    left = after[0].entered_at if after else None
    writes: list[Write] = []
    if before:
        last = before[-1]
        if last.left_at is None or last.left_at > at:
            if last.value == value:
                return writes
            left = last.left_at
            writes.append(Replace(attrs.evolve(last, left_at=at)))
    if value:
        writes.append(Add(_span(unit, declaration, record, field, value, at, left)))
    return writes


def drop_spans(unit: Unit, declaration: Declaration, records: Sequence[Record]) -> None:
    """Remove the spans of records that are removed."""
    if declaration.histories:
        refs = [AnyRef(declaration.name, record.id) for record in records]
        unit.to_write().write([Remove(span) for span in _spans_of(unit, refs)])


def undo_spans(unit: Unit, records: Sequence[Record], since: UUID) -> None:
    """Bring the spans of records to what they were before a unit of work: those begun since are gone, those cut by them whole again."""
    kept: dict[tuple[AnyRef, str], list[Span]] = {}
    for span in _spans_of(unit, [reference_to(record) for record in records]):
        kept.setdefault((span.record, span.field), []).append(span)
    writes = [write for spans in kept.values() for write in _undone(spans, since)]
    gone = {write.record.id for write in writes if isinstance(write, Remove)}
    for record in records:
        writes += _first_again(unit, record, [key for key, spans in kept.items() if {s.id for s in spans} <= gone])
    if writes:
        unit.to_write().write(writes)


def _first_again(unit: Unit, record: Record, gone: Sequence[tuple[AnyRef, str]]) -> list[Write]:
    """Return the writes for the fields of a record that have a value and no span left: their first one was begun anew."""
    declaration = declaration_of(type(record))
    first = first_spans(unit, declaration, record, record.created_at or unit.now)
    return [Add(span) for span in first if (span.record, span.field) in gone]


def _spans_of(unit: Unit, refs: Sequence[AnyRef]) -> list[Span]:
    unit._settle(Span)
    s = each(Span)
    return list(unit.tx.find(Find(of=Span, where=s.record.in_(refs), order=(Order(s.entered_at),)))) if refs else []


def _undone(spans: Sequence[Span], since: UUID) -> list[Write]:
    """Return the writes for one field of one record. A span was cut where a later one begins: it gets that one's end."""
    old = [span for span in spans if span.id < since]
    changed: dict[UUID, Span] = {}
    new = [span for span in spans if span.id >= since]
    for span in new:
        for number, cut in enumerate(old):
            if cut.left_at == span.entered_at:
                old[number] = changed[cut.id] = attrs.evolve(cut, left_at=span.left_at)
    return [*(Remove(span) for span in new), *(Replace(span) for span in changed.values())]
