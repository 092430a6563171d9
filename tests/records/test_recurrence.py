"""What is planned again comes at the same time on the wall."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crmkit.errors import InvalidError
from crmkit.records import WallTime
from crmkit.records.recurrence import next_after, recurrence_from


def wall(text: str, zone: str = "Europe/Amsterdam") -> WallTime:
    return WallTime(datetime.fromisoformat(text), zone)


def series(recurrence: str, first: str, n: int) -> list[str]:
    due = wall(first)
    kept, found = recurrence_from(recurrence, due), [due]
    for _ in range(n):
        found.append(next_after(kept, found[-1], found[-1].at))
    return [f"{one.local:%Y-%m-%d}" for one in found[1:]]


@pytest.mark.parametrize(
    ("recurrence", "first", "days"),
    [
        ("daily", "2026-02-27T10:00", ["2026-02-28", "2026-03-01"]),
        ("weekly", "2026-12-28T10:00", ["2027-01-04", "2027-01-11"]),
        ("monthly", "2026-01-31T10:00", ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        ("monthly", "2026-11-28T10:00", ["2026-12-28", "2027-01-28", "2027-02-28", "2027-03-28"]),
        ("yearly", "2024-02-29T10:00", ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        ("yearly", "2026-12-24T10:00", ["2027-12-24", "2028-12-24"]),
    ],
)
def test_the_calendar_is_followed(recurrence: str, first: str, days: list[str]) -> None:
    assert series(recurrence, first, len(days)) == days


def test_ten_o_clock_stays_ten_o_clock_over_a_change_of_the_clocks() -> None:
    due = wall("2026-03-28T10:00")
    following = next_after("daily", due, due.at)
    assert due.at == datetime(2026, 3, 28, 9, tzinfo=UTC)
    assert following.at == datetime(2026, 3, 29, 8, tzinfo=UTC)


def test_what_was_missed_is_not_made_up_for() -> None:
    due = wall("2026-01-31T10:00")
    found = next_after(recurrence_from("monthly", due), due, datetime(2026, 6, 15, tzinfo=UTC))
    assert found == wall("2026-06-30T10:00")


def test_what_is_done_early_comes_again_after_it_was_due() -> None:
    due = wall("2026-03-10T10:00")
    assert next_after("weekly", due, datetime(2026, 3, 1, tzinfo=UTC)) == wall("2026-03-17T10:00")


def test_an_unknown_recurrence_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidError, match="monthly"):
        recurrence_from("montly", wall("2026-03-10T10:00"))


def test_a_kept_recurrence_may_be_given_again() -> None:
    assert recurrence_from("monthly:31", wall("2026-02-28T10:00")) == "monthly:31"
