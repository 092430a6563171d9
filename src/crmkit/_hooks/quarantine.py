"""Passing over a plugin that keeps failing: open after some failures in a row, tried again after a while."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import attrs

from ..ports.watching import PluginEvent
from .faults import event_of
from .hook import Hook, Plugged

_log = logging.getLogger("crmkit.hooks")

IN_A_ROW = 5
"""Failures in a row after which a plugin is passed over."""
PROBE_AFTER_S = 60.0
"""Seconds after which one call is tried; where it succeeds, the plugin is back."""
_KEPT = 100
"""Reports that are kept; the oldest goes first."""


@attrs.define
class _Breaker:
    in_a_row: int = 0
    open_until: float | None = None


@attrs.define(eq=False)
class Quarantine:
    """Failures of plugins whose hooks may be passed over; never of one that checks.

    Attributes:
        on_event: is told of failures, of plugins that are passed over from now on, and of those that are back.
        on_passed_over: is told of each call that is not made: (hook, subject).
        reports: the last events, oldest first.
        troubled: whether any plugin has failed since it last succeeded: hooks look at nothing else while all is well.
    """

    checking: Collection[str]
    clock: Callable[[], float]
    on_event: Callable[[PluginEvent], object] | None = None
    on_passed_over: Callable[[Hook, Any], object] | None = None
    in_a_row: int = IN_A_ROW
    probe_after_s: float = PROBE_AFTER_S
    reports: deque[PluginEvent] = attrs.field(factory=lambda: deque[PluginEvent](maxlen=_KEPT))
    troubled: bool = False
    _breakers: dict[str, _Breaker] = attrs.field(factory=dict[str, _Breaker])
    _overran: set[tuple[str, str]] = attrs.field(factory=set[tuple[str, str]])
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    @property
    def names(self) -> frozenset[str]:
        """The plugins that are passed over now."""
        with self._lock:
            return frozenset(name for name, breaker in self._breakers.items() if breaker.open_until is not None)

    def allows(self, hook: Hook, subject: Any = None) -> bool:
        """Whether a hook is called: its plugin is not passed over, or it is time to try it."""
        if self._is_due(hook.plugin.name):
            return True
        if self.on_passed_over is not None:
            self.on_passed_over(hook, subject)
        return False

    def _is_due(self, name: str) -> bool:
        with self._lock:
            breaker = self._breakers.get(name)
            if breaker is None or breaker.open_until is None:
                return True
            if self.clock() < breaker.open_until:
                return False
            breaker.open_until = self.clock() + self.probe_after_s  # one probe: other calls go on passing it over
            return True

    def succeeded(self, hook: Hook) -> None:
        """A hook answered as it should: its plugin starts afresh."""
        with self._lock:
            gone = self._breakers.pop(hook.plugin.name, None)
            self.troubled = bool(self._breakers)
        if gone and gone.open_until is not None:
            self._tell(event_of("plugin.recovered", hook.plugin, hook.name), logging.INFO, "it is back")

    def failed(self, hook: Hook, error: BaseException) -> None:
        """A hook went wrong: report it, and pass its plugin over where that happens too often."""
        in_a_row, begins = self._count(hook.plugin.name)
        # What goes wrong for every row of an import is not logged for every row.
        level = logging.WARNING if in_a_row == 1 else logging.DEBUG
        self._tell(event_of("plugin.failed", hook.plugin, hook.name, error), level, "the record was kept without it")
        if begins:
            again = f"its hooks are passed over, and tried again every {self.probe_after_s:g} s"
            self._tell(event_of("plugin.quarantined", hook.plugin, hook.name, error), logging.WARNING, again)

    def overran(self, plugin: Plugged, hook: str, took_s: float) -> None:
        """A hook took longer than it should: told once."""
        with self._lock:
            is_new = (plugin.name, hook) not in self._overran
            self._overran.add((plugin.name, hook))
        if is_new:
            event = event_of("plugin.overran", plugin, hook, words=f"it took {took_s * 1000:,.0f} ms")
            self._tell(event, logging.WARNING, "it can not be stopped")

    def _tell(self, event: PluginEvent, level: int, what: str) -> None:
        self.reports.append(event)
        facts = {"event": event.name, "plugin": event.plugin, "distribution": event.distribution, "version": event.version,
                 "hook": event.hook}  # fmt: skip
        _log.log(level, "%s %s.", event, what[:1].upper() + what[1:], extra=facts)
        if self.on_event is not None:
            with suppress(Exception):  # the host's own code: its fault must not become the record's
                self.on_event(event)

    def _count(self, name: str) -> tuple[int, bool]:
        """Return how often the plugin has failed in a row now, and whether it is passed over from this failure on."""
        with self._lock:
            breaker = self._breakers.setdefault(name, _Breaker())
            self.troubled = True
            breaker.in_a_row += 1
            was_open = breaker.open_until is not None
            if breaker.in_a_row >= self.in_a_row and name not in self.checking:
                breaker.open_until = self.clock() + self.probe_after_s
            return breaker.in_a_row, breaker.open_until is not None and not was_open
