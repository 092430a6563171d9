"""Quantiles of values in order, and between which of them the true quantile lies."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from crmkit.errors import InvalidError
from crmkit.services.kpis.distributions import binomial_at_most, two_sided_z
from crmkit.services.kpis.intervals import Interval


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the type-7 quantile of values in ascending order; None if there are none.

    Type 7 interpolates at position (n - 1) x share, as PostgreSQL's ``percentile_cont`` and numpy do. Source: Hyndman and
    Fan, The American Statistician 50 (1996).

    Args:
        ordered: the values, ascending.
        share: which part of the values lies below, 0..1; 0.5 is the median.

    Raises:
        InvalidError: the share is not within 0..1.
    """
    position = _position(len(ordered), share)
    if not ordered:
        return None
    lower = math.floor(position)
    low, high = ordered[lower], ordered[min(lower + 1, len(ordered) - 1)]
    return min(max(low + (position - lower) * (high - low), low), high)


def quantile_interval(ordered: Sequence[float], share: float, level: float = 0.95) -> Interval | None:
    """Return two of the values between which the true quantile lies; None if there are too few (see ``quantile_ranks``).

    Args:
        ordered: the values, ascending.
        share: which part of the values lies below, 0..1.
        level: the confidence.

    Raises:
        InvalidError: the share or the level is out of range.
    """
    ranks = quantile_ranks(len(ordered), share, level)
    return Interval(low=ordered[ranks[0]], high=ordered[ranks[1]]) if ranks else None


def quantile_ranks(n: int, share: float, level: float = 0.95) -> tuple[int, int] | None:
    """Return the indexes, from 0, of the two of ``n`` ordered values that enclose the true quantile.

    How many values lie below the quantile is binomial, whatever the distribution of the values; each side errs with at
    most half of what the level leaves. Ties make the interval only surer.

    Returns:
        The indexes, or None if even the least and the most value can not promise the level: a median at 0.95 takes 6
        values, a 90th percentile 36.

    Raises:
        InvalidError: the share or the level is out of range.
    """
    position, _ = _position(n, share), two_sided_z(level)
    tail = (1 - level) / 2
    below = bisect_left(range(n), True, key=lambda count: binomial_at_most(count, n, share) > tail)
    above = bisect_left(range(n), True, key=lambda count: binomial_at_most(count, n, share) >= 1 - tail)
    if below == 0 or above >= n:
        return None
    return min(below - 1, math.floor(position)), max(above, math.ceil(position))


def _position(n: int, share: float) -> float:
    if not 0 <= share <= 1:
        raise InvalidError(
            f"{share!r} is no quantile: write one within 0 and 1, such as 0.5 for the median.", code="quantile"
        )
    return max(n - 1, 0) * share
