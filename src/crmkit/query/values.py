"""Constants of questions, brought to the kind of the field they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

from ..errors import InvalidError
from ..records import AnyRef, Field, LocalText, Money, PartialDate, Record, WallTime, declaration_of
from ..records.fields import Kind
from ..records.text import normal
from ..records.values import frozen

ordered_kinds: Final = frozenset(
    {"text", "code", "int", "decimal", "money", "bool", "date", "partial_date", "instant", "ref", "digest"}
)
"""The kinds whose values have an order."""


def brought(field: Field, value: object) -> Any:
    """Return a value as the field's kind keeps it; None stays None.

    Raises:
        InvalidError: it is of another kind.
    """
    if value is None:
        return None
    made = _BRING[field.kind](value)
    if made is NotImplemented:
        raise InvalidError(
            f"{value!r} does not fit {field.name!r}, which is {_WORDS.get(field.kind, field.kind)}.",
            code="kind",
            field=field.name,
            params={"kind": field.kind},
        )
    return made


def reference_to(record: Record) -> AnyRef:
    """Return the reference of any type that names a record."""
    return AnyRef(declaration_of(type(record)).name, record.id)


def _text(value: object) -> Any:
    return normal(value) if isinstance(value, str) else NotImplemented


def _int(value: object) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return NotImplemented
    return int(value) if value == value // 1 else NotImplemented


def _decimal(value: object) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return NotImplemented
    made = value if isinstance(value, Decimal) else Decimal(str(value))
    return made if made.is_finite() else NotImplemented


def _instant(value: object) -> Any:
    if not isinstance(value, datetime) or value.tzinfo is None:
        return NotImplemented
    return value.astimezone(UTC)


def _date(value: object) -> Any:
    return value if isinstance(value, date) and not isinstance(value, datetime) else NotImplemented


def _ref(value: object) -> Any:
    return value.id if isinstance(value, Record) else value if isinstance(value, UUID) else NotImplemented


def _any_ref(value: object) -> Any:
    return reference_to(value) if isinstance(value, Record) else value if isinstance(value, AnyRef) else NotImplemented


def _codes(value: object) -> Any:
    if not isinstance(value, set | frozenset | tuple | list):
        return NotImplemented
    return frozenset(cast("Iterable[str]", value))


def _of(kind: type) -> Callable[[object], Any]:
    return lambda value: value if isinstance(value, kind) else NotImplemented


_BRING: Final[Mapping[Kind, Callable[[object], Any]]] = {
    "text": _text, "code": _text, "int": _int, "decimal": _decimal, "money": _of(Money), "bool": _of(bool), "date": _date,
    "partial_date": _of(PartialDate), "instant": _instant, "wall_time": _of(WallTime), "local_text": _of(LocalText),
    "codes": _codes, "ref": _ref, "any_ref": _any_ref, "json": frozen, "digest": _of(bytes),
}  # fmt: skip
_WORDS: Final[Mapping[str, str]] = {
    "text": "a text", "code": "a text", "int": "a whole number", "decimal": "a number", "money": "money (write Money('12.50', 'EUR'))",
    "bool": "yes or no (True, False)", "date": "a day (a date)", "instant": "an instant (an aware datetime)",
    "ref": "a reference (an id, or the record)", "any_ref": "a reference (the record, or AnyRef)", "codes": "a set of texts",
}  # fmt: skip
