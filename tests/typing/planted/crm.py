"""The face that a host calls: what goes in and what comes out has its type."""

from abc import ABC, abstractmethod
from typing import assert_type

import attrs

from crmkit import CRM, Customer, Deal, Id, Money, Service, verb
from crmkit.query import Page, Tallied, count, each

d = each(Deal)


class Lottery(Service):
    @verb
    def draw(self, among: Customer) -> Deal:
        return self.add(Deal(customer=among.id))


@attrs.frozen
class SlaPolicy:
    hours: int


class Rewarding(ABC):
    @abstractmethod
    def points(self, deal: Deal) -> int: ...


class Promises(Service):
    @verb
    def shortest(self) -> int:
        assert_type(self.offers(SlaPolicy), tuple[SlaPolicy, ...])
        return min(policy.hours for policy in self.offers(SlaPolicy))


def right(crm: CRM, anna: Customer, deal: Deal) -> None:
    assert_type(crm.get(Customer, anna.id), Customer)
    assert_type(crm.find(Deal, d.state == "open"), Page[Deal])
    assert_type(crm.tally(Deal, n=count()), list[Tallied])
    assert_type(crm.add(deal), Deal)
    assert_type(crm.add([deal]), list[Deal])
    assert_type(crm.replace(anna), Customer)
    assert_type(crm.move(deal, "sold"), Deal)
    assert_type(crm.service(Lottery), Lottery)
    assert_type(crm.service(Lottery).draw(anna), Deal)
    assert_type(crm.offers(SlaPolicy), tuple[SlaPolicy, ...])
    assert_type(crm.offers(Rewarding), tuple[Rewarding, ...])
    assert_type([door.points(deal) for door in crm.offers(Rewarding)], list[int])
    assert_type(crm.run(lambda tx: tx.get(Customer, anna.id).name), str)
    with crm.transaction() as tx:
        assert_type(tx.get(Deal, deal.id), Deal)
    with CRM.open("memory:") as opened:
        assert_type(opened, CRM)


def an_id_of_another_type(crm: CRM, anna: Customer) -> None:
    crm.get(Deal, anna.id)  # error: mypy pyright


def the_answer_has_the_type_that_was_asked(crm: CRM, deal_id: Id[Deal]) -> None:
    anna: Customer = crm.get(Deal, deal_id)  # error: mypy pyright


def what_is_no_record(crm: CRM) -> None:
    crm.add("Anna")  # error: mypy pyright
    crm.move(Money("1", "EUR"), "sold")  # error: mypy pyright


def what_has_no_stage(crm: CRM, consent_like: Id[Deal]) -> None:
    crm.move(consent_like, "sold")  # error: mypy pyright


def a_class_that_is_no_service(crm: CRM) -> None:
    crm.service(Deal)  # error: mypy pyright


def a_door_that_is_no_class(crm: CRM) -> None:
    crm.offers("sla")  # error: mypy pyright


def what_came_in_by_a_door_is_of_its_class(crm: CRM) -> None:
    crm.offers(SlaPolicy)[0].days  # error: mypy pyright


def a_verb_with_another_record(crm: CRM, deal: Deal) -> None:
    crm.service(Lottery).draw(deal)  # error: mypy pyright
