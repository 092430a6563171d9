"""Time per plugin is measured where it is asked for, and only there."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from crmkit.errors import RefusedError
from crmkit.ports.watching import HookCall, PluginEvent
from crmkit.ports.work import Change, Refusal, check
from crmkit.records import Deal


@check(Deal)
def allows(change: Change[Deal]) -> Refusal | None:
    return None


def test_calls_and_seconds_are_added_up(compiled, face):
    hooks = compiled(allows, allows, measure=True)
    hooks.checkers(Deal)([Change(None, Deal(), "added")] * 3, face)
    assert {name: spent.calls for name, spent in hooks.spent.items()} == {"p1": 3, "p2": 3}
    assert all(0 < spent.slowest_s <= spent.total_s for spent in hooks.spent.values())


class Clock:
    """Seconds that only a hook moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def slow(clock: Clock, seconds: float, answer: Refusal | None = None) -> Any:
    @check(Deal)
    def takes_long(change: Change[Deal]) -> Refusal | None:
        clock.now += seconds
        return answer

    return takes_long


def test_a_call_over_the_budget_is_told_once_and_counted_always(compiled, face):
    clock, told = Clock(), list[PluginEvent]()
    hooks = compiled(slow(clock, 0.2), slow(clock, 0.1), clock=clock, budget_s=0.15, on_event=told.append)
    for _ in range(3):
        hooks.checkers(Deal)([Change(None, Deal(), "added")], face)
    (event,) = told
    assert (event.name, event.plugin, event.hook, event.told) == (
        "plugin.overran",
        "p1",
        "takes_long",
        "it took 200 ms",
    )
    assert {name: spent.overruns for name, spent in hooks.spent.items()} == {"p1": 3, "p2": 0}


def test_every_call_is_traced_and_the_calls_add_up(compiled, face):
    clock, calls = Clock(), list[HookCall]()
    hooks = compiled(slow(clock, 0.2), slow(clock, 0.1, Refusal("No.")), clock=clock, trace=calls.append)
    with suppress(RefusedError):
        hooks.checkers(Deal)([Change(None, Deal(), "added")] * 2, face)
    assert [(c.plugin, c.function, c.record_type, c.outcome, c.told) for c in calls] == [
        ("p1", "takes_long", "deal", "answered", ""),
        ("p2", "takes_long", "deal", "answered", "refused: No."),
    ] * 2
    by_plugin = {name: spent.total_s for name, spent in hooks.spent.items()}
    assert sum(call.took_s for call in calls) == pytest.approx(sum(by_plugin.values())) == pytest.approx(0.6)


def test_a_trace_that_fails_is_no_fault_of_the_plugin(compiled, face):
    hooks = compiled(allows, trace=lambda call: 1 / 0)
    assert hooks.checkers(Deal)([Change(None, Deal(), "added")], face) is None


def test_nothing_is_measured_unasked(compiled, face):
    hooks = compiled(allows)
    hooks.checkers(Deal)([Change(None, Deal(), "added")], face)
    assert not hooks.spent
