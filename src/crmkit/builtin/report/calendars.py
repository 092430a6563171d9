"""Days and periods as the reader names them.

The page gets periods as plain Gregorian days; a reader of Persian reads them
in the Solar Hijri calendar. What is no whole month, quarter or year of the
reader's calendar may be one of the Gregorian, and is named so then.
"""

from collections.abc import Callable
from datetime import date, timedelta

import attrs

Ymd = tuple[int, int, int]

_CYCLE_33_YEARS = 12053  # days
_SOLAR_HIJRI_EPOCH = date(622, 3, 21).toordinal()


def gregorian(day: date) -> Ymd:
    """Year, month and day of the Gregorian calendar."""
    return day.year, day.month, day.day


def solar_hijri(day: date) -> Ymd:
    """Year, month and day of the Solar Hijri calendar.

    By the 33-year rule of leap years, which agrees with the astronomical
    calendar from 1244 to 1471 (1865 to 2093).
    """
    days = day.toordinal() - _SOLAR_HIJRI_EPOCH
    year = _year_of(days)
    of_year = days - _first_day(year)
    if of_year < 186:
        return year, of_year // 31 + 1, of_year % 31 + 1
    return year, (of_year - 186) // 30 + 7, (of_year - 186) % 30 + 1


def _first_day(year: int) -> int:
    """Days from the epoch to the first of Farvardin."""
    before = year - 1
    return before * 365 + (8 * before + 29) // 33


def _year_of(days: int) -> int:
    year = days * 33 // _CYCLE_33_YEARS + 1
    while _first_day(year + 1) <= days:
        year += 1
    while _first_day(year) > days:
        year -= 1
    return year


@attrs.frozen(kw_only=True)
class Span:
    """A period found to be whole: its kind, year and number within the year."""

    kind: str
    year: int
    number: int = 1


def whole_span(start: date, end: date, calendar: Callable[[date], Ymd]) -> Span | None:
    """The year, quarter or month that ``[start, end)`` is in this calendar, if any."""
    year, month, day = calendar(start)
    to_year, to_month, to_day = calendar(end)
    if (day, to_day) != (1, 1):
        return None
    months = (to_year - year) * 12 + to_month - month
    if months == 12 and month == 1:
        return Span(kind="year", year=year)
    if months == 3 and month % 3 == 1:
        return Span(kind="quarter", year=year, number=month // 3 + 1)
    return Span(kind="month", year=year, number=month) if months == 1 else None


def last_day(end: date) -> date:
    """The last day of a half-open period."""
    return end - timedelta(days=1)
