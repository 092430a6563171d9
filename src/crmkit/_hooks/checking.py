"""Checks of one record type, compiled: one that fails refuses, for what does not answer did not allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, cast

from ..errors import RefusedError
from ..ports.work import Change, Refusal
from .contexts import context_of
from .faults import LET_THROUGH, WrongResult, check_fault, wrong
from .hook import Hook

Judge = Callable[[Sequence[Change[Any]], Any], Mapping[int, RefusedError]]
Checker = Callable[[Sequence[Change[Any]], Any], None]
_NONE: Final = MappingProxyType[int, RefusedError]({})
_LONGEST = 1_000
"""Characters of a reason; what is longer is cut."""


def compile_judges(hooks: Sequence[Hook]) -> Judge:
    """Return a function of (changes, face) that returns the refusals by the change's place; the first hook that refuses counts.

    It raises PluginError where a hook fails: then none of the changes may be kept.
    """
    steps = tuple((hook, hook.function, hook.offer.takes_context, hook.offer.batch) for hook in hooks)

    def judge(changes: Sequence[Change[Any]], face: Any) -> Mapping[int, RefusedError]:
        refused: Mapping[int, RefusedError] = _NONE
        for hook, call, takes_context, batch in steps:
            try:
                if batch:
                    made = call(changes, context_of(hook.plugin, face)) if takes_context else call(changes)
                    refused = _answered(hook, changes, made, refused)
                    continue
                context = context_of(hook.plugin, face) if takes_context else None
                for change in changes:
                    answer = call(change, context) if takes_context else call(change)
                    if answer is not None:
                        refused = _refused(hook, changes, change, answer, refused)
            except LET_THROUGH:
                raise
            except BaseException as error:  # whatever a plugin raises, SystemExit too, refuses
                raise check_fault(hook, error) from error
        return refused

    return judge


def compile_checkers(judge: Judge) -> Checker:
    """Return a function of (changes, face) that raises the first refusal, in the order of the changes."""

    def check(changes: Sequence[Change[Any]], face: Any) -> None:
        refused = judge(changes, face)
        if refused:
            raise refused[min(refused)]

    return check


def _refused(
    hook: Hook, changes: Sequence[Change[Any]], change: Change[Any], answer: object, refused: Mapping[int, RefusedError]
) -> Mapping[int, RefusedError]:
    index = next(n for n, one in enumerate(changes) if one is change)
    return {index: _error(hook, _refusal(answer), index), **refused}


def _answered(
    hook: Hook, changes: Sequence[Change[Any]], given: object, refused: Mapping[int, RefusedError]
) -> Mapping[int, RefusedError]:
    if not isinstance(given, list | tuple):
        raise wrong(given, "a sequence of answers, one per change")
    answers = cast("Sequence[object]", given)
    if len(answers) != len(changes):
        raise WrongResult(f"it returned {len(answers)} answers to {len(changes)} changes")
    made = {n: _error(hook, _refusal(answer), n) for n, answer in enumerate(answers) if answer is not None}
    return {**made, **refused} if made else refused


def _refusal(answer: object) -> Refusal:
    if isinstance(answer, Refusal) and isinstance(answer.reason, str) and isinstance(answer.field, str | None):
        return answer
    raise wrong(answer, "a Refusal or None")


def _error(hook: Hook, refusal: Refusal, index: int) -> RefusedError:
    plugin = hook.plugin
    return RefusedError(
        f"Refused by {plugin.name} ({hook.name}): {refusal.reason[:_LONGEST]}",
        code=refusal.code,
        field=refusal.field,
        params={
            "plugin": plugin.name, "distribution": plugin.distribution, "version": plugin.version, "hook": hook.name,
            "reason": refusal.reason[:_LONGEST], "index": index,
        },
    )  # fmt: skip
