"""``crmkit interactions`` and ``crmkit timeline``: what passed between customers and us, and what is planned."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

import click

from ..crm import CRM
from ..records import AnyRef, Customer, Interaction
from .arguments import instant, record
from .showing import Cells, name_of, offer, say, show, shown
from .state import current_run

ARROWS = {"in": "<-", "out": "->", "internal": "--"}


@click.command(help="What passed between a customer and us, newest first.")
@click.argument("customer", type=record(Customer))
@click.option("--limit", default=30, show_default=True)
@click.option("--since", type=instant())
@click.option("--until", type=instant())
@click.option("--channel", default="")
@click.option("--after", help="Go on after the last page: its `next`.")
@click.pass_obj
def timeline(  # noqa: PLR0917  # a command's options
    crm: CRM,
    customer: Customer,
    limit: int,
    since: datetime | None,
    until: datetime | None,
    channel: str,
    after: str | None,
) -> None:
    """Show a timeline, grouped by day."""
    page = crm.interactions.timeline(customer, limit=limit, since=since, until=until, channel=channel, after=after)
    if current_run().json:
        show(page)
        return
    click.echo(f"\n{customer.name}  {name_of(customer)}\n")
    for day, ones in groupby(page, lambda one: shown(one.occurred_at)[:10]):
        click.echo(click.style(day, bold=True))
        for one in ones:
            click.echo(_line(one))
    if not page:
        click.echo("Nothing yet.")
    click.echo()
    if page.next:
        same = {"limit": limit, "since": since, "until": until, "channel": channel}
        offer(f"More: crmkit timeline {name_of(customer)}{_options(same)} --after {page.next}")


def _options(values: Mapping[str, object]) -> str:
    """Return options as they are typed, without those that were not given: `` --channel email``."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    words = {name: value.isoformat() if isinstance(value, datetime) else str(value) for name, value in given.items()}
    return "".join(f" --{name} {shlex.quote(word)}" for name, word in words.items())


def _line(one: Interaction) -> str:
    where = f"  ({one.touchpoint})" if one.touchpoint else ""
    mood = f"  [{one.sentiment}]" if one.sentiment else ""
    first = one.subject or one.body.partition("\n")[0]
    return f"  {shown(one.occurred_at)[11:]}  {ARROWS[one.direction]} {one.channel or one.kind:<10} {first[:70]}{where}{mood}"


@click.group(help="Interactions: record, plan, due, done, waiting.")
def interactions() -> None:
    """Group of commands."""


@interactions.command("record", help="Keep an exchange that has happened.")
@click.argument("customer", type=record(Customer))
@click.argument("subject")
@click.option("--channel", default="phone", show_default=True)
@click.option("--direction", type=click.Choice(["in", "out", "internal"]), default="in", show_default=True)
@click.option("--touchpoint", default="")
@click.option("--body", default="")
@click.option("--agent", help="Who handled it.")
@click.option("--sentiment", type=click.Choice(["positive", "neutral", "negative"]))
@click.option("--outcome", default="")
@click.option("--at", "occurred_at", type=instant(), help="When; by default now.")
@click.pass_obj
def record_(crm: CRM, /, customer: Customer, subject: str, sentiment: str | None, **fields: Any) -> None:
    """Record."""
    made = crm.interactions.record(customer, subject=subject, sentiment=sentiment or "", **fields)
    show(made, verb="recorded")


@interactions.command(help="Plan a task or reminder.")
@click.argument("customer", type=record(Customer))
@click.argument("what")
@click.option("--at", type=instant(), required=True, help="When it is due: 2026-11-30T10:00, in the CRM's time zone.")
@click.option("--agent", help="Who is to do it.")
@click.option("--repeat", "recurrence", type=click.Choice(["daily", "weekly", "monthly", "yearly"]))
@click.pass_obj
def plan(crm: CRM, customer: Customer, what: str, at: datetime, agent: str | None, recurrence: str | None) -> None:
    """Plan."""
    made = crm.interactions.plan(customer, what, at=at, agent=agent, recurrence=recurrence or "")
    show(made, verb="planned", next_step=f"When it is done: crmkit interactions done {name_of(made)}")


@interactions.command(help="What is planned and due.")
@click.option("--agent", help="Of one agent or team.")
@click.option("--until", type=instant(), help="Also what is due until then.")
@click.pass_obj
def due(crm: CRM, agent: str | None, until: datetime | None) -> None:
    """List what is due."""
    found = crm.interactions.due(agent=agent, until=until)
    _table(crm, found, "DUE", lambda one: one.due_at, "planned interaction")


@interactions.command(help="Customers who wait for an answer, longest first.")
@click.option("--touchpoint", default="")
@click.pass_obj
def waiting(crm: CRM, touchpoint: str) -> None:
    """List who waits."""
    _table(
        crm,
        crm.interactions.waiting(touchpoint=touchpoint),
        "SINCE",
        lambda one: one.occurred_at,
        "message without an answer",
    )


def _table(crm: CRM, found: Any, when: str, at: Callable[[Interaction], object], noun: str) -> None:
    if current_run().json:
        show(found)
        return
    names = crm.get_many(Customer, {one.customer for one in found if one.customer})
    columns: Cells = {
        "ID": name_of,
        when: at,
        "CUSTOMER": lambda one: names[one.customer].name if one.customer in names else "",
        "CHANNEL": lambda one: one.channel or one.kind,
        "WHAT": lambda one: one.subject,
        "AGENT": lambda one: _agent(crm, one.agent),
    }
    show(list(found), columns=columns, noun=noun)


def _agent(crm: CRM, ref: AnyRef | None) -> str:
    if ref is None:
        return ""
    found = crm.get_many(crm.house.type_named(ref.type), [ref.id]).get(ref.id)
    return str(getattr(found, "key", ""))


@interactions.command(help="A planned interaction is done; a repeated one is planned again.")
@click.argument("planned", type=record(Interaction))
@click.option("--outcome", default="")
@click.option("--at", type=instant())
@click.pass_obj
def done(crm: CRM, planned: Interaction, outcome: str, at: datetime | None) -> None:
    """Done."""
    made = crm.interactions.done(planned, outcome=outcome, at=at)
    say(f"done: {made.subject}  {shown(made.occurred_at)}", id=made.id)
