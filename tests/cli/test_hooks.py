"""`crmkit hooks`: who is called, in which order and why; what a command calls, and how long it takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from crmkit.cli.running import outcome

PLUGINS = """
import attrs
from crmkit import AccessRule, Change, Customer, Deal, Event, Plugin, Record, Refusal, adjust, check, hookimpl, subscriber

@adjust(Customer)
def louder(change):
    return attrs.evolve(change.after, name=change.after.name.upper())

@adjust(Customer)
def is_broken(change):
    raise LookupError("no such table")

@check(Record)
def allows(change):
    return Refusal("No Bob.") if getattr(change.after, "name", "") == "BOB" else None

@subscriber(Customer, "added")
def is_told(event):
    print("told")

def all_(actor):
    return None

first = Plugin("first", offers=[louder, AccessRule(of=Deal, rule=all_)], after=["second"])
second = Plugin("second", offers=[is_broken, allows, is_told])
"""
Run = Callable[..., str]


def installed() -> str:
    return json.dumps(sorted(point.name for point in metadata.entry_points(group="crmkit1")))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in a folder with two plugins of its own."""
    module = f"hooked_{tmp_path.name.replace('-', '_')}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / f"{module}.py").write_text(PLUGINS, "utf-8")
    (tmp_path / "crmkit.toml").write_text(
        f'store = "sqlite:///crm.db"\nplugins = ["{module}:first", "{module}:second"]\ndisabled = {installed()}\n',
        "utf-8",
    )

    def call(*words: str, code: int = 0) -> str:
        found = outcome(words)
        told = capsys.readouterr()
        assert found == code, told.err
        return told.out if code == 0 else told.out + told.err

    return call


def order(run: Run, *words: str) -> list[tuple[Any, ...]]:
    rows = json.loads(run("hooks", "order", *words, "--json"))
    return [(row["hook"], row["of"], row["place"], row["plugin"], row["function"], *row["why"]) for row in rows]


FIRST, SECOND = "after second: it says so", "before first: first says so"


def test_who_is_called_in_which_order_and_why(run: Run):
    assert [row for row in order(run) if row[0] != "offers"] == [
        ("access", "deal", 1, "first", "all_", FIRST),
        ("adjust", "customer", 1, "second", "is_broken", SECOND),
        ("adjust", "customer", 2, "first", "louder", FIRST),
        ("check", "every type", 1, "second", "allows", SECOND),
        ("subscriber", "customer", 1, "second", "is_told", SECOND),
    ]


def test_one_hook_and_one_record_type(run: Run):
    assert order(run, "crmkit_check_batch") == [("check", "every type", 1, "second", "allows", SECOND)]
    assert order(run, "adjust", "--of", "deals") == []
    offering = [row[3] for row in order(run, "offers")]
    assert offering.index("kpis") < offering.index("second") < offering.index("first")
    assert "WHY THERE" in run("hooks", "order", "adjust")
    assert "Did you mean 'adjust'?" in run("hooks", "order", "adjst", code=2)


def test_the_host_has_the_last_word(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CRMKIT_ORDER", "first,second")
    assert [row[3:] for row in order(run, "adjust")] == [
        ("first", "louder", "before second: the project's order says so"),
        ("second", "is_broken", "after first: the project's order says so"),
    ]


def test_a_trace_tells_each_call_and_the_calls_add_up(run: Run):
    told = json.loads(run("hooks", "trace", "--json", "customers", "add", "Anna"))
    assert [
        (c["hook"], c["plugin"], c["function"], c["record_type"], c["outcome"], c["told"]) for c in told["calls"]
    ] == [
        ("adjust", "second", "is_broken", "customer", "failed", "LookupError: no such table"),
        ("adjust", "first", "louder", "customer", "answered", "changed name"),
        ("check", "second", "allows", "customer", "answered", ""),
        ("subscriber", "second", "is_told", "customer", "answered", ""),
    ]
    total = sum(call["took_s"] for call in told["calls"])
    assert total == pytest.approx(told["hooks_s"], rel=0.05)
    assert total == pytest.approx(sum(spent["took_s"] for spent in told["plugins"].values()), rel=0.05)
    assert told["hooks_s"] < told["took_s"]
    assert {name: spent["calls"] for name, spent in told["plugins"].items()} == {"first": 1, "second": 3}
    assert [(event["name"], event["plugin"], event["hook"]) for event in told["events"]] == [
        ("plugin.failed", "second", "is_broken")
    ]
    assert told["command"] == ["customers", "add", "Anna"]
    assert "told" in told["output"]
    assert json.loads(told["output"].splitlines()[0])["name"] == "ANNA"


def test_one_hook_is_listened_to(run: Run):
    told = json.loads(run("hooks", "trace", "check", "customers", "add", "Anna", "--json"))
    assert [call["hook"] for call in told["calls"]] == ["check"]


def test_for_people(run: Run):
    told = run("hooks", "trace", "--budget-ms", "0", "customers", "add", "Anna")
    assert told.startswith("added customer ")
    assert "adjust\tcustomer\tfirst\tlouder\t1\t" in told
    assert "\tfailed LookupError: no such table\n" in told
    assert "Plugin second overran in its hook is_broken: it took " in told
    assert "4 calls of 2 plugins took " in told


def test_a_command_that_fails_is_traced_and_fails(run: Run):
    told = run("hooks", "trace", "customers", "add", "Bob", code=4)
    assert "\trefused: No Bob.\n" in told
    assert "Refused by second (allows): No Bob." in told


def test_a_command_that_does_not_exist_is_told_with_the_nearest(run: Run):
    assert "Did you mean 'customers'?" in run("hooks", "trace", "custmers", "add", "Anna", code=2)
