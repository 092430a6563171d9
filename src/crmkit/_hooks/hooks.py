"""All hooks of one CRM, compiled once per record type."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from ..ports.watching import HookCall, PluginEvent
from ..records import Record
from .access import Watched
from .adjusting import compile_adjusters
from .checking import compile_checkers, compile_judges
from .hook import Hook
from .quarantine import IN_A_ROW, PROBE_AFTER_S, Quarantine
from .subscribing import Subscription, subscription
from .timing import Spent, Watch

T = TypeVar("T")


class _Once(dict[type[Record], T | None]):
    """What is made of a record type, once: asking again is one look into a dictionary, for each write of a record."""

    def __init__(self, make: Callable[[type[Record]], T | None]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, of: type[Record]) -> T | None:
        made = self[of] = self._make(of)
        return made


class Hooks:
    """The hooks of one CRM.

    Args:
        hooks: in the order in which they are called.
        on_event: is told what happens to plugins: failures of adjust hooks and subscribers, the quarantine, calls that took too long.
        clock: seconds that only grow; for the quarantine and for measuring.
        in_a_row: failures in a row after which what does not check is passed over.
        probe_after_s: seconds after which it is tried again.
        measure: whether to add up each plugin's time (``spent``); it makes calls dearer.
        trace: is told of every call; then time is measured too.
        budget_s: seconds that one call should take at most; then time is measured too. Nothing is cut short.

    Attributes:
        adjusters: record type -> a function of (change, face) that returns the record as its hooks leave it; None where
            there is none.
        judges: record type -> a function of (changes, face) that returns the refusals by place; None where nothing checks.
            The function raises PluginError where a hook fails: then none of the changes may be kept.
        checkers: record type -> a function of (changes, face) that raises where one may not be kept; None where nothing
            checks. It raises RefusedError for the first change that is refused, PluginError where a hook fails.
        subscribers: who is told of events.
    """

    def __init__(
        self,
        hooks: Sequence[Hook] = (),
        *,
        on_event: Callable[[PluginEvent], object] | None = None,
        clock: Callable[[], float] = time.perf_counter,
        in_a_row: int = IN_A_ROW,
        probe_after_s: float = PROBE_AFTER_S,
        measure: bool = False,
        trace: Callable[[HookCall], object] | None = None,
        budget_s: float | None = None,
    ) -> None:
        self._quarantine = Quarantine(
            checking=frozenset(hook.plugin.name for hook in hooks if hook.offer.hook == "check"),
            clock=clock, on_event=on_event, in_a_row=in_a_row, probe_after_s=probe_after_s,
        )  # fmt: skip
        is_watched = measure or trace is not None or budget_s is not None
        self._watch = (
            Watch(clock=clock, trace=trace, budget_s=budget_s, on_overrun=self._quarantine.overran)
            if is_watched
            else None
        )
        self._hooks = tuple(map(self._watch.over_hook, hooks)) if self._watch else tuple(hooks)
        self._quarantine.on_passed_over = self._watch.passed_over if self._watch else None
        quarantine = self._quarantine
        self.adjusters = self._compiled("adjust", lambda found: compile_adjusters(found, quarantine))
        self.judges = self._compiled("check", compile_judges)
        self.checkers = self._compiled("check", compile_checkers)
        self.subscribers: tuple[Subscription, ...] = tuple(
            subscription(hook, quarantine) for hook in self._hooks if hook.offer.hook == "subscriber"
        )

    def order(self, of: type[Record], hook: str) -> tuple[Hook, ...]:
        """Return the hooks of a kind (``adjust``, ``check``, ``subscriber``) for a record type, in the order of their calls."""
        return tuple(one for one in self._hooks if one.offer.hook == hook and one.concerns(of))

    def _compiled(self, hook: str, compile_: Callable[[tuple[Hook, ...]], T]) -> Callable[[type[Record]], T | None]:
        def made(of: type[Record]) -> T | None:
            found = self.order(of, hook)
            return compile_(found) if found else None

        return _Once(made).__getitem__

    def watched_rule(self, of: type[Record]) -> Watched | None:
        """Return what wraps access rules on a record type, so that they are watched as hooks are; None where nothing is."""
        watch = self._watch
        if watch is None:
            return None
        return lambda rule, plugin, name: watch.over(rule, plugin, "access", name, of)

    @property
    def reports(self) -> tuple[PluginEvent, ...]:
        """The last events of plugins, oldest first; at most 100."""
        return tuple(self._quarantine.reports)

    @property
    def quarantined(self) -> frozenset[str]:
        """Names of the plugins whose hooks are passed over now, because they kept failing."""
        return self._quarantine.names

    @property
    def spent(self) -> Mapping[str, Spent]:
        """What each plugin's hooks took, where that is measured."""
        return MappingProxyType(self._watch.spent if self._watch else {})
