"""Checks of one record type, compiled: one that fails refuses, for what does not answer did not allow."""

from __future__ import annotations

import itertools
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
    steps = tuple(_step(kind, tuple(group)) for kind, group in itertools.groupby(hooks, _kind))
    if len(steps) == 1:
        return steps[0]

    def judge(changes: Sequence[Change[Any]], face: Any) -> Mapping[int, RefusedError]:
        refused: Mapping[int, RefusedError] = _NONE
        for step in steps:
            found = step(changes, face)
            if found:
                refused = {**found, **refused}
        return refused

    return judge


def _kind(hook: Hook) -> str:
    return "batch" if hook.offer.batch else "context" if hook.offer.takes_context else "change"


def _step(kind: str, hooks: tuple[Hook, ...]) -> Judge:
    """Compile neighbours that are called in one way: the loop over them decides nothing that is known beforehand."""
    return {"batch": _batched, "context": _with_context, "change": _plain}[kind](hooks)


def _plain(hooks: tuple[Hook, ...]) -> Judge:
    pairs = tuple((hook, hook.function) for hook in hooks)

    def judge(changes: Sequence[Change[Any]], face: Any) -> Mapping[int, RefusedError]:
        refused: Mapping[int, RefusedError] = _NONE
        hook = hooks[0]
        try:
            for change in changes:
                for hook, call in pairs:
                    answer = call(change)
                    if answer is not None:
                        refused = _refused(hook, changes, change, answer, refused)
        except LET_THROUGH:
            raise
        except BaseException as error:  # whatever a plugin raises, SystemExit too, refuses
            raise check_fault(hook, error) from error
        return refused

    return judge


def _with_context(hooks: tuple[Hook, ...]) -> Judge:
    pairs = tuple((hook, hook.function) for hook in hooks)

    def judge(changes: Sequence[Change[Any]], face: Any) -> Mapping[int, RefusedError]:
        refused: Mapping[int, RefusedError] = _NONE
        hook = hooks[0]
        try:
            for hook, call in pairs:
                context = context_of(hook.plugin, face)
                for change in changes:
                    answer = call(change, context)
                    if answer is not None:
                        refused = _refused(hook, changes, change, answer, refused)
        except LET_THROUGH:
            raise
        except BaseException as error:  # as above
            raise check_fault(hook, error) from error
        return refused

    return judge


def _batched(hooks: tuple[Hook, ...]) -> Judge:
    def judge(changes: Sequence[Change[Any]], face: Any) -> Mapping[int, RefusedError]:
        refused: Mapping[int, RefusedError] = _NONE
        hook = hooks[0]
        try:
            for hook in hooks:
                takes_context = hook.offer.takes_context
                given = (changes, context_of(hook.plugin, face)) if takes_context else (changes,)
                refused = _answered(hook, changes, hook.function(*given), refused)
        except LET_THROUGH:
            raise
        except BaseException as error:  # as above
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
