"""What a file tells of the past: when it was won, and what arrives later than what followed it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from crmkit import CRM, Customer, Deal, StageChange
from crmkit.query import each
from crmkit.records import Span
from tests.services.importing.test_importing import counts
from tests.services.importing.test_special_kinds import run

pytestmark = pytest.mark.crm(stores="all")


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


def spans(crm: CRM, record: Deal | Customer, field: str) -> list[tuple[str, datetime, datetime | None]]:
    s = each(Span)
    found = crm.find(Span, s.record == record, s.field == field, order=[s.entered_at])
    return [(one.value, one.entered_at, one.left_at) for one in found]


def deal_of(crm: CRM) -> Deal:
    return crm.find(Deal)[0]


def test_a_deal_won_since_an_instant_was_closed_then(crm: CRM, tmp_path: Path) -> None:
    run(crm, tmp_path, "external_id,title,stage,at\ne:1,Bike,won,2026-01-05\n", "deals")
    assert (deal_of(crm).state, deal_of(crm).closed_at) == ("won", day(1, 5))


def test_opened_and_won_since_make_a_path(crm: CRM, tmp_path: Path) -> None:
    run(crm, tmp_path, "external_id,title,stage,opened_at,at\ne:1,Bike,won,2026-01-02,2026-01-05\n", "deals")
    deal = deal_of(crm)
    assert (deal.opened_at, deal.closed_at) == (day(1, 2), day(1, 5))
    assert spans(crm, deal, "stage") == [("lead", day(1, 2), day(1, 5)), ("won", day(1, 5), None)]


def test_one_that_is_lost_without_a_date_is_closed_when_it_is_told(crm: CRM, tmp_path: Path) -> None:
    run(crm, tmp_path, "external_id,title,stage\ne:1,Bike,lost\n", "deals")
    assert deal_of(crm).closed_at == deal_of(crm).created_at


def test_an_earlier_move_that_arrives_later_leaves_the_present(crm: CRM, tmp_path: Path) -> None:
    run(crm, tmp_path, "external_id,title,stage,closed_at\ne:1,Bike,won,2026-01-05\n", "deals")
    text = "record,stage,at\ne:1,lead,2025-12-01\n"
    assert counts(run(crm, tmp_path, text, "stage-changes")) == (1, 0, 0, 0)
    deal = deal_of(crm)
    assert (deal.stage, deal.state, deal.closed_at) == ("won", "won", day(1, 5))
    assert spans(crm, deal, "stage") == [
        ("lead", datetime(2025, 12, 1, tzinfo=UTC), day(1, 5)),
        ("won", day(1, 5), None),
    ]
    assert counts(run(crm, tmp_path, text, "stage-changes")) == (0, 0, 1, 0)


def test_the_path_of_a_deal_without_dates_begins_with_its_first_move(crm: CRM, tmp_path: Path) -> None:
    run(crm, tmp_path, "external_id,title\ne:1,Bike\ne:2,Racer\n", "deals")
    text = "record,stage,at\ne:1,qualified,2026-01-02\ne:1,won,2026-01-05\ne:2,lead,2026-01-03\n"
    moved = run(crm, tmp_path, text, "stage-changes")
    assert counts(moved) == (3, 0, 0, 0)
    one, two = crm.find(Deal, order=[each(Deal).title])
    assert (one.state, one.closed_at) == ("won", day(1, 5))
    assert spans(crm, one, "stage") == [("qualified", day(1, 2), day(1, 5)), ("won", day(1, 5), None)]
    assert spans(crm, two, "stage") == [("lead", day(1, 3), None)]
    assert counts(run(crm, tmp_path, text, "stage-changes")) == (0, 0, 3, 0)
    assert moved.operation is not None
    crm.imports.undo(moved.operation)
    assert [one[0] for one in spans(crm, crm.get(Deal, one.id), "stage")] == ["lead"]


def test_standing_there_already_is_no_move(crm: CRM, tmp_path: Path) -> None:
    run(crm, tmp_path, "external_id,title,stage,at\ne:1,Bike,offer,2026-01-05\n", "deals")
    assert counts(run(crm, tmp_path, "record,stage,at\ne:1,offer,2026-01-07\n", "stage-changes")) == (0, 0, 1, 0)
    assert not crm.find(StageChange).records


def test_an_earlier_status_that_arrives_later_leaves_the_present(crm: CRM, tmp_path: Path) -> None:
    run(crm, tmp_path, "external_id,name,status,at\ns:1,Anna,former,2026-03-01\n", "customers")
    told = run(crm, tmp_path, "external_id,status,at\ns:1,customer,2026-01-01\n", "customers")
    anna = crm.customers.find("Anna")[0]
    assert anna.status == "former"
    assert spans(crm, anna, "status") == [("customer", day(1, 1), day(3, 1)), ("former", day(3, 1), None)]
    assert told.operation is not None
    crm.imports.undo(told.operation)
    assert spans(crm, anna, "status") == [("former", day(3, 1), None)]
