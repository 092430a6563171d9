"""From values to positions: the ends of an axis and its few lines."""

from collections.abc import Iterable
from math import ceil, floor, log10

import attrs

_MARGIN = 0.12
_MOST_TICKS = 6


@attrs.frozen
class Axis:
    """A range of values, wide enough for all of them.

    Attributes:
        low: The value at position 0.
        high: The value at position 1; always above ``low``.
        ticks: Round values for grid lines, within the range.
    """

    low: float
    high: float
    ticks: tuple[float, ...] = ()

    @property
    def gap(self) -> float:
        """The distance of two grid lines."""
        return self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else self.high - self.low

    def at(self, value: float) -> float:
        """The position 0..1 of a value; outside values stick to the ends."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


def axis_of(
    values: Iterable[float], zero: bool = False, floor_at: float | None = None, top: float | None = None
) -> Axis:
    """An axis for these values, a little wider than they are.

    With ``zero`` it begins there. ``floor_at`` and ``top`` are values that can
    not be passed, such as 0 and 100 of a percentage. Ticks are round values
    within.
    """
    known = [*values, *([0.0] if zero else [])] or [0.0, 1.0]
    low, high = min(known), max(known)
    margin = (high - low) * _MARGIN or abs(high) / 4 or 1.0
    first = low if zero and low == 0 else low - margin
    last = high + margin
    if floor_at is not None:
        first = max(first, min(floor_at, low))
    if top is not None:
        last = min(last, max(top, high))
    return Axis(first, last, _ticks(first, last))


def _ticks(low: float, high: float) -> tuple[float, ...]:
    step = round_step((high - low) / _MOST_TICKS)
    return tuple(step * number for number in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1))


def bar_axis(values: Iterable[float]) -> Axis:
    """An axis for bars: from zero, to exactly the longest."""
    known = [0.0, *values]
    low, high = min(known), max(known)
    return Axis(low, high if high > low else low + 1)


def round_step(rough: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** floor(log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
