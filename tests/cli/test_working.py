"""`crmkit work`, and what the doctor tells of events that subscribers failed on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from crmkit import CRM
from crmkit.cli.running import outcome
from crmkit.records import Retry

PLUGIN = """
from pathlib import Path
from crmkit import Customer, Event, Plugin, subscriber

@subscriber(Customer, "added")
def tells(event: Event[Customer]) -> None:
    if not Path("mended").exists():
        raise ConnectionError("the chat is down")
    Path("told").write_text(event.record.name)

plugin = Plugin("chat", offers=[tells])
"""
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in a folder with a plugin of its own whose subscriber fails until there is a file."""
    module = f"chat_{tmp_path.name.replace('-', '_')}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path(f"{module}.py").write_text(PLUGIN, "utf-8")
    Path("crmkit.toml").write_text(f'store = "sqlite:///crm.db"\nplugins = ["{module}"]\n', "utf-8")

    def call(*words: str, code: int = 0) -> str:
        assert outcome(words) == code
        told = capsys.readouterr()
        return told.out + told.err

    return call


def put_aside() -> None:
    """As ten tries would."""
    with CRM.project() as crm:
        crm.replace([attrs.evolve(one, status="dead", attempts=10) for one in crm.find(Retry)])


def test_what_waits_for_another_try_is_told_by_the_doctor(run: Run) -> None:
    """Nobody has to do anything yet."""
    run("customers", "add", "Anna")
    told = run("plugins", "doctor")
    assert (
        "chat/tells: 1 event waits for another try. Plugin chat failed in its subscriber tells: ConnectionError" in told
    )


def test_what_was_put_aside_needs_a_hand_and_is_told_again(run: Run) -> None:
    run("customers", "add", "Anna")
    put_aside()
    assert "chat/tells: 1 event was put aside after 10 tries." in run("plugins", "doctor", code=7)
    (late,) = json.loads(run("plugins", "doctor", "--json", code=7))["late"]
    assert (late["subscriber"], late["waiting"], late["put_aside"]) == ("chat/tells", 0, 1)
    assert "1 done" not in run("work", "--once")
    Path("mended").touch()
    told = run("work", "--once", "--again")
    assert "1 event will be told again." in told
    assert "chat/tells 1 done, 0 failed, 0 waiting" in told
    assert Path("told").read_text("utf-8") == "Anna"
    run("plugins", "doctor")


def test_a_subscriber_that_rests_is_told(run: Run) -> None:
    """What it fails on in this run; what happened after that waits for it."""
    with CRM.project() as crm:
        for n in range(9):
            crm.customers.add(name=f"Anna {n}")
    told = run("work", "--once")
    assert "chat/tells 0 done, 5 failed, 5 waiting, passed over for now (it keeps failing)" in told
