"""Ids: a reference to one record type is not a reference to another."""

from typing import assert_type
from uuid import UUID

from crmkit import Service
from crmkit import Customer, Deal, Id


def right(service: Service, anna: Customer, deal: Deal) -> None:
    assert_type(anna.id, Id[Customer])
    assert_type(service.get(Customer, anna.id), Customer)
    assert_type(service.get(Deal, deal.id), Deal)
    of_uuids(anna.id, deal.id)
    assert_type(service.get(Customer, Id(UUID(int=1))), Customer)


def of_uuids(*ids: UUID) -> None: ...


def a_deal_is_no_customer(deal: Deal) -> None:
    Deal(customer=deal.id, title="Gazelle")  # error: mypy pyright


def a_customer_is_no_deal(service: Service, anna: Customer) -> None:
    service.get(Deal, anna.id)  # error: mypy pyright


def any_record_is_not_this_one(anna: Customer) -> None:
    deal_id: Id[Deal] = anna.id  # error: mypy pyright


def a_plain_uuid_is_no_id(service: Service) -> None:
    service.get(Deal, UUID(int=1))  # error: mypy pyright


def text_is_no_id(service: Service) -> None:
    service.get(Deal, "4d81qa")  # error: mypy pyright


def what_was_got_has_its_type(service: Service, deal: Deal) -> None:
    anna: Customer = service.get(Deal, deal.id)  # error: mypy pyright
