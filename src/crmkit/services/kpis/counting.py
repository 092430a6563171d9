"""Counting: what the sources of a KPI give in periods, groups and currencies, asked in as few tallies as can be.

Events fall into periods by edges in one tally. What lasts is asked at the ends of all periods at once: each component
once per instant, each with its own condition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Final, cast

import attrs

from crmkit.ports.kpi import Asked, Computed, Counted, Kpi, Standing, Stays, standing_at
from crmkit.query import Component, Condition, by_edges, each, total
from crmkit.services.kpis.asking import Ask, Cell, Cells, Tallied, conditions_of, group_of
from crmkit.services.kpis.quantiles import quantile
from crmkit.services.kpis.staying import followed_cells, stays_cells

AT_ONCE: Final = 60
"""Instants asked in one tally; each is several columns of a result."""


def cells_of(source: Tallied, ask: Ask) -> Cells:
    """Return the components of each cell in which something was counted."""
    if isinstance(source, Counted):
        return _counted(source, ask) if not source.per else _per(source, ask)
    if isinstance(source, Standing):
        return _standing(source, ask)
    return stays_cells(source, ask) if isinstance(source, Stays) else followed_cells(source, ask)


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
        (row.key[0], group_of(row.key[1:])): {
            name: _amount(value, ask.currency) for name, value in row.values.items()
        }
        for row in rows
        if row.key[0] in starts
    }  # fmt: skip


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
            found.setdefault((row.key[0], group_of(row.key[1 : 1 + len(ask.keys)])), []).append(
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


def _standing(source: Standing, ask: Ask) -> Cells:
    periods = iter(ask.periods)
    cells: Cells = {}
    while part := tuple(islice(periods, AT_ONCE)):
        cells.update(_standing_at_ends(source, attrs.evolve(ask, periods=part)))
    return cells


def _standing_at_ends(source: Standing, ask: Ask) -> Cells:
    components: dict[str, Component] = {}
    for number, period in enumerate(ask.periods):
        holds = standing_at(source.since, source.until, period.end)
        components.update(_numbered(source.components, holds, number))
    rows = ask.work.tally(
        source.of, *conditions_of(source, ask), by=ask.keys, one_per=None, one_per_by=None, **components
    )
    return {
        (period.start, group_of(row.key)): {
            name: _amount(row.values[f"{name}_{number}"], ask.currency) for name in source.names
        }
        for row in rows
        for number, period in enumerate(ask.periods)
    }  # fmt: skip


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
