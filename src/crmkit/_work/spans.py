"""Spans: how long a field had a value. Written with the change that begins or ends one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import attrs

from ..ports.store import Add, Replace, Write
from ..query import Find, Order, each, reference_to
from ..records import AnyRef, Declaration, Field, Record, Span, new_id
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
        for field in declaration.fields
        if field.history and (value := span_value(field, getattr(record, field.name)))
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


def turn_span(unit: Unit, declaration: Declaration, record: Record, field: Field, at: datetime) -> None:
    """Write that a field has its record's value since ``at``; a change that is told late splits the span that it falls into."""
    value = span_value(field, getattr(record, field.name))
    unit._settle(Span)  # one that began in this unit may not be written yet
    s = each(Span)
    where = (s.record == reference_to(record)) & (s.field == field.name)
    spans = list(unit.tx.find(Find(of=Span, where=where, order=(Order(s.entered_at),))))
    unit.to_write().write(_turned(unit, declaration, record, field, value, at, spans))


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
