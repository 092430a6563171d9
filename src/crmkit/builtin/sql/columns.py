"""From a field to its columns: how its value is written, compared and read back.

Writing is generated code, one expression per field. So is reading (``decoding.py``): most kinds need nothing at all, the
others a function of one value or, where that is faster, of all values of a column.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import repeat
from typing import Any, Final, TypeAlias, cast
from uuid import UUID

import attrs

from crmkit.builtin.sql.dialect import Database
from crmkit.errors import InvalidError
from crmkit.records import AnyRef, Digest, Field, FrozenMap, LocalText, Money, PartialDate, Record, WallTime
from crmkit.records.fields import Kind
from crmkit.records.ids import id_from_int
from crmkit.records.money import places_of
from crmkit.records.text import fold
from crmkit.records.times import micros
from crmkit.records.values import EMPTY, frozen

Values: TypeAlias = Sequence[Any]
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


@attrs.frozen(kw_only=True)
class Kept:
    """How one field is kept.

    Attributes:
        field: the field.
        columns: the names of its columns.
        sources: for each column the Python expression of its value, of the field's value ``{v}``.
        width: how many of its columns are read: the search key of a text is not.
        convert: from a value of its column to the field's value; None where they are the same.
        read: the same for all values of its columns at once, where that takes less time.
    """

    field: Field
    columns: tuple[str, ...]
    sources: tuple[str, ...]
    width: int = 1
    convert: Callable[[Any], Any] | None = None
    read: Callable[..., Values] | None = None


def kept(field: Field, database: Database) -> Kept:
    """Return how a field is kept in a database."""
    name, *more = field.columns
    if field.kind == "money":
        return Kept(
            field=field,
            columns=field.columns,
            sources=(_given("money_out({v})"), _given("{v}.currency")),
            width=2,
            read=_money,
        )
    if field.name == "custom" and field.system:  # a text, until somebody asks for it
        return Kept(field=field, columns=field.columns, sources=("({v} if {v}.__class__ is str else json_out({v}))",))
    source = _given(_SOURCES.get(field.kind, "{v}"))
    convert = _CONVERT.get(field.kind)
    read: Callable[..., Values] | None = _json_read if field.kind == "json" else None
    if field.kind == "ref":
        source, convert = _given(database.id_source), database.id_made
    if field.kind == "decimal":
        source, convert = _given(f"decimal_out({{v}}, {field.places})"), _decimal_in(field.places)
    if more:
        return Kept(field=field, columns=(name, *more), sources=(source, _given("fold({v})")), convert=convert)
    return Kept(field=field, columns=(name,), sources=(source,), convert=convert, read=read)


def _given(source: str) -> str:
    return source if source == "{v}" else f"(None if {{v}} is None else {source})"


# --- writing ---
_from_json: Final = json.JSONDecoder().raw_decode
_to_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode


def json_out(value: Any) -> str:
    """Return a JSON value as text, always the same for equal values."""
    return "{}" if value is EMPTY else _to_json(value)


def decimal_out(value: Decimal, places: int) -> int:
    """Return a decimal as a whole number of its smallest unit.

    Raises:
        InvalidError: it has more decimals than its field.
    """
    scaled = value.scaleb(places)
    whole = int(scaled)
    if whole != scaled:
        raise InvalidError(f"{value} has more than {places} decimals: round it first.", code="places")
    return whole


def money_out(value: Money) -> int:
    """Return money in whole minor units.

    Raises:
        InvalidError: it has no currency, or more decimals than its currency.
    """
    if not value.currency:
        raise InvalidError(f"{value.amount} has no currency: write Money('12.50', 'EUR').", code="currency")
    return value.minor


def codes_out(value: frozenset[str]) -> str:
    """Return a set as text: its members in order, each between line breaks.

    Raises:
        InvalidError: a member has a line break in it.
    """
    if any("\n" in member for member in value):
        raise InvalidError("A member of a set can not hold a line break: remove it.", code="forbidden_character")
    return "\n" + "\n".join(sorted(value)) + "\n" if value else ""


def any_ref_out(value: AnyRef) -> str:
    """Return a reference to any type as text."""
    return f"{value.type}:{value.id.int:032x}"


_SOURCES: Final[Mapping[Kind, str]] = {
    "instant": "micros({v})", "date": "{v}.isoformat()", "partial_date": "str({v})", "wall_time": "str({v})",
    "local_text": "json_out({v}.texts)", "codes": "codes_out({v})", "any_ref": "any_ref_out({v})", "json": "json_out({v})",
    "digest": "bytes({v})",
}  # fmt: skip
SCOPE: Final[Mapping[str, Any]] = {
    "micros": micros, "json_out": json_out, "codes_out": codes_out, "any_ref_out": any_ref_out, "decimal_out": decimal_out,
    "money_out": money_out, "fold": fold,
}  # fmt: skip
"""The names that generated code may use."""


def default_of(of: type[Record], field: Field) -> Any:
    """Return the default of a field as its class declares it; None where there is none."""
    default: Any = next(attribute.default for attribute in attrs.fields(of) if attribute.alias == field.name)
    factory = cast("Callable[[], Any] | None", getattr(default, "factory", None))  # what `attrs.Factory` makes
    return None if default is attrs.NOTHING else default if factory is None else factory()


def default_values(of: type[Record], field: Field, database: Database) -> dict[str, Any]:
    """Return a field's default as its columns keep it, by their names."""
    part, default = kept(field, database), default_of(of, field)
    values = [eval(source.format(v="v"), {**SCOPE, "v": default}) for source in part.sources]  # noqa: S307  # our own source
    return dict(zip(part.columns, values, strict=True))


# --- reading ---
class Once(dict[Any, Any]):
    """Values as they are kept, and what they become: one that stands in many rows is converted, and in memory, once."""

    __slots__ = ("_convert",)

    def __init__(self, convert: Callable[[Any], Any]) -> None:
        self._convert = convert

    def __missing__(self, value: Any) -> Any:
        made = self[value] = self._convert(value)
        return made


def _instant_in(value: int) -> datetime:
    return EPOCH + MICROSECOND * value


def _decimal_in(places: int) -> Callable[[int], Decimal]:
    return lambda value: Decimal(value).scaleb(-places)


_new: Final = object.__new__
_set_amount: Final = Money.__dict__["amount"].__set__
_set_currency: Final = Money.__dict__["currency"].__set__


def money_in(minor: int, currency: str) -> Money:
    """Return money of minor units, past ``__init__``: it was checked when it was written."""
    made = _new(Money)
    _set_amount(made, Decimal(minor).scaleb(-places_of(currency)))
    _set_currency(made, currency)
    return made


def _money(minors: Values, currencies: Values) -> Values:
    pairs = zip(minors, currencies, strict=True)
    return [None if minor is None else money_in(minor, currency) for minor, currency in pairs]


def _any_ref_in(value: str) -> AnyRef:
    return AnyRef(value[:-33], id_from_int(int(value[-32:], 16)))


def _set_in(value: str) -> frozenset[str]:
    return frozenset(value[1:-1].split("\n") if value else ())


_fill: Final = dict[str, Any].__init__


def _json_read(values: Values) -> Values:
    """Return a column of JSON, deep-frozen; where texts seem to repeat, one is parsed, and kept in memory, once."""
    if values[0] != values[-1] and None not in values:
        return _parsed(values)
    distinct = list(set(values) - {None})
    made: dict[Any, Any] = dict(zip(distinct, _parsed(distinct), strict=True))
    made[None] = None
    return list(map(made.__getitem__, values))


def _parsed(texts: Sequence[str]) -> list[Any]:
    """Return texts of JSON, deep-frozen: all are parsed in one go, which takes a third of the time."""
    joined = ",".join(texts)
    found: list[Any] = _from_json(f"[{joined}]")[0]
    are_flat = joined.count("{") == len(texts) and "[" not in joined and set(map(type, found)) == {dict}
    return _flat_maps(found) if are_flat else list(map(frozen, found))


def _flat_maps(found: Sequence[dict[str, Any]]) -> list[FrozenMap]:
    """Make read-only mappings of those that have no other value in them."""
    made = list(map(FrozenMap.__new__, repeat(FrozenMap, len(found))))
    deque(map(_fill, made, found), 0)
    return made


def _local_text_in(text: str) -> LocalText:
    return LocalText(frozen(json.loads(text)))


_CONVERT: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    "instant": _instant_in, "date": date.fromisoformat, "partial_date": PartialDate.parse, "bool": bool, "wall_time": WallTime.parse,
    "codes": _set_in, "any_ref": _any_ref_in, "local_text": _local_text_in, "digest": Digest,
}  # fmt: skip


def reader(kind: Kind, places: int, database: Database) -> Callable[..., Values]:
    """Return what reads the columns of a kind, where no field is at hand."""
    part = kept(Field(name="value", kind=kind, places=places), database)
    return part.read or (_same if part.convert is None else _each(part.convert))


def _each(convert: Callable[[Any], Any]) -> Callable[[Values], Values]:
    return lambda values: [None if value is None else convert(value) for value in values]


def _same(values: Values) -> Values:
    return values


# --- constants ---
def constant(field_kind: Kind, value: Any, database: Database) -> Any:
    """Return a constant of a question as a column of this kind keeps it (numbers apart: ``numbers.py``)."""
    if field_kind == "ref":
        return database.id_kept(value)
    made = _CONSTANTS.get(field_kind)
    return value if made is None else made(value)


_CONSTANTS: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    "instant": micros, "date": date.isoformat, "partial_date": str, "wall_time": str, "codes": codes_out, "any_ref": any_ref_out,
    "json": json_out, "digest": bytes, "local_text": lambda value: json_out(value.texts),
}  # fmt: skip


def id_of(raw: Any) -> UUID:
    """Return an id from the bytes, or the UUID, that a driver gives."""
    return raw if isinstance(raw, UUID) else id_from_int(int.from_bytes(raw, "big"))
