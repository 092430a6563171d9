"""From components to how sure a value, or a change, is: each interval that a KPI may name, computed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from crmkit.ports.kpi import AdjustedWald, IntervalMethod, MeanInterval, QuantileInterval, RatioInterval, Wilson
from crmkit.services.kpis.intervals import (
    Difference,
    Interval,
    adjusted_wald,
    mean_difference,
    mean_interval,
    newcombe,
    nps_difference,
    ratio_interval,
    wilson,
)
from crmkit.services.kpis.quantiles import quantile_interval

Counts = Mapping[str, Any]


def interval_of(
    method: IntervalMethod | None, counts: Counts, level: float, values: Sequence[float] = (), share: float = 0.5
) -> Interval | None:
    """Return the interval of a value; None where the method has none for so few.

    Args:
        values: ascending; what a quantile was taken of.
        share: which quantile: 0.5 is the median.
    """
    if isinstance(method, Wilson):
        return wilson(counts[method.part], counts[method.whole], level)
    if isinstance(method, AdjustedWald):
        return adjusted_wald(*_parts(method, counts), level)
    if isinstance(method, MeanInterval):
        found = mean_interval(*_moments(method, counts), level)
        return None if found is None else found.times(1 / method.scale)
    if isinstance(method, RatioInterval):
        return _ratio(method, counts, level)
    if isinstance(method, QuantileInterval):
        found = quantile_interval(values, share, level)
        return None if found is None else found.times(1 / method.scale)
    return None


def change_of(
    method: IntervalMethod | None,
    now: tuple[float, Counts, Interval | None],
    before: tuple[float, Counts, Interval | None],
    level: float,
) -> Difference | None:
    """Return the change between two values, each with its counts and interval; None where its interval can not be found."""
    if isinstance(method, Wilson):
        return newcombe(
            now[1][method.part], now[1][method.whole], before[1][method.part], before[1][method.whole], level
        )
    if isinstance(method, AdjustedWald):
        return nps_difference(_parts(method, now[1]), _parts(method, before[1]), level)
    if isinstance(method, MeanInterval):
        return mean_difference(_moments(method, now[1]), _moments(method, before[1]), level)
    if now[2] is None or before[2] is None:
        return None
    return _recovered(now[0], now[2], before[0], before[2])


def _recovered(one: float, ones: Interval, other: float, others: Interval) -> Difference:
    """The difference of two independent values from their intervals alone.

    Source: Zou and Donner, Statistics in Medicine 27 (2008), variance estimates recovery, of which Newcombe's hybrid is a
    case.
    """
    delta = one - other
    low = delta - math.hypot(one - ones.low, others.high - other)
    return Difference(
        value=delta, interval=Interval(low=low, high=delta + math.hypot(ones.high - one, other - others.low))
    )


def _parts(method: AdjustedWald, counts: Counts) -> tuple[int, int, int]:
    return counts[method.promoters], counts[method.detractors], counts[method.whole]


def _moments(method: MeanInterval, counts: Counts) -> tuple[int, float, float]:
    return counts[method.n], float(counts[method.total]), float(counts[method.squares])


def _ratio(method: RatioInterval, counts: Counts, level: float) -> Interval | None:
    return ratio_interval(
        n=counts[method.n],
        above=float(counts[method.above]),
        below=float(counts[method.below]),
        above_squares=counts[method.above_squares],
        below_squares=counts[method.below_squares],
        products=counts[method.products],
        level=level,
    )
