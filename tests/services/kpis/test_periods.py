"""Periods tile the line of instants in every time zone, whatever its clocks do."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.errors import InvalidError
from crmkit.ports.calendar import Calendar
from crmkit.services.kpis.calendars import Days, IsoWeeks, MonthBlocks, RollingDays, Weeks
from crmkit.services.kpis.periods import Period, Periods

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")

zones = st.deferred(lambda: st.sampled_from(sorted(available_timezones()))).map(ZoneInfo)
instants = st.integers(-36_500 * 86_400, 36_500 * 86_400).map(lambda seconds: NOW + timedelta(seconds=seconds))
calendars = st.one_of(
    st.builds(Days),
    st.builds(IsoWeeks),
    st.builds(Weeks, first_weekday=st.integers(0, 6)),
    st.builds(MonthBlocks, months=st.sampled_from([1, 3, 12]), start_month=st.integers(1, 12)),
    st.builds(RollingDays, days=st.integers(1, 40), until=st.dates(date(2020, 1, 1), date(2030, 1, 1))),
)


def periods(calendar: Calendar, zone: str | ZoneInfo = AMSTERDAM, now: datetime = NOW) -> Periods:
    return Periods(calendar=calendar, zone=ZoneInfo(zone) if isinstance(zone, str) else zone, now=now)


def labels(found: tuple[Period, ...]) -> list[str]:
    return [period.label for period in found]


@given(calendars, zones, instants)
@example(Days(), ZoneInfo("America/St_Johns"), datetime(2006, 10, 29, 2, 45, tzinfo=UTC))  # midnight twice
@example(Days(), ZoneInfo("America/Goose_Bay"), datetime(1988, 10, 30, 3, 30, tzinfo=UTC))
@example(Days(), ZoneInfo("Pacific/Apia"), datetime(2011, 12, 30, 10, tzinfo=UTC))  # a day that never was
@example(Days(), ZoneInfo("Pacific/Apia"), datetime(2011, 12, 30, 9, 59, tzinfo=UTC))
@example(Days(), ZoneInfo("America/Toronto"), datetime(1919, 3, 31, 4, 40, tzinfo=UTC))  # midnight within the gap
def test_periods_tile_the_line(calendar: Calendar, zone: ZoneInfo, instant: datetime) -> None:
    """Every instant is in one period, which meets its neighbours with no gap and no overlap, all in UTC."""
    found = periods(calendar, zone)
    period = found.at(instant)
    before, after = found.before(period), found.after(period)
    assert period.start <= instant < period.end
    assert before.end == period.start < period.end == after.start
    assert before.start < before.end
    assert after.start < after.end
    assert found.after(before) == found.before(after) == period
    assert {period.start.tzinfo, period.end.tzinfo} == {UTC}
    assert found.at(period.start) == found.at(period.end - timedelta(microseconds=1)) == period


@given(calendars, zones, instants, st.integers(0, 1_000_000_000))
def test_covering_tiles_the_range(calendar: Calendar, zone: ZoneInfo, earliest: datetime, seconds: int) -> None:
    """The edges ascend, begin at or before the earliest instant and end after the latest."""
    days = 1 if isinstance(calendar, Days | RollingDays) else 20
    latest = earliest + timedelta(seconds=seconds * days / 200)
    found = periods(calendar, zone)
    covering, edges = found.covering(earliest, latest), found.edges(earliest, latest)
    assert earliest in covering[0]
    assert latest in covering[-1]
    assert all(one.end == next_.start for one, next_ in pairwise(covering))
    assert list(edges) == sorted(set(edges)) == [*(period.start for period in covering), covering[-1].end]
    assert len(set(labels(covering))) == len(covering)


@given(zones, st.lists(instants, min_size=1, max_size=30))
def test_split_periods_add_up(zone: ZoneInfo, moments: list[datetime]) -> None:
    """Counted by day and summed, or counted by month, quarter or fiscal year: the same."""
    by_day = periods(Days(), zone)
    for calendar in (MonthBlocks(), MonthBlocks(months=3), MonthBlocks(months=12, start_month=4), IsoWeeks()):
        whole = periods(calendar, zone).at(moments[0])
        days = by_day.covering(whole.start, whole.end - timedelta(microseconds=1))
        assert (days[0].start, days[-1].end) == (whole.start, whole.end)
        assert sum(moment in day for day in days for moment in moments) == sum(moment in whole for moment in moments)


@given(calendars, zones, instants, st.integers(1, 12))
def test_last(calendar: Calendar, zone: ZoneInfo, now: datetime, count: int) -> None:
    """As many as asked, side by side, oldest first; a period is partial exactly while it is not over."""
    found = periods(calendar, zone, now).last(count)
    assert len(found) == count
    assert all(one.end == next_.start for one, next_ in pairwise(found))
    assert all(period.is_partial == (now < period.end) for period in found)


def test_last_six_months() -> None:
    """The running month is the last, and the only partial one."""
    found = periods(MonthBlocks()).last(6)
    assert labels(found) == ["2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11"]
    assert [period.is_partial for period in found] == [False] * 5 + [True]
    assert found[-1].start == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert found[0].start == datetime(2026, 5, 31, 22, tzinfo=UTC)


def test_last_rolling_window_is_complete() -> None:
    """The last 30 days end yesterday; before them come 30 others."""
    found = periods(RollingDays(days=30, until=date(2026, 11, 24))).last(2)
    assert labels(found) == ["2026-09-25/2026-10-24", "2026-10-25/2026-11-23"]
    assert not any(period.is_partial for period in found)


def test_over_exactly_at_its_end() -> None:
    """At the first instant after it a period is over; a microsecond before it is not."""
    end = datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert not periods(MonthBlocks(), now=end).before(periods(MonthBlocks(), now=end).at(end)).is_partial
    assert periods(MonthBlocks(), now=end - timedelta(microseconds=1)).last(1)[0].is_partial


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("Asia/Tehran", date(2018, 3, 22), datetime(2018, 3, 21, 20, 30, tzinfo=UTC)),
        ("Asia/Tehran", date(2022, 3, 22), datetime(2022, 3, 21, 20, 30, tzinfo=UTC)),
        ("Africa/Cairo", date(2023, 4, 28), datetime(2023, 4, 27, 22, tzinfo=UTC)),
        ("Africa/Cairo", date(2026, 4, 24), datetime(2026, 4, 23, 22, tzinfo=UTC)),
        ("Asia/Beirut", date(2023, 3, 26), datetime(2023, 3, 25, 22, tzinfo=UTC)),
        ("Asia/Beirut", date(2026, 3, 29), datetime(2026, 3, 28, 22, tzinfo=UTC)),
    ],
)
def test_missing_midnight(zone: str, day: date, start: datetime) -> None:
    """Where the clocks skip midnight the day begins when they are set forward, and has 23 hours."""
    [period] = periods(Days(), zone).between(day, day)
    assert period.start == start
    assert period.start.astimezone(ZoneInfo(zone)).hour == 1
    assert period.end - period.start == timedelta(hours=23)


def test_a_day_that_never_was() -> None:
    """Samoa went from 29 to 31 December 2011."""
    found = periods(Days(), "Pacific/Apia")
    assert labels(found.between(date(2011, 12, 29), date(2011, 12, 31))) == ["2011-12-29", "2011-12-31"]
    assert found.between(date(2011, 12, 30), date(2011, 12, 30)) == ()
    assert found.year_before(found.at(datetime(2012, 12, 29, 12, tzinfo=UTC))).label == "2011-12-29"


def test_not_the_month_of_utc() -> None:
    """Half an hour before midnight in UTC it is the next month in Amsterdam."""
    instant = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    assert periods(MonthBlocks()).at(instant).label == "2026-04"
    assert periods(MonthBlocks(), "UTC").at(instant).label == "2026-03"
    assert periods(MonthBlocks()).at(instant.astimezone(timezone(timedelta(hours=-9)))).label == "2026-04"


def test_between() -> None:
    """Whole months, from that of the first day to that of the last."""
    assert labels(periods(MonthBlocks()).between(date(2026, 1, 31), date(2026, 3, 1))) == [
        "2026-01",
        "2026-02",
        "2026-03",
    ]
    assert labels(periods(MonthBlocks()).between(date(2026, 1, 1), date(2026, 1, 31))) == ["2026-01"]
    with pytest.raises(InvalidError, match="2026-03-02 is after 2026-03-01"):
        periods(MonthBlocks()).between(date(2026, 3, 2), date(2026, 3, 1))


def test_whole() -> None:
    """Exactly the days that were asked for; before them as many, and a year before the same days."""
    found = periods(MonthBlocks()).whole(date(2026, 3, 1), date(2026, 3, 31))
    [period] = found.last(1)
    assert period.label == "2026-03-01/2026-03-31"
    assert period.end - period.start == timedelta(days=31, hours=-1)
    assert found.before(period).label == "2026-01-29/2026-02-28"
    assert found.year_before(period).label == "2025-03-01/2025-03-31"
    assert found.before(found.year_before(period)).label == "2025-01-29/2025-02-28"
    with pytest.raises(InvalidError, match="is after"):
        found.whole(date(2026, 3, 2), date(2026, 3, 1))


def test_covering_holds_both_ends() -> None:
    """An instant that starts a period is in that one, at both ends of the range."""
    start = datetime(2026, 10, 31, 23, tzinfo=UTC)
    microsecond = timedelta(microseconds=1)
    assert labels(periods(MonthBlocks()).covering(start, start)) == ["2026-11"]
    assert labels(periods(MonthBlocks()).covering(start - microsecond, start)) == ["2026-10", "2026-11"]
    assert labels(periods(MonthBlocks()).covering(start - microsecond, start - microsecond)) == ["2026-10"]


def test_year_before() -> None:
    """The same month of last year."""
    found = periods(MonthBlocks())
    assert found.year_before(found.at(NOW)).label == "2025-11"


@pytest.mark.parametrize("instant", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
@pytest.mark.parametrize(
    "calendar", [Days(), IsoWeeks(), MonthBlocks(months=12), RollingDays(days=30, until=date(2026, 1, 1))]
)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_beyond_the_years(instant: datetime, calendar: Calendar, zone: str) -> None:
    """Where a neighbour or an end lies beyond the years 1 to 9999 the answer is a refusal, not an overflow."""
    found = periods(calendar, zone)

    def walk() -> None:
        period = found.at(instant)
        for _ in range(3):
            period = found.before(period) if instant.year == 1 else found.after(period)

    with pytest.raises(InvalidError, match="years 1 to 9999"):
        walk()


def test_without_a_time_zone() -> None:
    """An instant without a time zone is refused wherever it is given."""
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(InvalidError, match="has no time zone"):
        periods(Days()).at(naive)
    with pytest.raises(InvalidError, match="has no time zone"):
        periods(Days()).edges(naive, NOW)
    with pytest.raises(InvalidError, match="has no time zone"):
        periods(Days(), now=naive)


def test_no_periods() -> None:
    """Nothing or less can not be asked for."""
    with pytest.raises(InvalidError, match="0 periods"):
        periods(Days()).last(0)
    with pytest.raises(InvalidError, match="is after"):
        periods(Days()).covering(NOW, NOW - timedelta(days=1))
