"""The border: what a record must be before any store sees it, the same on every store.

``normaliser(of)`` is made once per record type from its declaration. It checks each field's type and range, brings text
to NFC, instants to UTC, and fills the CRM's own currency.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar, cast
from uuid import UUID

import attrs

from ..errors import InvalidError, nearest
from .declaration import declaration_of
from .fields import Field
from .money import Money
from .record import Record
from .text import identity, normal
from .times import PartialDate, WallTime, instant, micros, zone
from .values import EMPTY, AnyRef, FrozenMap, KeptMap, LocalText

R = TypeVar("R", bound=Record)
_INT64: Final = 2**63
Fit = Callable[[Field, Any, str], Any]


def normaliser(of: type[R]) -> Callable[[R, str], R]:
    """Return ``(record, currency) -> record``: the record itself where it is in order, else a changed copy.

    The function raises InvalidError, with the field, for what no store may keep. It is written out field by field: most
    have their default, or a code that is in order, and one loop for all takes three times as long.
    """
    scope: dict[str, Any] = {"_fitted": _fitted}
    lines = ["def normalised(record, currency):", "    changes = None"]
    for n, field in enumerate(declaration_of(of).own_fields):
        scope[f"_f{n}"], scope[f"_d{n}"] = field, _default(of, field.name)
        lines += [
            f"    v = record.{'_id' if field.name == 'id' else field.name}",
            f"    if v is not _d{n}{_UNLESS_PLAIN if _is_plain(field) else ''}:",
            f"        changes = _fitted(_f{n}, v, currency, changes)",
        ]
    scope["_evolve"] = attrs.evolve
    exec("\n".join([*lines, "    return _evolve(record, **changes) if changes else record"]), scope)  # noqa: S102  # our own source, as attrs writes __init__
    normalised: Callable[[R, str], R] = scope["normalised"]
    return normalised


_UNLESS_PLAIN: Final = " and not (v.__class__ is str and v.isascii() and v.isprintable())"


def _is_plain(field: Field) -> bool:
    """Whether it is a code that any text may be."""
    return field.kind == "code" and not field.choices and not field.zone_name


def _fitted(field: Field, value: Any, currency: str, changes: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the changes with what a value must become."""
    if value is None:
        if not field.optional:
            raise InvalidError(f"{field.name!r} is missing: give it.", code="required", field=field.name)
        return changes
    made = _FITS[field.kind](field, value, currency)
    return changes if made is value else {**(changes or {}), field.name: made}


def _default(of: type[Record], name: str) -> Any:
    default = next(a for a in attrs.fields(of) if a.alias == name).default
    return _NOTHING if default is attrs.NOTHING else default


_NOTHING: Final = object()


def _wrong(field: Field, value: Any, words: str) -> InvalidError:
    given = f"a {declaration_of(type(value)).name}" if isinstance(value, Record) else repr(value)
    return InvalidError(
        f"{field.name!r} is {words}, not {given}.", code="kind", field=field.name, params={"kind": field.kind}
    )


def _text(field: Field, value: Any, _: str) -> Any:
    if not isinstance(value, str):
        raise _wrong(field, value, "a text")
    made = identity(value, field.name) if field.identity else normal(value, field.name)
    if field.identity and field.required and not made:
        raise InvalidError(f"{field.name!r} is empty: give it.", code="required", field=field.name)
    return value if made == value else made


def _code(field: Field, value: Any, _: str) -> Any:
    if not isinstance(value, str):
        raise _wrong(field, value, "a text")
    if field.choices and value not in field.choices:
        known = ", ".join(repr(choice) for choice in field.choices if choice)
        raise InvalidError(
            f"{field.name!r} is none of {known}: {value!r}.{nearest(value, field.choices)}",
            code="choice",
            field=field.name,
            params={"value": value, "choices": field.choices},
        )
    if not value.isprintable() and any(ord(c) < 32 for c in value):
        raise InvalidError(
            f"{field.name!r} holds a control character: {value!r}.", code="forbidden_character", field=field.name
        )
    if field.zone_name and value:
        _zone(field, value)
    made = normal(value, field.name)
    return value if made == value else made


def _zone(field: Field, value: str) -> None:
    try:
        zone(value)
    except InvalidError as error:
        raise InvalidError(str(error), code=error.code, field=field.name) from None


def _int(field: Field, value: Any, _: str) -> Any:
    if type(value) is not int:
        raise _wrong(field, value, "a whole number")
    if not -_INT64 <= value < _INT64:
        raise InvalidError(f"{field.name!r} has more than 64 bits: {value!r}.", code="range", field=field.name)
    return value


def scaled(field: Field, value: Decimal) -> int:
    """Return a decimal as the whole number that stores keep.

    Raises:
        InvalidError: it has more decimals than the field, or more than 64 bits.
    """
    made = value.scaleb(field.places)
    if not value.is_finite() or made != int(made) or not -_INT64 <= made < _INT64:
        raise InvalidError(
            f"{field.name!r} has at most {field.places} decimals and 64 bits: {value!s} does not fit.",
            code="range",
            field=field.name,
        )
    return int(made)


def _decimal(field: Field, value: Any, _: str) -> Any:
    if type(value) is int:
        value = Decimal(value)
    if not isinstance(value, Decimal):
        raise _wrong(field, value, "a Decimal")
    scaled(field, value)
    return value


def _money(field: Field, value: Any, currency: str) -> Any:
    if not isinstance(value, Money):
        raise _wrong(field, value, "Money")
    made = value if value.currency else Money(value.amount, currency)
    if not made.currency:
        raise InvalidError(
            f"{field.name!r} has no currency: write Money('12.50', 'EUR').", code="currency", field=field.name
        )
    try:
        _ = made.minor
    except InvalidError as error:
        raise InvalidError(str(error), code=error.code, field=field.name) from None
    return made


def _instant(field: Field, value: Any, _: str) -> Any:
    if not isinstance(value, datetime):
        raise _wrong(field, value, "an instant (an aware datetime)")
    if value.tzinfo is UTC:
        return value
    micros(value)
    return value.astimezone(UTC)


def _date(field: Field, value: Any, _: str) -> Any:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _wrong(field, value, "a day (a date)")
    return value


def _codes(field: Field, value: Any, currency: str) -> Any:
    if not isinstance(value, frozenset | set | tuple | list):
        raise _wrong(field, value, "a set of texts")
    items = cast("Collection[Any]", value)
    made = frozenset(_code(field, item, currency) for item in items)
    if "" in made:
        raise InvalidError(f"{field.name!r} holds an empty text.", code="empty", field=field.name)
    return items if isinstance(items, frozenset) and made == items else made


def _ref(field: Field, value: Any, _: str) -> Any:
    if isinstance(value, Record):
        return value.id
    if not isinstance(value, UUID):
        raise _wrong(field, value, "a reference (an id)")
    return value


def _any_ref(field: Field, value: Any, _: str) -> Any:
    if isinstance(value, Record):
        return AnyRef(declaration_of(type(value)).name, value.id)
    if not isinstance(value, AnyRef):
        raise _wrong(field, value, "a reference (AnyRef, or the record)")
    return value


def _local_text(field: Field, value: Any, _: str) -> Any:
    if isinstance(value, str):
        return LocalText.of(normal(value, field.name))
    if not isinstance(value, LocalText):
        raise _wrong(field, value, "a LocalText")
    for text in value.texts.values():
        normal(text, field.name)
    return value


def _json(field: Field, value: Any, _: str) -> Any:
    return FrozenMap({"": value})[""] if _is_json(value) else _refuse_json(field, value)


def _is_json(value: Any) -> bool:
    if value is None or isinstance(value, bool | str | int | float):
        return True
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_json(item) for key, item in cast("Mapping[Any, Any]", value).items())
    return isinstance(value, list | tuple) and all(map(_is_json, cast("Sequence[Any]", value)))


def _refuse_json(field: Field, value: Any) -> Any:
    raise _wrong(field, value, "a value that JSON can write")


def _bool(field: Field, value: Any, _: str) -> Any:
    if not isinstance(value, bool):
        raise _wrong(field, value, "yes or no (True, False)")
    return value


def _of(kind: type, words: str) -> Fit:
    def fit(field: Field, value: Any, _: str) -> Any:
        if not isinstance(value, kind):
            raise _wrong(field, value, words)
        return value

    return fit


_FITS: Final[Mapping[str, Fit]] = {
    "text": _text, "code": _code, "int": _int, "decimal": _decimal, "money": _money, "bool": _bool, "date": _date,
    "partial_date": _of(PartialDate, "a PartialDate"), "instant": _instant, "wall_time": _of(WallTime, "a WallTime"),
    "local_text": _local_text, "codes": _codes, "ref": _ref, "any_ref": _any_ref, "json": _json, "digest": _of(bytes, "bytes"),
}  # fmt: skip


# --- custom fields: kept as JSON, in the form that stores compare ---
def custom_kept(
    fields: Mapping[str, Field], values: Mapping[str, Any], type_name: str, before: Mapping[str, Any] = EMPTY
) -> KeptMap:
    """Return custom values as they are kept: decimals scaled, instants in microseconds, days as ISO text; missing ones left out.

    Args:
        before: what the record has: a value that is the same is in that form already.

    Raises:
        InvalidError: a key is not defined, or a value is not of its kind.
    """
    made: dict[str, Any] = {}
    for key, value in values.items():
        field = fields.get(key)
        if field is None:
            raise InvalidError(
                f"A {type_name} has no custom field {key!r}: define it.{nearest(key, fields)}",
                code="unknown_field",
                field=f"custom.{key}",
            )
        if value is not None:
            made[key] = value if key in before and _is_same(before[key], value) else _kept(field, value)
    return KeptMap(made)


def _is_same(kept: Any, value: Any) -> bool:
    return type(kept) is type(value) and bool(kept == value)


def _kept(field: Field, value: Any) -> Any:
    if field.kind == "decimal" and (isinstance(value, Decimal) or type(value) is int):
        return scaled(field, Decimal(value))
    if field.kind == "instant" and isinstance(value, datetime):
        return micros(value)
    if field.kind == "date" and isinstance(value, date):
        return value.isoformat()
    if custom_value(field, value) is None:
        raise _wrong(
            field, value, {"text": "a text", "int": "a whole number", "bool": "yes or no"}.get(field.kind, field.kind)
        )
    return _code(field, value, "") if field.kind == "text" and field.choices else value


def custom_value(field: Field, kept: Any) -> Any:
    """Return the value of a custom field from its kept form; None where it is not of the declared kind."""
    match field.kind, kept:
        case "text", str():
            return kept
        case "bool", bool():
            return kept
        case _, bool():
            return None
        case "int", int():
            return kept
        case "decimal", int():
            return Decimal(kept).scaleb(-field.places)
        case "instant", int():
            return _moment(kept)
        case "date", str():
            return _day(kept)
        case _:
            return None


def _moment(kept: int) -> datetime | None:
    try:
        return instant(kept)
    except (OverflowError, ValueError):  # not in the years 1 to 9999
        return None


def _day(kept: str) -> date | None:
    try:
        made = date.fromisoformat(kept)
    except ValueError:
        return None
    return made if made.isoformat() == kept else None  # one day has one form, so that stores may compare the text
