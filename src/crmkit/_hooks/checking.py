"""Checks of one record type, compiled: one that fails refuses, for what does not answer did not allow."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, cast

import attrs

from ..errors import RefusedError
from ..ports.work import Change, Refusal
from .contexts import context_of
from .faults import LET_THROUGH, WrongResult, check_fault, through, wrong
from .hook import Hook

Judge = Callable[[Sequence[Change[Any]], Any], Mapping[int, RefusedError]]
Checker = Callable[[Sequence[Change[Any]], Any], None]
_Found = Sequence[tuple[int, Hook, Refusal]]
"""Refusals as they are found: the change's place, who refuses, why."""
_NONE: Final = MappingProxyType[int, RefusedError]({})
_LONGEST = 1_000
"""Characters of a reason; what is longer is cut."""


def compile_judges(hooks: Sequence[Hook]) -> Judge:
    """Return a function of (changes, face) that returns the refusals by the change's place; one tells all reasons of a change.

    It raises PluginError where a hook fails: then none of the changes may be kept.
    """
    return _compiled(hooks, _Ending(_errors, _NONE))


def compile_checkers(hooks: Sequence[Hook]) -> Checker:
    """Return a function of (changes, face) that raises the refusal of the first change that is refused; else as ``compile_judges``."""
    return _compiled(hooks, _Ending(_raise_first, None))


@attrs.frozen
class _Ending:
    """What is made of the refusals that were found, and what is returned where there are none."""

    of: Callable[[_Found], Any]
    nothing: Any


def _raise_first(found: _Found) -> None:
    refused = _errors(found)
    raise refused[min(refused)]


def _compiled(hooks: Sequence[Hook], ending: _Ending) -> Callable[[Sequence[Change[Any]], Any], Any]:
    groups = [(kind, tuple(group)) for kind, group in itertools.groupby(hooks, _kind)]
    if len(groups) == 1:
        return _step(*groups[0], ending)
    steps = [_step(kind, group, _Ending(tuple, ())) for kind, group in groups]

    def judge(changes: Sequence[Change[Any]], face: Any) -> Any:
        found = [refusal for step in steps for refusal in step(changes, face)]
        return ending.of(found) if found else ending.nothing

    return judge


def _kind(hook: Hook) -> str:
    return "batch" if hook.offer.batch else "context" if hook.offer.takes_context else "change"


def _step(kind: str, hooks: tuple[Hook, ...], ending: _Ending) -> Callable[[Sequence[Change[Any]], Any], Any]:
    """Compile neighbours that are called in one way: the loop over them decides nothing that is known beforehand."""
    kind = "alone" if kind == "change" and len(hooks) == 1 else kind
    return {"batch": _batched, "context": _with_context, "change": _plain, "alone": _alone}[kind](
        hooks, ending.of, ending.nothing
    )


def _plain(hooks: tuple[Hook, ...], end: Callable[[_Found], Any], nothing: Any) -> Callable[..., Any]:
    pairs = tuple((hook, hook.function) for hook in hooks)

    def step(changes: Sequence[Change[Any]], face: Any) -> Any:
        found: _Found = ()
        hook = hooks[0]
        try:
            for change in changes:
                for hook, call in pairs:
                    answer = call(change)
                    if answer is not None:
                        found = (*found, (_place(changes, change), hook, _refusal(answer)))
        except LET_THROUGH as error:
            through(hook.plugin, hook.name, error)
            raise
        except BaseException as error:  # whatever a plugin raises, SystemExit too, refuses
            raise check_fault(hook, error) from error
        return end(found) if found else nothing

    return step


def _alone(hooks: tuple[Hook, ...], end: Callable[[_Found], Any], nothing: Any) -> Callable[..., Any]:
    """As ``_plain`` for one hook, as most record types have it: one loop less for each write."""
    (hook,) = hooks
    call = hook.function

    def step(changes: Sequence[Change[Any]], face: Any) -> Any:
        found: _Found = ()
        try:
            for change in changes:
                answer = call(change)
                if answer is not None:
                    found = (*found, (_place(changes, change), hook, _refusal(answer)))
        except LET_THROUGH as error:
            through(hook.plugin, hook.name, error)
            raise
        except BaseException as error:  # as above
            raise check_fault(hook, error) from error
        return end(found) if found else nothing

    return step


def _with_context(hooks: tuple[Hook, ...], end: Callable[[_Found], Any], nothing: Any) -> Callable[..., Any]:
    pairs = tuple((hook, hook.function) for hook in hooks)

    def step(changes: Sequence[Change[Any]], face: Any) -> Any:
        found: _Found = ()
        hook = hooks[0]
        try:
            for hook, call in pairs:
                context = context_of(hook.plugin, face)
                for change in changes:
                    answer = call(change, context)
                    if answer is not None:
                        found = (*found, (_place(changes, change), hook, _refusal(answer)))
        except LET_THROUGH as error:
            through(hook.plugin, hook.name, error)
            raise
        except BaseException as error:  # as above
            raise check_fault(hook, error) from error
        return end(found) if found else nothing

    return step


def _batched(hooks: tuple[Hook, ...], end: Callable[[_Found], Any], nothing: Any) -> Callable[..., Any]:
    def step(changes: Sequence[Change[Any]], face: Any) -> Any:
        found: _Found = ()
        hook = hooks[0]
        whole = tuple(changes)  # a hook that could take changes out would take them from the checks after it
        try:
            for hook in hooks:
                takes_context = hook.offer.takes_context
                given = (whole, context_of(hook.plugin, face)) if takes_context else (whole,)
                answers = _answers(hook.function(*given), len(whole))
                found = (*found, *((n, hook, _refusal(a)) for n, a in enumerate(answers) if a is not None))
        except LET_THROUGH as error:
            through(hook.plugin, hook.name, error)
            raise
        except BaseException as error:  # as above
            raise check_fault(hook, error) from error
        return end(found) if found else nothing

    return step


def _place(changes: Sequence[Change[Any]], change: Change[Any]) -> int:
    return next(n for n, one in enumerate(changes) if one is change)


def _answers(given: object, wanted: int) -> Sequence[object]:
    if not isinstance(given, list | tuple):
        raise wrong(given, "a sequence of answers, one per change")
    answers = cast("Sequence[object]", given)
    if len(answers) != wanted:
        raise WrongResult(f"it returned {len(answers)} answers to {wanted} changes")
    return answers


def _refusal(answer: object) -> Refusal:
    if isinstance(answer, Refusal) and isinstance(answer.reason, str) and isinstance(answer.field, str | None):
        return answer
    raise wrong(answer, "a Refusal or None")


def _errors(found: _Found) -> dict[int, RefusedError]:
    by_place: dict[int, list[tuple[Hook, Refusal]]] = {}
    for place, hook, refusal in found:
        by_place.setdefault(place, []).append((hook, refusal))
    return {place: _error(place, refusals) for place, refusals in sorted(by_place.items())}


def _error(place: int, refusals: Sequence[tuple[Hook, Refusal]]) -> RefusedError:
    told = [_told(hook, refusal) for hook, refusal in refusals]
    first = refusals[0][1]
    return RefusedError(
        "\n".join(f"Refused by {one['plugin']} ({one['hook']}): {one['reason']}" for one in told),
        code=first.code,
        field=first.field,
        params={**told[0], "index": place, "refusals": tuple(told)},
    )


def _told(hook: Hook, refusal: Refusal) -> dict[str, Any]:
    plugin = hook.plugin
    return {
        "plugin": plugin.name, "distribution": plugin.distribution, "version": plugin.version, "hook": hook.name,
        "reason": refusal.reason[:_LONGEST], "field": refusal.field, "code": refusal.code,
    }  # fmt: skip
