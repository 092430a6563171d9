"""A subscriber that keeps failing rests: what happens waits in the log, one event is tried from time to time, nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmkit import CRM, Change, Deal, Event, Plugin, Refusal, adjust, check, subscriber
from crmkit.ports.watching import HookCall, PluginEvent
from crmkit.query import each
from crmkit.records import Retry
from crmkit.services.subscribers import Subscribers
from crmkit.testing import Clock


class Chat:
    """A program elsewhere that is down at times; what it was told; and a plugin with a subscriber that tells it."""

    def __init__(self) -> None:
        self.is_down, self.told, self.asked = True, list[str](), 0
        self.poison: set[str] = set()
        self.events, self.calls, self.ticks, self.clock = list[PluginEvent](), list[HookCall](), 0.0, Clock()

        @subscriber(Deal, "added")
        def tells(event: Event[Deal]) -> None:
            self.asked += 1
            if self.is_down or event.record.title in self.poison:
                raise ConnectionError("the chat is down")
            self.told.append(event.record.title)

        @adjust(Deal)
        def shouts(change: Change[Deal]) -> Deal:
            return change.after

        self.offers: list[Any] = [tells, shouts]

    def open(self, url: str, **more: Any) -> CRM:
        return CRM.open(
            url, plugins=[Plugin("chat", offers=self.offers)], discover=False, environ={}, clock=self.clock,
            ticks=lambda: self.ticks, on_plugin=self.events.append, **more,
        )  # fmt: skip

    def passes(self, seconds: float) -> None:
        self.ticks += seconds
        self.clock.advance(seconds=seconds)


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture(params=["memory:", "sqlite"])
def crm(request: pytest.FixtureRequest, chat: Chat, tmp_path: Path) -> Iterator[CRM]:
    url = f"sqlite:///{tmp_path / 'crm.db'}" if request.param == "sqlite" else "memory:"
    with chat.open(url) as made:
        yield made


def deals(crm: CRM, *titles: str) -> list[str]:
    crm.add([Deal(title=title) for title in titles])
    return list(titles)


def some(crm: CRM, n: int, word: str = "deal") -> list[str]:
    return deals(crm, *(f"{word}-{i:03}" for i in range(n)))


def waiting(crm: CRM) -> int:
    return len(list(crm.find(Retry, each(Retry).status == "waiting")))


def test_after_five_failures_in_a_row_the_rest_waits(crm: CRM, chat: Chat) -> None:
    """The sixth and all that follow are not told, and cost no try; it is an event, and a state that is shown."""
    some(crm, 120)
    (outcome,) = crm.work().subscribers
    assert (chat.asked, outcome.failed, outcome.waiting, outcome.rests) == (5, 5, 5, True)
    assert [event.name for event in chat.events] == ["plugin.failed"] * 5 + ["plugin.quarantined"]
    assert (chat.events[-1].hook, {s.name: s.state for s in crm.plugins}["chat"]) == ("tells", "quarantined")
    crm.work()
    assert chat.asked == 5


def test_one_event_is_tried_each_minute(crm: CRM, chat: Chat) -> None:
    some(crm, 20)
    crm.work()
    for minute in range(1, 5):
        chat.passes(60)
        crm.work()
        crm.work()
        assert chat.asked == 5 + minute
    assert waiting(crm) == 9, "no event that was tried already was tried again"


def test_where_it_succeeds_everything_is_told_once(crm: CRM, chat: Chat) -> None:
    """An outage of a day, many times the hours after which single events are put aside."""
    titles = some(crm, 120)
    for _ in range(24):
        crm.work()
        chat.passes(3600)
    titles += some(crm, 7, "later")
    chat.is_down = False
    crm.work()
    chat.passes(3600)
    crm.work()
    assert sorted(chat.told) == sorted(titles)
    assert chat.events[-1].name == "plugin.recovered"
    assert {s.name: s.state for s in crm.plugins}["chat"] == "active"
    assert not list(crm.find(Retry))


def test_events_that_fail_each_time_hold_up_no_others(crm: CRM, chat: Chat) -> None:
    """What was tried before is no new failure: ten bad events fail again and again, and others are told at once."""
    chat.is_down, chat.poison = False, {f"bad-{i}" for i in range(10)}
    deals(crm, *(f"{word}-{i}" for i in range(10) for word in ("bad", "well")))
    crm.work()
    assert waiting(crm) == 10
    for day in range(8):
        chat.passes(86_400)
        deals(crm, f"good-{day}")
        crm.work()
        assert chat.told[-1] == f"good-{day}"
    assert "plugin.quarantined" not in [event.name for event in chat.events]


def test_what_is_tried_again_is_left_as_it_is_while_it_rests(crm: CRM, chat: Chat) -> None:
    chat.is_down, chat.poison = False, {"bad"}
    deals(crm, "bad")
    crm.work()
    chat.is_down = True
    some(crm, 5)
    chat.passes(5)
    crm.work()
    chat.passes(30)
    crm.work()
    assert {one.attempts for one in crm.find(Retry)} == {1}


def test_without_new_events_one_that_failed_is_tried(crm: CRM, chat: Chat) -> None:
    """The others lose no try, and are left for whoever comes next."""
    some(crm, 5)
    crm.work()
    chat.passes(60)
    crm.work()
    assert sorted(one.attempts for one in crm.find(Retry)) == [1, 1, 1, 1, 2]
    assert {one.lease_until for one in crm.find(Retry)} == {None}


def test_adjust_hooks_of_the_plugin_go_on(chat: Chat) -> None:
    """A record is not kept otherwise because a program elsewhere is down."""
    with chat.open("memory:", trace=chat.calls.append) as crm:
        some(crm, 9)
        crm.work()
        chat.calls.clear()
        deals(crm, "one more")
    assert [(call.function, call.outcome) for call in chat.calls] == [("shouts", "answered")]


def test_a_plugin_that_checks_does_not_rest(chat: Chat) -> None:
    @check(Deal)
    def allows(change: Change[Deal]) -> Refusal | None:
        return None

    chat.offers.append(allows)
    with chat.open("memory:") as crm:
        some(crm, 20)
        crm.work()
        assert (chat.asked, {s.name: s.state for s in crm.plugins}["chat"]) == (20, "active")


def test_what_was_put_aside_is_listed_and_told_again(crm: CRM, chat: Chat) -> None:
    chat.is_down, chat.poison = False, {"bad"}
    deals(crm, "bad", "good")
    for _ in range(10):
        crm.work()
        chat.passes(7200)
    (late,) = crm.service(Subscribers).late()
    assert (late.subscriber, late.waiting, late.put_aside) == ("chat/tells", 0, 1)
    assert "1 event was put aside after 10 tries. Plugin chat failed in its subscriber tells: ConnectionError" in str(
        late
    )
    chat.poison.clear()
    assert crm.work().total == 0
    assert crm.service(Subscribers).tell_again() == 1
    crm.work()
    assert chat.told == ["good", "bad"]
    assert crm.service(Subscribers).late() == ()
