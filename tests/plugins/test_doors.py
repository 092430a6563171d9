"""A plugin opens a door of its own: a class that other plugins offer instances of, and it asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

from crmkit import CRM, Deal, Plugin, Service, verb
from crmkit._plugins import manifest_of
from crmkit._plugins.offering import kind_of_offer


@attrs.frozen
class SlaPolicy:
    """What the owner of the door asks others for."""

    name: str
    hours: int


class Stricter(SlaPolicy): ...


class Promises(Service):
    """The owner's verbs."""

    @verb
    def shortest(self) -> str:
        return min(self.offers(SlaPolicy), key=lambda policy: policy.hours).name

    @verb
    def kept(self, deal: Deal) -> list[str]:
        return [policy.name for policy in self.offers(SlaPolicy) if policy.hours > 1]


sla = Plugin("sla", offers=[Promises])
gold = Plugin("gold", requires=["sla"], offers=[SlaPolicy("gold", 1), SlaPolicy("gold-night", 8)])
silver = Plugin("silver", requires=["sla"], before=["gold"], offers=[Stricter("silver", 4)])


@pytest.fixture
def crm() -> Iterator[CRM]:
    with CRM.open("memory:", plugins=[gold, silver, sla], discover=False) as made:
        yield made


def test_what_others_offer_comes_in_the_order_of_the_plugins(crm: CRM):
    assert [policy.name for policy in crm.offers(SlaPolicy)] == ["silver", "gold", "gold-night"]


def test_the_owners_verbs_ask_in_their_unit_of_work(crm: CRM):
    assert crm.service(Promises).shortest() == "gold"
    with crm.transaction() as tx:
        deal = tx.deals.open(None, title="Gazelle")
        assert tx.service(Promises).kept(deal) == ["silver", "gold-night"]
        assert len(tx.offers(SlaPolicy)) == 3


def test_a_class_that_inherits_is_a_door_within_the_door(crm: CRM):
    assert [policy.name for policy in crm.offers(Stricter)] == ["silver"]


def test_a_plugin_that_is_not_active_fills_nothing():
    with CRM.open("memory:", plugins=[gold, silver, sla], discover=False, disabled=["gold"]) as crm:
        assert [policy.name for policy in crm.offers(SlaPolicy)] == ["silver"]
    with CRM.open("memory:", plugins=[gold, silver, sla], discover=False, disabled=["sla"]) as crm:
        assert crm.offers(SlaPolicy) == ()
        told = {state.name: state.reason for state in crm.plugins}
        assert told["gold"] == "It requires the plugin 'sla', which is disabled."


def test_each_company_has_what_is_active_there():
    tenants = {"acme": {"disabled": ["silver"]}}
    with CRM.open("memory:", plugins=[gold, silver, sla], discover=False, tenants=tenants) as crm:
        assert [policy.name for policy in crm.tenant("acme").offers(SlaPolicy)] == ["gold", "gold-night"]
        assert len(crm.tenant("umbra").offers(SlaPolicy)) == 3


def test_the_same_name_twice_is_the_owners_affair():
    """What is offered through a plugin's own door claims no name against others."""
    twin = Plugin("twin", offers=[SlaPolicy("gold", 2)])
    with CRM.open("memory:", plugins=[gold, sla, twin], discover=False) as crm:
        assert [policy.hours for policy in crm.offers(SlaPolicy) if policy.name == "gold"] == [1, 2]


def test_people_see_it_by_the_name_of_the_door():
    assert kind_of_offer(Stricter("silver", 4)) == "sla policy"
    assert manifest_of(silver)["offers"] == {"sla policy": ["silver"]}
