"""Time per plugin is measured where it is asked for, and only there."""

from __future__ import annotations

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


def test_nothing_is_measured_unasked(compiled, face):
    hooks = compiled(allows)
    hooks.checkers(Deal)([Change(None, Deal(), "added")], face)
    assert not hooks.spent
