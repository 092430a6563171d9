"""How long customers wait, through crmkit's public face only."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from crmkit import CRM, Interaction
from crmkit.testing import Clock, KpiContract

from crmkit_first_response import first_response_time, plugin


@pytest.fixture
def crm_plugins() -> list[object]:
    return [plugin]


def asked(hour: int, answered: int | None, touchpoint: str = "shop") -> Interaction:
    return Interaction(
        channel="phone", direction="in", opens_conversation=True, touchpoint=touchpoint,
        occurred_at=datetime(2026, 11, 2, hour, tzinfo=UTC),
        answered_at=None if answered is None else datetime(2026, 11, 2, answered, tzinfo=UTC),
    )  # fmt: skip


class TestFirstResponseTime(KpiContract):
    kpi = first_response_time
    examples = (
        ((), None),
        ((asked(9, 10), asked(9, 12), asked(9, None)), 2.0),  # hours; median of 1 and 3
    )


@pytest.mark.crm(stores="all")
def test_by_touchpoint(crm: CRM) -> None:
    crm.add([asked(9, 10), asked(9, 12), asked(9, 17, "accounting"), asked(9, None, "website")])
    rows = {row.group: row.value for row in crm.kpis.show("first-response-time", group="touchpoint")}
    assert rows == {"accounting": 8, "shop": 2}


def test_what_we_wrote_first_is_no_question(crm: CRM) -> None:
    crm.add(Interaction(direction="out", opens_conversation=True, occurred_at=datetime(2026, 11, 2, 9, tzinfo=UTC)))
    row = crm.kpis.show("first-response-time").latest
    assert (row.value, row.reason) == (None, "nobody who wrote first was answered")


@pytest.mark.crm(stores="all")
def test_only_the_first_answer_counts(crm: CRM, clock: Clock) -> None:
    """What the verbs keep of a conversation is what is measured; a letter of ours that nobody asked for is no answer."""
    anna = crm.customers.add(name="Anna")
    crm.interactions.record(anna, channel="phone", direction="in", subject="The bill")
    for hours in (2, 30):
        clock.advance(hours=hours)
        crm.interactions.record(anna, channel="phone", direction="out", subject="Your bill")
    row = crm.kpis.show("first-response-time").latest
    assert (row.value, row.n) == (2, 1)
