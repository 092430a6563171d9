"""Days in texts, for databases whose functions fail where a text is no day."""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, case, cast, func, literal_column
from sqlalchemy.types import Integer

Column: TypeAlias = ColumnElement[Any]


def is_day(text: Column, looks_so: Column) -> Column:
    """Return whether a text is a day that exists, in ISO form.

    Args:
        looks_so: whether it has the form of one; only then is it looked at further.
    """
    year, month, day = (
        cast(func.substr(text, _number(at), _number(n)), Integer()) for at, n in ((1, 4), (6, 2), (9, 2))
    )
    is_leap = and_(
        year % _number(4) == _number(0), (year % _number(100) != _number(0)) | (year % _number(400) == _number(0))
    )
    february: Column = case((is_leap, _number(29)), else_=_number(28))
    short = month.in_([_number(4), _number(6), _number(9), _number(11)])
    length: Column = case((month == _number(2), february), (short, _number(30)), else_=_number(31))
    exists = and_(year >= _number(1), month.between(_number(1), _number(12)), day >= _number(1), day <= length)
    no: Column = literal_column("false")
    return case((looks_so, exists), else_=no)


def _number(value: int) -> Column:
    return literal_column(str(value))
