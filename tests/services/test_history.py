"""Who changed what."""

from __future__ import annotations

from crmkit.crm import CRM
from tests.services.shop import Clock


def test_newest_first_with_actor_and_both_sides(crm: CRM, clock: Clock) -> None:
    anna = crm.customers.add(name="Anna")
    later = clock.advance(hours=1)
    anna = crm.acting_as("mina").customers.change(anna, status="customer")
    changed, added = crm.history.of(anna)
    assert (added.name, added.actor, added.values) == ("customer.added", "system", {})
    assert (changed.name, changed.actor, changed.at, changed.version) == ("customer.changed", "mina", later, 2)
    assert changed.values == {"status": ("prospect", "customer")}
    assert changed.as_dict()["record_id"] == str(anna.id)
    assert crm.history.of(anna, limit=1) == (changed,)


def test_the_whole_has_what_belongs_to_a_customer(crm: CRM) -> None:
    anna = crm.customers.add(name="Anna", email="a@example.nl")
    crm.customers.add(name="Bea", email="b@example.nl")
    crm.deals.open(anna, title="x")
    assert [c.name for c in crm.history.of(anna, whole=True)] == [
        "deal.opened",
        "contact_point.added",
        "customer.added",
    ]


def test_an_operation_in_its_order(crm: CRM) -> None:
    with crm.transaction() as tx:
        anna = tx.customers.add(name="Anna", email="a@example.nl")
        tx.deals.open(anna, title="x")
    (added,) = crm.history.of(anna)
    assert [c.name for c in crm.history.operation(added.operation)] == [
        "customer.added",
        "contact_point.added",
        "deal.opened",
    ]
