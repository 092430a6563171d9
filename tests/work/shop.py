"""A small plugin for the tests of the unit of work."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import attrs

from crmkit import (
    AccessRule,
    Change,
    Code,
    Customer,
    Deal,
    Event,
    FieldDefinition,
    History,
    Id,
    Money,
    Owner,
    Personal,
    Pipeline,
    Plugin,
    Record,
    Refusal,
    Service,
    Stage,
    adjust,
    check,
    subscriber,
    verb,
)
from crmkit.query import Condition, each


@attrs.frozen(kw_only=True)
class Loan(Record, unique=[("number",)]):
    """A bicycle lent to a customer."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep")] = None
    number: Code | None = None
    note: Annotated[str, Personal()] = ""
    state: Annotated[Code, History()] = "out"


@attrs.frozen(kw_only=True)
class Damage(Record):
    """What was broken when a bicycle came back: it belongs where its loan belongs."""

    loan: Annotated[Id[Loan], Owner(on_erase="remove")]
    part: Code


selling = Pipeline(
    "selling",
    of=Deal,
    stages=(
        Stage("asked"),
        Stage("offer", probability=60),
        Stage("sold", "won", after=("offer",)),
        Stage("no-sale", "lost", reasons=("price", "waits")),
    ),
)
size = FieldDefinition(Customer, "size", choices=("S", "M"), indexed=True)
weight = FieldDefinition(Customer, "weight", Decimal, places=2)


class Shop(Service):
    """Verbs that join and fail."""

    @verb
    def lend(self, name: str, number: str) -> Loan:
        customer = self.add(Customer(name=name))
        return self.add(Loan(customer=customer.id, number=number))

    @verb
    def lend_all(self, *numbers: str) -> list[str]:
        refused = []
        for number in numbers:
            try:
                self.lend(f"Customer {number}", number)
            except Exception as error:  # noqa: BLE001  # the test looks at what is kept
                refused.append(type(error).__name__)
        return refused

    @verb(long=True)
    def slowly(self, *names: str) -> int:
        for name in names:
            self.batch(lambda me, name=name: me.add(Customer(name=name)), origin="imported")
        return len(names)


@adjust(Customer)
def tidy(change: Change[Customer]) -> Customer:
    name = " ".join(change.after.name.split())
    return change.after if name == change.after.name else attrs.evolve(change.after, name=name)


@check(Deal)
def won_needs_amount(change: Change[Deal]) -> Refusal | None:
    if change.becomes(state="won") and change.after.amount is None:
        return Refusal("A sold bicycle has a price.", field="amount")
    return None


told: list[Event[Deal]] = []


@subscriber(Deal, "won")
def tell(event: Event[Deal]) -> None:
    if event.record.title == "fails":
        raise ValueError("the chat is down")
    told.append(event)


def sees_own(actor: str) -> Condition | None:
    """Everyone but the system sees the deals that have their name as source."""
    return None if actor in ("system", "chief") else each(Deal).source == actor


plugin = Plugin(
    "shop",
    offers=(
        Loan,
        Damage,
        selling,
        size,
        weight,
        Shop,
        tidy,
        won_needs_amount,
        tell,
        AccessRule(of=Deal, rule=sees_own),
    ),
)
PRICE = Money("12.50", "EUR")
