"""Passing over a plugin that keeps failing: open after some failures in a row, tried again after a while."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection
from datetime import UTC, datetime

import attrs

from .faults import HookFailure, failure_of
from .hook import Hook

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
        reports: the last failures, oldest first.
        troubled: whether any plugin has failed since it last succeeded: hooks look at nothing else while all is well.
    """

    checking: Collection[str]
    clock: Callable[[], float]
    on_failure: Callable[[HookFailure], object] | None = None
    in_a_row: int = IN_A_ROW
    probe_after_s: float = PROBE_AFTER_S
    reports: deque[HookFailure] = attrs.field(factory=lambda: deque[HookFailure](maxlen=_KEPT))
    troubled: bool = False
    _breakers: dict[str, _Breaker] = attrs.field(factory=dict[str, _Breaker])
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    @property
    def names(self) -> frozenset[str]:
        """The plugins that are passed over now."""
        return frozenset(name for name, breaker in self._breakers.items() if breaker.open_until is not None)

    def allows(self, hook: Hook) -> bool:
        """Whether a hook is called: its plugin is not passed over, or it is time to try it."""
        with self._lock:
            breaker = self._breakers.get(hook.plugin.name)
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
            _log.info("plugin %s is back", hook.plugin, extra={"plugin": hook.plugin.name})

    def failed(self, hook: Hook, error: BaseException) -> None:
        """A hook went wrong: report it, and pass its plugin over where that happens too often."""
        in_a_row, is_passed_over = self._count(hook.plugin.name)
        failure = failure_of(hook, error, datetime.now(UTC), is_passed_over=is_passed_over)
        self.reports.append(failure)
        if in_a_row in (1, self.in_a_row):  # what goes wrong for every row of an import is not told for every row
            what = "its hooks are passed over" if is_passed_over else "the record was kept without it"
            facts = {"plugin": failure.plugin, "version": failure.version, "hook": failure.hook}
            _log.warning(
                "Plugin %s failed in its hook %s (%s): %s.", hook.plugin, hook.name, failure.told, what, extra=facts
            )
        if self.on_failure is not None:
            self.on_failure(failure)

    def _count(self, name: str) -> tuple[int, bool]:
        """Return how often the plugin has failed in a row now, and whether it is passed over from now on."""
        with self._lock:
            breaker = self._breakers.setdefault(name, _Breaker())
            self.troubled = True
            breaker.in_a_row += 1
            if breaker.in_a_row >= self.in_a_row and name not in self.checking:
                breaker.open_until = self.clock() + self.probe_after_s
            return breaker.in_a_row, breaker.open_until is not None
