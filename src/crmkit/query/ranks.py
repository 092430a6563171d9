"""The order of values, the same on every store, and the texts by which a page says where the next one begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias
from uuid import UUID

from ..errors import InvalidError
from ..records import AnyRef, Money
from ..records.fields import Kind
from ..records.times import instant, micros

Rank: TypeAlias = tuple[Any, ...]
"""A value among those of its kind; missing is ``()``, the smallest."""


def rank(value: Any) -> Rank:
    """Return what orders a value (see ``Order``)."""
    if value is None:
        return ()
    if isinstance(value, Money):
        return value.currency, value.amount
    return (_RANKS.get(type(value).__name__, _same)(value),)


def _same(value: Any) -> Any:
    return value


def _of_reference(value: AnyRef) -> str:
    return f"{value.type}:{value.id}"


_RANKS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "PartialDate": str, "WallTime": str, "AnyRef": _of_reference, "frozenset": sorted, "UUID": lambda value: value.int,
}  # fmt: skip


def rank_to_json(made: Rank, kind: Kind) -> Any:
    """Return a rank as a JSON value; None for missing."""
    if not made:
        return None
    write = _TO.get(kind, _same)
    return [made[0], str(made[1])] if kind == "money" else write(made[0])


def rank_from_json(data: Any, kind: Kind) -> Rank:
    """Return the rank that ``rank_to_json`` wrote.

    Raises:
        InvalidError: it is none of a value of this kind.
    """
    if data is None:
        return ()
    try:
        return _read(data, kind)
    except (ValueError, TypeError, KeyError, InvalidOperation, OverflowError):
        raise InvalidError(
            f"{data!r} is no place in an order of {kind}: use the `next` of a page.", code="cursor"
        ) from None


def _read(data: Any, kind: Kind) -> Rank:
    if kind == "money":
        currency, amount = data
        return str(currency), Decimal(amount)
    made = _FROM[kind](data)
    if kind in ("text", "code", "partial_date", "int", "bool", "any_ref") and type(data) is not type(made):
        raise ValueError(data)
    return (made,)


_TO: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    "decimal": str, "date": date.isoformat, "instant": micros, "ref": lambda value: f"{value:032x}", "digest": bytes.hex,
}  # fmt: skip
_FROM: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    "text": str, "code": str, "partial_date": str, "any_ref": str, "int": int, "bool": bool, "decimal": Decimal,
    "date": date.fromisoformat, "instant": instant, "ref": lambda data: UUID(str(data)).int, "digest": bytes.fromhex,
}  # fmt: skip
