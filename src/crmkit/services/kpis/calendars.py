"""The supplied calendars: days, weeks, months, quarters and years, also fiscal ones, and rolling windows."""

from __future__ import annotations

import calendar as gregorian
import re
from collections.abc import Mapping
from datetime import date, timedelta

import attrs

from crmkit.errors import InvalidError, nearest
from crmkit.ports.calendar import Calendar

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_BLOCKS = {"month": 1, "quarter": 3, "year": 12}
_LONGEST_WINDOW_DAYS = 3_660


@attrs.frozen(kw_only=True)
class Days(Calendar):
    """Every day a period: ``2026-11-24``."""

    def first(self, day: date) -> date:
        return day

    def following(self, first: date) -> date:
        return first + timedelta(days=1)

    def year_before(self, first: date) -> date:
        return _months_later(first, -12)

    def label(self, first: date) -> str:
        return first.isoformat()


@attrs.frozen(kw_only=True)
class IsoWeeks(Calendar):
    """Weeks from Monday, numbered as in ISO 8601: ``2026-W48``. A year ago is the week of the same number."""

    def first(self, day: date) -> date:
        return day - timedelta(days=day.weekday())

    def following(self, first: date) -> date:
        return first + timedelta(days=7)

    def year_before(self, first: date) -> date:
        year, week, _ = first.isocalendar()
        last = date(year - 1, 12, 28).isocalendar().week  # 28 December is always in the last week
        return date.fromisocalendar(year - 1, min(week, last), 1)

    def label(self, first: date) -> str:
        year, week, _ = first.isocalendar()
        return f"{year:04}-W{week:02}"


@attrs.frozen(kw_only=True)
class Weeks(Calendar):
    """Weeks from another weekday, which have no number that all agree on: ``2026-11-21/2026-11-27``, both days inclusive.

    A year ago is 52 weeks ago, so that the weekdays are the same.

    Attributes:
        first_weekday: 0 for Monday to 6 for Sunday.
    """

    first_weekday: int = 0

    def first(self, day: date) -> date:
        return day - timedelta(days=(day.weekday() - self.first_weekday) % 7)

    def following(self, first: date) -> date:
        return first + timedelta(days=7)

    def year_before(self, first: date) -> date:
        return first - timedelta(weeks=52)

    def label(self, first: date) -> str:
        return _from_to(first, 7)


@attrs.frozen(kw_only=True)
class MonthBlocks(Calendar):
    """Months, quarters and years: ``2026-11``, ``2026-Q4``, ``2026``; of a fiscal year ``2026/27-Q3``, ``2026/27``.

    Attributes:
        months: how many months a period has: 1, 3 or 12.
        start_month: the month in which the (fiscal) year begins, 1..12.
    """

    months: int = 1
    start_month: int = 1

    def first(self, day: date) -> date:
        return _months_later(day.replace(day=1), -((day.month - self.start_month) % self.months))

    def following(self, first: date) -> date:
        return _months_later(first, self.months)

    def year_before(self, first: date) -> date:
        return _months_later(first, -12)

    def label(self, first: date) -> str:
        if self.months == 1:
            return f"{first.year:04}-{first.month:02}"
        passed = (first.month - self.start_month) % 12
        began = first.year - (first.month < self.start_month)
        year = f"{began:04}" if self.start_month == 1 else f"{began:04}/{(began + 1) % 100:02}"
        return year if self.months == 12 else f"{year}-Q{passed // 3 + 1}"


@attrs.frozen(kw_only=True)
class RollingDays(Calendar):
    """Windows of equally many days, side by side, of which one ends where ``until`` begins: ``2026-10-25/2026-11-23``.

    The newest window to show is the one that ends before ``until``, so that it is complete. The same window a year
    before ends on the same date a year before.

    Attributes:
        days: how many days a window has.
        until: the first day after a window, such as today.
    """

    days: int
    until: date

    def first(self, day: date) -> date:
        return day - timedelta(days=(day - self.until).days % self.days)

    def following(self, first: date) -> date:
        return first + timedelta(days=self.days)

    def preceding(self, first: date) -> date:
        return first - timedelta(days=self.days)

    def year_before(self, first: date) -> date:
        last = first + timedelta(days=self.days - 1)
        return _months_later(last, -12) - timedelta(days=self.days - 1)

    def label(self, first: date) -> str:
        return _from_to(first, self.days)

    def newest(self, today: date) -> date:
        return self.until - timedelta(days=self.days)


def calendar_named(name: str, today: date, offered: Mapping[str, Calendar] | None = None) -> Calendar:
    """Return the calendar that a name asks for.

    Names are ``day``, ``week`` (ISO 8601), ``week-from-saturday``, ``month``, ``quarter``, ``year``,
    ``quarter-from-april`` and ``year-from-april`` (fiscal), and ``30-days`` (rolling, ending yesterday).

    Args:
        name: one of these; any weekday, month, or number of days from 1 to 3660.
        today: the present day in the business time zone.
        offered: the calendars of plugins, by name; they go before the supplied ones.

    Raises:
        InvalidError: there is no calendar of that name.
    """
    kind, _, start = name.partition("-from-")
    if offered and name in offered:
        return offered[name]
    if name == "day":
        return Days()
    if name == "week":
        return IsoWeeks()
    if name in _BLOCKS:
        return MonthBlocks(months=_BLOCKS[name])
    if kind == "week" and start in _WEEKDAYS:
        return Weeks(first_weekday=_WEEKDAYS.index(start))
    if kind in ("quarter", "year") and start in _MONTHS:
        return MonthBlocks(months=_BLOCKS[kind], start_month=_MONTHS.index(start) + 1)
    if (found := re.fullmatch(r"([1-9][0-9]{0,3})-days", name, re.ASCII)) and int(found[1]) <= _LONGEST_WINDOW_DAYS:
        return RollingDays(days=int(found[1]), until=today)
    raise InvalidError(
        f"{name!r} is no calendar: write day, week, month, quarter, year, week-from-saturday, year-from-april or 30-days."
        + nearest(name, [*_known_names(), *(offered or ())]),
        code="calendar",
        params={"calendar": name},
    )


def _known_names() -> list[str]:
    fiscal = [f"{kind}-from-{month}" for kind in ("quarter", "year") for month in _MONTHS]
    return ["day", "week", "month", "quarter", "year", "30-days", *fiscal, *(f"week-from-{day}" for day in _WEEKDAYS)]


def _from_to(first: date, days: int) -> str:
    return f"{first.isoformat()}/{(first + timedelta(days=days - 1)).isoformat()}"


def _months_later(day: date, months: int) -> date:
    """Return the same day some months later; the last day of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError(f"year {year} is out of range")
    return date(year, month + 1, min(day.day, gregorian.monthrange(year, month + 1)[1]))
