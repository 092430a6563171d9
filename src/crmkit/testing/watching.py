"""Watching a plugin's hooks: what each was given and what it did, while a CRM calls them as it always does."""

from __future__ import annotations

import copy
import functools
import time
import types
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import attrs

from ..ports.hook import Change, Event, HookOffer, hook_of
from ..ports.plugin import Plugin
from ..records import Record
from ..records.as_json import to_json

HOOKS: Final = {
    "crmkit_adjust": HookOffer(hook="adjust", of=Record, name="crmkit_adjust"),
    "crmkit_check": HookOffer(hook="check", of=Record, name="crmkit_check"),
    "crmkit_check_batch": HookOffer(hook="check", of=Record, batch=True, name="crmkit_check_batch"),
    "crmkit_subscribe": HookOffer(hook="subscriber", of=Record, name="crmkit_subscribe"),
}
"""The hooks of a plain module, as the decorators would note them."""


@attrs.frozen(kw_only=True)
class Watched:
    """A hook function of a plugin, and what its decorator noted."""

    name: str
    function: Callable[..., Any] = attrs.field(repr=False)
    note: HookOffer
    is_plain: bool = False


@attrs.frozen(kw_only=True, eq=False)
class Call:
    """One call of a hook.

    Attributes:
        given: its arguments, the subject first.
        before, after: the subject as JSON before and after the call.
        answer: what it returned; error: what it raised, or None.
        seconds: how long it took.
    """

    hook: Watched
    given: tuple[Any, ...]
    before: Any
    after: Any
    answer: Any = None
    error: BaseException | None = None
    seconds: float = 0.0

    @property
    def subjects(self) -> tuple[Any, ...]:
        """The changes (or the event) that it was called for."""
        first = self.given[0]
        return tuple(cast("Sequence[Any]", first)) if self.hook.note.batch else (first,)


def hooks_in(plugin: Plugin | types.ModuleType) -> tuple[Watched, ...]:
    """Return the hook functions of a plugin, or of a plain module."""
    if isinstance(plugin, Plugin):
        offers: Sequence[Any] = plugin.offers
        plain: tuple[Watched, ...] = ()
    else:
        offers = plugin.crmkit_offers() if hasattr(plugin, "crmkit_offers") else ()
        found = {name: getattr(plugin, name, None) for name in HOOKS}
        plain = tuple(
            Watched(name=n, function=f, note=HOOKS[n], is_plain=True) for n, f in found.items() if callable(f)
        )
    notes = ((offer, hook_of(offer)) for offer in offers)
    return (*(Watched(name=note.name, function=offer, note=note) for offer, note in notes if note), *plain)


def watched(plugin: Plugin | types.ModuleType, calls: list[Call]) -> Any:
    """Return the plugin with its hooks watched: every call is noted in ``calls``."""
    by_function = {id(hook.function): _watching(hook, calls) for hook in hooks_in(plugin)}
    if isinstance(plugin, Plugin):
        return attrs.evolve(plugin, offers=tuple(by_function.get(id(offer), offer) for offer in plugin.offers))
    made = types.ModuleType(plugin.__name__)
    vars(made).update({name: by_function.get(id(value), value) for name, value in vars(plugin).items()})
    if hasattr(plugin, "crmkit_offers"):
        offers = tuple(by_function.get(id(offer), offer) for offer in plugin.crmkit_offers())
        vars(made)["crmkit_offers"] = functools.wraps(plugin.crmkit_offers)(lambda: offers)
    return made


def _watching(hook: Watched, calls: list[Call]) -> Callable[..., Any]:
    @functools.wraps(hook.function)
    def call(*given: Any) -> Any:
        before, answer, error = _seen(given[0]), None, None
        begun = time.perf_counter()
        try:
            answer = hook.function(*given)
        except BaseException as raised:
            error = raised
            raise
        finally:
            took = time.perf_counter() - begun
            calls.append(
                Call(
                    hook=hook,
                    given=given,
                    before=before,
                    after=_seen(given[0]),
                    answer=answer,
                    error=error,
                    seconds=took,
                )
            )
        return answer

    return call


def _seen(subject: Any) -> Any:
    """Return a subject as it is now, so that it can be compared with what becomes of it."""
    if isinstance(subject, Change):
        change = cast("Change[Any]", subject)
        sides: tuple[Record | None, Record] = (change.before, change.after)
        return (change.kind, *(None if side is None else to_json(side) for side in sides))
    if isinstance(subject, Event):
        record: Record = cast("Event[Any]", subject).record
        return (subject.key, subject.name, to_json(record), copy.deepcopy(dict(subject.values or {})))
    return [_seen(one) for one in subject] if isinstance(subject, Sequence) else subject  # pyright: ignore[reportUnknownVariableType]  # a batch of changes
