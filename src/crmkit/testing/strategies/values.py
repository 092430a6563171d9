"""Hypothesis strategies for the values of fields: adversarial, and in the form that the border lets through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from typing import Any, Final
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...records import AnyRef, Digest, Field, LocalText, Money, PartialDate, WallTime
from ...records.fields import Kind
from ...records.money import places_of
from ...records.text import identity, normal
from ...records.times import instant, micros
from ...records.values import frozen

Pool = Mapping[Any, Sequence[UUID]]
"""Ids that references lead to, by record type; ``None``: to any type."""

_WORDS: Final = (
    "", "a", "A", "aa", "b", " ", "a b", "é", "E\u0301", "ß", "ss", "İ", "ı", "ﬁ", "Å", "\u212b", "ø", "œ", "%", "_", "\\", "'", '"', "*", "?",
    "[a]", "0", "10", "9", "٣", "۳", "علي", "على", "کریم", "كريم", "می‌روم", "שָׁלוֹם", "שלום", "山田", "Ω", "ω", "ς", "σ", "\uffff",
    "\U00010000", "\U0001f600", "👩‍👩‍👧", "\u200f", "\u0301", "a\u0300\u0301", "\n", "\t", "\x1f", "\x7f", "\u2028", "null", "NULL", "true",
)  # fmt: skip
_EXTREMES: Final = (-(2**63), -(2**63) + 1, -(2**53) - 1, -1, 0, 1, 2**31, 2**32, 2**53 + 1, 2**63 - 1)
_MOMENTS: Final = (
    datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), datetime(1, 1, 1, 12, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC),
    # where the clocks of Amsterdam, New York and Tehran change, and where Samoa skipped a day
    datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2022, 9, 21, 19, 30, tzinfo=UTC), datetime(2011, 12, 30, 10, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip
_ZONES: Final = ("UTC", "Europe/Amsterdam", "America/New_York", "Asia/Tehran", "Pacific/Apia")
_LANGUAGES: Final[tuple[str, ...]] = ("", "en", "nl", "fa", "he")
_CURRENCIES: Final = ("EUR", "USD", "JPY", "KWD", "CLF", "IRR")


def values(field: Field, pool: Pool | None = None) -> SearchStrategy[Any]:
    """Return a strategy of values of a field, missing ones among them where the field allows.

    Args:
        pool: ids of records for references to find.
    """
    if field.choices:
        made = st.sampled_from(field.choices)
    elif field.zone_name:
        made = st.sampled_from(("", *_ZONES))
    elif field.kind in ("ref", "any_ref"):
        made = _references(field, pool or {})
    else:
        made = _STRATEGIES[field.kind](field)
    return st.none() | made if field.optional else made


def texts() -> SearchStrategy[str]:
    """Return a strategy of texts in normal form: every category of characters but NUL and surrogates."""
    free = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
    return (st.sampled_from(_WORDS) | free).map(normal)


def codes() -> SearchStrategy[str]:
    """Return a strategy of machine texts: no control characters."""
    return texts().map(lambda text: "".join(c for c in text if ord(c) >= 32))


def _text(field: Field) -> SearchStrategy[str]:
    if not field.identity:
        return texts()
    made = texts().map(identity)
    return made.map(lambda text: text or "x") if field.required else made


def ints() -> SearchStrategy[int]:
    """Return a strategy of whole numbers of 64 bits, often small or extreme."""
    return st.integers(-3, 3) | st.sampled_from(_EXTREMES) | st.integers(-(2**63), 2**63 - 1)


def decimals(places: int) -> SearchStrategy[Decimal]:
    """Return a strategy of decimals that a field with so many places keeps."""
    context = Context(prec=60)
    return ints().map(lambda whole: Decimal(whole).scaleb(-places, context))


def _monies() -> SearchStrategy[Money]:
    return st.builds(_money, ints(), st.sampled_from(_CURRENCIES))


def _money(minor: int, currency: str) -> Money:
    return Money(Decimal(minor).scaleb(-places_of(currency), Context(prec=60)), currency)


def instants() -> SearchStrategy[datetime]:
    """Return a strategy of instants from the year 1 to 9999, often near a change of clocks, often equal or next to another."""
    near = st.builds(_moved, st.sampled_from(_MOMENTS), st.sampled_from((-1, 0, 0, 1, 3_600_000_000, -86_400_000_000)))
    return near | st.datetimes(timezones=st.just(UTC))


def _moved(at: datetime, by_us: int) -> datetime:
    try:
        return instant(micros(at) + by_us)
    except (OverflowError, ValueError):
        return at


def _dates() -> SearchStrategy[date]:
    return st.sampled_from((date.min, date.max, date(2026, 2, 28), date(2024, 2, 29))) | st.dates()


def _partial_dates() -> SearchStrategy[PartialDate]:
    years = st.sampled_from((1, 1990, 9999))
    whole = st.dates().map(lambda day: PartialDate(day.year, day.month, day.day))
    month = st.builds(PartialDate, years, st.integers(1, 12))
    return (
        whole
        | month
        | years.map(PartialDate)
        | st.builds(PartialDate, st.none(), st.integers(1, 12), st.integers(1, 28))
    )


def _wall_times() -> SearchStrategy[WallTime]:
    return st.builds(WallTime, st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.sampled_from(_ZONES))  # noqa: DTZ001  # a wall's clock has no zone


def _local_texts() -> SearchStrategy[LocalText]:
    return st.dictionaries(st.sampled_from(_LANGUAGES), texts(), max_size=3).map(_local_text)


def _local_text(written: dict[Any, str]) -> LocalText:
    return LocalText(written)


def jsons() -> SearchStrategy[Any]:
    """Return a strategy of values that JSON can write, deep-frozen; None among them."""
    leaves = st.none() | st.booleans() | ints() | st.floats(allow_nan=False, allow_infinity=False) | texts()
    made = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3), max_leaves=6
    )
    return made.map(frozen)


def _references(field: Field, pool: Pool) -> SearchStrategy[Any]:
    if field.kind == "any_ref":
        names = st.sampled_from(("deal", "customer", "deal_x", "agent"))
        return st.builds(AnyRef, names, _ids(pool.get(None, ())))
    return _ids(pool.get(field.target, pool.get(None, ())))


def _ids(known: Sequence[UUID]) -> SearchStrategy[UUID]:
    stray = st.uuids()
    return st.sampled_from(known) | st.sampled_from(known) | stray if known else stray


_STRATEGIES: Final[Mapping[Kind, Callable[[Field], SearchStrategy[Any]]]] = {
    "text": _text,
    "code": lambda _: codes(),
    "int": lambda _: ints(),
    "decimal": lambda field: decimals(field.places),
    "money": lambda _: _monies(),
    "bool": lambda _: st.booleans(),
    "date": lambda _: _dates(),
    "partial_date": lambda _: _partial_dates(),
    "instant": lambda _: instants(),
    "wall_time": lambda _: _wall_times(),
    "local_text": lambda _: _local_texts(),
    "codes": lambda _: st.frozensets(codes().filter(bool), max_size=3),
    "json": lambda _: jsons().filter(lambda value: value is not None),
    "digest": lambda _: st.binary(max_size=33).map(Digest),
}


def kept_custom(fields: Mapping[str, Field]) -> SearchStrategy[Mapping[str, Any]]:
    """Return a strategy of custom values as stores keep them; some of another kind than the definition says."""
    entries = {key: _kept(field) | jsons().filter(lambda value: value is not None) for key, field in fields.items()}
    return st.fixed_dictionaries({}, optional=entries).map(frozen)


def _kept(field: Field) -> SearchStrategy[Any]:
    if field.kind in ("int", "decimal"):
        return ints()
    if field.kind == "instant":
        return instants().map(micros)
    return _dates().map(date.isoformat) if field.kind == "date" else _STRATEGIES[field.kind](field)
