"""The measure itself: both sides in turns, the first heating unheeded, medians and ratios as they should be."""

from __future__ import annotations

import sys

import pytest

from benchmarks import pairs
from benchmarks.pairs import Pair, Side, command, measure, peak_memory_mib

pytestmark = pytest.mark.once


class Clock:
    """Passes only where the work says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pairs, "time", clock)
    return clock


def taking(clock: Clock, seconds: list[float], told: list[str], name: str) -> Side:
    left = iter(seconds)

    def run(place: str) -> None:
        assert place == f"{name}'s place"
        told.append(name)
        clock.now += next(left)

    return Side(run=run, before=lambda: f"{name}'s place")


def test_sides_take_turns_and_who_begins_changes(clock: Clock):
    told: list[str] = []
    ours, floor = taking(clock, [9, 2, 2, 2, 2], told, "ours"), taking(clock, [1, 1, 1, 1], told, "floor")
    line = measure(Pair(name="x", ours=ours, floor=floor, limit=2), rounds=4)
    assert told == ["ours", "ours", "floor", "floor", "ours", "ours", "floor", "floor", "ours"]
    assert (line["ours_s"], line["floor_s"], line["ratio"], line["within"]) == (2, 1, 2, True)


def test_the_ratio_is_the_median_of_the_rounds_ratios(clock: Clock):
    told: list[str] = []
    ours, floor = taking(clock, [1, 2, 30, 8], told, "ours"), taking(clock, [1, 10, 2], told, "floor")
    line = measure(Pair(name="x", ours=ours, floor=floor, limit=2.9), rounds=3)
    assert (line["ratio"], line["least"], line["most"], line["within"]) == (3, 2, 4, False)


def test_calls_alternate_where_that_is_asked_for(clock: Clock):
    told: list[str] = []
    ours, floor = taking(clock, [0.01] * 99, told, "ours"), taking(clock, [0.005] * 99, told, "floor")
    line = measure(Pair(name="x", ours=ours, floor=floor, repeatable=True, alternates=True), rounds=1)
    assert (line["ours_s"], line["floor_s"], line["ratio"]) == pytest.approx((0.01, 0.005, 2))
    assert told[-8:] == ["ours", "floor"] * 4


def test_short_work_is_timed_in_a_loop(clock: Clock):
    told: list[str] = []
    ours, floor = taking(clock, [0.01] * 99, told, "ours"), taking(clock, [0.005] * 99, told, "floor")
    line = measure(Pair(name="x", ours=ours, floor=floor, repeatable=True), rounds=1)
    assert line["ratio"] == pytest.approx(2)
    assert told.count("floor") == 1 + 2 + 4 + 4  # looking for the number of loops, then the round


def test_a_command_that_fails_fails_the_measurement():
    with pytest.raises(Exception, match="non-zero exit"):
        command(sys.executable, "-c", "raise SystemExit(3)").sample(1)
    with pytest.raises(Exception, match="non-zero exit"):
        peak_memory_mib([sys.executable, "-c", "raise SystemExit(3)"])


def test_peak_memory_sees_what_a_program_held_at_once():
    least = peak_memory_mib([sys.executable, "-c", "pass"])
    assert peak_memory_mib([sys.executable, "-c", "x = bytearray(64 * 1024 * 1024)"]) > least + 60
