"""Periods: from a calendar's days to instants, in the time zone of the business.

A period is half-open, ``[start, end)``, and its ends are instants in UTC, so that a store compares instants only and no
database has to know a calendar or a time zone. Local midnight is where a day begins; where the clocks skip it, the day
begins at the moment they are set forward, and where midnight comes twice, at the first. A whole day that a zone skips
(Samoa, 30 December 2011) has no period.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import attrs

from crmkit.errors import InvalidError
from crmkit.ports.calendar import Calendar
from crmkit.services.kpis.calendars import RollingDays


@attrs.frozen(kw_only=True)
class Period:
    """A stretch of time of a calendar.

    Attributes:
        start: the first instant, in UTC.
        end: the first instant after it, in UTC.
        first_on: its first day in the time zone of the business.
        label: its short name, such as ``2026-11``.
        is_partial: whether it was not over at the time of asking, so that its value still moves.
    """

    start: datetime
    end: datetime
    first_on: date
    label: str
    is_partial: bool = False

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end


@attrs.frozen(kw_only=True)
class Periods:
    """The periods of one calendar in one time zone, seen from one moment.

    Attributes:
        calendar: how days are cut.
        zone: the time zone of the business.
        now: the moment of asking, aware; periods that end after it are partial.
    """

    calendar: Calendar
    zone: ZoneInfo
    now: datetime

    def __attrs_post_init__(self) -> None:
        _aware(self.now)

    def at(self, instant: datetime) -> Period:
        """Return the period that contains an aware instant.

        Raises:
            InvalidError: the instant has no time zone, or its period does not lie within the years 1 to 9999.
        """
        with _within_years():
            period = self._beginning(self.calendar.first(self._day(instant)))
        while instant >= period.end:  # where the clocks go back over midnight, yesterday's date is read once more
            period = self.after(period)
        while instant < period.start:
            period = self.before(period)
        return period

    def before(self, period: Period) -> Period:
        """Return the period that ends where this one starts.

        Raises:
            InvalidError: it does not lie within the years 1 to 9999.
        """
        with _within_years():
            found = self._beginning(self.calendar.preceding(period.first_on))
        return found if found.start < found.end else self.before(found)

    def after(self, period: Period) -> Period:
        """Return the period that starts where this one ends.

        Raises:
            InvalidError: it does not lie within the years 1 to 9999.
        """
        with _within_years():
            found = self._beginning(self.calendar.following(period.first_on))
        return found if found.start < found.end else self.after(found)

    def year_before(self, period: Period) -> Period:
        """Return the same period one year before; the nearest earlier one where that year had none (week 53, 29 February).

        Raises:
            InvalidError: it does not lie within the years 1 to 9999.
        """
        with _within_years():
            found = self._beginning(self.calendar.year_before(period.first_on))
        return found if found.start < found.end else self.before(found)

    def last(self, count: int) -> tuple[Period, ...]:
        """Return the newest ``count`` periods, oldest first, the running one included (rolling windows are complete).

        Raises:
            InvalidError: ``count`` is below 1, or they do not lie within the years 1 to 9999.
        """
        if count < 1:
            raise InvalidError(f"{count!r} periods: ask for 1 or more.", code="period_count")
        with _within_years():
            newest = self._beginning(self.calendar.newest(self._day(self.now)))
        return tuple(reversed(tuple(islice(_chain(newest, self.before), count))))

    def between(self, first_on: date, last_on: date) -> tuple[Period, ...]:
        """Return the whole periods that have a day from ``first_on`` to ``last_on``, both inclusive, oldest first.

        Raises:
            InvalidError: the first day is after the last, or the periods do not lie within the years 1 to 9999.
        """
        _require_order(first_on, last_on)
        with _within_years():
            oldest = self._beginning(self.calendar.first(first_on))
        found = takewhile(lambda period: period.first_on <= last_on, _chain(oldest, self.after))
        return tuple(period for period in found if period.start < period.end)

    def covering(self, earliest: datetime, latest: datetime) -> tuple[Period, ...]:
        """Return the periods from that of one aware instant to that of another, both inclusive, oldest first.

        Raises:
            InvalidError: the earliest is after the latest, or as ``at``.
        """
        _require_order(_aware(earliest), _aware(latest))
        return tuple(takewhile(lambda period: period.start <= latest, _chain(self.at(earliest), self.after)))

    def edges(self, earliest: datetime, latest: datetime) -> tuple[datetime, ...]:
        """Return the ends of the periods of ``covering``: ascending UTC instants, one more than there are periods.

        Raises:
            InvalidError: as ``covering``.
        """
        covering = self.covering(earliest, latest)
        return (*(period.start for period in covering), covering[-1].end)

    def whole(self, first_on: date, last_on: date) -> Periods:
        """Return rolling windows of which one is exactly the days from ``first_on`` to ``last_on``, both inclusive.

        Its ``last(1)`` is that window and ``before`` the same number of days before it.

        Raises:
            InvalidError: the first day is after the last, or the day after the last does not lie within the years 1 to 9999.
        """
        _require_order(first_on, last_on)
        with _within_years():
            until = last_on + timedelta(days=1)
        return attrs.evolve(self, calendar=RollingDays(days=(until - first_on).days, until=until))

    def _beginning(self, first: date) -> Period:
        end = self._midnight(self.calendar.following(first))
        start, label = self._midnight(first), self.calendar.label(first)
        return Period(start=start, end=end, first_on=first, label=label, is_partial=self.now < end)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(fold=0), self.zone).astimezone(UTC)

    def _day(self, instant: datetime) -> date:
        return _aware(instant).astimezone(self.zone).date()


def _chain(period: Period, step: Callable[[Period], Period]) -> Iterator[Period]:
    while True:
        yield period
        period = step(period)


@contextmanager
def _within_years() -> Generator[None]:
    try:
        yield
    except (OverflowError, ValueError) as error:
        raise InvalidError(
            "A period does not lie within the years 1 to 9999: choose nearer dates.", code="period"
        ) from error


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise InvalidError(
            f"{instant.isoformat()} has no time zone: write it with one, such as +00:00.", code="time_zone"
        )
    return instant


def _require_order(first: date, last: date) -> None:
    if first > last:
        raise InvalidError(f"{first} is after {last}: write the earlier one first.", code="period")
