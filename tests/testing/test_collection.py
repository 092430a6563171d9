"""Collecting the tests of an author touches nothing of theirs: no channel is made, no store opened, no hook called."""

from __future__ import annotations

import pytest

from crmkit import testing

pytest_plugins = ["pytester"]

SUITES = [name for name in testing.__all__ if name.endswith("Contract")]
MINE = """
from pathlib import Path

import attrs
import pytest

from crmkit import Deal, Plugin, Record, Service, adjust, check, kpi, subscriber, verb
from crmkit.ports.channel import Channel
from crmkit.ports.store import SnapshotStore
from crmkit.ports.survey_type import Scale, SurveyType
from crmkit.query import count, each
from crmkit.testing import *

def touch(*_):
    Path("touched").touch()
    pytest.skip("touched")

class Mine(Channel):
    name = "mine"
    def __init__(self):
        touch()
    send = poll = receive = close = health = touch

class Store(SnapshotStore):
    scheme = "mine"
    def __init__(self, *_):
        touch()
    load = save = touch

class Asks(SurveyType):
    name = "mine"
    check = form = kpis = touch

@attrs.frozen(kw_only=True)
class Card(Record, shared=True):
    title: str
    def __attrs_post_init__(self):
        touch()

class Cards(Service):
    @verb
    def add_one(self):
        touch()

@attrs.frozen
class Settings:
    url: str = attrs.field(factory=touch)

@kpi(of=Deal, at=each(Deal).closed_at, count={"n": count()})
def mine(t):
    touch()

@check(Deal)
def checks(change):
    touch()

@subscriber(Deal)
def is_told(event):
    touch()

plugin = Plugin("mine", settings=Settings, offers=[Mine, Store, Card, Cards, mine, checks, is_told])

"""
OF_A_SUITE = """
class TestMy{suite}({suite}):
    plugin, record_type, survey_type, kpi = plugin, Card, Asks(), mine
    channel = accept = incoming = store = happens = manifest = touch
"""


def in_one_process(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    pytester.makepyfile(MINE + "".join(OF_A_SUITE.format(suite=suite) for suite in SUITES))
    return pytester.runpytest_subprocess("-q", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider", *words)


def test_nothing_is_touched_while_tests_are_collected(pytester: pytest.Pytester) -> None:
    result = in_one_process(pytester, "--collect-only")
    assert result.ret == 0, result.stdout.str()
    for suite in SUITES:
        checks = {name for name in dir(getattr(testing, suite)) if name.startswith("test_")}
        assert len([line for line in result.outlines if f"::TestMy{suite}::" in line]) >= len(checks) > 3
    assert not (pytester.path / "touched").exists()


def test_what_is_touched_would_be_seen(pytester: pytest.Pytester) -> None:
    """The control: running the same tests does touch it."""
    in_one_process(pytester, "-k", "can_be_closed_twice")
    assert (pytester.path / "touched").exists()
