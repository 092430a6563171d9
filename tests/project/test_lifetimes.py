"""What the API says of its own age: everything that is called says since when, and nothing stays longer than announced."""

from __future__ import annotations

import importlib
import inspect

import pytest

from crmkit import hookspecs
from crmkit.ports.lifetime import Lifetime, api_version, lives, since
from crmkit.ports.plugin import API_VERSION, GROUP
from docs import lifetimes
from docs.lifetimes import over
from tests.project.test_documented import HOOKS, PORTS

pytestmark = pytest.mark.once


FOUND = lifetimes.lifetimes()


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_says_since_when_it_is_there(hook: str):
    assert lives(getattr(hookspecs, hook))


@pytest.mark.parametrize("port", PORTS)
def test_every_port_says_since_when_it_is_there(port: str):
    """What its page is about does, and so does every class with something for an author to write."""
    module = importlib.import_module(f"crmkit.ports.{port}")
    own = [one for one in vars(module).values() if getattr(one, "__module__", "") == module.__name__]
    assert [one for one in own if lives(one)]
    assert not [one for one in own if inspect.isabstract(one) and not lives(one)]


def test_nothing_is_declared_for_later_than_now():
    assert [path for path, one in FOUND.items() if api_version(one.since) > API_VERSION] == []
    assert f"crmkit{API_VERSION[0]}" == GROUP


def test_what_should_be_gone_is_gone():
    """Remove it, with its fragment: whoever used it has been told since it was deprecated."""
    assert over(FOUND, API_VERSION) == []


@pytest.mark.parametrize(("version", "gone"), [((1, 9), []), ((2, 0), ["the.one"]), ((3, 0), ["the.one", "the.other"])])
def test_a_version_that_is_reached_is_seen(version: tuple[int, int], gone: list[str]):
    planted = {
        "the.one": Lifetime(since="1.0", deprecated="1.1", removed_in="2.0", instead="x"),
        "the.other": Lifetime(since="1.0", deprecated="1.1", removed_in="3.0", instead="x"),
        "the.young": Lifetime(since="1.0"),
    }
    assert over(planted, version) == gone


def test_what_is_planted_in_a_port_is_seen(monkeypatch: pytest.MonkeyPatch):
    """Classes, their methods, their parts and the arguments of hooks."""
    from crmkit.ports import channel

    old = {"deprecated": "1.0", "removed_in": "2.0", "instead": "x"}
    worn = since("1.0", **old, parts={"delivery": Lifetime(since="1.0", **old)})
    monkeypatch.setattr(channel.Channel, "_crmkit_lifetime", lives(worn(lambda: None)))
    monkeypatch.setattr(channel.Channel, "poll", since("1.0", **old)(lambda self, mark: ((), mark)))
    monkeypatch.setattr(hookspecs.crmkit_check, "_crmkit_lifetime", lives(worn(lambda: None)))
    found = lifetimes.lifetimes()
    names = {path.removeprefix("crmkit.") for path in over(found, (2, 0))}
    assert names == {
        "hookspecs.crmkit_check",
        "hookspecs.crmkit_check(delivery)",
        "ports.channel.Channel",
        "ports.channel.Channel.delivery",
        "ports.channel.Channel.poll",
    }
