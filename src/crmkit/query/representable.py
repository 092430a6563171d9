"""Comparisons with numbers that no store can keep become ones with numbers that it can, so that no store meets others.

A whole number beyond 64 bits, a decimal or an amount with more places than its field has: ``score <= 6.00001`` of a
field with four places becomes ``score <= 6.0000``, ``score == 6.00001`` is false.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any, Final

from ..records import Field, Money
from ..records.money import places_of
from .conditions import Always, Compare, Condition, OneOf, Or
from .paths import Path

_MIN: Final = -(2**63)
_MAX: Final = 2**63 - 1


def representable(condition: Compare | OneOf) -> Condition:
    """Return a condition with the same meaning whose numbers fit the field's columns."""
    field = condition.path._field
    if field is None or field.kind not in ("int", "decimal", "money"):
        return condition
    if isinstance(condition, OneOf):
        kept = tuple(value for value in condition.values if value is not None and _fits(_scaled(field, value)))
        return OneOf(condition.path, kept)
    value = condition.value
    if type(value) is int and field.kind == "int" and _MIN <= value <= _MAX:
        return condition
    if value is None or isinstance(value, Path) or _fits(_scaled(field, value)):
        return condition
    return _moved(condition, field)


def _moved(condition: Compare, field: Field) -> Condition:
    path, value = condition.path, condition.value
    whole, back = _scaled(field, value), _unscaled(field, value)
    below, above = _at_most(path, whole, back), _at_least(path, whole, back)
    never = Always(path._root, value=False)
    return {"<": below, "<=": below, ">": above, ">=": above, "==": never, "!=": Or.of(below, above)}[condition.op]


def _at_most(path: Path, whole: Decimal, back: Callable[[int], Any]) -> Condition:
    limit = math.floor(whole)
    return Always(path._root, value=False) if limit < _MIN else Compare(path, "<=", back(min(limit, _MAX)))


def _at_least(path: Path, whole: Decimal, back: Callable[[int], Any]) -> Condition:
    limit = math.ceil(whole)
    return Always(path._root, value=False) if limit > _MAX else Compare(path, ">=", back(max(limit, _MIN)))


def _fits(whole: Decimal) -> bool:
    return _MIN <= whole <= _MAX and whole == whole.to_integral_value()


def _scaled(field: Field, value: Any) -> Decimal:
    """Return the number as stores keep it: in units of the last place."""
    if field.kind == "money":
        return _shifted(value.amount, places_of(value.currency))
    return _shifted(Decimal(value), field.places)


def _unscaled(field: Field, value: Any) -> Callable[[int], Any]:
    if field.kind == "money":
        currency = value.currency
        return lambda whole: Money(_shifted(Decimal(whole), -places_of(currency)), currency)
    if field.kind == "int":
        return int
    return lambda whole: _shifted(Decimal(whole), -field.places)


def _shifted(value: Decimal, places: int) -> Decimal:
    """Return the value times ten to the ``places``, exactly: the default context would round to 28 digits."""
    return value.scaleb(places, Context(prec=max(len(value.as_tuple().digits), 1)))
