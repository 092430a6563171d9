"""Hooks and ports say since when they are there and until when; a plugin that uses what will go is told so, once."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from crmkit import CRM, Change, Deal, Plugin, check, hookspecs
from crmkit._plugins import load
from crmkit.errors import DeclarationError
from crmkit.ports import hook
from crmkit.ports.lifetime import Lifetime, PluginDeprecation, lives, since

WORN = {"deprecated": "1.0", "removed_in": "2.0", "instead": "something newer"}
WORN_OUT = Lifetime(since="1.0", **WORN)


@since("1.0", parts={"old": WORN_OUT, "limit": WORN_OUT})
@attrs.frozen
class Door:
    """A port of the tests, of which parts will go."""

    limit: int = 0

    def new(self) -> None: ...
    def old(self) -> None: ...
    @since("1.0", **WORN)
    def older(self) -> None: ...


@since("1.0", deprecated="1.0", removed_in="2.0", instead="Door")
class OldDoor:
    """A port of the tests that will go."""


def told_of(*offers: object, name: str = "worn") -> list[str]:
    made = Plugin(name, offers=offers, version="3.1")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load([made], discover=False, builtins=False)
    assert all(one.category is PluginDeprecation for one in caught)
    return [str(one.message) for one in caught]


def test_a_port_that_goes_names_the_plugin_the_replacement_and_the_version():
    class Mine(OldDoor): ...

    assert told_of(Mine()) == [
        "Plugin worn (3.1) uses OldDoor, which is deprecated since API 1.0 and goes in 2.0: use Door."
    ]


def test_a_member_that_goes_is_told_where_a_plugin_has_it():
    class New(Door):
        def new(self) -> None: ...

    class Old(Door):
        def old(self) -> None: ...
        def older(self) -> None: ...

    assert told_of(New) == []
    assert [told.split(",")[0] for told in told_of(Old)] == [
        "Plugin worn (3.1) uses Door.old",
        "Plugin worn (3.1) uses Door.older",
    ]


def test_an_argument_that_goes_is_told_where_it_is_given():
    assert told_of(Door()) == []
    assert "uses Door.limit, which" in told_of(Door(limit=3))[0]


def test_an_argument_of_a_decorated_hook(monkeypatch: pytest.MonkeyPatch):
    @check(Deal)
    def short(change: Change[Deal]) -> None: ...
    @check(Deal)
    def long(change: Change[Deal], context: Any) -> None: ...

    monkeypatch.setattr(hook.check, "_crmkit_lifetime", lives(since("1.0", parts={"context": WORN_OUT})(lambda: 0)))
    assert told_of(short) == []
    assert "uses argument context of @check, which" in told_of(long)[0]


@pytest.fixture
def old_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    def crmkit_old(change: Any, context: Any) -> None: ...

    made = since("1.0", deprecated="1.0", removed_in="2.0", instead="crmkit_check", parts={"context": WORN_OUT})
    monkeypatch.setattr(hookspecs, "crmkit_old", made(hookspecs.hookspec(crmkit_old)), raising=False)


@pytest.mark.usefixtures("old_hook")
@pytest.mark.parametrize(("arguments", "times"), [("", 1), ("change", 1), ("context", 2)])
def test_a_hook_of_a_plain_module_and_its_arguments(site: Any, arguments: str, times: int):
    source = f"from crmkit import hookimpl\n@hookimpl\ndef crmkit_old({arguments}): ..."
    site.install("plain", source, entry="crmkit_plain")
    with pytest.warns(PluginDeprecation) as caught:
        made = load(builtins=False)
    assert made.state_of("plain").state == "active"
    told = [str(one.message) for one in caught]
    assert told[0].startswith("Plugin plain (crmkit-plain 1.0) uses crmkit_old, which is deprecated since API 1.0")
    assert told[0].endswith("goes in 2.0: use crmkit_check.")
    assert len(told) == times
    assert all(one.filename.endswith("crmkit_plain.py") and one.lineno == 2 for one in caught)


@pytest.fixture
def by_default() -> Iterator[list[warnings.WarningMessage]]:
    """Warnings as an application that wants to see them sets them up: each place once."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        yield caught


@pytest.mark.usefixtures("old_hook")
def test_each_plugin_is_told_once(site: Any, by_default: list[warnings.WarningMessage]):
    """Not for each call, and not again where another CRM is opened."""
    for name in ("one", "other"):
        site.install(
            name, "from crmkit import hookimpl\n@hookimpl\ndef crmkit_old(change): ...", entry=f"crmkit_{name}"
        )
    for _ in range(3):
        with CRM.open("memory:") as crm:
            crm.deals.open(None, title="Gazelle")
    assert sorted(str(one.message).split()[1] for one in by_default) == ["one", "other"]


def test_warnings_as_errors_stop_the_author_and_not_the_load():
    """What the author asked for by ``-W error``; everything was loaded by then."""
    with pytest.raises(PluginDeprecation, match="uses OldDoor"):
        load([Plugin("worn", offers=[OldDoor()])], discover=False, builtins=False)


@pytest.mark.parametrize(
    "said",
    [
        {"since": "1"},
        {"since": "1.0.0"},
        {"since": "one.two"},
        {"since": "1.0", "deprecated": "1.1"},
        {"since": "1.0", "removed_in": "2.0"},
        {"since": "1.0", "deprecated": "1.1", "removed_in": "2.0"},
        {"since": "1.0", "deprecated": "1.1", "removed_in": "1.3", "instead": "x"},
        {"since": "1.0", "deprecated": "1.1", "removed_in": "2.1", "instead": "x"},
        {"since": "1.2", "deprecated": "1.1", "removed_in": "2.0", "instead": "x"},
        {"since": "1.0", "deprecated": "2.1", "removed_in": "2.0", "instead": "x"},
    ],
)
def test_a_lifetime_says_all_of_it_and_nothing_goes_within_a_first_number(said: dict[str, str]):
    with pytest.raises(DeclarationError):
        Lifetime(**said)
    assert Lifetime(since="1.0", deprecated="1.9", removed_in="2.0", instead="x")
