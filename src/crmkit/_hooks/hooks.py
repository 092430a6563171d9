"""All hooks of one CRM, compiled once per record type."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

import attrs

from ..records import Record
from .adjusting import compile_adjusters
from .checking import compile_checkers, compile_judges
from .faults import HookFailure
from .hook import Hook
from .quarantine import IN_A_ROW, PROBE_AFTER_S, Quarantine
from .subscribing import Subscription, subscription
from .timing import Spent, timed

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
        on_failure: told of every adjust hook that was passed over.
        clock: seconds that only grow; for the quarantine.
        in_a_row: failures in a row after which a plugin that does not check is passed over.
        probe_after_s: seconds after which it is tried again.
        measure: whether to add up each plugin's time (``spent``); it makes calls dearer.

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
        on_failure: Callable[[HookFailure], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
        in_a_row: int = IN_A_ROW,
        probe_after_s: float = PROBE_AFTER_S,
        measure: bool = False,
    ) -> None:
        self._spent: dict[str, Spent] = {}
        self._hooks = tuple(_measured(hook, self._spent) for hook in hooks) if measure else tuple(hooks)
        self._quarantine = Quarantine(
            checking=frozenset(hook.plugin.name for hook in hooks if hook.offer.hook == "check"),
            clock=clock, on_failure=on_failure, in_a_row=in_a_row, probe_after_s=probe_after_s,
        )  # fmt: skip
        quarantine = self._quarantine
        self.adjusters = self._compiled("adjust", lambda found: compile_adjusters(found, quarantine))
        self.judges = self._compiled("check", compile_judges)
        self.checkers = self._compiled("check", compile_checkers)
        self.subscribers: tuple[Subscription, ...] = tuple(
            subscription(hook) for hook in self._hooks if hook.offer.hook == "subscriber"
        )

    def order(self, of: type[Record], hook: str) -> tuple[Hook, ...]:
        """Return the hooks of a kind (``adjust``, ``check``, ``subscriber``) for a record type, in the order of their calls."""
        return tuple(one for one in self._hooks if one.offer.hook == hook and one.concerns(of))

    def _compiled(self, hook: str, compile_: Callable[[tuple[Hook, ...]], T]) -> Callable[[type[Record]], T | None]:
        def made(of: type[Record]) -> T | None:
            found = self.order(of, hook)
            return compile_(found) if found else None

        return _Once(made).__getitem__

    @property
    def reports(self) -> tuple[HookFailure, ...]:
        """The last failures of adjust hooks, oldest first; at most 100."""
        return tuple(self._quarantine.reports)

    @property
    def quarantined(self) -> frozenset[str]:
        """Names of the plugins whose hooks are passed over now, because they kept failing."""
        return self._quarantine.names

    @property
    def spent(self) -> Mapping[str, Spent]:
        """What each plugin's hooks took, where that is measured."""
        return MappingProxyType(self._spent)


def _measured(hook: Hook, spent: dict[str, Spent]) -> Hook:
    own = spent.setdefault(hook.plugin.name, Spent())
    return attrs.evolve(hook, function=timed(hook.function, own))
