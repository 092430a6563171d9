"""How sure a value is: confidence intervals and differences, all from components that add up.

Every function takes counts and sums, so that days merge into months and groups into a whole before it is called. A
function answers None where the data say nothing about the spread (no answers, one value); it never answers a width of
zero for lack of data. ``level`` is the confidence of both sides together, between 0 and 1.
"""

from __future__ import annotations

import math

import attrs

from crmkit.errors import InvalidError
from crmkit.services.kpis.distributions import two_sided_t, two_sided_z


@attrs.frozen(kw_only=True)
class Interval:
    """A closed range that holds the true value with the confidence that was asked for; ends in the unit of the value."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def times(self, factor: float) -> Interval:
        """Return the interval in a unit that is ``factor`` of the present ones, such as 100 for per cent."""
        return Interval(low=min(self.low * factor, self.high * factor), high=max(self.low * factor, self.high * factor))

    def clamped(self, low: float, high: float) -> Interval:
        """Return the part of the interval that lies within ``[low, high]``."""
        return Interval(low=min(max(self.low, low), high), high=min(max(self.high, low), high))


@attrs.frozen(kw_only=True)
class Difference:
    """How far one value lies above another (first less second), and how sure that is."""

    value: float
    interval: Interval

    @property
    def is_significant(self) -> bool:
        """Whether "no difference at all" lies outside the interval."""
        return 0.0 not in self.interval


def wilson(successes: int, n: int, level: float = 0.95) -> Interval | None:
    """Return the Wilson score interval of a proportion, within 0..1; None without trials.

    Source: Newcombe, Statistics in Medicine 17 (1998), method 3.

    Raises:
        InvalidError: there are fewer than 0 or more than ``n`` successes, or the level is not between 0 and 1.
    """
    _require_parts(n, successes)
    if not n:
        return None
    p, z2 = successes / n, two_sided_z(level) ** 2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (p * (1 - p) + z2 / (4 * n)) / n) / (1 + z2 / n)
    return Interval(low=centre - half if successes else 0.0, high=centre + half if successes < n else 1.0).clamped(
        0.0, 1.0
    )


def adjusted_wald(promoters: int, detractors: int, n: int, level: float = 0.95) -> Interval | None:
    """Return the adjusted Wald interval of a Net Promoter Score in points, clamped to -100..100; None without answers.

    Three quarters of an answer are added to promoters, to detractors and twice to passives, so that a small sample of
    equal answers keeps a width. The interval surrounds the score of the adjusted counts: with one or two answers the
    score itself can lie just outside. Source: Rocks, International Journal of Market Research 58 (2016).

    Raises:
        InvalidError: promoters and detractors do not fit into ``n``, or the level is not between 0 and 1.
    """
    _require_parts(n, promoters, detractors)
    if not n:
        return None
    score, variance = _adjusted_score(promoters, detractors, n)
    return _around(score, two_sided_z(level) * math.sqrt(variance)).times(100).clamped(-100.0, 100.0)


def wald(promoters: int, detractors: int, n: int, level: float = 0.95) -> Interval | None:
    """Return the plain Wald interval of a Net Promoter Score in points, as many other tools print it; None without answers.

    It has no width when all answers are of one kind and can pass 100: use it to compare with such tools only.

    Raises:
        InvalidError: promoters and detractors do not fit into ``n``, or the level is not between 0 and 1.
    """
    _require_parts(n, promoters, detractors)
    if not n:
        return None
    score, spread = _score(promoters, detractors, n)
    return _around(score, two_sided_z(level) * math.sqrt(spread / n)).times(100)


def mean_interval(n: int, total: float, squares: float, level: float = 0.95) -> Interval | None:
    """Return the interval of a mean by Student's t with n - 1 degrees of freedom; None for fewer than two values.

    Args:
        n: how many values.
        total: their sum.
        squares: the sum of their squares.
        level: the confidence.

    Raises:
        InvalidError: the level is not between 0 and 1.
    """
    if n < 2:
        return None
    half = two_sided_t(level, n - 1) * math.sqrt(_variance(n, total, squares) / n)
    return _around(total / n, half) if math.isfinite(half) else None


def ratio_interval(
    *,
    n: int,
    above: float,
    below: float,
    above_squares: float,
    below_squares: float,
    products: float,
    level: float = 0.95,
) -> Interval | None:
    """Return the interval of a ratio of two sums over the same rows, by the delta method.

    Var R = (s2x + R2 s2y - 2 R sxy) / (n mean(y)2), with Student's t of n - 1 degrees of freedom.

    Args:
        n: how many rows.
        above: the sum of the numerators, x.
        below: the sum of the denominators, y.
        above_squares: the sum of x squared.
        below_squares: the sum of y squared.
        products: the sum of x times y.
        level: the confidence.

    Returns:
        The interval, or None for fewer than two rows or denominators that sum to zero.

    Raises:
        InvalidError: the level is not between 0 and 1.
    """
    if n < 2 or not below:
        return None
    ratio = above / below
    spread = _variance(n, above, above_squares) + ratio * ratio * _variance(n, below, below_squares)
    spread -= 2 * ratio * _covariance(n, above, below, products)
    half = two_sided_t(level, n - 1) * math.sqrt(max(spread, 0.0) * n) / abs(below)
    return _around(ratio, half) if math.isfinite(half) else None


def of_finite_population(interval: Interval, value: float, n: int, population: int) -> Interval:
    """Return the interval drawn towards the value when ``n`` of a population of known size were asked.

    Each side shrinks by the square root of (N - n) / (N - 1); when all were asked nothing is left unsure.

    Raises:
        InvalidError: the population is smaller than the sample.
    """
    if population < n:
        raise InvalidError(f"A population of {population!r} is smaller than its sample of {n!r}.", code="population")
    factor = math.sqrt((population - n) / (population - 1)) if population > 1 else 0.0
    return Interval(low=value + (interval.low - value) * factor, high=value + (interval.high - value) * factor)


def newcombe(
    first_successes: int, first_n: int, second_successes: int, second_n: int, level: float = 0.95
) -> Difference | None:
    """Return the difference of two proportions by Newcombe's hybrid of two Wilson intervals; None if one has no trials.

    Source: Newcombe, Statistics in Medicine 17 (1998), method 10.

    Raises:
        InvalidError: there are fewer than 0 or more than ``n`` successes, or the level is not between 0 and 1.
    """
    first, second = wilson(first_successes, first_n, level), wilson(second_successes, second_n, level)
    if first is None or second is None:
        return None
    p, q = first_successes / first_n, second_successes / second_n
    low = p - q - math.hypot(p - first.low, second.high - q)
    return Difference(value=p - q, interval=Interval(low=low, high=p - q + math.hypot(first.high - p, q - second.low)))


def nps_difference(first: tuple[int, int, int], second: tuple[int, int, int], level: float = 0.95) -> Difference | None:
    """Return the difference of two Net Promoter Scores in points; None if one of them has no answers.

    Its variance is v1/n1 + v2/n2 with v = P + D - (P - D)2. Where all answers of a side are of one kind v is 0 and would
    call any change certain: the interval then takes that side's adjusted counts (see ``adjusted_wald``).

    Args:
        first: promoters, detractors and all answers of the first, such as the present period.
        second: the same of the second, such as the period before.
        level: the confidence.

    Raises:
        InvalidError: promoters and detractors do not fit into the answers, or the level is not between 0 and 1.
    """
    for promoters, detractors, n in (first, second):
        _require_parts(n, promoters, detractors)
    if not first[2] or not second[2]:
        return None
    delta = 100 * (_score(*first)[0] - _score(*second)[0])
    (one, one_variance), (other, other_variance) = _tested_score(*first), _tested_score(*second)
    tested = _around(one - other, two_sided_z(level) * math.sqrt(one_variance + other_variance)).times(100)
    held = Interval(low=min(tested.low, delta), high=max(tested.high, delta))
    return Difference(value=delta, interval=held.clamped(-200.0, 200.0))


def mean_difference(
    first: tuple[int, float, float], second: tuple[int, float, float], level: float = 0.95
) -> Difference | None:
    """Return the difference of two means by Welch's t; None if one of them has fewer than two values, or none vary.

    Args:
        first: how many values, their sum, and the sum of their squares.
        second: the same of the second.
        level: the confidence.

    Raises:
        InvalidError: the level is not between 0 and 1.
    """
    if first[0] < 2 or second[0] < 2:
        return None
    delta = first[1] / first[0] - second[1] / second[0]
    one, other = (_variance(n, total, squares) / n for n, total, squares in (first, second))
    if not 0 < one + other < math.inf:
        return None
    share = one / (one + other)
    df = 1 / (share**2 / (first[0] - 1) + (1 - share) ** 2 / (second[0] - 1))
    return Difference(value=delta, interval=_around(delta, two_sided_t(level, df) * math.sqrt(one + other)))


def _around(value: float, half: float) -> Interval:
    return Interval(low=value - half, high=value + half)


def _require_parts(n: int, *parts: int) -> None:
    if min(parts) < 0 or sum(parts) > n:
        raise InvalidError(
            f"{parts!r} of {n!r} answers: parts are counted from 0 and fit into the whole.", code="parts"
        )


def _score(promoters: float, detractors: float, n: float) -> tuple[float, float]:
    """Return the score in -1..1 and the variance of one answer."""
    score = (promoters - detractors) / n
    return score, max((promoters + detractors) / n - score * score, 0.0)


def _adjusted_score(promoters: int, detractors: int, n: int) -> tuple[float, float]:
    """Return the score of the adjusted counts in -1..1 and its variance."""
    score, spread = _score(promoters + 0.75, detractors + 0.75, n + 3)
    return score, spread / (n + 3)


def _tested_score(promoters: int, detractors: int, n: int) -> tuple[float, float]:
    """Return the score and its variance, both of the adjusted counts where the plain variance is 0."""
    score, spread = _score(promoters, detractors, n)
    return (score, spread / n) if spread else _adjusted_score(promoters, detractors, n)


def _variance(n: int, total: float, squares: float) -> float:
    """Return the sample variance, at least 0: where values hardly vary, rounding can push it below."""
    return max(_covariance(n, total, total, squares), 0.0)


def _covariance(n: int, total_x: float, total_y: float, products: float) -> float:
    return (products - total_x / n * total_y) / (n - 1)
