"""Cases from the first word to the solution, through crmkit's public face only."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from crmkit import CRM, Customer, InvalidError
from crmkit.query import each
from crmkit.testing import Clock, KpiContract, RecordTypeContract

from crmkit_cases import Case, Cases, plugin
from crmkit_cases.figures import case_duration, cases_open


@pytest.fixture
def crm_plugins() -> list[object]:
    return [plugin]


class TestCase(RecordTypeContract):
    record_type = Case
    plugin = plugin


def opened(day: int, closed: int | None = None) -> Case:
    """A case of March; where it is closed, after so many days."""
    begun = datetime(2026, 3, day, 9, tzinfo=UTC)
    return Case(opened_at=begun, closed_at=None if closed is None else begun + timedelta(days=closed))


class TestCaseDuration(KpiContract):
    kpi = case_duration
    plugin = plugin
    examples = (((), None), ((opened(2, 1), opened(3, 3), opened(4)), 2.0))


class TestCasesOpen(KpiContract):
    kpi = cases_open
    plugin = plugin
    examples = (((opened(2, 1), opened(3), opened(4)), 2.0),)
    period = (date(2026, 3, 1), date(2026, 3, 31))


@pytest.mark.crm(stores="all")
def test_a_case_from_opening_to_solution(crm: CRM, clock: Clock) -> None:
    anna = crm.customers.add(name="Anna")
    desk = crm.service(Cases)
    case = desk.open(anna, "The brake squeaks", priority="high")
    assert (case.number, case.stage, case.customer_id) == ("1001", "new", anna.id)
    clock.advance(days=1)
    case = desk.move_to(case, "in-work")
    assert crm.kpis.show("cases-open").latest.value == 1
    clock.advance(days=2)
    case = desk.resolve(case, "New pads.")
    assert (case.state, case.solution, case.closed_at) == ("won", "New pads.", clock.now)
    with pytest.raises(InvalidError, match="resolved"):
        desk.resolve(case)
    assert crm.kpis.show("case-duration").latest.value == 3
    assert crm.kpis.show("cases-open").latest.value == 0
    assert {d.stage: d.median and d.median.days for d in crm.pipelines.durations("cases")} == {
        "new": 1,
        "in-work": 2,
        "waiting": None,
        "resolved": None,
        "closed": None,
    }


@pytest.mark.crm(stores="all")
def test_the_customer_may_be_missing(crm: CRM) -> None:
    desk = crm.service(Cases)
    assert desk.open(None, "Who are you?").customer_id is None
    assert desk.open(None, "And you?").number == "1002"
    assert desk.numbered("1002") is not None
    assert desk.numbered("7") is None
    assert [case.subject for case in desk.listed(text="who")] == ["Who are you?"]


@pytest.mark.crm(stores="all")
def test_a_merge_moves_cases(crm: CRM) -> None:
    anna, double = crm.customers.add(name="Anna"), crm.customers.add(name="A. Jansen")
    case = crm.service(Cases).open(double, "The brake squeaks")
    crm.customers.merge(anna, double)
    assert crm.get(Case, case.id).customer == anna.id
    assert len(crm.find(Case, each(Case).customer.name == "Anna")) == 1
    assert crm.get(Customer, double.id).id == anna.id
