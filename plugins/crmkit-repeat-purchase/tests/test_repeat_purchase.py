"""Who buys again, through crmkit's public face only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from crmkit import CRM, Customer, Purchase
from crmkit.testing import KpiContract

from crmkit_repeat_purchase import plugin, repeat_purchase_rate

ANNA, CLEO = Customer(name="Anna"), Customer(name="Cleo")


@pytest.fixture
def crm_plugins() -> list[object]:
    return [plugin]


def bought(who: Customer | None, day: int, hour: int = 10) -> Purchase:
    customer: Any = None if who is None else who.id
    return Purchase(customer=customer, placed_at=datetime(2026, 3, day, hour, tzinfo=UTC))


class TestRepeatPurchaseRate(KpiContract):
    kpi = repeat_purchase_rate
    examples = (
        ((), None),
        ((ANNA, CLEO, bought(ANNA, 1), bought(ANNA, 9), bought(CLEO, 1)), 0.5),
        ((ANNA, bought(ANNA, 1, 9), bought(ANNA, 1, 15), bought(None, 5)), 0.0),  # one day is one purchase
    )


@pytest.mark.crm(stores="all")
def test_270_of_1000_come_again(crm: CRM) -> None:
    """Of 1,000 customers 270 bought twice: 27 %, with the interval of such a sample."""
    people = crm.add([Customer(name=f"c{n}") for n in range(1000)])
    crm.add([bought(one, 2) for one in people] + [bought(one, 20) for one in people[:270]])
    row = crm.kpis.show("repeat-purchase-rate").latest
    assert (row.n, row.value) == (1000, 0.27)
    assert row.low == pytest.approx(0.2434, abs=5e-5)
    assert row.high == pytest.approx(0.2984, abs=5e-5)


def test_a_day_begins_where_the_business_is(crm: CRM) -> None:
    """The fixture's business is in UTC: 23:30 and 00:30 are two days."""
    anna = crm.add(Customer(name="Anna"))
    crm.add([bought(anna, 1, 23), bought(anna, 2, 0)])
    assert crm.kpis.show("repeat-purchase-rate").latest.value == 1
