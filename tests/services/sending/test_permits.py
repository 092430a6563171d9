"""A permit is good once, for what it was given for; and nothing goes out without a basis, whatever happened before."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from crmkit import CRM, Consent, Customer
from crmkit.ports.channel import Delivery, NotSent, Receipt, Rejected
from crmkit.services.sending.channels import Channels
from crmkit.services.sending.dispatching import Claimed, Dispatching
from crmkit.testing import Clock
from tests.services.sending.faulty import Book, Faulty, plugin

STEPS = 20_000 if os.environ.get("CRMKIT_TEST_PROOF") == "1" else 1_000


def claimed(shop: CRM, customer: Customer) -> Claimed:
    shop.messages.queue(customer, channel="faulty", text="hello", subject="Hi")
    found = shop.run(lambda tx: tx.service(Dispatching).claim([Channels(shop.house).opened("faulty")]))
    assert found is not None
    assert found.delivery is not None
    return found


def hands_over(shop: CRM, what: Claimed) -> bool:
    return shop.run(lambda tx: tx.service(Dispatching).hand_over(what)) is not None


def test_a_permit_is_spent_once(shop: CRM, anna: Customer) -> None:
    ours = claimed(shop, anna)
    assert hands_over(shop, ours)
    assert not hands_over(shop, ours)


@pytest.mark.parametrize(
    "other", [{"address": "eve@example.nl"}, {"text": "other"}, {"subject": "other"}, {"key": "other"}, {"permit": "made-up"},
              {"headers": {"Bcc": "eve@example.nl"}}],
)  # fmt: skip
def test_a_permit_is_for_one_address_and_content(shop: CRM, anna: Customer, other: dict[str, Any]) -> None:
    ours = claimed(shop, anna)
    assert ours.delivery is not None
    forged = attrs.evolve(ours, delivery=attrs.evolve(ours.delivery, **other))
    assert not hands_over(shop, forged)
    assert hands_over(shop, ours)


def test_a_permit_ends_with_its_lease(shop: CRM, anna: Customer, clock: Clock) -> None:
    ours = claimed(shop, anna)
    clock.advance(minutes=6)
    assert not hands_over(shop, ours)
    assert shop.messages.deliver().sent == 1


def test_what_is_kept_of_a_permit_does_not_give_it(shop: CRM, anna: Customer) -> None:
    ours = claimed(shop, anna)
    assert ours.delivery is not None
    kept = ours.dispatch.permit_digest
    assert kept is not None
    assert ours.delivery.permit.encode() not in kept
    assert not hands_over(shop, attrs.evolve(ours, delivery=attrs.evolve(ours.delivery, permit=kept.hex())))


# --- whatever happened before ---
@attrs.define
class History:
    """What the test itself knows: by a plain list of what was said about each address, not by our facts."""

    said: dict[str, list[str]] = attrs.field(factory=dict[str, list[str]])

    def note(self, addresses: Iterator[str], word: str) -> None:
        for address in addresses:
            self.said.setdefault(address, []).append(word)

    def may_get_news(self, address: str) -> bool:
        """Read from the end: the first own word decides; an objection anywhere ends it; an import counts where nothing refuses."""
        words = self.said.get(address, [])
        if "object" in words or "suppress" in words:
            return False
        for n, word in reversed(list(enumerate(words))):
            if word == "grant":
                return True
            if word == "withdraw":
                return False
            if word == "import" and "withdraw" not in words[:n]:
                return True
            if word == "import" and "grant" in words[:n]:
                continue
        return False


class Hostile(Faulty):
    """It takes, refuses and breaks as chance has it, and looks at the test's own history when it is called."""

    name = "hostile"
    chance = random.Random(11)
    history: History
    calls = 0

    def send(self, delivery: Delivery) -> Receipt:
        type(self).calls += 1
        assert type(self).history.may_get_news(delivery.address), "sent without a basis"
        end = self.chance.random()
        if end < 0.1:
            raise NotSent("busy", retry_after_s=60)
        if end < 0.2:
            raise Rejected("no")
        if end < 0.3:
            raise ConnectionResetError
        return Receipt(external_id=delivery.key)


def test_nothing_goes_without_a_basis_at_the_instant_of_sending(clock: Clock) -> None:
    """Random words of customers, imports and a provider that refuses and breaks, between queueing and sending too."""
    chance = random.Random(7)
    Hostile.history, Hostile.calls = History(), 0
    offers = attrs.evolve(plugin, offers=(*plugin.offers, Hostile))
    with CRM.open(
        "memory:", plugins=[offers], discover=False, clock=clock, settings={"faulty": Book()}, environ={}, secret="s"
    ) as crm:
        customers = [crm.customers.add(name=str(n), email=f"c{n}@example.nl") for n in range(25)]
        for step in range(STEPS):
            clock.advance(minutes=1)
            _step(crm, chance, customers, Hostile.history, step)
        assert Hostile.calls > STEPS / 50
        by_status = {one.status for one in crm.messages.list(limit=None)}
        assert {"sent", "suppressed", "uncertain", "rejected"} <= by_status
        assert not [one for one in crm.messages.list(limit=None) if one.reason == "AssertionError"]


def _step(crm: CRM, chance: random.Random, customers: list[Customer], history: History, step: int) -> None:
    customer = crm.get(Customer, chance.choice(customers).id)
    addresses = iter([point.value for point in crm.customers.contact_points(customer)])
    match chance.choices(
        ["grant", "import", "withdraw", "object", "suppress", "new", "queue", "deliver"], [20, 10, 8, 1, 1, 1, 45, 14]
    )[0]:
        case "grant":
            crm.consents.grant(customer, "marketing", source="form")
            history.note(addresses, "grant")
        case "import":
            crm.add(Consent(customer=customer.id, purpose="marketing", action="grant", at=crm.now, source="import"))
            history.note(addresses, "import")
        case "withdraw":
            crm.consents.withdraw(customer, "marketing")
            history.note(addresses, "withdraw")
        case "object":
            crm.consents.object(customer)
            history.note(addresses, "object")
        case "suppress":
            address = next(addresses)
            crm.consents.suppress(address)
            history.note(iter([address]), "suppress")
        case "queue":
            crm.messages.queue(customer, channel="hostile", text=f"news {step}", purpose="marketing")
        case "deliver":
            crm.messages.deliver()
        case _:
            customers.remove(next(one for one in customers if crm.get(Customer, one.id).id == customer.id))
            customers.append(crm.customers.add(name=f"new {step}", email=f"n{step}@example.nl"))
