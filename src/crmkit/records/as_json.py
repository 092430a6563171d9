"""Records as JSON, and back: for the log, exports, file stores and programs. Exact: what comes back is equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar
from uuid import UUID

from ..errors import InvalidError
from .declaration import declaration_of
from .fields import Field, Kind
from .money import Money, places_of
from .record import Record
from .times import PartialDate, WallTime
from .values import AnyRef, Digest, LocalText, frozen

R = TypeVar("R", bound=Record)


def value_to_json(field: Field, value: Any) -> Any:
    """Return a field's value as JSON writes it: instants and days in ISO 8601, decimals as text, money with its currency."""
    return None if value is None else _TO.get(field.kind, _same)(value)


def value_from_json(field: Field, data: Any) -> Any:
    """Return the value that ``value_to_json`` wrote.

    Raises:
        InvalidError: it is no value of the field's kind.
    """
    if data is None:
        return None
    try:
        return _FROM.get(field.kind, _same)(data)
    except (ValueError, TypeError, KeyError, AttributeError, InvalidOperation):
        raise InvalidError(
            f"{data!r} is no value of {field.name!r} ({field.kind}).", code="kind", field=field.name
        ) from None


def to_json(record: Record) -> dict[str, Any]:
    """Return all fields of a record as JSON values, stamps included."""
    return {
        field.name: value_to_json(field, getattr(record, field.name)) for field in declaration_of(type(record)).fields
    }


def from_json(of: type[R], data: Mapping[str, Any]) -> R:
    """Return the record that ``to_json`` wrote; fields that are absent have their defaults, names that are no field are passed over.

    Raises:
        InvalidError: a value is not of its field's kind, or a required one is absent.
    """
    fields = declaration_of(of).by_name
    values = {name: value_from_json(fields[name], value) for name, value in data.items() if name in fields}
    try:
        return of(**values)
    except TypeError:
        absent = [f.name for f in fields.values() if f.required and f.name not in values]
        raise InvalidError(
            f"A {declaration_of(of).name} needs {', '.join(absent)}.",
            code="required",
            field=absent[0] if absent else None,
        ) from None


def changed_fields(before: Record, after: Record) -> dict[str, list[Any]]:
    """Return ``{field: [before, after]}`` as JSON for the fields that differ, the stamps of the unit of work apart."""
    found: dict[str, list[Any]] = {}
    for field in declaration_of(type(after)).fields:
        if field.system and field.name != "custom":
            continue
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old is not new and old != new:
            found[field.name] = [value_to_json(field, old), value_to_json(field, new)]
    return found


def _same(value: Any) -> Any:
    return value


def _instant_to(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _instant_from(value: str) -> datetime:
    made = datetime.fromisoformat(value)
    if made.tzinfo is None:
        raise ValueError(value)
    return made.astimezone(UTC)


def _money_to(value: Money) -> dict[str, str]:
    return {
        "value": f"{value.amount:.{max(places_of(value.currency), -_exponent(value.amount))}f}",
        "currency": value.currency,
    }


def _exponent(value: Decimal) -> int:
    found = value.normalize().as_tuple().exponent
    return found if isinstance(found, int) else 0


_TO: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    "decimal": str, "money": _money_to, "date": date.isoformat, "partial_date": str, "instant": _instant_to, "wall_time": str,
    "local_text": lambda value: dict(value.texts), "codes": sorted, "ref": str, "any_ref": lambda value: f"{value.type}:{value.id}",
    "digest": bytes.hex,
}  # fmt: skip


def any_ref(text: str) -> AnyRef:
    """Return the reference that ``deal:0190...`` writes.

    Raises:
        ValueError: it is none.
    """
    name, _, value = text.partition(":")
    return AnyRef(name, UUID(value))


_FROM: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    "decimal": Decimal, "money": lambda data: Money(Decimal(data["value"]), data["currency"]), "date": date.fromisoformat,
    "partial_date": PartialDate.parse, "instant": _instant_from, "wall_time": WallTime.parse, "local_text": LocalText,
    "codes": frozenset, "ref": UUID, "any_ref": any_ref, "digest": lambda data: Digest(bytes.fromhex(data)), "json": frozen,
}  # fmt: skip
