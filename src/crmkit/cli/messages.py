"""``crmkit messages``: send, list, and settle those of which nobody knows."""

from __future__ import annotations

from datetime import datetime

import click

from ..crm import CRM
from ..records import Customer, Message
from ..records.message import DELIVERY_STATUSES
from .arguments import instant, record
from .showing import Cells, name_of, show, shown

COLUMNS: Cells = {
    "ID": name_of,
    "QUEUED": lambda one: shown(one.queued_at),
    "STATUS": lambda one: one.status,
    "CHANNEL": lambda one: one.channel,
    "TO": lambda one: one.address,
    "SUBJECT": lambda one: one.subject or one.text.partition("\n")[0][:60],
    "REASON": lambda one: one.reason,
}


@click.group(help="Messages: send, list, resolve uncertain ones.")
def messages() -> None:
    """Group of commands."""


@messages.command(help="Queue a message; `crmkit work` sends it.")
@click.argument("customer", type=record(Customer))
@click.argument("text", default="")
@click.option("--channel", default="", help="By default the customer's preferred one.")
@click.option("--subject", default="")
@click.option("--template", default="", help="The key of a template, instead of a text.")
@click.option(
    "--purpose", default="service", show_default=True, help="What consent is asked for: marketing, survey, ..."
)
@click.option("--key", default="", help="The same key twice is one message.")
@click.option("--not-before", type=instant())
@click.pass_obj
def send(  # noqa: PLR0917  # a command's options
    crm: CRM,
    customer: Customer,
    text: str,
    channel: str,
    subject: str,
    template: str,
    purpose: str,
    key: str,
    not_before: datetime | None,
) -> None:
    """Queue."""
    made = crm.messages.queue(
        customer, channel=channel, text=text, subject=subject, template=template, purpose=purpose, key=key, not_before=not_before,
    )  # fmt: skip
    show(made, verb="queued", next_step="Next: crmkit work --once")


@messages.command("list", help="Messages, the latest first.")
@click.option("--customer", type=record(Customer))
@click.option("--status", type=click.Choice(DELIVERY_STATUSES), default=None)
@click.option("--limit", default=50, show_default=True)
@click.pass_obj
def list_(crm: CRM, customer: Customer | None, status: str | None, limit: int) -> None:
    """List."""
    show(crm.messages.list(customer=customer, status=status or "", limit=limit), columns=COLUMNS, noun="message")


@messages.command(help="Messages of which nobody knows whether they were sent.")
@click.option("--limit", default=50, show_default=True)
@click.pass_obj
def uncertain(crm: CRM, limit: int) -> None:
    """List what is uncertain."""
    found = crm.messages.uncertain(limit=limit)
    next_step = "Look at the provider, then: crmkit messages resolve MESSAGE sent   (or: not-sent)" if found else ""
    show(found, columns=COLUMNS, noun="uncertain message", next_step=next_step)


@messages.command(help="Say what became of an uncertain message: what was not sent is queued again.")
@click.argument("message", type=record(Message))
@click.argument("outcome", type=click.Choice(["sent", "not-sent"]))
@click.pass_obj
def resolve(crm: CRM, message: Message, outcome: str) -> None:
    """Settle."""
    if outcome == "sent":
        show(crm.messages.resolve(message, "sent"), verb="settled")
    else:
        show(crm.messages.resolve(message, "not sent"), verb="queued again", next_step="Next: crmkit work --once")


@messages.command(help="Do not send a message that is still queued.")
@click.argument("message", type=record(Message))
@click.pass_obj
def cancel(crm: CRM, message: Message) -> None:
    """Cancel."""
    show(crm.messages.cancel(message), verb="cancelled")
