"""Shortcuts for the usual KPIs: ``from crmkit import kpis``, then ``kpis.duration("days-in-workshop", of=RepairOrder, ...)``.

Each returns a ``Kpi`` to offer. What all of them take besides their own: ``where`` (which records count), ``one_per`` (of
the records with one value here only the last in a period counts), ``better``, ``title``, ``area``, ``nothing`` (why there
is no value where nothing was counted), ``groups`` (names for paths to group by) and ``target``.
"""

from __future__ import annotations

from typing import Literal, Unpack

from .. import query
from ..query import (
    Component,
    Condition,
    Difference,
    Path,
    Product,
    Tallied,
    all_of,
    final_field,
    quantile,
    squares,
)
from ..records import Record
from .kpi import (
    SECONDS_IN,
    Better,
    Counted,
    Formula,
    Kpi,
    MeanInterval,
    More,
    QuantileInterval,
    RatioInterval,
    Standing,
    Unit,
    Wilson,
    made,
    paths,
    record_words,
)
from .kpi_spans import conversion, spans

__all__ = ["conversion", "count", "duration", "mean", "proportion", "ratio", "spans", "stock", "total"]

Stat = Literal["mean", "median"]


def duration(
    name: str,
    *,
    of: type[Record],
    start: Path,
    end: Path,
    where: Condition | None = None,
    period: Literal["start", "end"] = "end",
    stat: Stat = "mean",
    unit: Literal["seconds", "minutes", "hours", "days"] = "days",
    better: Better = "lower",
    per: Path | tuple[Path, ...] = (),
    **more: Unpack[More],
) -> Kpi:
    """How long it takes from one instant of a record to another.

    Records that lack one of the two do not count, and neither do those that end before they start.

    Args:
        period: whether a record falls into the period of its start or of its end.
        stat: mean (interval by Student's t), or median (type 7, order-statistic interval).
        per: the times of records with one value of these are added first (all stays of a deal in one stage).
    """
    length, seconds = end - start, SECONDS_IN[unit]
    components = {"n": query.count(), "total": query.total(length), "squares": squares(length)}
    if stat == "median":
        components = {"n": query.count(), "median": quantile(length, 0.5)}
    source = Counted(
        of=of,
        at=start if period == "start" else end,
        where=_both(of, where, end >= start),
        per=paths(per),
        components=components,
    )
    explanation = f"{stat.capitalize()}, from {_stripped(start)} to {_stripped(end)}."

    def formula(t: Tallied) -> float | None:
        if not t.n:
            return None
        return float(t.median if stat == "median" else t.total / t.n) / seconds

    interval = QuantileInterval(scale=seconds) if stat == "median" else MeanInterval(scale=seconds)
    return made(name, explanation, source, formula, unit=unit, better=better, interval=interval, more=more)


def proportion(
    name: str,
    *,
    of: type[Record],
    at: Path,
    part: Condition,
    where: Condition | None = None,
    one_per: Path | None = None,
    better: Better = "higher",
    **more: Unpack[More],
) -> Kpi:
    """Which share of the records ``part`` holds for, 0..1, with a Wilson interval."""
    components = {"n": query.count(), "part": query.count(part)}
    source = Counted(of=of, at=at, where=where, one_per=one_per, components=components)
    explanation = f"Share of all {record_words(of)} records that count."

    def formula(t: Tallied) -> float | None:
        return t.part / t.n if t.n else None

    return made(name, explanation, source, formula, unit="share", better=better, interval=Wilson("part"), more=more)


def mean(
    name: str,
    *,
    of: type[Record],
    at: Path,
    value: Path | Difference,
    where: Condition | None = None,
    one_per: Path | None = None,
    unit: Unit | None = None,
    better: Better = "higher",
    **more: Unpack[More],
) -> Kpi:
    """The mean of a number or of money (per currency), with Student's interval; records without the value do not count."""
    components = {"n": query.count(), "total": query.total(value), "squares": squares(value)}
    source = Counted(of=of, at=at, where=_present(of, where, value), one_per=one_per, components=components)

    def formula(t: Tallied) -> float | None:
        return float(t.total) / t.n if t.n else None

    unit = unit or ("money" if source.money is not None else "number")
    explanation = f"Mean of {_named(value)}."
    return made(name, explanation, source, formula, unit=unit, better=better, interval=MeanInterval(), more=more)


def total(
    name: str,
    *,
    of: type[Record],
    at: Path,
    value: Path | Product,
    where: Condition | None = None,
    unit: Unit | None = None,
    better: Better = "higher",
    **more: Unpack[More],
) -> Kpi:
    """The sum of a number or of money (per currency); 0 where there is none."""
    source = Counted(of=of, at=at, where=where, components={"n": query.count(), "total": query.total(value)})
    unit = unit or ("money" if source.money is not None else "number")
    explanation = f"Sum of {_named(value)}."
    return made(name, explanation, source, _total, unit=unit, better=better, adds_up=True, more=more)


def count(
    name: str,
    *,
    of: type[Record],
    at: Path,
    where: Condition | None = None,
    one_per: Path | None = None,
    better: Better = "higher",
    **more: Unpack[More],
) -> Kpi:
    """How many records; 0 where there is none."""
    source = Counted(of=of, at=at, where=where, one_per=one_per, components={"n": query.count()})
    explanation = f"How many {record_words(of)} records, by {_stripped(at)}."
    return made(name, explanation, source, _n, unit="count", better=better, adds_up=True, more=more)


def ratio(
    name: str,
    *,
    of: type[Record],
    at: Path,
    above: Path,
    below: Path,
    where: Condition | None = None,
    unit: Unit = "number",
    better: Better = "higher",
    **more: Unpack[More],
) -> Kpi:
    """The sum of one number by the sum of another over the same records (never a mean of ratios).

    The interval is found by the delta method; money, whose products are not summed, has none.
    """
    components: dict[str, Component] = {"n": query.count(), "above": query.total(above), "below": query.total(below)}
    is_plain = all((field := final_field(path)) is not None and field.kind != "money" for path in (above, below))
    if is_plain:
        components["above_squares"], components["below_squares"] = squares(above), squares(below)
        components["products"] = query.total(above * below)
    source = Counted(of=of, at=at, where=_present(of, where, above, below), components=components)

    def formula(t: Tallied) -> float | None:
        return float(t.above) / float(t.below) if t.below else None

    explanation = f"Sum of {above} by sum of {below}."
    interval = RatioInterval() if is_plain else None
    return made(name, explanation, source, formula, unit=unit, better=better, interval=interval, more=more)


def stock(
    name: str,
    *,
    of: type[Record],
    since: Path,
    until: Path,
    value: Path | None = None,
    where: Condition | None = None,
    unit: Unit | None = None,
    better: Better = "higher",
    **more: Unpack[More],
) -> Kpi:
    """How many records stand at the end of a period (now, in the running one), or the sum of a value over them.

    Args:
        since, until: from when to when a record stands.
        value: a number or money (per currency) that is summed; it is taken as it is now.
    """
    components: dict[str, Component] = {"n": query.count()}
    if value is not None:
        components["total"] = query.total(value)
    source = Standing(of=of, since=since, until=until, where=where, components=components)
    if unit is None:
        unit = "count" if value is None else "money" if source.money is not None else "number"
    what = f"How many {record_words(of)} records stand" if value is None else f"Sum of {value} over what stands"
    explanation = f"{what} at the end of a period, from {_stripped(since)} to {_stripped(until)}."
    formula: Formula = _n if value is None else _total
    return made(name, explanation, source, formula, unit=unit, better=better, adds_up=True, more=more)


def _n(t: Tallied) -> float | None:
    return int(t.n)


def _total(t: Tallied) -> float | None:
    return float(t.total)


def _both(of: type[Record], *conditions: Condition | None) -> Condition | None:
    return all_of(of, [condition for condition in conditions if condition is not None])


def _present(of: type[Record], where: Condition | None, *values: Path | Difference) -> Condition | None:
    paths = [path for value in values for path in ((value,) if isinstance(value, Path) else (value.left, value.right))]
    return _both(of, where, *(~path.is_missing for path in paths))


def _stripped(path: Path) -> str:
    return str(path).removesuffix("_at").replace("_", " ")


def _named(value: Path | Difference | Product) -> str:
    if isinstance(value, Path):
        return str(value).replace("_", " ")
    return f"{value.left} {'less' if isinstance(value, Difference) else 'times'} {value.right}".replace("_", " ")
