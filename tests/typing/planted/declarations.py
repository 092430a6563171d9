"""Declarations: a record type is an ordinary class to both checkers, its marks included."""

from datetime import datetime
from typing import Annotated, assert_type

import attrs

from crmkit import Code, Customer, Deal, Id, Indexed, Money, NotPersonal, Owner, Personal, Searchable, Staged


@attrs.frozen(kw_only=True)
class RepairOrder(Staged, unique=[("shop", "number")]):
    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    number: Code
    bicycle: Annotated[str, NotPersonal(), Searchable()]
    fault: Annotated[str, Personal()] = ""
    shop: Annotated[Code, Indexed()]
    received_at: datetime
    ready_at: datetime | None = None
    price: Money | None = None


def right(anna: Customer, now: datetime) -> None:
    order = RepairOrder(customer=anna.id, number="1", bicycle="Gazelle", shop="utrecht", received_at=now)
    assert_type(order.bicycle, str)
    assert_type(order.ready_at, datetime | None)
    assert_type(order.customer, Id[Customer])
    assert_type(order.id, Id[RepairOrder])
    assert_type(attrs.evolve(order, ready_at=now), RepairOrder)


def a_required_field_is_missing(anna: Customer, now: datetime) -> None:
    RepairOrder(customer=anna.id, number="1", bicycle="Gazelle", received_at=now)  # error: mypy pyright


def a_field_is_misspelt(anna: Customer, now: datetime) -> None:
    RepairOrder(customer=anna.id, number="1", bicycle="", shop="", received=now)  # error: mypy pyright


def a_value_has_another_type(anna: Customer, now: datetime) -> None:
    RepairOrder(customer=anna.id, number="1", bicycle=7, shop="", received_at=now)  # error: mypy pyright


def a_field_is_given_by_place(anna: Customer) -> None:
    Customer("Anna")  # error: mypy pyright
    Deal(anna.id)  # error: mypy pyright


def a_record_is_changed(order: RepairOrder) -> None:
    order.fault = "brake"  # error: mypy pyright


def an_optional_field_is_used_unasked(order: RepairOrder) -> int:
    return order.ready_at.year  # error: mypy pyright


def a_field_that_is_not_there(order: RepairOrder) -> str:
    return order.colour  # error: mypy pyright


class WrongMark(Staged):
    customer: Annotated[Id[Customer], Owner(on_erase="perhaps")]  # error: pyright
