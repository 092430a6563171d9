"""Subscribers: who wants which event, and how their failures are told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crmkit.errors import PluginError, TryAgain
from crmkit.ports.work import Context, Event, subscriber
from crmkit.records import Deal, Record, Touchpoint

AT = datetime(2026, 11, 2, tzinfo=UTC)


def event() -> Event[Deal]:
    return Event(key="k", name="deal.won", record=Deal(), at=AT)


def subscribing(does: Any, *events: str, **more: Any) -> Any:
    @subscriber(Deal, *events, **more)
    def tells(event: Event[Deal], context: Context[Any]) -> None:
        return does(event, context)

    return tells


def test_a_subscriber_is_told_with_its_context(compiled, face):
    seen: list[Any] = []
    (one,) = compiled(subscribing(lambda event, context: seen.append((event.name, context.crm)))).subscribers
    one.call(event(), face)
    assert (one.name, one.of, seen) == ("p1/tells", Deal, [("deal.won", face)])


def test_it_wants_its_own_type_and_events(compiled):
    (won,) = compiled(subscribing(print, "won")).subscribers
    assert won.wants(Deal, "deal.won")
    assert not won.wants(Deal, "deal.lost")
    assert not won.wants(Touchpoint, "touchpoint.won")
    (all_,) = compiled(subscribing(print)).subscribers
    assert all_.wants(Deal, "deal.added")


def test_imported_records_are_told_only_where_asked(compiled):
    (live,) = compiled(subscribing(print)).subscribers
    assert not live.wants(Deal, "deal.added", "imported")
    (every,) = compiled(subscribing(print, imported=True)).subscribers
    assert every.wants(Deal, "deal.added", "imported")


def test_one_for_records_of_every_type(compiled):
    @subscriber(Record)
    def hears(event: Event[Any]) -> None:
        """All."""

    (one,) = compiled(hears).subscribers
    assert one.wants(Deal, "deal.won")
    assert one.wants(Touchpoint, "touchpoint.added")


@pytest.mark.parametrize("error", [ValueError("token s3cr3t"), SystemExit(1), RecursionError(), TryAgain("race")])
def test_a_failure_is_told_with_its_plugin(compiled, face, error):
    def fails(*_: Any) -> None:
        raise error

    (one,) = compiled(subscribing(fails)).subscribers
    with pytest.raises(PluginError) as caught:
        one.call(event(), face)
    assert (caught.value.code, caught.value.plugin, caught.value.hook) == ("subscriber_failed", "p1", "tells")
    assert caught.value.__cause__ is error
    assert "s3cr3t" not in str(caught.value)


def test_a_coroutine_did_nothing_and_is_a_failure(compiled, face):
    async def later() -> None:
        """Never awaited."""

    (one,) = compiled(subscribing(lambda *_: later())).subscribers
    with pytest.raises(PluginError, match="nobody runs"):
        one.call(event(), face)
