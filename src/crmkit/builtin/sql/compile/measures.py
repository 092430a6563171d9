"""What is measured in a cell: the columns of each measure, and how their values are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from typing import Any, Final, TypeAlias

import attrs
from sqlalchemy import ColumnElement, func, literal_column

from crmkit.builtin.sql.columns import reader
from crmkit.builtin.sql.compile.scope import Scope
from crmkit.builtin.sql.compile.shape import Shape
from crmkit.builtin.sql.dialect import Database
from crmkit.records.money import places_of

Column: TypeAlias = ColumnElement[Any]
Read: TypeAlias = Callable[[Sequence[Any], str], Any]
"""From the values of a measure's columns, and the currency, to the component's value; None where nothing was measured."""
_EXACT: Final = Context(prec=60)
"""Digits that sums keep; the default context would round to 28."""
_SECOND: Final = 1_000_000


@attrs.frozen
class Measured:
    """The columns of a component, and how their values are read."""

    columns: Sequence[Column]
    read: Read

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.columns)


def value_columns(of: Shape, scope: Scope) -> list[Column]:
    """Return the columns of what is measured: of money two, of a product its factor and the other one."""
    if of[0] == "path":
        return list(scope.columns(of[1]))
    left, right = scope.column(of[1]), scope.column(of[2])
    if of[0] == "product":
        return [scope.database.real(left) * scope.database.real(right)]
    _, _, _, _, mine, theirs = of
    places = max(mine, theirs)
    return [_times(left, places - mine) - _times(right, places - theirs)]


def _times(column: Column, places: int) -> Column:
    unit: Column = literal_column(str(10**places))
    return column * unit if places else column


def measured(measure: str, of: Shape | None, values: Sequence[Column], database: Database) -> Measured:
    """Return the columns of a measure over the values of a cell."""
    value = values[0]
    if of is None:
        return Measured([func.count(value)], lambda found, _: found[0])
    if measure == "distinct":
        return Measured([func.count(_one_text(values).distinct())], lambda found, _: found[0])
    if measure == "squares":
        return Measured([func.sum(database.real(value) * database.real(value))], _scaled_float(of, power=2))
    if measure == "total" and of[0] == "product":
        return Measured([func.sum(value)], _scaled_float(of))
    if measure == "total":
        columns, join = database.exact_sum(value)
        return Measured([*columns, func.count(value)], _total(of, join))
    extreme = func.min if measure == "least" else func.max
    kept, restore = database.comparable(value, of[2] if of[0] == "path" else "int")
    return Measured([extreme(kept)], _extreme(of, database, restore))


def _one_text(values: Sequence[Column]) -> Column:
    """Money is one value of two columns."""
    return values[0] if len(values) == 1 else values[0].concat(values[1])


def at_quantile(of: Shape) -> Measured:
    """Return how a quantile is read from its one or two ranks (see ``interpolated``)."""
    return Measured([], _scaled_float(of))


def interpolated(rows: Sequence[tuple[Any, int, int]], q: float, read: Read, currency: str) -> float:
    """Return the quantile of type 7 from rows ``(value, rank, n)`` at and after its place."""
    low, *more = sorted(rows, key=lambda row: row[1])
    place = (low[2] - 1) * q
    below = read([low[0]], currency)
    if not more:
        return float(below)
    above = read([more[0][0]], currency)
    return float(below + (place - (low[1] - 1)) * (above - below))


def _unit(of: Shape, currency: str) -> int:
    """Return how many decimals a value in the database stands for."""
    if of[0] == "path":
        return places_of(currency) if of[2] == "money" else int(of[3])
    mine, theirs = of[4], of[5]
    return int(mine + theirs if of[0] == "product" else max(mine, theirs))


def _is_time(of: Shape) -> bool:
    return bool(of[0] == "difference" and of[3] == "instant")


def _scaled_float(of: Shape, power: int = 1) -> Read:
    def read(found: Sequence[Any], currency: str) -> Any:
        if found[0] is None:
            return None
        unit = _SECOND if _is_time(of) else 10 ** _unit(of, currency)
        return float(found[0]) / float(unit**power)

    return read


def _total(of: Shape, join: Callable[[Sequence[Any]], int]) -> Read:
    def read(found: Sequence[Any], currency: str) -> Any:
        if not found[-1]:
            return None
        whole = join(found[:-1])
        if _is_time(of):
            return whole / _SECOND
        return _number(of, whole, currency)

    return read


def _number(of: Shape, whole: int, currency: str) -> Any:
    kind = of[2] if of[0] == "path" else of[3]
    if kind == "int":
        return whole
    return Decimal(whole).scaleb(-_unit(of, currency), _EXACT)


def _extreme(of: Shape, database: Database, restore: Callable[[Any], Any] | None) -> Read:
    if of[0] == "product":
        return _scaled_float(of)
    decode = reader(of[2], of[3], database) if of[0] == "path" and of[2] not in ("int", "decimal", "money") else None

    def read(found: Sequence[Any], currency: str) -> Any:
        if found[0] is None:
            return None
        if decode is not None:
            return decode(found if restore is None else [restore(found[0])])[0]
        return found[0] / _SECOND if _is_time(of) else _number(of, found[0], currency)

    return read
