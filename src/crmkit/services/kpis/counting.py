"""Counting: what the sources of a KPI give in periods, groups and currencies, asked in as few tallies as can be.

Events fall into periods by edges in one tally. What lasts is asked at the ends of all periods at once: each component
once per instant, each with its own condition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice, pairwise
from typing import Any, Final, TypeAlias, cast

import attrs

from crmkit.ports.kpi import Asked, Computed, Counted, Followed, Kpi, Standing, Stays, standing_at
from crmkit.ports.work import Work
from crmkit.query import Component, Condition, Path, by_edges, count, distinct, each, total
from crmkit.records import Money
from crmkit.services.kpis.periods import Period
from crmkit.services.kpis.quantiles import quantile

Tallied: TypeAlias = Counted | Standing | Stays | Followed
"""The sources that a store can tally."""
Cell = tuple[datetime, Any]
"""The start of a period, and the group (None where nothing is grouped)."""
Cells = dict[Cell, dict[str, Any]]
AT_ONCE: Final = 60
"""Instants asked in one tally; each is several columns of a result."""


@attrs.frozen(kw_only=True)
class Ask:
    """What is asked of a source.

    Attributes:
        periods: in time order; they do not overlap.
        where: more conditions on the source's records.
        group: the path whose values part the cells.
        currency: only amounts in it; empty where no money is counted.
    """

    work: Work
    periods: tuple[Period, ...]
    where: tuple[Condition, ...] = ()
    group: Path | None = None
    currency: str = ""

    @property
    def edges(self) -> tuple[datetime, ...]:
        """All starts and ends."""
        return tuple(sorted({edge for period in self.periods for edge in (period.start, period.end)}))

    @property
    def keys(self) -> tuple[Path, ...]:
        """The keys beside the period."""
        return () if self.group is None else (self.group,)


def cells_of(source: Tallied, ask: Ask) -> Cells:
    """Return the components of each cell in which something was counted."""
    if isinstance(source, Counted):
        return _counted(source, ask) if not source.per else _per(source, ask)
    periods = iter(ask.periods)
    cells: Cells = {}
    while part := tuple(islice(periods, AT_ONCE)):
        cells.update(_at_instants(source, attrs.evolve(ask, periods=part)))
    return cells


def _at_instants(source: Standing | Stays | Followed, ask: Ask) -> Cells:
    if isinstance(source, Standing):
        return _standing(source, ask)
    return _stays(source, ask) if isinstance(source, Stays) else _followed(source, ask)


def conditions_of(source: Tallied, ask: Ask) -> tuple[Condition, ...]:
    """Return the conditions on a source's records that hold in every period."""
    own = None if isinstance(source, Followed) else source.where
    inside = in_currency(source.money, ask.currency) if source.money is not None and ask.currency else None
    asked = (condition for condition in ask.where if condition.root is source.of)
    return tuple(condition for condition in (own, *asked, inside) if condition is not None)


def in_currency(money: Path, currency: str) -> Condition:
    """Return the condition that an amount is in a currency: money compares within one currency only."""
    zero = Money(0, currency)
    return (money >= zero) | (money < zero)


def currencies_of(source: Tallied, ask: Ask) -> set[str]:
    """Return the currencies of the amounts that a source counts in any of the periods."""
    if source.money is None:
        return set()
    where = conditions_of(source, ask)
    if isinstance(source, Counted):
        where = (*where, source.at >= ask.edges[0], source.at < ask.edges[-1])
    elif isinstance(source, Standing):
        where = (*where, (source.until >= ask.edges[0]) | source.until.is_missing)
    rows = ask.work.tally(source.of, *where, sums=total(source.money))
    return {currency for row in rows for currency in row.sums}


# --- events ---
def _counted(source: Counted, ask: Ask) -> Cells:
    rows = ask.work.tally(
        source.of, *conditions_of(source, ask), by=(by_edges(source.at, ask.edges), *ask.keys),
        one_per=source.one_per, one_per_by=None, **source.components,
    )  # fmt: skip
    starts = {period.start for period in ask.periods}
    return {
        (row.key[0], _group(row.key[1:])): {
            name: _amount(value, ask.currency) for name, value in row.values.items()
        }
        for row in rows
        if row.key[0] in starts
    }  # fmt: skip


def _group(key: Sequence[Any]) -> Any:
    return key[0] if key else None


def _amount(value: Any, currency: str) -> Any:
    """Return what a component counted in one currency; only money is counted in a mapping."""
    return cast("Mapping[str, Any]", value).get(currency, 0) if isinstance(value, Mapping) else value


def values_of(source: Counted, component: Component, ask: Ask) -> dict[Cell, list[float]]:
    """Return the values that a component is taken over, ascending: one per record, or per value of ``source.per``."""
    assert component.of is not None
    where = conditions_of(source, ask) + (() if component.where is None else (component.where,))
    per = source.per or (each(source.of).id,)
    bucket = by_edges(source.at, ask.edges)
    rows = ask.work.tally(source.of, *where, by=(bucket, *ask.keys, *per), value=total(component.of))
    starts = {period.start for period in ask.periods}
    found: dict[Cell, list[float]] = {}
    for row in rows:
        if row.key[0] in starts:
            found.setdefault((row.key[0], _group(row.key[1 : 1 + len(ask.keys)])), []).append(
                float(_amount(row.value, ask.currency))
            )
    return {cell: sorted(values) for cell, values in found.items()}


def _per(source: Counted, ask: Ask) -> Cells:
    of = next(component for component in source.components.values() if component.of is not None)
    finish: Mapping[str, Callable[[list[float], Component], Any]] = {
        "count": lambda values, _: len(values),
        "total": lambda values, _: sum(values),
        "squares": lambda values, _: sum(value * value for value in values),
        "quantile": lambda values, component: quantile(values, component.q),
    }
    return {
        cell: {name: finish[component.measure](values, component) for name, component in source.components.items()}
        for cell, values in values_of(source, of, ask).items()
    }


# --- what lasts ---
def _numbered(components: Mapping[str, Component], holds: Condition, number: int) -> dict[str, Component]:
    return {
        f"{name}_{number}": attrs.evolve(
            component, where=holds if component.where is None else component.where & holds
        )
        for name, component in components.items()
    }  # fmt: skip


def _rows(
    source: Standing | Stays | Followed, ask: Ask, components: Mapping[str, Component]
) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    rows = ask.work.tally(
        source.of, *conditions_of(source, ask), by=ask.keys, one_per=None, one_per_by=None, **components
    )
    return ((_group(row.key), row.values) for row in rows)


def _standing(source: Standing, ask: Ask) -> Cells:
    components: dict[str, Component] = {}
    for number, period in enumerate(ask.periods):
        holds = standing_at(source.since, source.until, period.end)
        components.update(_numbered(source.components, holds, number))
    return {
        (period.start, group): {name: _amount(values[f"{name}_{number}"], ask.currency) for name in source.names}
        for group, values in _rows(source, ask, components)
        for number, period in enumerate(ask.periods)
    }


def _stays(source: Stays, ask: Ask) -> Cells:
    since, until, who = source.since, source.until, source.who
    components: dict[str, Component] = {}
    for number, edge in enumerate(ask.edges):
        components[f"at_{number}"] = distinct(who, standing_at(since, until, edge))
        components[f"ever_{number}"] = distinct(who, since < edge)
    for number, (start, end) in enumerate(pairwise(ask.edges)):
        either = standing_at(since, until, start) | standing_at(since, until, end)
        components[f"either_{number}"] = distinct(who, either)
        components[f"entered_{number}"] = count((since >= start) & (since < end))
        components[f"left_{number}"] = count((until >= start) & (until < end))
    places = {edge: number for number, edge in enumerate(ask.edges)}
    return {
        (period.start, group): _movement(values, places[period.start])
        for group, values in _rows(source, ask, components)
        for period in ask.periods
    }


def _movement(values: Mapping[str, Any], place: int) -> dict[str, int]:
    """Of two sets the counts of each and of both together tell how many are in both: no record is read."""
    at_start, at_end, either = values[f"at_{place}"], values[f"at_{place + 1}"], values[f"either_{place}"]
    return {
        "at_start": at_start, "at_end": at_end, "kept": at_start + at_end - either, "lost": either - at_end,
        "entered": values[f"entered_{place}"], "left": values[f"left_{place}"],
        "new": values[f"ever_{place + 1}"] - values[f"ever_{place}"],
    }  # fmt: skip


def _followed(source: Followed, ask: Ask) -> Cells:
    components = {"then": distinct(source.who, source.then)}
    for number, edge in enumerate(ask.edges):
        first = source.first & (source.at < edge)
        components[f"first_{number}"] = distinct(source.who, first)
        components[f"either_{number}"] = distinct(source.who, first | source.then)
    places = {edge: number for number, edge in enumerate(ask.edges)}
    return {
        (period.start, group): _cohort(values, places[period.start])
        for group, values in _rows(source, ask, components)
        for period in ask.periods
    }


def _cohort(values: Mapping[str, Any], place: int) -> dict[str, int]:
    firsts = [values[f"first_{number}"] for number in (place, place + 1)]
    boths = [first + values["then"] - values[f"either_{place + number}"] for number, first in enumerate(firsts)]
    return {"n": firsts[1] - firsts[0], "followed": boths[1] - boths[0]}


# --- computed ---
Answers = Mapping[datetime, Mapping[str, Mapping[str, float]]]


def answers_of(source: Computed, ask: Ask) -> Answers:
    """Return what a computed source answers: per period, per currency."""
    return {
        period.start: source.compute(
            ask.work, Asked(start=period.start, end=period.end, now=ask.work.now, where=ask.where)
        )
        for period in ask.periods
    }  # fmt: skip


# --- all sources of a KPI together ---
@attrs.frozen(kw_only=True)
class Place:
    """One cell of a series."""

    start: datetime
    group: Any = None
    currency: str = ""


def counted_for(kpi: Kpi, ask: Ask, currency: str) -> dict[Place, dict[str, Any]]:
    """Return the components of all sources in each place where at least one of them counted something.

    Args:
        currency: where money is counted and there is none, the place of this currency is empty.
    """
    answers = {source: answers_of(source, ask) for source in kpi.sources if isinstance(source, Computed)}
    found: dict[Place, dict[str, Any]] = {}
    for each_currency in _currencies(kpi, ask, answers, currency):
        within = attrs.evolve(ask, currency=each_currency)
        for source in kpi.sources:
            cells = (
                _within(answers[source], each_currency) if isinstance(source, Computed) else cells_of(source, within)
            )
            for (start, group), values in cells.items():
                place = Place(start=start, group=group, currency=each_currency)
                found.setdefault(place, {}).update(values)
    return found


def _currencies(kpi: Kpi, ask: Ask, answers: Mapping[Computed, Answers], default: str) -> tuple[str, ...]:
    if not is_of_money(kpi):
        return ("",)
    found = {code for answer in answers.values() for period in answer.values() for code in period if code}
    for source in kpi.sources:
        if not isinstance(source, Computed):
            found |= currencies_of(source, ask)
    return tuple(sorted(found)) or (default,)


def is_of_money(kpi: Kpi) -> bool:
    """Whether its cells are parted by currency."""
    return any(source.is_money if isinstance(source, Computed) else source.money is not None for source in kpi.sources)


def _within(answers: Answers, currency: str) -> Cells:
    return {(start, None): dict(answer[currency]) for start, answer in answers.items() if currency in answer}
