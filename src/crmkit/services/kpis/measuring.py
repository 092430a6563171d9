"""Measuring: from counts to values with their intervals, and from values to a series with its comparisons."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from crmkit.errors import CRMError, PluginError
from crmkit.ports.kpi import Counted, Kpi, QuantileInterval, Standing, Stays
from crmkit.query import Tallied
from crmkit.services.kpis.asking import Ask
from crmkit.services.kpis.choosing import Chosen
from crmkit.services.kpis.counting import Place, counted_for, is_of_money, values_of
from crmkit.services.kpis.distributions import two_sided_z
from crmkit.services.kpis.intervals import Interval
from crmkit.services.kpis.known import Known, currency_of
from crmkit.services.kpis.leaving_out import hidden_cells
from crmkit.services.kpis.periods import Period
from crmkit.services.kpis.reasons import reason_for
from crmkit.services.kpis.series import Measurement, Status
from crmkit.services.kpis.sureness import change_of, interval_of

MOST_VALUES = 200_000
"""Beyond so many values the interval of a median is not read: it would be narrower than any chart can show."""


@attrs.frozen(kw_only=True)
class Value:
    """The value of one place, before it is compared with another."""

    value: float | None
    n: int
    counts: Mapping[str, Any]
    interval: Interval | None = None
    reason: str = ""

    @property
    def low(self) -> float | None:
        """The lower end of its interval."""
        return None if self.interval is None else self.interval.low

    @property
    def high(self) -> float | None:
        """The upper end of its interval."""
        return None if self.interval is None else self.interval.high


@attrs.frozen(kw_only=True)
class Measurer:
    """Measures one KPI."""

    known: Known
    level: float
    target: float | None = None

    def __attrs_post_init__(self) -> None:
        two_sided_z(self.level)  # refuses what is no level, also where nothing was counted

    @property
    def kpi(self) -> Kpi:
        """What is measured."""
        return self.known.kpi

    def values(self, ask: Ask) -> dict[Place, Value]:
        """Return the value of each place, also of periods in which nothing was counted."""
        counted = counted_for(self.kpi, ask, currency_of(ask.work))
        quantiles, hidden = self._quantiles(ask, counted), hidden_cells(self.kpi, ask)
        return {
            place: Value(value=None, n=0, counts={}, reason=reason)
            if (reason := hidden.get((place.start, place.group), ""))
            else self._value(counted.get(place, {}), quantiles.get(place, ()))
            for place in _places(self.kpi, ask, counted)
        }

    def rows(self, ask: Ask, chosen: Chosen) -> tuple[Measurement, ...]:
        """Return the measurements of the chosen periods, each beside the one that it is compared with."""
        values: dict[Place, Value] = {}
        for periods in layers([*chosen.periods, *chosen.earlier]):
            values.update(self.values(attrs.evolve(ask, periods=periods)))
        shown = {period.start: period for period in chosen.periods}
        groups = _groups(place for place in values if place.start in shown)
        return tuple(
            self._row(period, place, values, chosen)
            for period in chosen.periods
            for group, currency in groups
            if (place := Place(start=period.start, group=group, currency=currency)) in values
        )

    def _row(self, period: Period, place: Place, values: Mapping[Place, Value], chosen: Chosen) -> Measurement:
        now, other = values[place], chosen.before.get(period)
        before = None if other is None else values.get(attrs.evolve(place, start=other.start))
        row = Measurement(
            period=period, group=place.group, currency=place.currency, value=now.value, n=now.n, components=now.counts,
            low=now.low, high=now.high,
            is_partial=period.is_partial, reason=now.reason, status=self._status(now.value, period),
            previous=None if before is None else before.value,
        )  # fmt: skip
        return row if before is None or _still_adds_up(self.kpi, period) else self._changed(row, now, before)

    def _changed(self, row: Measurement, now: Value, before: Value) -> Measurement:
        if now.value is None or before.value is None:
            return row
        one, other = (now.value, now.counts, now.interval), (before.value, before.counts, before.interval)
        found = change_of(self.kpi.interval, one, other, self.level)
        is_clear = None if found is None else found.is_significant
        return attrs.evolve(row, change=now.value - before.value, change_is_clear=is_clear)

    def _status(self, value: float | None, period: Period) -> Status:
        if self.target is None or value is None or period.is_partial or not self.kpi.better:
            return ""
        is_met = value >= self.target if self.kpi.better == "higher" else value <= self.target
        return "met" if is_met else "missed"

    def _value(self, found: Mapping[str, Any], values: Sequence[float]) -> Value:
        counts = {**empty_counts(self.kpi), **found}
        n, value = int(counts[self.kpi.n] or 0), self._formula(counts)
        if value is None or (not n and not self.kpi.adds_up):
            return Value(value=None, n=n, counts=counts, reason=reason_for(self.kpi, counts))
        share = _share(self.kpi)
        interval = interval_of(self.kpi.interval, counts, self.level, values, share) if n else None
        return Value(value=value, n=n, counts=counts, interval=interval)

    def _formula(self, counts: Mapping[str, Any]) -> float | None:
        try:
            value = self.kpi.formula(Tallied((), counts))
            made = None if value is None else float(value)
        except CRMError:
            raise
        except Exception as error:
            raise self._at_fault(f"{type(error).__name__}: {error}") from error
        if made is not None and not math.isfinite(made):
            raise self._at_fault(f"{made} is no value")
        return made

    def _at_fault(self, what: str) -> PluginError:
        return PluginError(
            f"KPI {self.kpi.name!r} of plugin {self.known.plugin!r} can not be measured ({what}). Tell its author, or disable it.",
            code="kpi",
            plugin=self.known.plugin,
        )

    def _quantiles(self, ask: Ask, counted: Mapping[Place, Mapping[str, Any]]) -> dict[Place, Sequence[float]]:
        method, source = self.kpi.interval, self.kpi.sources[0]
        if not isinstance(method, QuantileInterval) or not isinstance(source, Counted) or source.one_per is not None:
            return {}
        if sum(counts.get(self.kpi.n) or 0 for counts in counted.values()) > MOST_VALUES:
            return {}
        component = source.components[method.of]
        return {
            Place(start=start, group=group, currency=currency): values
            for currency in sorted({place.currency for place in counted})
            for (start, group), values in values_of(source, component, attrs.evolve(ask, currency=currency)).items()
        }


def _share(kpi: Kpi) -> float:
    method, source = kpi.interval, kpi.sources[0]
    return (
        source.components[method.of].q if isinstance(method, QuantileInterval) and isinstance(source, Counted) else 0.5
    )


def empty_counts(kpi: Kpi) -> dict[str, Any]:
    """Return the components where nothing was counted; a least, most or quantile of nothing is None."""
    counts: dict[str, Any] = dict.fromkeys(kpi.components, 0)
    for source in kpi.sources:
        if isinstance(source, Counted | Standing):
            unknown = [name for name, one in source.components.items() if one.measure in ("least", "most", "quantile")]
            counts.update(dict.fromkeys(unknown))
    return counts


def _places(kpi: Kpi, ask: Ask, counted: Iterable[Place]) -> list[Place]:
    """Return a place for each period, group and currency that was counted anywhere; at least one per period if not grouped."""
    found = list(counted)
    currencies = sorted({place.currency for place in found})
    if not currencies:
        currencies = [currency_of(ask.work) if is_of_money(kpi) else ""]
    groups = {place.group for place in found} if ask.group is not None else {None}
    return [
        Place(start=period.start, group=group, currency=currency)
        for period in ask.periods
        for group in groups
        for currency in currencies
    ]


def _groups(places: Iterable[Place]) -> list[tuple[Any, str]]:
    """Return groups and their currencies in the order in which they are shown: by text, the missing one last."""
    found = {(place.group, place.currency) for place in places}
    return sorted(found, key=lambda one: (one[0] is None, str(one[0]), one[1]))


# --- comparing ---
def layers(periods: Iterable[Period]) -> list[tuple[Period, ...]]:
    """Return the periods parted so that none overlap (windows of a year ago may): each part is asked at once."""
    parts: list[list[Period]] = []
    for period in sorted(set(periods), key=lambda period: period.start):
        part = next((part for part in parts if part[-1].end <= period.start), None)
        if part is None:
            parts.append([period])
        else:
            part.append(period)
    return [tuple(part) for part in parts]


def _still_adds_up(kpi: Kpi, period: Period) -> bool:
    """A running period's count, sum or losses still grow: compared with a whole one they would always look small."""
    grows = any(isinstance(source, Stays) or (kpi.adds_up and isinstance(source, Counted)) for source in kpi.sources)
    return period.is_partial and grows
