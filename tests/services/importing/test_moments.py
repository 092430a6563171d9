"""Days and instants as files write them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.services.importing.moments import day, format_mistake, instant
from crmkit.services.importing.problems import Problem

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
EARLIEST = datetime.fromisoformat("0001-01-02")
LATEST = datetime.fromisoformat("9999-12-30")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc] - year, month, day and so on


@pytest.mark.parametrize(
    ("text", "layout", "expected"),
    [
        ("2026-11-24T10:30:00Z", None, utc(2026, 11, 24, 10, 30)),
        ("2026-11-24T10:30:00.123456+02:00", None, utc(2026, 11, 24, 8, 30, 0, 123456)),
        ("2026-11-24 10:30", None, utc(2026, 11, 24, 9, 30)),
        ("2022-04-14 4:30:42", None, utc(2022, 4, 14, 2, 30, 42)),
        ("2019-09-10 22:01:17.4461234", None, utc(2019, 9, 10, 20, 1, 17, 446123)),
        ("2024/7/1 00:00:00 UTC", None, utc(2024, 7, 1)),
        ("2026-11-24", None, utc(2026, 11, 23, 23)),
        ("۲۰۲۶-۱۱-۲۴", None, utc(2026, 11, 23, 23)),
        ("24-11-2026", "%d-%m-%Y", utc(2026, 11, 23, 23)),
        ("4-1-26 9:05", "%d-%m-%y %H:%M", utc(2026, 1, 4, 8, 5)),
        ("01/31/1999 11:05 PM", "%m/%d/%Y %I:%M %p", utc(1999, 1, 31, 22, 5)),
        ("24 Nov 2026", "%d %b %Y", utc(2026, 11, 23, 23)),
        ("24-11-2026 10:30 +0100", "%d-%m-%Y %H:%M %z", utc(2026, 11, 24, 9, 30)),
        ("1795516200", "unix", utc(2026, 11, 24, 10, 30)),
        ("1795516200000", "unix-ms", utc(2026, 11, 24, 10, 30)),
        ("2026-10-25 02:30", None, utc(2026, 10, 25, 0, 30)),
    ],
)
def test_instants(text: str, layout: str | None, expected: datetime) -> None:
    """In UTC; a clock's time is in the zone given, double ones are the first."""
    found = instant(layout, AMSTERDAM)(text)
    assert found == expected
    assert isinstance(found, datetime)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "layout", "expected"),
    [
        ("2026-02-30", None, "no-such-date"),
        ("2026-02-30 10:00", None, "no-such-date"),
        ("0000-00-00", None, "no-such-date"),
        ("30-02-2026", "%d-%m-%Y", "no-such-date"),
        ("24-13-2026", "%d-%m-%Y", "no-such-date"),
        ("30 Feb 2026", "%d %b %Y", "no-such-date"),
        ("2026-11-24 25:00", None, "no-such-date"),
        ("24-11-2026", None, "not-a-time"),
        ("tomorrow", None, "not-a-time"),
        ("2026-11-24", "%d-%m-%Y", "not-a-time"),
        ("24 Nev 2026", "%d %b %Y", "not-a-time"),
        ("soon", "unix", "not-a-time"),
        ("9" * 30, "unix", "out-of-range"),
        ("0001-01-01", None, "out-of-range"),
    ],
)
def test_texts_that_are_no_instants(text: str, layout: str | None, expected: str) -> None:
    """A day that is not in the calendar is told apart from a text of another form."""
    found = instant(layout, AMSTERDAM)(text)
    assert isinstance(found, Problem)
    assert found.code == expected
    assert text[:20] in found.message


def test_the_message_shows_the_form() -> None:
    """By an example."""
    found = instant("%d-%m-%Y", UTC)("x")
    assert isinstance(found, Problem)
    assert found.message == "'x' is not a date and time like 24-11-2026"


def test_days() -> None:
    """An instant's day is that of the zone; the hour of a text without a zone says nothing."""
    read = day(None, AMSTERDAM)
    assert read("2026-11-24") == date(2026, 11, 24)
    assert read("2026-11-24 23:59") == date(2026, 11, 24)
    assert read("2026-11-24T23:30:00Z") == date(2026, 11, 25)
    assert day("%d.%m.%Y", AMSTERDAM)("4.1.2026") == date(2026, 1, 4)
    found = read("2026-02-29")
    assert isinstance(found, Problem)
    assert found.code == "no-such-date"
    found = read("x")
    assert isinstance(found, Problem)
    assert found.code == "not-a-date"


def test_formats_are_checked() -> None:
    """Before any row is read."""
    assert format_mistake("%d-%m-%Y %H:%M") is None
    assert format_mistake("unix-ms") is None
    assert "write one like" in (format_mistake("DD-MM-YYYY") or "")
    assert "no format that can be read" in (format_mistake("%d-%m-%Q") or "")


@given(st.datetimes(min_value=EARLIEST, max_value=LATEST, timezones=st.just(UTC)))
def test_iso_is_read_back(moment: datetime) -> None:
    """Every instant is what it was, to the microsecond."""
    assert instant(None, AMSTERDAM)(moment.isoformat()) == moment


@given(st.datetimes(min_value=datetime.fromisoformat("1969-01-02"), max_value=datetime.fromisoformat("2068-12-30")))
@pytest.mark.parametrize("layout", ["%d-%m-%Y %H:%M:%S", "%m/%d/%y", "%Y%m%dT%H%M%S", "%H:%M %Y.%m.%d"])
def test_formats_read_as_strptime_does(layout: str, moment: datetime) -> None:
    """Our own reading of usual formats is only faster."""
    text = moment.strftime(layout)
    assert instant(layout, UTC)(text) == datetime.strptime(text, layout).replace(tzinfo=UTC)


@given(st.text(max_size=30))
@pytest.mark.parametrize("layout", [None, "%d-%m-%Y", "%d %b %Y", "unix"])
def test_any_text_is_a_moment_or_a_problem(layout: str | None, text: str) -> None:
    """Nothing raises."""
    assert isinstance(instant(layout, AMSTERDAM)(text), datetime | Problem)
    assert isinstance(day(layout, AMSTERDAM)(text), date | Problem)


def test_a_time_that_the_clocks_skip_is_none() -> None:
    """It is no instant of that zone; one with its own offset is."""
    read = instant(None, ZoneInfo("Europe/Amsterdam"))
    assert isinstance(found := read("2026-03-29T02:30"), Problem)
    assert (found.code, found.message) == (
        "no-such-time",
        "'2026-03-29T02:30' does not occur in Europe/Amsterdam: its clocks skip that hour",
    )
    assert read("2026-03-29T02:30+01:00") == utc(2026, 3, 29, 1, 30)
