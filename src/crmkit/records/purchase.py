"""Money that came and went: purchases, costs, and the rates that convert between currencies."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import attrs

from .customer import Customer
from .fields import Indexed, NotPersonal, Owner, Personal, Places
from .ids import Id
from .money import Money
from .record import Record
from .values import Code


@attrs.frozen(kw_only=True)
class Purchase(Record, indexes=[("customer", "placed_at")]):
    """What a customer bought, when, where, and why."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep")] = None
    number: Code = ""
    product: Annotated[str, NotPersonal()] = ""
    value: Money | None = None
    quantity: int = 1
    status: Annotated[Code, Indexed()] = "placed"
    placed_at: Annotated[datetime, Indexed()]
    delivered_at: datetime | None = None
    promised_at: datetime | None = None
    touchpoint: Code = ""
    channel: Code = ""
    reason: Annotated[str, Personal()] = ""
    """Why the customer bought, in words."""


@attrs.frozen(kw_only=True)
class Cost(Record, shared=True):
    """What winning customers cost: marketing, sales, advertising."""

    kind: Annotated[Code, Indexed()] = "marketing"
    amount: Money
    incurred_at: Annotated[datetime, Indexed()]
    campaign: Code = ""
    note: str = ""


@attrs.frozen(kw_only=True)
class Rate(Record, shared=True, unique=[("base", "quote", "valid_on")]):
    """One unit of ``base`` is ``rate`` units of ``quote`` from a day on."""

    base: Code
    quote: Code
    valid_on: date
    rate: Annotated[Decimal, Places(8)]
