"""Subscribers: who is told of which events. Running, repeating and giving up is the worker's affair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import attrs

from ..ports.work import Event
from ..records import Record
from .contexts import context_of
from .faults import STOPS, WrongResult, subscriber_fault, through, unrun
from .hook import Hook, Plugged
from .quarantine import Quarantine


class Call(Protocol):
    """Tells a subscriber of an event."""

    def __call__(self, event: Event[Any], face: Any, *, again: bool = False) -> None:
        """Raise PluginError where it fails."""


@attrs.frozen(kw_only=True)
class Subscription:
    """One subscriber.

    Attributes:
        name: ``plugin/function``: its durable place in the log.
        of: the record type; ``Record`` for all.
        events: what happened (``won``), or with its type (``deal.won``); empty for everything.
        imported: also of imported, copied and undone records.
        call: tells it of an event: ``call(event, face)``; raises PluginError where it fails. ``again`` where it has failed on
            this event before: that is no new failure.
        rests: whether it is passed over for now, because it kept failing.
        allows: whether it is told of an event now; where it was passed over, this is the one that is tried.
    """

    name: str
    of: type[Record]
    events: tuple[str, ...] = ()
    imported: bool = False
    call: Call = attrs.field(repr=False, eq=False)
    rests: Callable[[], bool] = attrs.field(repr=False, eq=False)
    allows: Callable[[Event[Any]], bool] = attrs.field(repr=False, eq=False)
    plugin: Plugged = attrs.field(repr=False, eq=False)

    def wants(self, of: type[Record], event: str, origin: str = "live") -> bool:
        """Whether it is told of an event of a record type: ``wants(Deal, "deal.won")``."""
        if not issubclass(of, self.of) or not (self.imported or origin == "live"):
            return False
        return not self.events or event in self.events or event.rpartition(".")[2] in self.events


def _refuse_unrun(made: object) -> None:
    if made is not None and (what := unrun(made)):
        raise WrongResult(f"it returned {what}, which nobody runs: write a plain def")


def subscription(hook: Hook, quarantine: Quarantine) -> Subscription:
    """Return the subscription that a hook function asks for."""
    takes_context = hook.offer.takes_context

    def call(event: Event[Any], face: Any, *, again: bool = False) -> None:
        try:
            made = hook.function(event, context_of(hook.plugin, face)) if takes_context else hook.function(event)
            _refuse_unrun(made)
        except STOPS as error:
            through(hook.plugin, hook.name, error)
            raise
        except BaseException as error:  # whatever a plugin raises, SystemExit too, is told with its name
            if not again:
                quarantine.failed(hook, error)
            raise subscriber_fault(hook, error) from error
        quarantine.succeeded(hook)

    return Subscription(
        name=f"{hook.plugin.name}/{hook.name}", of=hook.offer.of, events=hook.offer.events, imported=hook.offer.imported,
        call=call, rests=lambda: quarantine.rests(hook), allows=lambda event: quarantine.allows(hook, event), plugin=hook.plugin,
    )  # fmt: skip
