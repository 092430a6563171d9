"""The reader of a page: their language, numbers, calendar and direction.

A language is one file, ``labels/CODE.toml``; adding one is adding the file.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import reduce
from string import Formatter

import attrs

from crmkit.builtin.report.calendars import Ymd, gregorian, last_day, solar_hijri, whole_span
from crmkit.builtin.report.markup import Markup, figures, isolated, join, plain, text
from crmkit.builtin.report.numerals import Numerals
from crmkit.builtin.report.plurals import plural_form
from crmkit.builtin.report.view import Direction, Number

_ELEVEN_MONTHS = 334  # days

Phrase = str | Mapping[str, str]
Calendar = Callable[[date], Ymd]


@attrs.frozen(kw_only=True)
class Dates:
    """The ``[dates]`` of a language: names of months and patterns."""

    months: tuple[str, ...]
    short: tuple[str, ...]
    patterns: Mapping[str, str]
    hijri_months: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Reader:
    """Writes words, numbers and dates for one reader."""

    language: str
    direction: Direction
    plural: str
    words: Mapping[str, Phrase]
    numerals: Numerals
    dates: Dates
    today: date

    @property
    def is_mirrored(self) -> bool:
        """Whether the page runs from right to left."""
        return self.direction == "rtl"

    def say(self, key: str, count: Number | None = None, /, **parts: str | None) -> Markup:
        """A text of the catalogue with its slots filled.

        A part that is plain text is a name and is isolated; `Markup` stays.
        With a count the plural form is chosen and ``{n}`` is the count.
        """
        phrase = self.words[key]
        if count is not None:
            parts.setdefault("n", self.count(count))
        if not isinstance(phrase, str):
            phrase = phrase.get(plural_form(self.plural, count or 0)) or phrase["other"]
        pieces = Formatter().parse(phrase)
        return join(piece for literal, slot, _, _ in pieces for piece in (text(literal), _part(parts, slot)))

    def spoken(self, key: str, count: Number | None = None, /, **parts: str | None) -> Markup:
        """The same without elements, for titles of pictures."""
        return plain(self.say(key, count, **parts))

    def count(self, value: Number) -> Markup:
        """A whole number."""
        return figures(self.numerals.write(value))

    def number(self, value: Number, places: int = 0) -> Markup:
        """A number with a fixed count of decimal places."""
        return figures(self.numerals.write(value, places))

    def share(self, value: Number, places: int = 0) -> Markup:
        """A ratio 0..1 as per cent."""
        return figures(self.numerals.write_percent(value, places))

    @property
    def percent_sign(self) -> Markup:
        """The sign alone, for the head of a column."""
        return figures(self.numerals.percent.format(n=""))

    def money(self, value: Number, currency: str, places: int | None = None) -> Markup:
        """An amount with its currency."""
        return figures(self.numerals.write_money(value, currency, places))

    def listed(self, items: list[Markup]) -> Markup:
        """Items as a list in a sentence: "a, b and c"."""
        if len(items) < 2:
            return join(items)
        return self.say("and", first=self.separated(items[:-1]), last=items[-1])

    def separated(self, items: Iterable[Markup | None]) -> Markup:
        """Items with commas between them; None is left out."""
        known = [item for item in items if item]
        return reduce(lambda first, last: self.say("comma", first=first, last=last), known) if known else Markup()

    def lasting(self, duration: timedelta) -> Markup:
        """A duration in its largest fitting unit, whole numbers, rounded down."""
        minutes = int(duration.total_seconds() // 60)
        if minutes >= 48 * 60:
            return self.say("days", minutes // 1440)
        return self.say("hours", minutes // 60) if minutes >= 120 else self.say("minutes", max(minutes, 0))

    def day(self, day: date, brief: bool = False) -> str:
        """A day in the reader's calendar; brief: without its year."""
        year, month, number = solar_hijri(day) if self.dates.hijri_months else gregorian(day)
        names = self.dates.hijri_months or self.dates.months
        return self._dated("short_day" if brief else "day", day=number, month=names[month - 1], year=year)

    def moment(self, at: datetime) -> str:
        """A day and the time of day, in the zone that the moment carries."""
        return self.dates.patterns["time"].format(day=self.day(at.date()), time=self.numerals.local(f"{at:%H:%M}"))

    def period(self, start: date, end: date, brief: bool = False) -> str:
        """The name of a half-open period.

        Brief: without its year, where the year goes without saying because
        the period began in the last eleven months.
        """
        is_near = brief and 0 <= (self.today - start).days < _ELEVEN_MONTHS
        for names, calendar in self._calendars():
            span = whole_span(start, end, calendar)
            if span and is_near and span.kind != "year":
                return (
                    names[span.number - 1] if span.kind == "month" else self._dated("short_quarter", number=span.number)
                )
            if span:
                return self._dated(span.kind, month=names[span.number - 1], year=span.year, number=span.number)
        return self._part_of_calendar(start, end, is_near)

    def tick(self, start: date, end: date) -> tuple[str, str]:
        """The period under an axis: a short name, and the year where it begins one."""
        for names, calendar in self._calendars(short=True):
            span = whole_span(start, end, calendar)
            if span and span.kind == "year":
                return self._dated("year", year=span.year), ""
            if span:
                short = (
                    self._dated("short_quarter", number=span.number)
                    if span.kind == "quarter"
                    else names[span.number - 1]
                )
                return short, self._dated("year", year=span.year)
        year, month, number = solar_hijri(start) if self.dates.hijri_months else gregorian(start)
        names = self.dates.hijri_months or self.dates.short
        return self.numerals.local(f"{number} ") + names[month - 1], self._dated("year", year=year)

    def _calendars(self, short: bool = False) -> list[tuple[tuple[str, ...], Calendar]]:
        solar = [(self.dates.hijri_months, solar_hijri)] if self.dates.hijri_months else []
        return [*solar, (self.dates.short if short else self.dates.months, gregorian)]

    def _part_of_calendar(self, start: date, end: date, brief: bool) -> str:
        days = (end - start).days
        if days == 1:
            return self.day(start, brief)
        if days == 7:
            return self.dates.patterns["week"].format(day=self.day(start, brief))
        return self.dates.patterns["range"].format(first=self.day(start, brief), last=self.day(last_day(end), brief))

    def _dated(self, pattern: str, **parts: str | int) -> str:
        written = {key: self.numerals.local(str(part)) for key, part in parts.items()}
        return self.dates.patterns[pattern].format(**written)


def _part(parts: Mapping[str, str | None], slot: str | None) -> Markup | None:
    part = parts[slot] if slot else None
    return part if part is None or isinstance(part, Markup) else isolated(part)
