"""Calendars: days are cut without gap or overlap, and labels are unique."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.errors import InvalidError
from crmkit.ports.calendar import Calendar
from crmkit.services.kpis.calendars import Days, IsoWeeks, MonthBlocks, RollingDays, Weeks, calendar_named

TODAY = date(2026, 11, 24)
days = st.dates(date(2, 1, 1), date(9990, 1, 1))
calendars = st.one_of(
    st.builds(Days),
    st.builds(IsoWeeks),
    st.builds(Weeks, first_weekday=st.integers(0, 6)),
    st.builds(MonthBlocks, months=st.sampled_from([1, 3, 12]), start_month=st.integers(1, 12)),
    st.builds(RollingDays, days=st.integers(1, 400), until=days),
)


@given(calendars, days)
def test_periods_follow_each_other(calendar: Calendar, day: date) -> None:
    """A period holds its day, all its days have the same period, and its neighbours touch it."""
    first = calendar.first(day)
    after = calendar.following(first)
    assert first <= day < after
    assert calendar.first(first) == first
    assert calendar.first(after - timedelta(days=1)) == first
    assert calendar.first(after) == after
    assert calendar.preceding(after) == first
    assert calendar.label(first) < calendar.label(after)


@given(calendars, days)
def test_a_year_before_is_about_a_year_before(calendar: Calendar, day: date) -> None:
    """The same period a year before begins a year earlier, give or take a week."""
    first = calendar.first(day)
    assert 358 <= (first - calendar.year_before(first)).days <= 372


@pytest.mark.parametrize(
    ("name", "first", "label", "year_before"),
    [
        ("day", date(2026, 11, 24), "2026-11-24", "2025-11-24"),
        ("week", date(2026, 11, 23), "2026-W48", "2025-W48"),
        ("week-from-monday", date(2026, 11, 23), "2026-11-23/2026-11-29", "2025-11-24/2025-11-30"),
        ("week-from-saturday", date(2026, 11, 21), "2026-11-21/2026-11-27", "2025-11-22/2025-11-28"),
        ("week-from-sunday", date(2026, 11, 22), "2026-11-22/2026-11-28", "2025-11-23/2025-11-29"),
        ("month", date(2026, 11, 1), "2026-11", "2025-11"),
        ("quarter", date(2026, 10, 1), "2026-Q4", "2025-Q4"),
        ("year", date(2026, 1, 1), "2026", "2025"),
        ("quarter-from-april", date(2026, 10, 1), "2026/27-Q3", "2025/26-Q3"),
        ("quarter-from-december", date(2026, 9, 1), "2025/26-Q4", "2024/25-Q4"),
        ("year-from-april", date(2026, 4, 1), "2026/27", "2025/26"),
        ("year-from-december", date(2025, 12, 1), "2025/26", "2024/25"),
        ("30-days", date(2026, 11, 24), "2026-11-24/2026-12-23", "2025-11-24/2025-12-23"),
    ],
)
def test_named(name: str, first: date, label: str, year_before: str) -> None:
    """What each name means on 24 November 2026."""
    calendar = calendar_named(name, TODAY)
    assert calendar.first(TODAY) == first
    assert calendar.label(first) == label
    assert calendar.label(calendar.year_before(first)) == year_before


def test_newest() -> None:
    """The newest month is the running one; the newest window of 30 days ended yesterday."""
    assert calendar_named("month", TODAY).newest(TODAY) == date(2026, 11, 1)
    window = calendar_named("30-days", TODAY)
    assert window.label(window.newest(TODAY)) == "2026-10-25/2026-11-23"


@pytest.mark.parametrize(
    ("calendar", "first", "year_before"),
    [
        (Days(), date(2024, 2, 29), date(2023, 2, 28)),
        (IsoWeeks(), date(2020, 12, 28), date(2019, 12, 23)),  # week 53, and 2019 had 52
        (IsoWeeks(), date(2026, 12, 28), date(2025, 12, 22)),
        (RollingDays(days=28, until=date(2024, 3, 1)), date(2024, 2, 2), date(2023, 2, 1)),
    ],
)
def test_no_such_period_a_year_before(calendar: Calendar, first: date, year_before: date) -> None:
    """Where that year had no such day or week, the nearest earlier one."""
    assert calendar.year_before(first) == year_before


@pytest.mark.parametrize(
    "name",
    [
        "",
        "months",
        "month-from-april",
        "week-from-april",
        "year-from-monday",
        "week-from-",
        "0-days",
        "3661-days",
        "٣-days",
    ],
)
def test_unknown_name(name: str) -> None:
    """Another name is refused with the names there are."""
    with pytest.raises(InvalidError, match="is no calendar: write day, week, month"):
        calendar_named(name, TODAY)


def test_misspelt_name() -> None:
    """A misspelt name gets the nearest right one."""
    with pytest.raises(InvalidError, match="Did you mean 'year-from-october'"):
        calendar_named("year-from-oktober", TODAY)
