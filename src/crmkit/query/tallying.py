"""The reference meaning of tallies, over records in Python."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Context, Decimal, localcontext
from typing import Any, Final, TypeAlias

from ..records import Money, Record
from ..records.times import micros
from .evaluate import Evaluator, Getter, Test
from .paths import Difference, Path, Product, final_field
from .ranks import rank
from .tallies import Bucket, Component, Expression, Key, Tallied, Tally, empty_value

Measure: TypeAlias = Callable[[list[Any]], Any]
_EXACT: Final = 200
"""Digits that sums of decimals keep; the default context would round to 28."""


def tally(evaluator: Evaluator, question: Tally, records: Iterable[Record]) -> list[Tallied]:
    """Return the cells of a bound tally over the records of its type, in the order of their keys, missing first.

    Without keys there is one cell, also of no record.
    """
    counted = records if question.where is None else filter(evaluator.test(question.where), records)
    cells = _cells(evaluator, question.by, counted)
    if question.one_per is not None:
        cells = _thinned(evaluator, question, cells)
    if not question.by:
        cells.setdefault((), [])
    measures = {name: _measure(evaluator, component) for name, component in question.components.items()}
    return [
        Tallied(key, {name: measure(cells[key]) for name, measure in measures.items()})
        for key in sorted(cells, key=lambda key: tuple(map(rank, key)))
    ]


# --- cells ---
Cells: TypeAlias = dict[tuple[Any, ...], list[Record]]


def _cells(evaluator: Evaluator, by: Sequence[Key], records: Iterable[Record]) -> Cells:
    parts = [_part(evaluator, key) for key in by]
    cells: Cells = {}
    for record in records:
        key = tuple(part(record) for part in parts)
        if _OUTSIDE not in key:
            cells.setdefault(key, []).append(record)
    return cells


class _Outside:
    """What a record has for a bucket in none of whose periods it lies."""


_OUTSIDE: Final = _Outside()


def _part(evaluator: Evaluator, key: Key) -> Getter:
    if isinstance(key, Path):
        return evaluator.getter(key)
    get, edges = evaluator.getter(key.path), key.edges

    def period(record: Record) -> Any:
        at = get(record)
        place = 0 if at is None else bisect_right(edges, at)
        return edges[place - 1] if 0 < place < len(edges) else _OUTSIDE

    return period


def _thinned(evaluator: Evaluator, question: Tally, cells: Cells) -> Cells:
    assert question.one_per is not None
    buckets = [key.path for key in question.by if isinstance(key, Bucket)]
    per = evaluator.getter(question.one_per)
    by = evaluator.getter(buckets[0] if question.one_per_by is None else question.one_per_by)
    return {key: _last_of_each(records, per, by) for key, records in cells.items()}


def _last_of_each(records: list[Record], per: Getter, by: Getter) -> list[Record]:
    last: dict[Any, Record] = {}
    for record in sorted(records, key=lambda record: (rank(by(record)), record.id.int)):
        value = per(record)
        last[record if value is None else (value,)] = record
    return list(last.values())


# --- components ---
def _measure(evaluator: Evaluator, component: Component) -> Callable[[list[Record]], Any]:
    where = None if component.where is None else evaluator.test(component.where)
    if component.of is None:
        return lambda records: sum(1 for _ in filter(where, records))
    get, empty = _value(evaluator, component.of), empty_value(component)
    of = _MEASURES[component.measure] if component.measure != "quantile" else _quantile(component.q)
    if _is_money(component.of) and component.measure != "distinct":
        return lambda records: _by_currency(of, _values(get, where, records))
    finish = _finisher(component)
    return lambda records: finish(of(values)) if (values := _values(get, where, records)) else empty


def _values(get: Getter, where: Test | None, records: list[Record]) -> list[Any]:
    return [value for record in filter(where, records) if (value := get(record)) is not None]


def _is_money(of: Expression) -> bool:
    field = final_field(of) if isinstance(of, Path) else None
    return field is not None and field.kind == "money"


def _by_currency(measure: Measure, values: list[Any]) -> Mapping[str, Any]:
    amounts: dict[str, list[Decimal]] = {}
    for money in values:
        amounts.setdefault(money.currency, []).append(money.amount)
    return {currency: measure(amounts[currency]) for currency in sorted(amounts)}


def _total(values: list[Any]) -> Any:
    if isinstance(values[0], float):
        return math.fsum(values)
    with localcontext(Context(prec=_EXACT)):
        return sum(values[1:], values[0])


def _squares(values: list[Any]) -> float:
    return math.fsum(float(value) * float(value) for value in values)


def _quantile(q: float) -> Measure:
    """Return the measure of the quantile of type 7 (Hyndman and Fan, 1996): linear between the order statistics."""

    def at_q(values: list[Any]) -> float:
        ordered = sorted(map(float, values))
        place = (len(ordered) - 1) * q
        low = math.floor(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (place - low) * (ordered[high] - ordered[low])

    return at_q


_MEASURES: Final[Mapping[str, Measure]] = {
    "distinct": lambda values: len(set(values)),
    "total": _total,
    "least": lambda values: min(values, key=rank),
    "most": lambda values: max(values, key=rank),
    "squares": _squares,
}


# --- differences and products ---
def _value(evaluator: Evaluator, of: Expression) -> Getter:
    if isinstance(of, Path):
        return evaluator.getter(of)
    left, right = evaluator.getter(of.left), evaluator.getter(of.right)
    apply = _multiplied if isinstance(of, Product) else _subtracted
    return lambda record: None if (a := left(record)) is None or (b := right(record)) is None else apply(a, b)


def _multiplied(a: Any, b: Any) -> float:
    return float(a) * float(b)


def _subtracted(a: Any, b: Any) -> Any:
    if isinstance(a, datetime):
        return micros(a) - micros(b)
    if isinstance(a, Decimal):
        return Context(prec=_EXACT).subtract(a, b)
    return a - b


def _finisher(component: Component) -> Callable[[Any], Any]:
    """Return what makes seconds of the microseconds in which differences of instants are measured."""
    of = component.of
    field = final_field(of.left) if isinstance(of, Difference) else None
    if field is None or field.kind != "instant":
        return lambda value: value
    scale = 10**12 if component.measure == "squares" else 10**6
    return lambda value: value / scale


def magnitude(evaluator: Evaluator, component: Component, records: Iterable[Record]) -> float:
    """Return the sum of the absolute values that a component is made of: what a tolerance between floats is relative to."""
    if component.of is None:
        return 0.0
    found = [value for value in map(_value(evaluator, component.of), records) if value is not None]
    numbers = [value.amount if isinstance(value, Money) else value for value in found]
    floats = [abs(float(value)) for value in numbers if isinstance(value, int | float | Decimal)]
    return math.fsum(value * value if component.measure == "squares" else value for value in floats)
