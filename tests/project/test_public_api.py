"""No public name and no signature changes unannounced: every one of them stands in a file, and changes with its fragment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from crmkit.cli.customers import customers
from crmkit.errors import NotFoundError
from crmkit.ports.channel import Channel
from crmkit.services.deals import Deals
from docs import public_api
from docs.public_api import difference, lines, subject, unannounced

pytestmark = pytest.mark.once


def test_the_public_api_is_as_it_was_announced():
    changes = difference(public_api.kept(), lines())
    assert not changes, "Announce it, and write it down: python -m docs.public_api FRAGMENT\n" + "\n".join(changes)


def changed(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, value: Any = None) -> list[str]:
    """What the file would say of one change."""
    before = lines()
    monkeypatch.setattr(place, name, value) if value is not None else monkeypatch.delattr(place, name)
    return difference(before, lines())


def test_an_argument_more_is_seen(monkeypatch: pytest.MonkeyPatch):
    def send(self, delivery: Any, urgency: int) -> None: ...

    gone, new = changed(monkeypatch, Channel, "send", send)
    assert gone == "- crmkit.ports.channel.Channel.send(self, delivery: Delivery) -> Receipt"
    assert new == "+ crmkit.ports.channel.Channel.send(self, delivery: Any, urgency: int) -> None"


def test_a_verb_that_goes_is_seen(monkeypatch: pytest.MonkeyPatch):
    (gone,) = changed(monkeypatch, Deals, "lose")
    assert gone.startswith("- crmkit.CRM.deals.lose(self, deal: Which, *, reason: str = ''")


def test_another_exit_code_is_seen(monkeypatch: pytest.MonkeyPatch):
    assert len(changed(monkeypatch, NotFoundError, "exit_code", 33)) == 2


def test_an_option_that_goes_is_seen(monkeypatch: pytest.MonkeyPatch):
    command = customers.commands["add"]
    kept = [one for one in command.params if not isinstance(one, click.Option) or "--email" not in one.opts]
    assert changed(monkeypatch, command, "params", kept) == ["- $ crmkit customers add --email TEXT"]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("- crmkit.ports.channel.Channel.send(self, delivery: Delivery) -> Receipt", "send"),
        ("- crmkit.Deal.title: Annotated[str, Personal(), Searchable()] = '' keyword", "title"),
        ("- crmkit.ports.plugin.API_VERSION = (1, 0)", "API_VERSION"),
        ("- crmkit.Deal: class deal deals mutable", "Deal"),
        ("- crmkit.Deal is a Staged", "Deal"),
        ("- $ crmkit customers add --email|-e TEXT", "--email"),
        ("- $ crmkit plugins doctor", "doctor"),
        ("- CRM.open: strict: bool = False keyword", "strict"),
        ("- crmkit.toml: currency: string", "currency"),
    ],
)
def test_what_a_line_is_about(line: str, named: str):
    assert subject(line) == named


def test_what_is_new_takes_a_fragment():
    assert unannounced(["+ crmkit.crm.CRM.undo(self) -> None"], {})
    assert not unannounced(["+ crmkit.crm.CRM.undo(self) -> None"], {"+undo.added.md": "Imports are undone."})
    assert not unannounced([], {})


@pytest.mark.parametrize(
    "told", ["`Channel.poll` takes no mark any more.", "`poll` is gone.", "`poll(since)` is gone."]
)
def test_what_goes_is_named(told: str):
    change = ["- crmkit.ports.channel.Channel.poll(self, since: str) -> Any"]
    assert unannounced(change, {"+poll.added.md": told})
    assert unannounced(change, {"+poll.removed.md": "Something is gone: `polls`, poll and `re-poll`."})
    assert not unannounced(change, {"+poll.removed.md": told})


def test_what_changed_is_named_in_any_fragment():
    change = [
        "- crmkit.ports.channel.Channel.poll(self) -> Any",
        "+ crmkit.ports.channel.Channel.poll(self, since: str) -> Any",
    ]
    assert unannounced(change, {"+poll.added.md": "Polling is better."})
    assert not unannounced(change, {"+poll.added.md": "`Channel.poll` goes on where it was."})


def test_nothing_is_written_before_it_is_announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(public_api, "FILE", tmp_path / "api.txt")
    monkeypatch.setattr(public_api, "NEWS", tmp_path)
    monkeypatch.setattr(public_api, "lines", lambda: ["crmkit.new()"])
    (tmp_path / "api.txt").write_text("crmkit.old()\n")
    (tmp_path / "+renewed.changed.md").write_text("`old` is called `new`.")
    assert public_api.main([]) == 1
    assert public_api.kept() == ["crmkit.old()"]
    assert public_api.main(["newsfragments/+renewed.changed.md"]) == 0
    assert public_api.kept() == ["crmkit.new()"]
