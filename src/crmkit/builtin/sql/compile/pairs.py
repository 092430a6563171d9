"""Comparisons of two columns, also of two that count in different units."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, literal_column, or_

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_FLIPPED: Final[Mapping[str, str]] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compare(left: ColumnElement[Any], op: str, right: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return ``left op right``, NULL where one is missing."""
    made: ColumnElement[Any] = _OPERATORS[op](left, right)
    return made


def scaled_pair(
    left: ColumnElement[Any], places: int, op: str, right: ColumnElement[Any], other_places: int
) -> ColumnElement[Any]:
    """Return the comparison of two scaled integers, exactly: multiplying one could leave 64 bits, so the other is divided."""
    if places == other_places:
        return compare(left, op, right)
    if places > other_places:
        return scaled_pair(right, other_places, _FLIPPED[op], left, places)
    unit: ColumnElement[Any] = literal_column(str(10 ** (other_places - places)))
    rest = (right % unit + unit) % unit
    whole = (right - rest).op("/")(unit)
    return _DIVIDED[op](left, whole, rest)


_Divided = Callable[[Any, Any, Any], ColumnElement[Any]]
_DIVIDED: Final[Mapping[str, _Divided]] = {  # a op (whole + rest), where rest lies in [0, 1)
    "==": lambda a, whole, rest: and_(a == whole, rest == literal_column("0")),
    "!=": lambda a, whole, rest: or_(a != whole, rest != literal_column("0")),
    "<": lambda a, whole, rest: or_(a < whole, and_(a == whole, rest > literal_column("0"))),
    "<=": lambda a, whole, rest: a <= whole,
    ">": lambda a, whole, rest: a > whole,
    ">=": lambda a, whole, rest: or_(a > whole, and_(a == whole, rest == literal_column("0"))),
}
