"""Work that waits: subscribers, reminders, queued messages. What ``crmkit work`` and ``crm.work()`` run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs

from .._work.feed import Told, number
from ..ports.work import Service, verb
from .erasing.again import Again
from .messages import Messages
from .reminders import Reminders
from .subscribers import Outcome, Subscribers

IDLE_S: Final = 1.0
POLL_S: Final = 20.0
"""A worker that goes on asks the channels so often what came in; one that runs once asks once."""


@attrs.frozen(kw_only=True)
class Worked:
    """What one call of the worker did.

    Attributes:
        subscribers: what each of them did.
        reminders: how many planned interactions became due.
        sent, uncertain: messages handed over and accepted; messages of which nobody knows.
        refused: messages that may not go, or that the provider refused for good.
        received: messages and status reports that came in.
        erasures: how many erasures were brought to their end, or looked at once more.
    """

    subscribers: tuple[Outcome, ...] = ()
    reminders: int = 0
    sent: int = 0
    uncertain: int = 0
    refused: int = 0
    received: int = 0
    erasures: int = 0

    @property
    def total(self) -> int:
        """How much was done at all."""
        return (
            self.reminders
            + self.sent
            + self.uncertain
            + self.refused
            + self.received
            + self.erasures
            + sum(outcome.done + outcome.failed for outcome in self.subscribers)
        )

    def plus(self, other: Worked) -> Worked:
        """Return what both rounds did together."""
        merged = {outcome.name: outcome for outcome in self.subscribers}
        for new in other.subscribers:
            old = merged.get(new.name, Outcome(new.name))
            merged[new.name] = attrs.evolve(new, done=old.done + new.done, failed=old.failed + new.failed)
        return Worked(
            subscribers=tuple(merged.values()), reminders=self.reminders + other.reminders, sent=self.sent + other.sent,
            uncertain=self.uncertain + other.uncertain, refused=self.refused + other.refused,
            received=self.received + other.received, erasures=self.erasures + other.erasures,
        )  # fmt: skip


class Working(Service):
    """The worker. It runs where it is called, opens no thread, and may run in many processes at once."""

    @verb(long=True)
    def run(
        self,
        *,
        limit_s: float | None = None,
        until: threading.Event | None = None,
        tell: Callable[[Worked], None] | None = None,
    ) -> Worked:
        """Do what waits, in rounds.

        Args:
            limit_s: begin nothing new after so many seconds; without it and without ``until``, stop when a round finds nothing
                to do.
            until: go on, waiting for more, until this event is set.
            tell: is told of each round that did something.
        """
        end = None if limit_s is None else time.monotonic() + limit_s
        woken: threading.Event = self.unit.house.woken
        total, asked_at = Worked(), -POLL_S
        while True:
            woken.clear()
            done = Worked()
            if time.monotonic() - asked_at >= POLL_S:
                done, asked_at = self._asked(end), time.monotonic()
            done = done.plus(self._round(end))
            total = total.plus(done)
            if tell is not None and done.total:
                tell(done)
            if (until is not None and until.is_set()) or (end is not None and time.monotonic() >= end):
                return total
            if done.total == 0:
                if until is None:
                    return total
                woken.wait(IDLE_S)

    @verb(long=True)
    def tell_subscribers(self, *, limit_s: float | None = None) -> tuple[Outcome, ...]:
        """Tell subscribers what happened, and do nothing else: no message is sent."""
        crm: Any = self.unit
        end = None if limit_s is None else time.monotonic() + limit_s
        total = Worked()
        while True:
            done = Worked(subscribers=self._numbered_and_told(crm))
            total = total.plus(done)
            if done.total == 0 or (end is not None and time.monotonic() >= end):
                return total.subscribers

    def _asked(self, end: float | None) -> Worked:
        """Ask the channels what came in, and look once more at who was erased a while ago."""
        left_s = None if end is None else max(0.0, end - time.monotonic())
        return Worked(erasures=self.service(Again).look(limit_s=left_s), received=self.service(Messages).poll().total)

    def _round(self, end: float | None) -> Worked:
        crm: Any = self.unit
        reminders = self.service(Reminders).remind()
        left_s = None if end is None else max(0.0, end - time.monotonic())
        sent = self.service(Messages).deliver(limit_s=left_s)
        crm.runner.store.tend(limit_s=None if end is None else max(0.0, end - time.monotonic()))
        return Worked(
            subscribers=self._numbered_and_told(crm), reminders=reminders, sent=sent.sent, uncertain=sent.uncertain, refused=sent.refused,
        )  # fmt: skip

    def _numbered_and_told(self, crm: Any) -> tuple[Outcome, ...]:
        while number(crm.runner):
            pass
        return tuple(self._told(crm))

    def _told(self, crm: Any) -> Iterator[Outcome]:
        subscriptions = crm.house.hooks.subscribers
        subscribers = self.service(Subscribers)
        subscribers.ensure([subscription.name for subscription in subscriptions])
        for subscription in subscriptions:

            def face(told: Told, name: str = subscription.name) -> Any:
                return crm.caused_by(told.unit.id, f"plugin:{name.partition('/')[0]}")

            yield subscribers.tell(subscription, face)
