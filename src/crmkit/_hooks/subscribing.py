"""Subscribers: who is told of which events. Running, repeating and giving up is the worker's affair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from ..ports.work import Event
from ..records import Record
from .contexts import context_of
from .faults import STOPS, WrongResult, subscriber_fault, through, unrun
from .hook import Hook, Plugged


@attrs.frozen(kw_only=True)
class Subscription:
    """One subscriber.

    Attributes:
        name: ``plugin/function``: its durable place in the log.
        of: the record type; ``Record`` for all.
        events: what happened (``won``), or with its type (``deal.won``); empty for everything.
        imported: also of imported, copied and undone records.
        call: tells it of an event: ``call(event, face)``; raises PluginError where it fails.
    """

    name: str
    of: type[Record]
    events: tuple[str, ...] = ()
    imported: bool = False
    call: Callable[[Event[Any], Any], None] = attrs.field(repr=False, eq=False)
    plugin: Plugged = attrs.field(repr=False, eq=False)

    def wants(self, of: type[Record], event: str, origin: str = "live") -> bool:
        """Whether it is told of an event of a record type: ``wants(Deal, "deal.won")``."""
        if not issubclass(of, self.of) or not (self.imported or origin == "live"):
            return False
        return not self.events or event in self.events or event.rpartition(".")[2] in self.events


def subscription(hook: Hook) -> Subscription:
    """Return the subscription that a hook function asks for."""
    takes_context = hook.offer.takes_context

    def call(event: Event[Any], face: Any) -> None:
        try:
            made = hook.function(event, context_of(hook.plugin, face)) if takes_context else hook.function(event)
        except STOPS as error:
            through(hook.plugin, hook.name, error)
            raise
        except BaseException as error:  # whatever a plugin raises, SystemExit too, is told with its name
            raise subscriber_fault(hook, error) from error
        if made is not None and (what := unrun(made)):
            raise subscriber_fault(hook, WrongResult(f"it returned {what}, which nobody runs: write a plain def"))

    return Subscription(
        name=f"{hook.plugin.name}/{hook.name}", of=hook.offer.of, events=hook.offer.events, imported=hook.offer.imported,
        call=call, plugin=hook.plugin,
    )  # fmt: skip
