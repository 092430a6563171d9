"""How long plugins take and what they answer, where that is asked for: measured and told, never cut short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Literal, cast

import attrs

from ..ports.hook import Refusal
from ..ports.watching import HookCall
from ..records import Record, declaration_of
from .faults import told
from .hook import Hook, Plugged

Outcome = Literal["answered", "failed", "passed over"]
_LONGEST: Final = 100


@attrs.define
class Spent:
    """What a plugin's hooks took.

    Attributes:
        calls: how many.
        total_s, slowest_s: seconds of all, and of the slowest.
        overruns: how many took longer than the budget.
    """

    calls: int = 0
    total_s: float = 0.0
    slowest_s: float = 0.0
    overruns: int = 0

    def add(self, took_s: float, *, is_over: bool) -> None:
        """Count one call."""
        self.calls += 1
        self.total_s += took_s
        self.slowest_s = max(self.slowest_s, took_s)
        self.overruns += is_over


@attrs.frozen(kw_only=True, eq=False)
class Watch:
    """Looks on while hooks are called.

    Attributes:
        clock: seconds that only grow.
        trace: is told of every call.
        budget_s: seconds that one call may take; None: any.
        on_overrun: is told of a call that took longer.
        spent: plugin -> what its hooks took.
    """

    clock: Callable[[], float]
    trace: Callable[[HookCall], object] | None = None
    budget_s: float | None = None
    on_overrun: Callable[[Plugged, str, float], object]
    spent: dict[str, Spent] = attrs.field(factory=dict[str, Spent])

    def over_hook(self, hook: Hook) -> Hook:
        """Return a hook whose calls are watched."""
        return attrs.evolve(hook, function=self.over(hook.function, hook.plugin, hook.offer.hook, hook.name))

    def over(
        self, function: Callable[..., Any], plugin: Plugged, kind: str, name: str, of: type[Record] | None = None
    ) -> Callable[..., Any]:
        """Return a function that is watched, also where it raises; ``of`` where its argument does not say its record type."""
        clock, note = self.clock, self._noted(plugin, kind, name, of)

        def call(*args: Any) -> Any:
            begun = clock()
            try:
                answer = function(*args)
            except BaseException as error:
                note(clock() - begun, args, None, error)
                raise
            note(clock() - begun, args, answer, None)
            return answer

        return call

    def _noted(self, plugin: Plugged, kind: str, name: str, of: type[Record] | None) -> Callable[..., None]:
        spent = self.spent.setdefault(plugin.name, Spent())

        def note(took_s: float, args: Sequence[Any], answer: Any, error: BaseException | None) -> None:
            is_over = self.budget_s is not None and took_s > self.budget_s
            spent.add(took_s, is_over=is_over)
            if is_over:
                self.on_overrun(plugin, name, took_s)

            def made() -> HookCall:
                words = told(plugin, error) if error else plugin.redacted(_answered(args[0], answer))
                outcome: Outcome = "failed" if error else "answered"
                about = {"told": words[:_LONGEST], "took_s": took_s, "is_over": is_over}
                return _call(plugin, kind, name, of or args[0], outcome=outcome, **about)

            self._tell(made)

        return note

    def passed_over(self, hook: Hook, subject: Any) -> None:
        """Tell of a call that was not made, since the plugin is quarantined."""
        self._tell(lambda: _call(hook.plugin, hook.offer.hook, hook.name, subject, outcome="passed over"))

    def _tell(self, make: Callable[[], HookCall]) -> None:
        if self.trace is not None:
            with suppress(Exception):  # the host's own code, and words about a plugin's answer: no fault of the call
                self.trace(make())


def _call(plugin: Plugged, kind: str, name: str, subject: Any, **more: Any) -> HookCall:
    return HookCall(
        hook=kind, plugin=plugin.name, distribution=plugin.distribution, version=plugin.version, function=name,
        record_type=_type_of(subject), **more,
    )  # fmt: skip


def _type_of(subject: Any) -> str:
    if isinstance(subject, list | tuple):
        return _type_of(cast("Sequence[Any]", subject)[0])
    record = getattr(subject, "after", None) or getattr(subject, "record", None) or subject
    of: Any = record if isinstance(record, type) else type(record)
    return declaration_of(of).name if issubclass(of, Record) else ""


def _answered(subject: Any, answer: Any) -> str:
    """What a hook answered, in a few words and never with a value of the record."""
    if answer is None:
        return ""
    if answer is getattr(subject, "after", None):
        return "left as it is"
    if isinstance(answer, Refusal):
        return f"refused: {answer.reason!s}"[:_LONGEST]
    if isinstance(answer, Record):
        return _changed(subject, answer)
    if isinstance(answer, list | tuple):
        answers = cast("Sequence[Any]", answer)
        return f"{sum(1 for one in answers if one is not None)} of {len(answers)} refused"
    return f"a {type(answer).__name__}"


def _changed(subject: Any, answer: Record) -> str:
    before = getattr(subject, "after", None)
    if type(before) is not type(answer):
        return f"a {type(answer).__name__}"
    fields = [one.name for one in declaration_of(type(answer)).fields]
    return "changed " + ", ".join(name for name in fields if getattr(before, name) != getattr(answer, name))
