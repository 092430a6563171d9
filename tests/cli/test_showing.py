"""What commands print: data into pipes, next steps to people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crmkit.cli.kpis import periods_in_words
from crmkit.cli.running import outcome

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in a folder of its own, its output in a pipe; it ends as expected."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str, code: int = 0) -> str:
        found = outcome(["--no-plugins", *words])
        told = capsys.readouterr()
        assert found == code, told.err
        return told.out if code == 0 else told.err

    call("init")
    call("customers", "add", "Anna Jansen", "--email", "anna@example.nl")
    for subject in ("first", "second", "third"):
        call("interactions", "record", "anna@example.nl", subject)
    return call


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on a terminal reads the output."""
    return lambda: monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


TIMELINE = ("timeline", "anna@example.nl", "--limit", "2", "--channel", "phone", "--since", "2020-01-01")
STEPS = {
    "timeline": (TIMELINE, "More: crmkit timeline "),
    "customers": (("customers", "find", "--limit", "1"), "More: --after "),
    "kpis": (("kpis", "list"), "One of them: crmkit kpis show nps"),
}


@pytest.mark.parametrize("case", STEPS)
def test_a_next_step_is_for_terminals(run: Run, terminal: Callable[[], None], case: str) -> None:
    """Into a pipe go the rows alone."""
    run("customers", "add", "Bert")
    words, step = STEPS[case]
    assert step not in run(*words)
    terminal()
    assert step in run(*words)


def test_more_of_a_timeline_is_more_of_the_same(run: Run, terminal: Callable[[], None]) -> None:
    terminal()
    (step,) = (line for line in run(*TIMELINE).splitlines() if line.startswith("More: crmkit "))
    options = step.split()[4:]
    assert options[:2] == ["--limit", "2"]
    assert options[options.index("--channel") + 1] == "phone"
    assert options[options.index("--since") + 1].startswith("20")
    rest = run(*step.split()[2:])
    assert ("first" in rest, "second" in rest) == (True, False)


def test_durations_for_programs_are_in_seconds(run: Run) -> None:
    run("deals", "open", "anna@example.nl", "Bicycle")
    deal = json.loads(run("deals", "find", "--json"))["records"][0]["id"]
    run("deals", "move", deal, "qualified")
    first = json.loads(run("deals", "durations", "--json"))[0]
    assert isinstance(first["median_s"], float)
    assert 0 <= first["low_s"] <= first["median_s"] <= first["high_s"]
    assert "median" not in first


@pytest.mark.parametrize("last", ["0", "-3"])
def test_no_period_is_no_wish(run: Run, last: str) -> None:
    assert f"`last` is {last}: ask for 1 period or more." in run(
        "kpis", "show", "nps", "--by", "month", "--last", last, code=2
    )


@pytest.mark.parametrize(
    ("calendar", "words"),
    [
        ("month", "months"),
        ("30-days", "periods of 30 days"),
        ("year-from-april", "years from april"),
        ("week-from-saturday", "weeks from saturday"),
    ],
)
def test_periods_have_a_plural(calendar: str, words: str) -> None:
    assert periods_in_words(calendar) == words
