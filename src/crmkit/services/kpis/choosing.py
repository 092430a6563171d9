"""Which periods are asked for: the last so many of a calendar, those between two days, one whole stretch, or all time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import attrs

from crmkit.errors import InvalidError
from crmkit.ports.calendar import Calendar
from crmkit.services.kpis.calendars import Days, calendar_named
from crmkit.services.kpis.periods import Period, Periods
from crmkit.services.kpis.series import Compare

_LAST: Final = {"day": 30, "week": 13, "month": 12, "quarter": 8, "year": 5}
MOST_PERIODS: Final = 4_000


@attrs.frozen(kw_only=True)
class Chosen:
    """Periods to show, and with which each is compared."""

    periods: tuple[Period, ...]
    before: dict[Period, Period]

    @property
    def earlier(self) -> tuple[Period, ...]:
        """The periods that are compared with, each once, in time order."""
        return tuple(sorted(set(self.before.values()), key=lambda period: period.start))


@attrs.frozen(kw_only=True)
class Wish:
    """What a caller says about time; see ``Kpis.show``."""

    by: str | Calendar | None = None
    last: int | None = None
    since: date | None = None
    until: date | None = None
    compare: Compare = "previous"
    offered: Mapping[str, Calendar] = attrs.field(factory=dict[str, Calendar])

    @property
    def name(self) -> str:
        """The calendar's name."""
        return "" if self.by is None else self.by if isinstance(self.by, str) else self.by.name or "period"


def chosen(wish: Wish, zone: ZoneInfo, now: datetime) -> Chosen:
    """Return the periods that are wished for.

    Raises:
        InvalidError: there is no such calendar, the days are in the wrong order, or there are too many periods or none.
    """
    if wish.last is not None and wish.last < 1:
        raise InvalidError(f"`last` is {wish.last!r}: ask for 1 period or more.", code="periods")
    today = now.astimezone(zone).date()
    periods, cut = _cut(wish, zone, now, today)
    if len(periods) > MOST_PERIODS:
        raise InvalidError(f"{len(periods)} periods are too many: ask for {MOST_PERIODS} or fewer.", code="periods")
    if cut is None or not wish.compare:
        return Chosen(periods=periods, before={})
    step = cut.before if wish.compare == "previous" else cut.year_before
    return Chosen(periods=periods, before={period: step(period) for period in periods})


def _cut(wish: Wish, zone: ZoneInfo, now: datetime, today: date) -> tuple[tuple[Period, ...], Periods | None]:
    if wish.by is None:
        return _one_stretch(wish, zone, now, today)
    calendar = calendar_named(wish.by, today, wish.offered) if isinstance(wish.by, str) else wish.by
    cut = Periods(calendar=calendar, zone=zone, now=now)
    if wish.since is None and wish.until is None:
        return cut.last(wish.last or _LAST.get(wish.name, 12)), cut
    if wish.since is None:
        return _until(wish, cut), cut
    found = cut.between(wish.since, wish.until or today)
    return found[-wish.last :] if wish.last else found, cut


def _until(wish: Wish, cut: Periods) -> tuple[Period, ...]:
    assert wish.until is not None
    period = cut.between(wish.until, wish.until)[-1]
    found = [period]
    while len(found) < (wish.last or _LAST.get(wish.name, 12)):
        found.append(cut.before(found[-1]))
    return tuple(reversed(found))


def _one_stretch(wish: Wish, zone: ZoneInfo, now: datetime, today: date) -> tuple[tuple[Period, ...], Periods | None]:
    if wish.last is not None:
        raise InvalidError("`last` counts periods: say which with `by`, such as by='month'.", code="periods")
    if wish.since is None and wish.until is None:
        return (ALL_TIME,), None
    days = Periods(calendar=Days(), zone=zone, now=now)
    if wish.since is None:
        assert wish.until is not None
        end = days.between(wish.until, wish.until)[-1]
        label = f"until {wish.until.isoformat()}"
        return (attrs.evolve(ALL_TIME, end=end.end, label=label, is_partial=end.is_partial),), None
    cut = days.whole(wish.since, wish.until or today)
    return cut.last(1), cut


ALL_TIME: Final = Period(
    start=datetime.min.replace(tzinfo=UTC), end=datetime.max.replace(tzinfo=UTC), first_on=date.min, label="all"
)
"""Every record, also of times to come; it is never compared."""
