"""Sending, surveys and the worker on the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from crmkit.cli.running import outcome

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in a folder of its own; it ends as expected."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str, code: int = 0) -> str:
        found = outcome(words)
        told = capsys.readouterr()
        assert found == code, told.err
        return told.out + told.err

    call("init")
    call("customers", "add", "Anna Jansen", "--email", "anna@example.nl")
    return call


def test_a_survey_from_question_to_answer(run: Run, tmp_path: Path) -> None:
    run("surveys", "create", "nps-2026", "--type", "nps", "--throttle-days", "30")
    assert run("surveys", "send", "nps-2026", "--all").startswith("queued 1  not asked 0")
    assert "not asked 1 (asked lately 1)" in run("surveys", "send", "nps-2026", "--to", "anna@example.nl")
    assert run("work", "--once") == "messages: 1 sent, 0 refused, 0 uncertain\n"
    (letter,) = (tmp_path / "mailbox" / "sent" / "new").iterdir()
    token = re.findall(r"Your code: (\S+)", letter.read_text())[0]
    assert re.match(
        r"answered \w{6}  comment 'friendly'  nps 9\n", run("surveys", "answer", token, "nps=9", "comment=friendly")
    )
    assert "invited 1  sent 1  bounced 0  answered 1  partial 0" in run("surveys", "show", "nps-2026")
    assert json.loads(run("surveys", "show", "nps-2026", "--json"))["answered"] == 1
    assert "nps: 11 is not between 0 and 10." in run("surveys", "answer", token, "nps=11", code=2)


def test_a_message_is_sent_by_the_worker_alone(run: Run) -> None:
    assert "queued message" in run(
        "messages", "send", "anna@example.nl", "Your bicycle is ready.", "--channel", "mailbox"
    )
    assert "queued" in run("messages", "list")
    assert run("work", "--once") == "messages: 1 sent, 0 refused, 0 uncertain\n"
    assert run("work", "--once") == "Nothing waits.\n"
    assert json.loads(run("work", "--once", "--json"))["sent"] == 0
    assert run("messages", "uncertain") == "No uncertain message.\n"
    assert "Did you mean 'mailbox'" in run("messages", "send", "anna@example.nl", "Hi", "--channel", "mialbox", code=2)


def test_nobody_is_asked_by_mistake(run: Run) -> None:
    run("surveys", "create", "s", "--question", "q=csat")
    assert "Nobody is named" in run("surveys", "send", "s", code=2)
