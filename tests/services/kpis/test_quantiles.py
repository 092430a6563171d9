"""Type-7 quantiles and the values that enclose them."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.errors import InvalidError
from crmkit.services.kpis.intervals import Interval
from crmkit.services.kpis.quantiles import quantile, quantile_interval, quantile_ranks

shares = st.sampled_from([0.0, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0]) | st.floats(0, 1)
samples = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=80).map(sorted)


@given(samples)
def test_median(sample: list[float]) -> None:
    """The quantile of one half is the median."""
    assert quantile(sample, 0.5) == pytest.approx(statistics.median(sample), rel=1e-12, abs=1e-6)


@given(samples.filter(lambda sample: len(sample) > 1))
def test_quartiles(sample: list[float]) -> None:
    """The quartiles are those of the inclusive method, which is type 7."""
    expected = statistics.quantiles(sample, n=4, method="inclusive")
    assert [quantile(sample, share) for share in (0.25, 0.5, 0.75)] == pytest.approx(expected, rel=1e-12, abs=1e-6)


@given(samples, shares, shares)
def test_quantiles_ascend(sample: list[float], first: float, second: float) -> None:
    """They lie among the values, and a greater share gives no smaller quantile."""
    low, high = quantile(sample, min(first, second)), quantile(sample, max(first, second))
    assert low is not None
    assert high is not None
    assert sample[0] <= low <= high <= sample[-1]


def test_no_values() -> None:
    """No values have no quantile."""
    assert quantile([], 0.5) is None
    assert quantile_interval([], 0.5) is None
    assert quantile([7], 0.9) == 7


def test_published_ranks() -> None:
    """The known table of the sign test: of 10 values the 2nd and 9th, of 25 the 8th and 18th, of 100 the 40th and 61st."""
    assert quantile_ranks(10, 0.5) == (1, 8)
    assert quantile_ranks(25, 0.5) == (7, 17)
    assert quantile_ranks(100, 0.5) == (39, 60)
    assert quantile_interval([x * 10 for x in range(1, 11)], 0.5) == Interval(low=20, high=90)


def test_least_samples() -> None:
    """A median takes 6 values, a 90th percentile 36: below, no two values can promise 95 per cent."""
    assert quantile_ranks(5, 0.5) is None
    assert quantile_ranks(6, 0.5) == (0, 5)
    assert quantile_ranks(35, 0.9) is None
    assert quantile_ranks(36, 0.9) is not None
    assert quantile_ranks(10_000, 0.0) is None
    assert quantile_ranks(10_000, 1.0) is None


def test_ranks_of_a_low_level_hold_the_quantile() -> None:
    """At 10 per cent the two nearest values would do, but the interpolated quantile lies beyond them."""
    assert quantile_ranks(12, 0.1, 0.1) == (0, 2)


@given(n=st.integers(1, 300), share=shares, level=st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_ranks_keep_their_promise(n: int, share: float, level: float) -> None:
    """The chance that the true quantile lies between the two values, summed term by term, is at least the level."""
    ranks = quantile_ranks(n, share, level)
    if ranks is None:
        return
    low, high = ranks
    chance = math.fsum(math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(low + 1, high + 1))
    assert chance >= level - 1e-9
    assert 0 <= low <= (n - 1) * share <= high < n


@given(samples, shares, st.sampled_from([0.5, 0.95]))
def test_interval_holds_the_quantile(sample: list[float], share: float, level: float) -> None:
    """The quantile of the sample lies between the two values."""
    interval, value = quantile_interval(sample, share, level), quantile(sample, share)
    assert value is not None
    assert interval is None or value in interval


def test_ranks_of_a_million() -> None:
    """They stay about 1.96 x 500 ranks from the middle."""
    ranks = quantile_ranks(1_000_000, 0.5)
    assert ranks is not None
    assert list(ranks) == pytest.approx([500_000 - 980, 500_000 + 980], abs=2)


@pytest.mark.parametrize("share", [-0.1, 1.1, 90, math.nan])
def test_no_share(share: float) -> None:
    """A share outside 0..1, such as a percentile, is refused."""
    with pytest.raises(InvalidError, match="quantile"):
        quantile([1, 2], share)
