"""Passing over what keeps failing: open after some failures in a row, tried again after a while.

The adjust hooks of a plugin are passed over together; a subscriber alone, for what it tells has nothing to do with another's.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, Final

import attrs

from ..ports.watching import PluginEvent
from .faults import event_of
from .hook import Hook, Plugged

_log = logging.getLogger("crmkit.hooks")

IN_A_ROW = 5
"""Failures in a row after which it is passed over."""
PROBE_AFTER_S = 60.0
"""Seconds after which one call is tried; where it succeeds, it is back."""
_KEPT = 100
"""Reports that are kept; the oldest goes first."""


_WORDS: Final = {
    "adjust": ("the record was kept without it", "its hooks are passed over, and tried again"),
    "subscriber": ("it is told of it again later", "what happens waits for it, and it is tried again"),
}
"""By kind of hook: what became of the call that failed, and what becomes of the next ones."""


@attrs.define
class _Breaker:
    in_a_row: int = 0
    open_until: float | None = None


@attrs.define(eq=False)
class Quarantine:
    """Failures of hooks that may be passed over; never those of a plugin that checks.

    Attributes:
        on_event: is told of failures, of plugins that are passed over from now on, and of those that are back.
        on_passed_over: is told of each call that is not made: (hook, subject).
        reports: the last events, oldest first.
        troubled: whether any adjust hook has failed since its plugin last succeeded: those look at nothing else while all is well.
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
            passed_over = [key for key, breaker in self._breakers.items() if breaker.open_until is not None]
        return frozenset(key.partition("/")[0] for key in passed_over)

    def rests(self, hook: Hook) -> bool:
        """Whether a hook is passed over, and it is not yet time to try it."""
        with self._lock:
            breaker = self._breakers.get(_key(hook))
            return breaker is not None and breaker.open_until is not None and self.clock() < breaker.open_until

    def allows(self, hook: Hook, subject: Any = None) -> bool:
        """Whether a hook is called: it is not passed over, or it is time to try it."""
        if self._is_due(_key(hook)):
            return True
        if self.on_passed_over is not None:
            self.on_passed_over(hook, subject)
        return False

    def _is_due(self, key: str) -> bool:
        with self._lock:
            breaker = self._breakers.get(key)
            if breaker is None or breaker.open_until is None:
                return True
            if self.clock() < breaker.open_until:
                return False
            breaker.open_until = self.clock() + self.probe_after_s  # one probe: other calls go on passing it over
            return True

    def succeeded(self, hook: Hook) -> None:
        """A hook answered as it should: it starts afresh."""
        with self._lock:
            gone = self._breakers.pop(_key(hook), None)
            self.troubled = self._is_troubled()
        if gone and gone.open_until is not None:
            self._tell(event_of("plugin.recovered", hook.plugin, hook.name), logging.INFO, "it is back")

    def failed(self, hook: Hook, error: BaseException) -> None:
        """A hook went wrong: report it, and pass it over from now on where that happens too often."""
        in_a_row, begins = self._count(hook)
        kept, rests = _WORDS[hook.offer.hook]
        # What goes wrong for every row of an import is not logged for every row.
        level = logging.WARNING if in_a_row == 1 else logging.DEBUG
        self._tell(event_of("plugin.failed", hook.plugin, hook.name, error), level, kept)
        if begins:
            again = f"{rests} every {self.probe_after_s:g} s"
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

    def _count(self, hook: Hook) -> tuple[int, bool]:
        """Return how often it has failed in a row now, and whether it is passed over from this failure on."""
        with self._lock:
            breaker = self._breakers.setdefault(_key(hook), _Breaker())
            self.troubled = self._is_troubled()
            breaker.in_a_row += 1
            was_open = breaker.open_until is not None
            if breaker.in_a_row >= self.in_a_row and hook.plugin.name not in self.checking:
                breaker.open_until = self.clock() + self.probe_after_s
            return breaker.in_a_row, breaker.open_until is not None and not was_open

    def _is_troubled(self) -> bool:
        return any("/" not in key for key in self._breakers)


def _key(hook: Hook) -> str:
    """Under which name failures are counted: the plugin's, for a subscriber with its own behind it."""
    return f"{hook.plugin.name}/{hook.name}" if hook.offer.hook == "subscriber" else hook.plugin.name
