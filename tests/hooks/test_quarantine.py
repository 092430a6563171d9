"""A plugin that keeps failing is passed over, and tried again after a while; one that checks never."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit._hooks import Hook, Hooks, Plugged
from crmkit.ports.work import Change, Refusal, adjust, check, hook_of
from crmkit.records import Deal

LINE = 1 + next(
    n
    for n, line in enumerate(Path(__file__).read_text("utf-8").splitlines())
    if line.endswith("# the line that is told")
)


class Plugin:
    """One adjust hook whose health is set from outside, and how often it was called."""

    def __init__(self) -> None:
        self.is_well, self.calls, self.now = False, 0, 0.0

        @adjust(Deal)
        def hook(change: Change[Deal]) -> Deal:
            self.calls += 1
            if not self.is_well:
                raise ValueError  # the line that is told
            return attrs.evolve(change.after, title="adjusted")

        self.hook: Any = hook

    def clock(self) -> float:
        return self.now


def title(hooks: Hooks) -> str:
    adjusters = hooks.adjusters(Deal)
    assert adjusters is not None
    made: Any = adjusters(Change(None, Deal(title="as it was"), "added"), None)
    return made.title


@pytest.fixture
def plugin() -> Plugin:
    return Plugin()


def test_after_five_failures_in_a_row_it_is_passed_over(compiled, plugin):
    hooks = compiled(plugin.hook, clock=plugin.clock)
    for _ in range(9):
        assert title(hooks) == "as it was"
    assert plugin.calls == 5
    assert hooks.quarantined == {"p1"}


def test_a_success_in_between_starts_afresh(compiled, plugin):
    hooks = compiled(plugin.hook, clock=plugin.clock)
    for n in range(20):
        plugin.is_well = n % 5 == 4
        title(hooks)
    assert plugin.calls == 20
    assert not hooks.quarantined


def test_one_call_is_tried_after_a_while_and_brings_it_back(compiled, plugin):
    hooks = compiled(plugin.hook, clock=plugin.clock)
    for _ in range(5):
        title(hooks)
    plugin.now, plugin.is_well = 59.9, True
    assert title(hooks) == "as it was"
    plugin.now = 60.0
    assert title(hooks) == "adjusted"
    assert not hooks.quarantined
    assert title(hooks) == "adjusted"


def test_a_probe_that_fails_costs_one_call_and_another_while(compiled, plugin):
    hooks = compiled(plugin.hook, clock=plugin.clock)
    for _ in range(5):
        title(hooks)
    for minute in range(1, 4):
        plugin.now = 60.0 * minute
        title(hooks)
        title(hooks)
        assert plugin.calls == 5 + minute


def test_it_is_logged_when_it_begins_and_when_it_is_passed_over(compiled, plugin, caplog):
    hooks = compiled(plugin.hook, clock=plugin.clock)
    for _ in range(20):
        title(hooks)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert (
        caplog.messages[0]
        == f"Plugin p1 (crmkit-p1 1.0) failed in its hook hook: ValueError at {__file__}:{LINE}. The record was kept without it."
    )
    assert caplog.messages[1].endswith("Its hooks are passed over, and tried again every 60 s.")
    assert [getattr(record, "event", "") for record in caplog.records] == ["plugin.failed", "plugin.quarantined"]
    assert [report.name for report in hooks.reports] == ["plugin.failed"] * 5 + ["plugin.quarantined"]


def test_many_threads_get_one_probe(compiled, plugin):
    hooks = compiled(plugin.hook, clock=plugin.clock)
    for _ in range(5):
        title(hooks)
    plugin.now = 60.0
    threads = [threading.Thread(target=title, args=(hooks,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert plugin.calls == 6


def test_others_go_on(compiled, plugin):
    well = Plugin()
    well.is_well = True
    hooks = compiled(plugin.hook, well.hook)
    for _ in range(20):
        assert title(hooks) == "adjusted"
    assert (hooks.quarantined, well.calls) == ({"p1"}, 20)


def test_a_plugin_that_checks_is_never_passed_over(compiled, plugin):
    @check(Deal)
    def allows(change: Change[Deal]) -> Refusal | None:
        return None

    hooks = compiled(("both", plugin.hook), ("both", allows))
    for _ in range(20):
        title(hooks)
    assert (hooks.quarantined, plugin.calls) == (frozenset(), 20)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 1.0, 30.0, 60.0])), max_size=60))
def test_it_goes_as_the_model_says(steps: list[tuple[bool, float]]):
    """Called exactly when the model calls it: closed, or open and due."""
    plugin = Plugin()
    offer = hook_of(plugin.hook)
    assert offer is not None
    hooks = Hooks([Hook(plugin=Plugged(name="p1"), name="hook", function=plugin.hook, offer=offer)], clock=plugin.clock)
    failures, due, calls = 0, None, 0
    for is_well, passed in steps:
        plugin.is_well, plugin.now = is_well, plugin.now + passed
        if due is None or plugin.now >= due:
            calls += 1
            failures = 0 if is_well else failures + 1
            due = plugin.now + 60 if failures >= 5 else None
        title(hooks)
        assert (plugin.calls, bool(hooks.quarantined)) == (calls, due is not None)
