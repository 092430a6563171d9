"""Intervals against published values, and what must hold for any counts."""

import math
import statistics

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from crmkit.errors import InvalidError
from crmkit.services.kpis.distributions import two_sided_t
from crmkit.services.kpis.intervals import (
    Difference,
    Interval,
    adjusted_wald,
    mean_difference,
    mean_interval,
    newcombe,
    nps_difference,
    of_finite_population,
    ratio_interval,
    wald,
    wilson,
)

levels = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])
values = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))


@st.composite
def proportions(draw: st.DrawFn, least: int = 1) -> tuple[int, int]:
    n = draw(st.integers(least, 10**9) | st.integers(least, 20))
    return draw(st.integers(0, n)), n


@st.composite
def scores(draw: st.DrawFn) -> tuple[int, int, int]:
    promoters, n = draw(proportions())
    return promoters, draw(st.integers(0, n - promoters)), n


def ends(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    return interval.low, interval.high


@pytest.mark.parametrize(
    ("k", "n", "level", "low", "high"),
    [
        (81, 263, 0.95, 0.2553, 0.3662),
        (15, 148, 0.95, 0.0624, 0.1605),
        (0, 20, 0.95, 0.0, 0.1611),
        (1, 29, 0.95, 0.0061, 0.1718),
        (4, 20, 0.90, 0.0931, 0.3784),
        (20, 100, 0.95, 0.1334, 0.2888),
        (45, 180, 0.95, 0.1924, 0.3180),
    ],
)
def test_wilson(k: int, n: int, level: float, low: float, high: float) -> None:
    """Newcombe's table, a churn of 20 in 100 and a win rate of 45 in 180."""
    assert ends(wilson(k, n, level)) == pytest.approx((low, high), abs=5e-5)


@given(proportions(), levels)
@example((0, 47), 0.95)  # where rounding leaves 1e-17 of the lower end
def test_wilson_holds_the_proportion(trials: tuple[int, int], level: float) -> None:
    """The proportion lies within, and the interval within 0..1, with exact ends for none and all."""
    k, n = trials
    interval = wilson(k, n, level)
    assert interval is not None
    assert 0 <= interval.low <= k / n <= interval.high <= 1
    assert (interval.low == 0) == (k == 0)
    assert (interval.high == 1) == (k == n)


@given(proportions(), levels)
def test_wilson_is_a_mirror(trials: tuple[int, int], level: float) -> None:
    """Counting failures gives the mirrored interval."""
    (low, high), (mirrored_low, mirrored_high) = (
        ends(wilson(*trials, level)),
        ends(wilson(trials[1] - trials[0], trials[1], level)),
    )
    assert (1 - mirrored_high, 1 - mirrored_low) == pytest.approx((low, high), abs=1e-9)


def test_adjusted_wald() -> None:
    """291 promoters and 395 detractors of 1,162: -13.31 to -4.55; the published plain one is 4.39 to each side."""
    assert ends(adjusted_wald(291, 395, 1162)) == pytest.approx((-13.31, -4.55), abs=5e-3)
    low, high = ends(wald(291, 395, 1162))
    assert (low + high) / 2 == pytest.approx(-8.9501, abs=5e-5)
    assert (high - low) / 2 == pytest.approx(4.39, abs=5e-3)


def test_adjusted_wald_of_one_answer() -> None:
    """One promoter: the plain interval has no width, the adjusted one says how little that is."""
    assert ends(wald(1, 0, 1)) == (100, 100)
    assert ends(adjusted_wald(1, 0, 1)) == pytest.approx((-48.5, 98.5), abs=0.05)


def test_adjusted_wald_is_clamped() -> None:
    """Ten promoters of ten would reach 106.3."""
    assert ends(adjusted_wald(10, 0, 10)) == pytest.approx((47.5, 100), abs=0.05)
    assert ends(adjusted_wald(0, 10, 10)) == pytest.approx((-100, -47.5), abs=0.05)


@given(scores(), levels)
def test_adjusted_wald_stays_on_the_scale(counts: tuple[int, int, int], level: float) -> None:
    """It has a width, lies within -100..100, and holds the score of the adjusted counts."""
    promoters, detractors, n = counts
    interval = adjusted_wald(promoters, detractors, n, level)
    assert interval is not None
    assert -100 <= interval.low < interval.high <= 100
    assert 100 * (promoters - detractors) / (n + 3) in interval


@given(scores(), st.sampled_from([0.95, 0.99]))
def test_adjusted_wald_holds_the_score(counts: tuple[int, int, int], level: float) -> None:
    """At the usual levels the score itself lies within from two answers on."""
    promoters, detractors, n = counts
    assume(n > 1)
    interval = adjusted_wald(promoters, detractors, n, level)
    assert interval is not None
    assert interval.low - 1e-9 <= 100 * (promoters - detractors) / n <= interval.high + 1e-9


@given(st.lists(values, min_size=2, max_size=40), levels)
def test_mean_interval(sample: list[float], level: float) -> None:
    """It is the textbook interval of the sample, from sums alone."""
    n, total, squares = len(sample), math.fsum(sample), math.fsum(x * x for x in sample)
    low, high = ends(mean_interval(n, total, squares, level))
    half = two_sided_t(level, n - 1) * statistics.stdev(sample) / math.sqrt(n)
    tolerance = 1e-6 * (1 + max(abs(x) for x in sample))
    assert low <= total / n <= high
    assert (high - low) / 2 == pytest.approx(half, rel=1e-6, abs=tolerance * two_sided_t(level, n - 1))


def test_mean_of_seven() -> None:
    """The textbook sample 1..7: 4 and 2.4469 standard errors of 0.8165."""
    assert ends(mean_interval(7, 28, 140)) == pytest.approx((4 - 1.99788, 4 + 1.99788), abs=1e-4)


def test_mean_of_equal_values_has_no_imaginary_spread() -> None:
    """Rounding pushes the variance of equal values below zero; it counts as zero."""
    assert ends(mean_interval(10, 1.0, math.fsum([0.1 * 0.1] * 10) - 1e-15)) == pytest.approx((0.1, 0.1))


def test_ratio_interval() -> None:
    """Worked by hand: x = 2, 4, 9 over y = 1, 2, 3 is 2.5, with residuals x - R y of -0.5, -1 and 1.5."""
    low, high = ends(ratio_interval(n=3, above=15, below=6, above_squares=101, below_squares=14, products=37))
    half = 4.302652729749 * math.sqrt((0.25 + 1 + 2.25) / 2 / 3) / 2
    assert (low, high) == pytest.approx((2.5 - half, 2.5 + half))


@given(st.lists(values.filter(bool), min_size=2, max_size=40), st.floats(-100, 100), levels)
def test_ratio_of_proportional_sums_is_sure(below: list[float], ratio: float, level: float) -> None:
    """Where every row has the same ratio the interval is that ratio, but for rounding."""
    assume(abs(math.fsum(below)) > 0.01 * math.fsum(map(abs, below)))
    above = [ratio * y for y in below]
    sums = [
        math.fsum(x * y for x, y in zip(a, b, strict=True)) for a, b in ((above, above), (below, below), (above, below))
    ]
    interval = ratio_interval(
        n=len(below), above=math.fsum(above), below=math.fsum(below),
        above_squares=sums[0], below_squares=sums[1], products=sums[2], level=level,
    )  # fmt: skip
    assert ends(interval) == pytest.approx((ratio, ratio), abs=1e-2 * (1 + abs(ratio)))


@pytest.mark.parametrize(
    "answer",
    [
        wilson(0, 0),
        adjusted_wald(0, 0, 0),
        wald(0, 0, 0),
        mean_interval(0, 0, 0),
        mean_interval(1, 5, 25),
        mean_interval(2, 1e300, math.inf),
        ratio_interval(n=1, above=1, below=1, above_squares=1, below_squares=1, products=1),
        ratio_interval(n=2, above=1, below=0, above_squares=1, below_squares=2, products=1),
        newcombe(1, 2, 0, 0),
        nps_difference((0, 0, 0), (1, 0, 1)),
        mean_difference((1, 5, 25), (3, 6, 14)),
        mean_difference((2, 2, 2), (2, 4, 8)),
    ],
)
def test_no_data_has_no_interval(answer: object) -> None:
    """Without data, or a spread to estimate, the answer is None, never a width of zero."""
    assert answer is None


def test_finite_population() -> None:
    """Half of a hundred asked: narrower by the square root of 50/99; all asked: nothing left unsure."""
    interval = Interval(low=0.4, high=0.7)
    narrowed = of_finite_population(interval, 0.5, 50, 100)
    assert ends(narrowed) == pytest.approx((0.5 - 0.1 * math.sqrt(50 / 99), 0.5 + 0.2 * math.sqrt(50 / 99)))
    assert ends(of_finite_population(interval, 0.5, 100, 100)) == (0.5, 0.5)
    assert ends(of_finite_population(interval, 0.5, 1, 1)) == (0.5, 0.5)
    with pytest.raises(InvalidError, match="population"):
        of_finite_population(interval, 0.5, 101, 100)


def test_newcombe() -> None:
    """Newcombe's examples: 56/70 against 48/80 is 0.0524 to 0.3339, and 9/10 against 3/10 is 0.1705 to 0.8090."""
    found = newcombe(56, 70, 48, 80)
    assert found is not None
    assert found.value == pytest.approx(0.2)
    assert ends(found.interval) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert found.is_significant
    assert ends((newcombe(9, 10, 3, 10) or found).interval) == pytest.approx((0.1705, 0.8090), abs=5e-5)


@given(proportions(), proportions(), levels)
def test_newcombe_holds_the_difference(first: tuple[int, int], second: tuple[int, int], level: float) -> None:
    """The difference lies within, the interval within -1..1, and swapping the two turns the sign."""
    found, turned = newcombe(*first, *second, level), newcombe(*second, *first, level)
    assert found is not None
    assert turned is not None
    assert -1 - 1e-12 <= found.interval.low <= found.value <= found.interval.high <= 1 + 1e-12
    assert ends(found.interval) == pytest.approx(ends(turned.interval.times(-1)), abs=1e-12)


def test_nps_difference() -> None:
    """40/20 of 100 against 20/40 of 100: 40 points, v = 0.56 each, 2 x 1.96 x sqrt(0.0056) x 100 wide."""
    found = nps_difference((40, 20, 100), (20, 40, 100))
    assert found is not None
    assert found.value == pytest.approx(40)
    assert ends(found.interval) == pytest.approx((40 - 196 * math.sqrt(0.0112), 40 + 196 * math.sqrt(0.0112)), abs=1e-3)
    assert found.is_significant


def test_nps_difference_of_single_answers_is_not_sure() -> None:
    """One promoter against one passive: a plain test would call that certain."""
    found = nps_difference((1, 0, 1), (0, 0, 1))
    assert found is not None
    assert found.value == 100
    assert not found.is_significant


@given(scores(), scores(), levels)
def test_nps_difference_stays_on_the_scale(
    first: tuple[int, int, int], second: tuple[int, int, int], level: float
) -> None:
    """The difference lies within, and the interval within -200..200."""
    found = nps_difference(first, second, level)
    assert found is not None
    assert -200 <= found.interval.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.interval.high <= 200
    assert found.interval.low < found.interval.high


def test_mean_difference() -> None:
    """Welch by hand: 1..7 against 4, 6, 8; variances 4.667/7 and 4/3, 4.3077 degrees of freedom."""
    found = mean_difference((7, 28, 140), (3, 18, 116))
    assert found is not None
    assert found.value == -2
    df = (4 / 6 + 4 / 3) ** 2 / ((4 / 6) ** 2 / 6 + (4 / 3) ** 2 / 2)
    half = two_sided_t(0.95, df) * math.sqrt(2)
    assert ends(found.interval) == pytest.approx((-2 - half, -2 + half))
    assert not found.is_significant


@given(st.lists(values, min_size=2, max_size=20), st.lists(values, min_size=2, max_size=20), levels)
def test_mean_difference_holds_the_difference(first: list[float], second: list[float], level: float) -> None:
    """The difference lies within its interval."""
    sums = [(len(xs), math.fsum(xs), math.fsum(x * x for x in xs)) for xs in (first, second)]
    found = mean_difference(sums[0], sums[1], level)
    assume(found is not None)
    assert found is not None
    assert found.value in found.interval


@pytest.mark.parametrize("parts", [(-1, 5), (6, 5), (0, -1)])
def test_parts_that_do_not_fit(parts: tuple[int, int]) -> None:
    """More successes than trials is a fault of the caller, not an interval."""
    with pytest.raises(InvalidError, match="fit into the whole"):
        wilson(*parts)


def test_promoters_and_detractors_fit_together() -> None:
    """An answer is a promoter's or a detractor's, not both."""
    with pytest.raises(InvalidError):
        adjusted_wald(3, 3, 5)
    with pytest.raises(InvalidError):
        nps_difference((1, 0, 1), (3, 3, 5))


def test_interval_in_another_unit() -> None:
    """A negative factor swaps the ends."""
    assert Interval(low=-1, high=2).times(-100) == Interval(low=-200, high=100)
    assert Interval(low=-1, high=2).clamped(0, 1) == Interval(low=0, high=1)
    assert 2 in Interval(low=-1, high=2)
    assert not Difference(value=0.5, interval=Interval(low=0, high=1)).is_significant
