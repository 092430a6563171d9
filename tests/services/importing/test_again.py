"""The same file again: nothing is added, and nothing that was done since is undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmkit import CRM, ContactPoint, Cost, Deal, Interaction, StageChange
from crmkit.query import each
from tests.services.importing.test_importing import counts
from tests.services.importing.test_special_kinds import run

pytestmark = pytest.mark.crm(stores="all")


def test_addresses_are_known_by_their_normal_form(crm: CRM, tmp_path: Path) -> None:
    crm.customers.add(name="Anna")
    crm.customers.add(name="Bert")
    text = "customer,kind,value\nAnna,email,Anna@Home.example\nBert,email,b@x.example\nAnna,email,a@work.example\nBert,email,no\n"
    assert counts(run(crm, tmp_path, text, "contact-points")) == (3, 0, 0, 1)
    assert counts(run(crm, tmp_path, text, "contact-points")) == (0, 0, 3, 1)
    p = each(ContactPoint)
    assert [one.key for one in crm.find(ContactPoint, order=[p.key])] == [
        "a@work.example",
        "anna@home.example",
        "b@x.example",
    ]


def test_all_rows_rejected_can_be_mended_and_fed_again(crm: CRM, tmp_path: Path) -> None:
    text = "external_id,name,email\ns:1,Anna,a@x.example\ns:2,,b@x.example\n"
    for _ in range(2):
        rejects = run(crm, tmp_path, text, "customers").reject_file
        assert rejects is not None
        assert rejects.read_text(encoding="utf-8").startswith("crmkit:line,")
    rejects.write_text(rejects.read_text(encoding="utf-8").replace("s:2,,", "s:2,Bert,"), encoding="utf-8")
    assert counts(crm.imports.run(rejects, "customers")) == (1, 0, 0, 0)


DEALS = "external_id,title,stage,opened_at\ne:1,Bike,lead,2026-01-02\ne:2,Racer,lead,2026-01-03\n"


def test_what_was_done_since_stays(crm: CRM, tmp_path: Path) -> None:
    run(crm, tmp_path, DEALS, "deals")
    bike = crm.find(Deal, each(Deal).title == "Bike")[0]
    crm.deals.win(crm.deals.change(bike, title="Cargo"))
    for _ in range(2):
        assert counts(run(crm, tmp_path, DEALS, "deals")) == (0, 0, 2, 0)
    assert (crm.get(Deal, bike.id).title, crm.get(Deal, bike.id).stage) == ("Cargo", "won")
    assert len(crm.find(StageChange)) == 1


def test_a_row_that_was_changed_is_news_also_back_again(crm: CRM, tmp_path: Path) -> None:
    run(crm, tmp_path, DEALS, "deals")
    other = DEALS.replace("Bike,lead", "Bike,offer")
    assert counts(run(crm, tmp_path, other, "deals")) == (0, 1, 1, 0)
    assert counts(run(crm, tmp_path, other, "deals")) == (0, 0, 2, 0)
    assert counts(run(crm, tmp_path, DEALS, "deals")) == (0, 1, 1, 0)
    assert [deal.stage for deal in crm.find(Deal)] == ["lead", "lead"]


def test_a_move_that_is_dated_and_told_again_is_none(crm: CRM, tmp_path: Path) -> None:
    text = "external_id,title,stage,at\ne:1,Bike,lead,2026-01-02\n"
    run(crm, tmp_path, text, "deals")
    crm.deals.move(crm.find(Deal)[0], "offer")
    for more in ("", "\n"):
        assert counts(run(crm, tmp_path, text + more, "deals")) == (0, 0, 1, 0)
    assert crm.find(Deal)[0].stage == "offer"
    assert [change.to_stage for change in crm.find(StageChange)] == ["offer"]


def test_other_columns_of_the_same_record_are_another_story(crm: CRM, tmp_path: Path) -> None:
    customers = "external_id,name,status\ns:1,Anna,customer\n"
    departures = "external_id,status,at\ns:1,former,2026-02-01\n"
    run(crm, tmp_path, customers, "customers")
    for n in (1, 0):
        assert counts(run(crm, tmp_path, departures, "customers"))[1] in (n, 0)
        assert counts(run(crm, tmp_path, customers, "customers")) == (0, 0, 1, 0)


def test_a_reference_that_is_found_later_is_news(crm: CRM, tmp_path: Path) -> None:
    text, mapping = (
        "number,title,who\n1,Bike,a@x.example\n",
        {"columns": {"external_id": {"from": "number", "source": "e"}, "title": "title"}},
    )
    mapping["columns"]["customer"] = {"from": "who", "find": "email", "otherwise": "empty"}
    run(crm, tmp_path, text, "deals", mapping)
    anna = crm.customers.add(name="Anna", email="a@x.example")
    assert counts(run(crm, tmp_path, text, "deals", mapping)) == (0, 1, 0, 0)
    assert crm.find(Deal)[0].customer == anna.id


COSTS = "kind,amount,incurred_at\nsales,10.00 EUR,2026-01-02\nsales,10.00 EUR,2026-01-02\nsales,7.00 EUR,2026-01-02\n"


def test_rows_that_name_no_record_are_known_by_all_that_they_say(crm: CRM, tmp_path: Path) -> None:
    assert counts(run(crm, tmp_path, COSTS, "costs")) == (3, 0, 0, 0)
    assert counts(run(crm, tmp_path, COSTS, "costs", batch_size=1)) == (0, 0, 3, 0)
    more = COSTS + "sales,10.00 EUR,2026-01-02\n"
    assert counts(run(crm, tmp_path, more, "costs")) == (1, 0, 3, 0)
    assert sorted(cost.amount.amount for cost in crm.find(Cost)) == [7, 10, 10, 10]


def test_what_was_undone_can_be_imported_again(crm: CRM, tmp_path: Path) -> None:
    for text, of in ((DEALS, "deals"), (COSTS, "costs")):
        first = run(crm, tmp_path, text, of)
        assert first.operation is not None
        assert crm.imports.undo(first.operation).left == 0
        assert run(crm, tmp_path, text, of).added == first.added


def test_interactions_are_known_by_their_external_ids(crm: CRM, tmp_path: Path) -> None:
    text = "number,channel,direction,subject,at\nI1,phone,in,Is it ready?,2026-01-02T10:00Z\n"
    columns = {"channel": "channel", "direction": "direction", "subject": "subject", "occurred_at": "at"}
    mapping = {"columns": {**columns, "external_ids": {"from": "number", "source": "e"}}}
    assert counts(run(crm, tmp_path, text, "interactions", mapping)) == (1, 0, 0, 0)
    assert counts(run(crm, tmp_path, text, "interactions", mapping)) == (0, 0, 1, 0)
    named = {"columns": {**columns, "external_id": {"from": "number", "source": "e"}}}
    assert counts(run(crm, tmp_path, text, "interactions", named)) == (0, 0, 1, 0)
    assert len(crm.find(Interaction)) == 1
