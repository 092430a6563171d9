"""The record that is meant by what people type."""

from __future__ import annotations

import pytest

from crmkit.crm import CRM
from crmkit.errors import AmbiguousError, NotFoundError
from crmkit.query import reference_to
from crmkit.records import Agent, Customer, Deal, ExternalId, short_id


def test_a_customer_by_all_its_names(crm: CRM) -> None:
    anna = crm.customers.put(("shop", "42"), name="Bé Jansen", email="be@example.nl", phone="+31612345678")
    crm.customers.add(name="Bé Jansen-de Wit")
    for text in (
        short_id(anna.id),
        short_id(anna.id).upper(),
        str(anna.id),
        "shop:42",
        "BE@example.nl",
        "+31 6 1234 5678",
        " bé jansen ",
    ):
        assert crm.naming.named(Customer, text) == anna


def test_several_are_listed(crm: CRM) -> None:
    both = {crm.customers.add(name="Anna").id, crm.customers.add(name="ANNA").id}
    with pytest.raises(AmbiguousError) as caught:
        crm.naming.named(Customer, "anna")
    assert {record.id for record in caught.value.candidates} == both
    assert all(short_id(one) in str(caught.value) for one in both)


@pytest.mark.parametrize(
    "text", ["", "   ", "nobody", "zzzzzz", "shop:43", "no@example.nl", "00000000-0000-7000-8000-000000000000"]
)
def test_nobody_is_not_found(crm: CRM, text: str) -> None:
    crm.customers.put(("shop", "42"), name="Anna")
    with pytest.raises(NotFoundError):
        crm.naming.named(Customer, text)


def test_another_type_s_external_id_is_not_meant(crm: CRM) -> None:
    crm.customers.put(("shop", "42"), name="Anna")
    deal = crm.deals.open(None, title="x")
    with crm.transaction() as tx:
        tx.add(ExternalId(record=reference_to(deal), source="till", value="7"))
    assert crm.naming.named(Deal, "till:7") == deal == crm.naming.named(Deal, short_id(deal.id))
    with pytest.raises(NotFoundError):
        crm.naming.named(Deal, "shop:42")


def test_what_has_a_key_is_named_by_it(crm: CRM) -> None:
    mina = crm.agents.add("mina")
    assert crm.naming.named(Agent, "mina") == mina


def test_verbs_take_what_people_type(crm: CRM) -> None:
    anna = crm.customers.add(name="Anna", email="anna@example.nl")
    assert crm.deals.open("anna@example.nl", title="x").customer == anna.id
