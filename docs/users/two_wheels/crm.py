"""Two Wheels: the CRM of a chain of three bicycle workshops."""

from __future__ import annotations

import json
import urllib.request
from datetime import datetime
from typing import Annotated

import attrs
import click

from crmkit import (
    Change,
    Code,
    Context,
    Customer,
    Deal,
    Event,
    FieldDefinition,
    Id,
    Indexed,
    InvalidError,
    Money,
    NotPersonal,
    Owner,
    Personal,
    Pipeline,
    Plugin,
    Refusal,
    Searchable,
    Service,
    Stage,
    Staged,
    check,
    cli,
    kpis,
    subscriber,
    verb,
)
from crmkit.query import each


@attrs.frozen
class Settings:
    """The table ``[settings.two-wheels]`` of crmkit.toml."""

    chat_url: str = ""  # "env:CHAT_URL"


# --- nouns ---
@attrs.frozen(kw_only=True)
class RepairOrder(Staged):
    """A bicycle in one of our workshops."""

    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    bicycle: Annotated[str, NotPersonal(), Searchable()]
    fault: Annotated[str, Personal()] = ""
    shop: Annotated[Code, Indexed()]
    received_at: datetime
    ready_at: datetime | None = None
    price: Money | None = None


frame_size = FieldDefinition(Customer, "frame_size", choices=("S", "M", "L", "XL"), indexed=True)
club_member = FieldDefinition(Customer, "club_member", bool)

selling = Pipeline(
    "bicycle-sale",
    of=Deal,
    stages=(
        Stage("asked"),
        Stage("test-ride", probability=30),
        Stage("offer", probability=60),
        Stage("sold", "won"),
        Stage("no-sale", "lost", reasons=("price", "went elsewhere", "waits")),
    ),
)
workshop = Pipeline(
    "workshop",
    of=RepairOrder,
    stages=(
        Stage("received"),
        Stage("in-work"),
        Stage("waits-for-parts", "hold"),
        Stage("ready", "won"),
        Stage("given-up", "lost"),
    ),
)


# --- verbs ---
class Repairs(Service):
    """What the people at the counter and in the workshop do."""

    @verb
    def receive(self, customer: Customer, bicycle: str, *, shop: str, fault: str = "") -> RepairOrder:
        """Take a bicycle in."""
        return self.add(
            RepairOrder(customer=customer.id, bicycle=bicycle, fault=fault, shop=shop, received_at=self.now)
        )

    @verb
    def finish(self, order: RepairOrder, price: Money) -> RepairOrder:
        """The bicycle is ready.

        Raises:
            InvalidError: the order is not open.
        """
        if order.state != "open":
            raise InvalidError(f"This order is {order.stage!r}: only an order in work can be finished.")
        return self.move(attrs.evolve(order, ready_at=self.now, price=price), "ready")


@click.group(help="Repair orders: receive a bicycle, hand it back.")
def repairs() -> None:
    """Group of commands."""


@repairs.command()
@click.argument("customer", type=cli.record(Customer))
@click.argument("bicycle")
@click.option("--shop", required=True)
@click.option("--fault", default="")
@click.pass_obj
def receive(crm: cli.CRM, customer: Customer, bicycle: str, shop: str, fault: str) -> None:
    """Receive a bicycle."""
    cli.show(crm.service(Repairs).receive(customer, bicycle, shop=shop, fault=fault), verb="added")


@repairs.command()
@click.argument("order", type=cli.record(RepairOrder))
@click.argument("price", type=cli.money())
@click.pass_obj
def finish(crm: cli.CRM, order: RepairOrder, price: Money) -> None:
    """Hand a bicycle back."""
    cli.show(crm.service(Repairs).finish(order, price), verb="finished")


# --- rules, notices, figures ---
@check(Deal)
def won_needs_amount(change: Change[Deal]) -> Refusal | None:
    """A deal is not won without its price."""
    if change.becomes(state="won") and change.after.amount is None:
        return Refusal("A sold bicycle has a price: set the amount first.", field="amount")
    return None


@subscriber(Deal, "won")
def tell_the_chat(event: Event[Deal], context: Context[Settings]) -> None:
    """Tell colleagues; at least once, so the chat is given the key to drop a second one by."""
    if not context.settings.chat_url or event.record.customer is None:
        return
    customer = context.crm.get(Customer, event.record.customer)
    body = json.dumps({"text": f"{customer.name}: {event.record.amount}"}).encode()
    request = urllib.request.Request(context.settings.chat_url, body, {"Idempotency-Key": event.key})
    urllib.request.urlopen(request, timeout=10).close()


order = each(RepairOrder)
days_in_workshop = kpis.duration(
    "days-in-workshop", of=RepairOrder, start=order.received_at, end=order.ready_at, unit="days", better="lower"
)

plugin = Plugin(
    "two-wheels",
    settings=Settings,
    offers=(
        RepairOrder,
        frame_size,
        club_member,
        selling,
        workshop,
        Repairs,
        repairs,
        won_needs_amount,
        tell_the_chat,
        days_in_workshop,
    ),
)
