"""Quantiles of the normal, t and binomial distributions against published tables and exact sums."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.errors import InvalidError
from crmkit.services.kpis.distributions import _expanded_t, binomial_at_most, incomplete_beta, two_sided_t, two_sided_z


@pytest.mark.parametrize(("level", "z"), [(0.90, 1.6448536270), (0.95, 1.9599639845), (0.99, 2.5758293035)])
def test_normal_quantiles(level: float, z: float) -> None:
    """The three quantiles that everyone knows."""
    assert two_sided_z(level) == pytest.approx(z, abs=1e-9)


@pytest.mark.parametrize(
    ("level", "df", "t"),
    [
        (0.95, 1, 12.706204736175),
        (0.95, 2, 4.302652729749),
        (0.90, 3, 2.353363434802),
        (0.95, 5, 2.570581835636),
        (0.95, 10, 2.228138851986),
        (0.99, 10, 3.169272672617),
        (0.95, 30, 2.042272456301),
        (0.95, 100, 1.983971518524),
        (0.999, 1_999, 3.295400576927),
        (0.95, 5_000, 1.960438551707),
    ],
)
def test_t_quantiles(level: float, df: int, t: float) -> None:
    """The table of Student's t, to twelve decimals where it is printed so far."""
    assert two_sided_t(level, df) == pytest.approx(t, rel=1e-9)


def test_t_meets_its_expansion() -> None:
    """Solving and expanding agree on both sides of the border between them, and well below it."""
    below, above = two_sided_t(0.95, 1_999.999_999), two_sided_t(0.95, 2_000)
    assert below == pytest.approx(above, rel=1e-11)
    assert two_sided_t(0.95, 200) == pytest.approx(_expanded_t(two_sided_z(0.95), 200), rel=1e-11)


@given(level=st.floats(0.01, 0.999_999), df=st.floats(0.5, 1e6))
def test_t_is_wider_than_normal(level: float, df: float) -> None:
    """Student's t lies beyond z, and comes nearer with more values."""
    t = two_sided_t(level, df)
    assert t > two_sided_z(level) * (1 - 1e-9)
    assert two_sided_t(level, df * 1.5) < t * (1 + 1e-9)


@given(level=st.floats(0.05, 0.999), df=st.integers(1, 60))
def test_t_encloses_its_level(level: float, df: int) -> None:
    """The density, summed between the quantiles by Simpson's rule, is the level."""
    t = two_sided_t(level, df)
    scale = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
    edge, steps = math.atan(t), 2_000  # in the angle the heavy tail is short
    points = [math.tan(edge * k / steps) for k in range(steps + 1)]
    heights = [(1 + x * x / df) ** (-(df + 1) / 2) * (1 + x * x) for x in points]
    inner = 4 * sum(heights[1:-1:2]) + 2 * sum(heights[2:-1:2])
    assert 2 * scale * edge / steps / 3 * (heights[0] + inner + heights[-1]) == pytest.approx(level, abs=1e-7)


@given(n=st.integers(1, 60), p=st.floats(0.01, 0.99), data=st.data())
def test_binomial_is_the_sum_of_its_terms(n: int, p: float, data: st.DataObject) -> None:
    """The incomplete beta function agrees with adding up the terms."""
    count = data.draw(st.integers(-1, n))
    exact = math.fsum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(count + 1))
    assert binomial_at_most(count, n, p) == pytest.approx(exact, abs=1e-12)


def test_binomial_of_a_million() -> None:
    """Half of a million fair trials: just over one half, by half of the middle term."""
    n = 1_000_000
    middle = math.sqrt(2 / (math.pi * n))
    assert binomial_at_most(n // 2, n, 0.5) == pytest.approx(0.5 + middle / 2, abs=1e-8)


def test_incomplete_beta_ends() -> None:
    """At the ends nothing and everything lies below."""
    assert incomplete_beta(2, 3, 0) == 0
    assert incomplete_beta(2, 3, 1) == 1


@pytest.mark.parametrize("level", [0, 1, -0.1, 95, math.nan])
def test_no_level(level: float) -> None:
    """A level outside 0..1, such as one in per cent, is refused."""
    with pytest.raises(InvalidError, match="level of confidence"):
        two_sided_t(level, 3)


def test_no_degrees_of_freedom() -> None:
    """One value has no spread."""
    with pytest.raises(InvalidError, match="degrees of freedom"):
        two_sided_t(0.95, 0)
