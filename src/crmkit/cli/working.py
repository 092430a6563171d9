"""``crmkit work``: what waits is done here: reminders, messages, what channels bring, subscribers."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import click

from ..crm import CRM
from ..services.subscribers import Subscribers
from ..services.working import Worked
from .showing import as_json, say
from .state import current_run

RESTS: Final = ", passed over for now (it keeps failing)"


@click.command(help="Run what waits: subscribers, reminders, messages. Goes on until it is stopped.")
@click.option("--once", is_flag=True, help="Stop when nothing waits any more.")
@click.option("--again", is_flag=True, help="First let subscribers try again what was put aside after too many tries.")
@click.option("--limit", "limit_s", type=click.FloatRange(min=0), metavar="SECONDS", help="Stop after so many seconds.")
@click.pass_obj
def work(crm: CRM, once: bool, again: bool, limit_s: float | None) -> None:
    """Work: a line for each round that did something; the first stop signal lets the running step end."""
    current_run().drains = False
    if again:
        count = crm.service(Subscribers).tell_again()
        click.echo(f"{count} event{'' if count == 1 else 's'} will be told again.", err=True)
    if once:
        _tell(crm.work(limit_s=limit_s), always=True)
        return
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stopping(stop))
    if not current_run().json:
        click.echo("Working; stop with Ctrl-C.", err=True)
    crm.work(limit_s=limit_s, until=stop, tell=_tell)


def _stopping(stop: threading.Event) -> Callable[[int, object], None]:
    def handler(_: int, __: object) -> None:
        stop.set()

    return handler


def _tell(done: Worked, *, always: bool = False) -> None:
    facts: dict[str, Any] = as_json(done)
    lines = list(_lines(done)) or (["Nothing waits."] if always else [])
    if current_run().json:
        say("", **facts)
    else:
        for line in lines:
            click.echo(line)


def _lines(done: Worked) -> Iterator[str]:
    if done.subscribers:
        count = len(done.subscribers)
        told = ", ".join(
            f"{one.name} {one.done} done, {one.failed} failed, {one.waiting} waiting{RESTS if one.rests else ''}"
            for one in done.subscribers
        )
        yield f"{count} subscriber{'' if count == 1 else 's'} ran: {told}"
    if done.sent or done.refused or done.uncertain:
        yield f"messages: {done.sent} sent, {done.refused} refused, {done.uncertain} uncertain"
    if done.uncertain:
        yield "Nobody knows whether the uncertain ones were sent: crmkit messages uncertain"
    if done.received:
        yield f"received: {done.received}"
    if done.reminders:
        yield f"reminders: {done.reminders} became due: crmkit interactions due"
    if done.erasures:
        yield f"erasures: {done.erasures} looked at once more"
