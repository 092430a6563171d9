"""Plugins with one mistake each, as an author may make it."""

from __future__ import annotations

import base64
import logging
import threading
from typing import Annotated, Any, NewType

import attrs
import click

from crmkit import (
    Change,
    Code,
    Commands,
    Context,
    Customer,
    Event,
    Personal,
    Plugin,
    Record,
    Service,
    adjust,
    subscriber,
    verb,
)
from crmkit.ports.secret import Secret


@attrs.frozen
class Settings:
    sender: str
    token: Secret
    url: str = "https://example.org"
    timeout_s: float = 10


@attrs.frozen(kw_only=True)
class Visit(Record, shared=True):
    """Right: something that people keep."""

    place: Code = ""


class Visits(Service):
    """Right: verbs that say what they do."""

    @verb
    def note(self, place: str) -> Visit:
        """Note a visit."""
        return self.add(Visit(place=place))


@click.group(help="Visits: note.")
def visits() -> None:
    """Group of commands."""


@visits.command(help="Note a visit.")
def note() -> None:
    """Note."""


good = Plugin(
    "visits",
    settings=Settings,
    offers=[Visit, Visits, Commands("visits", f"{__name__}:visits", "Visits: note.")],
)


# --- mistakes ---
@adjust(Customer)
def takes_all_tags(change: Change[Customer]) -> Customer:
    return attrs.evolve(change.after, tags=frozenset({"mine"}))


Port = NewType("Port", int)


def _port(value: Any) -> Port:
    return Port(int(value))


@attrs.frozen
class OwnTypes:
    """Its own type is looked at by its own converter, when all else is right already."""

    port: Port = attrs.field(default=Port(25), converter=_port)
    url: str = ""


@attrs.frozen
class BadDefaults:
    timeout_s: float = attrs.field(default=0.0, validator=attrs.validators.gt(0))


@attrs.frozen
class OpenSecret:
    token: str = ""


@subscriber(Customer)
def logs_secrets(event: Event[Customer], context: Context[Settings]) -> None:
    logging.getLogger(__name__).debug("telling with %s", context.settings.token.reveal())


class Remembering(Service):
    """Verbs that keep what they found for everyone."""

    known: dict[str, str] = {}

    @verb
    def learn(self, name: str) -> None:
        """Learn a name."""
        self.known[name] = name


def learns(self: Any, crm: Any) -> None:
    crm.service(Remembering).learn("Anna")


@subscriber(Customer)
def begins_threads(event: Event[Customer]) -> None:
    threading.Thread(target=threading.Event().wait, args=(1,), daemon=True).start()


class Demanding(Service):
    """Wants more than a unit of work."""

    def __init__(self, work: Any, mailer: Any) -> None:
        super().__init__(work)
        self.mailer = mailer


class HalfVerbs(Service):
    """People call what is no verb."""

    def note(self, place: str) -> Visit:
        """Note a visit."""
        return self.add(Visit(place=place))


@click.group()
def silent() -> None:
    pass


silent.help = None


def _scrambled(value: str) -> str:
    return value if value.startswith("b64:") or not value else f"b64:{base64.b64encode(value.encode()).decode()}"


@attrs.frozen(kw_only=True)
class Diary(Record, itself=True):
    """What it keeps is legible to itself alone."""

    text: Annotated[str, Personal()] = attrs.field(default="", converter=_scrambled)
