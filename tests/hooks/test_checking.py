"""Checks: what allows, what refuses, and what happens where one does neither."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from crmkit.errors import CRMError, PluginError, ReentrancyError, RefusedError, StorageBusy, TryAgain
from crmkit.ports.work import Change, Context, Refusal, check
from crmkit.records import Cursor, Deal, Record, Staged, Touchpoint


def changes(*titles: str) -> list[Change[Deal]]:
    return [Change(None, Deal(title=title), "added") for title in titles]


@check(Deal)
def has_title(change: Change[Deal]) -> Refusal | None:
    return None if change.after.title else Refusal("A deal has a title.", field="title", code="untitled")


@check(Deal)
def is_short(change: Change[Deal]) -> Refusal | None:
    return Refusal("Too long.") if len(change.after.title) > 5 else None


def raising(error: BaseException) -> Any:
    @check(Deal)
    def fails(change: Change[Deal]) -> Refusal | None:
        raise error

    return fails


def answering(answer: Any, *, batch: bool = False) -> Any:
    def answers(change: Any) -> Any:
        return answer

    return check(Deal, batch=True)(answers) if batch else check(Deal)(answers)


def test_without_checks_there_is_nothing_to_call(compiled, face):
    assert compiled().checkers(Deal) is None
    assert compiled(has_title).checkers(Touchpoint) is None


def test_what_all_allow_passes(compiled, face):
    assert compiled(has_title, is_short).checkers(Deal)(changes("a", "b"), face) is None


def test_a_refusal_names_plugin_and_hook_and_field(compiled, face):
    with pytest.raises(RefusedError) as caught:
        compiled(has_title).checkers(Deal)(changes("a", ""), face)
    assert str(caught.value) == "Refused by p1 (has_title): A deal has a title."
    assert (caught.value.field, caught.value.code, caught.value.exit_code) == ("title", "untitled", 4)
    assert caught.value.params["index"] == 1
    assert caught.value.params["version"] == "1.0"


def test_judges_tell_every_refusal_by_its_place_and_all_reasons_of_one(compiled, face):
    @check(Deal)
    def no_b(change: Change[Deal], context: Context[Any]) -> Refusal | None:
        return Refusal("No b.", field="title") if "b" in change.after.title else None

    refused = compiled(is_short, no_b, has_title).judges(Deal)(changes("a", "bbbbbbb", "cccccc", "b"), face)
    hooks = {n: [one["hook"] for one in error.params["refusals"]] for n, error in refused.items()}
    assert hooks == {1: ["is_short", "no_b"], 2: ["is_short"], 3: ["no_b"]}
    assert str(refused[1]) == "Refused by p1 (is_short): Too long.\nRefused by p2 (no_b): No b."


def test_a_batch_check_gets_all_changes_and_answers_each(compiled, face):
    seen = []

    @check(Deal, batch=True)
    def each_once(found: Any) -> Any:
        seen.append(len(found))
        return [
            Refusal("Twice.") if n and found[n - 1].after.title == c.after.title else None for n, c in enumerate(found)
        ]

    refused = compiled(each_once).judges(Deal)(changes("a", "a", "b"), face)
    assert (seen, list(refused)) == ([3], [1])


@pytest.mark.parametrize(
    "fault",
    [
        raising(ValueError("no")),
        raising(SystemExit(3)),
        raising(RecursionError()),
        raising(MemoryError()),
        raising(GeneratorExit()),
        raising(RefusedError("raised")),
        raising(type("Unspeakable", (Exception,), {"__str__": lambda self: 1 / 0})()),
        raising(type("Leaving", (Exception,), {"__str__": lambda self: sys.exit(1)})()),
        answering(True),
        answering("no"),
        answering(Refusal),
        answering(Refusal(5)),  # type: ignore[arg-type] - wrong on purpose
        answering([None]),
        answering("x" * 1_000_000),
        answering(None, batch=True),
        answering([], batch=True),
        answering([None, None], batch=True),
        answering([True], batch=True),
        answering("x", batch=True),
    ],
)
def test_a_check_that_fails_refuses_and_is_named(compiled, face, fault):
    with pytest.raises(PluginError) as caught:
        compiled(has_title, fault, is_short).checkers(Deal)(changes("a"), face)
    error = caught.value
    assert (error.code, error.plugin, error.distribution, error.version) == ("check_failed", "p2", "crmkit-p2", "1.0")
    assert error.hook == fault.__name__
    assert isinstance(error.__cause__, BaseException)
    assert "p2 (crmkit-p2 1.0)" in str(error)
    assert len(str(error)) < 700


def test_a_coroutine_is_no_answer_and_is_not_left_unawaited(compiled, face):
    async def later() -> None:
        """Never awaited."""

    @check(Deal)
    def waits(change: Change[Deal]) -> Refusal | None:
        return later()  # type: ignore[return-value] - wrong on purpose

    with pytest.raises(PluginError, match="returned a coroutine"):
        compiled(waits).checkers(Deal)(changes("a"), face)


def test_secrets_of_a_plugin_are_not_told(compiled, face):
    with pytest.raises(PluginError) as caught:
        compiled(raising(ValueError("401 for token s3cr3t"))).checkers(Deal)(changes("a"), face)
    assert "token ***" in str(caught.value)


@pytest.mark.parametrize("error", [TryAgain("race"), StorageBusy("busy"), KeyboardInterrupt()])
def test_what_is_no_fault_of_the_plugin_goes_through(compiled, face, error):
    with pytest.raises(type(error)) as caught:
        compiled(raising(error)).checkers(Deal)(changes("a"), face)
    assert caught.value is error


def test_writing_from_a_check_is_told_as_such(compiled, face):
    with pytest.raises(ReentrancyError) as caught:
        compiled(raising(ReentrancyError("may only read"))).checkers(Deal)(changes("a"), face)
    assert (caught.value.code, caught.value.plugin) == ("reentrancy", "p1")


def test_a_check_that_keeps_failing_keeps_refusing(compiled, face):
    hooks = compiled(raising(ValueError()))
    for _ in range(20):
        with pytest.raises(CRMError):
            hooks.checkers(Deal)(changes("a"), face)
    assert not hooks.quarantined


def test_a_check_on_a_kind_of_record_is_one_on_each(compiled, face):
    @check(Staged)
    def staged(change: Change[Any]) -> Refusal | None:
        return Refusal("Staged.")

    @check(Record)
    def every(change: Change[Any]) -> Refusal | None:
        return Refusal("Any.")

    hooks = compiled(staged, every)
    assert [hook.name for hook in hooks.order(Deal, "check")] == ["staged", "every"]
    assert [hook.name for hook in hooks.order(Touchpoint, "check")] == ["every"]
    assert not hooks.order(Cursor, "check")


def test_what_keeps_the_house_running_is_checked_by_its_very_name_only(compiled, face):
    @check(Cursor)
    def named(change: Change[Cursor]) -> Refusal | None:
        return None

    assert [hook.name for hook in compiled(named).order(Cursor, "check")] == ["named"]
