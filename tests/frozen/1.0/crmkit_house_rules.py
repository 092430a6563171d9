"""Hooks of every policy, as they were written against API 1.0 with the decorators, and an access rule."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from crmkit import AccessRule, Change, Context, Customer, Deal, Event, Interaction, Plugin, Refusal, adjust, check, subscriber
from crmkit.query import Condition, each


@attrs.frozen
class Settings:
    least: int = 1
    told_to: str = "front desk"


@adjust(Customer)
def tidy(change: Change[Customer]) -> Customer:
    return attrs.evolve(change.after, name=" ".join(change.after.name.split()))


@adjust(Deal)
def titled(change: Change[Deal], context: Context[Settings]) -> Deal:
    return change.after if change.after.title else attrs.evolve(change.after, title=f"for the {context.settings.told_to}")


@check(Deal)
def won_needs_amount(change: Change[Deal]) -> Refusal | None:
    if change.becomes(state="won") and change.after.amount is None:
        return Refusal("A won deal has an amount.", field="amount", code="amount_missing")
    return None


@check(Customer)
def one_of_a_name(change: Change[Customer], context: Context[Settings]) -> Refusal | None:
    if change.kind != "added":
        return None
    same = context.crm.find(Customer, each(Customer).name == change.after.name, limit=context.settings.least)
    return Refusal(f"There is a {change.after.name} already.", field="name") if len(same) >= context.settings.least else None


@check(Interaction, batch=True)
def not_shouted(changes: Sequence[Change[Interaction]], context: Context[Settings]) -> Sequence[Refusal | None]:
    return [Refusal("Do not shout.", field="body") if c.after.body.isupper() else None for c in changes]


@subscriber(Deal, "won", name="bell")
def ring(event: Event[Deal], context: Context[Settings]) -> None:
    crm = context.crm
    title = f"{event.name} {event.record.title} by {event.actor} key={bool(event.key)} at={event.at.tzinfo is not None}"
    crm.interactions.record(None, channel="note", body=title)


@subscriber(Customer, imported=True)
def count_all(event: Event[Customer]) -> None:
    assert event.record.name or event.name == "customer.removed"


def sees(actor: str) -> Condition | None:
    return each(Deal).source == actor if actor.startswith("seller-") else None


plugin = Plugin(
    "house-rules",
    settings=Settings,
    api=">=1.0,<2",
    after=("plain-rules", "one-that-is-not-there"),
    before=("another-that-is-not-there",),
    offers=(
        tidy,
        titled,
        won_needs_amount,
        one_of_a_name,
        not_shouted,
        ring,
        count_all,
        AccessRule(of=Deal, rule=sees),
    ),
)
