"""How the values of one KPI are written: one unit, one count of places.

No more digits than the interval allows: half the usual width of the interval
decides, so that the last digit shown is one that the sample can tell.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import floor, log10
from statistics import median

import attrs

from crmkit.builtin.report.markup import Markup, figures, isolated
from crmkit.builtin.report.reader import Reader
from crmkit.builtin.report.view import Group, Number, Reading, Unit

Measured = Reading | Group
_STEPS = (("days", 86400), ("hours", 3600), ("minutes", 60))
_DURATIONS = ("seconds", "minutes", "hours", "days")


@attrs.frozen(kw_only=True)
class Measure:
    """Writes values of one unit for one reader.

    Attributes:
        reader: Who reads.
        unit: What the values count.
        places: Decimal places shown.
        step: What one shown unit is: seconds in an hour, 0.01 in a per cent.
        noun: The catalogue's key of a duration's unit ("hours"), or empty.
    """

    reader: Reader
    unit: Unit
    places: int = 0
    step: float = 1
    noun: str = ""

    def shown(self, value: Number) -> float:
        """The value in shown units."""
        return float(value) / self.step

    def write(self, value: Number, places: int | None = None) -> Markup:
        """The value as a chart's label: with % or currency, without a noun."""
        shown = self.places if places is None else places
        if self.unit.kind == "share":
            return self.reader.share(value, shown)
        if self.unit.kind == "money":
            return self.reader.money(value, self.unit.currency, shown)
        return self.bare(value, shown)

    def bare(self, value: Number, places: int | None = None) -> Markup:
        """The number alone, for a column whose head names the unit."""
        exact: Number = value if self.step == 1 else self.shown(value)
        return figures(self.reader.numerals.write(exact, self.places if places is None else places))

    def write_tick(self, tick: float, gap: float) -> Markup:
        """A grid line's label; both in shown units. It has the places that their gap needs."""
        return self.write(tick * self.step, max(0, -floor(log10(gap) + 1e-9)))

    def full(self, value: Number) -> Markup:
        """The value in a sentence, with its noun."""
        return self._with_noun(value, self.places)

    def change(self, delta: Number) -> Markup:
        """The size of a change, with its noun; never rounded down to nothing."""
        size: Number = -delta if delta < 0 else delta
        places = self.places
        while places < self.places + 2 and delta and round(self.shown(size), places) == 0:
            places += 1
        if self.unit.kind in ("share", "points"):
            return self._counted("points", self.shown(size), places)
        return self._with_noun(size, places)

    @property
    def noun_head(self) -> Markup | None:
        """The unit, where the numbers themselves do not show it."""
        return None if self.unit.kind in ("share", "money") else self.head

    @property
    def head(self) -> Markup | None:
        """The unit as a column's head names it; None where there is none."""
        if self.unit.kind == "share":
            return self.reader.percent_sign
        if self.unit.kind == "money":
            return figures(self.unit.currency)
        if self.noun:
            return self.reader.say(f"unit_{self.noun}")
        if self.unit.kind == "points":
            return self.reader.say("unit_points")
        return isolated(self.unit.name) if self.unit.name else None

    def _with_noun(self, value: Number, places: int) -> Markup:
        if self.noun:
            return self._counted(self.noun, self.shown(value), places)
        if self.unit.kind == "number" and self.unit.name:
            return self.reader.say("sample", 2, n=self.bare(value, places), noun=self.unit.name)
        return self.write(value, places)

    def _counted(self, noun: str, value: float, places: int) -> Markup:
        return self.reader.say(noun, round(value, places), n=figures(self.reader.numerals.write(value, places)))


def measure_of(reader: Reader, unit: Unit, measured: Sequence[Measured]) -> Measure:
    """The way to write these values."""
    values = [one.value for one in measured if one.value is not None]
    noun, step = _scale(unit, values)
    places = _places(unit, reader, values, list(_half_widths(measured, step)), step)
    return Measure(reader=reader, unit=unit, places=places, step=step, noun=noun)


def _scale(unit: Unit, values: Sequence[Number]) -> tuple[str, float]:
    if unit.kind == "share":
        return "", 0.01
    if unit.kind != "seconds":
        return unit.kind if unit.kind in _DURATIONS else "", 1
    typical = median(abs(float(value)) for value in values) if values else 86400
    fitting = ((noun, step) for noun, step in _STEPS if typical >= 2 * step)
    return next(fitting, ("seconds", 1))


def _half_widths(measured: Iterable[Measured], step: float) -> Iterable[float]:
    for one in measured:
        if one.low is not None and one.high is not None:
            yield (float(one.high) - float(one.low)) / 2 / step


def _places(unit: Unit, reader: Reader, values: Sequence[Number], halves: list[float], step: float) -> int:
    finest = reader.numerals.money_places(unit.currency) if unit.kind == "money" else 2
    if unit.kind == "count":
        return 0
    if halves and median(halves) > 0:
        half = median(halves)
        return min(finest, 0 if half >= 0.5 else 1 if half >= 0.05 else 2)
    largest = max((abs(float(value)) / step for value in values), default=0)
    if unit.kind == "money":
        return 0 if largest >= 1000 or _is_whole(values) else finest
    return 0 if largest >= 10 or _is_whole(values) else 1


def _is_whole(values: Sequence[Number]) -> bool:
    return all(Decimal(repr(value) if isinstance(value, float) else value) % 1 == 0 for value in values)
