"""The feed: subscribers are told of every change once it is committed, however late the commit came."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from crmkit import CRM, Customer, Deal
from crmkit._work.feed import number, read_feed
from crmkit.query import each
from crmkit.records import Cursor, LogEntry, Retry
from crmkit.records import Unit as UnitRecord
from crmkit.testing import Clock
from crmkit.testing.fixtures import STORES
from tests.work import shop
from tests.work.shop import PRICE


def open_unit(crm: CRM) -> Any:
    return crm.runner.unit(write=True)


@pytest.mark.crm(store="sqlite")
def test_a_late_commit_is_not_slipped_behind(crm: CRM, clock: Clock) -> None:
    """Two writers begin in one order and commit in the other; the reader by ids loses one, the feed none."""
    number(crm.runner)
    by_id: set[UUID] = set()
    by_feed: list[str] = []
    last_id, place = UUID(int=0), (last(crm), 2**31)

    for round_ in range(20):
        early, late = open_unit(crm), open_unit(crm)
        first, second = (late, early) if round_ % 2 else (early, late)
        for unit in (first, second):
            unit.add(Customer(name=f"{round_} {unit is early}"))
            unit.finish()
            last_id = read_by_last_id(crm, last_id, by_id)
            place = read_by_feed(crm, place, by_feed)
        clock.advance(minutes=1)
    assert len(by_feed) == len(set(by_feed)) == 40
    assert len(by_id) < 40, "the control must lose what was committed late"


def last(crm: CRM) -> int:
    return max((unit.position or 0 for unit in crm.find(UnitRecord)), default=0)


def read_by_last_id(crm: CRM, last_id: UUID, seen: set[UUID]) -> UUID:
    """The wrong design: remember the greatest id seen, and read on from there."""
    units = crm.find(UnitRecord, each(UnitRecord).id > last_id, order=[each(UnitRecord).id])
    customers = {
        unit.id
        for unit in units
        if crm.find(LogEntry, each(LogEntry).unit == unit.id, each(LogEntry).record_type == "customer")
    }
    seen.update(customers)
    return units[-1].id if units else last_id


def read_by_feed(crm: CRM, place: tuple[int, int], seen: list[str]) -> tuple[int, int]:
    number(crm.runner)
    told, *after = crm.runner.run(lambda unit: read_feed(unit.tx, *place, ["customer"], 1000))
    seen += [str(one.entry.record_id) for one in told]
    return after[0], after[1]


def sold(crm: CRM, title: str) -> Deal:
    deal = crm.move(crm.add(Deal(title=title, amount=PRICE)), "offer")
    return crm.move(deal, "sold")


@pytest.mark.crm(stores=(*STORES, "mariadb"))
def test_a_subscriber_is_told_once(crm: CRM) -> None:
    sold(crm, "Gazelle")
    assert crm.work().subscribers[0].done == 1
    assert crm.work().total == 0
    sold(crm, "Batavus")
    crm.work()
    assert [(event.name, event.record.title) for event in shop.told] == [
        ("deal.won", "Gazelle"),
        ("deal.won", "Batavus"),
    ]
    assert len({event.key for event in shop.told}) == 2


@pytest.mark.crm(stores=(*STORES, "mariadb"))
def test_what_fails_is_tried_again_and_then_listed(crm: CRM, clock: Clock) -> None:
    sold(crm, "fails")
    sold(crm, "Gazelle")
    done = crm.work().subscribers[0]
    assert (done.done, done.failed, done.waiting) == (1, 1, 1)
    assert crm.work().total == 0, "not before it is due again"
    for _ in range(9):
        clock.advance(hours=2)
        assert crm.work().subscribers[0].failed == 1
    clock.advance(hours=2)
    assert crm.work().total == 0
    (dead,) = crm.find(Retry)
    assert (dead.status, dead.attempts) == ("dead", 10)
    assert "chat is down" in dead.error


@pytest.mark.crm(stores=(*STORES, "mariadb"))
def test_imported_records_are_not_told_of(crm: CRM) -> None:
    def imported(unit: Any) -> Deal:
        return sold(unit.face, "imported")

    crm.batch(imported, origin="imported")
    crm.work()
    assert shop.told == []


@pytest.mark.crm(stores=(*STORES, "mariadb"))
def test_a_leased_cursor_is_left_alone(crm: CRM, clock: Clock) -> None:
    sold(crm, "Gazelle")
    (cursor,) = crm.find(Cursor)
    crm.runner.run(lambda unit: unit.claim(_all(Cursor), 1, clock.advance(seconds=30)))
    assert crm.work().total == 0
    clock.advance(minutes=1)
    assert crm.work().total == 1
    assert crm.get(Cursor, cursor.id).fence > cursor.fence + 1


def _all(of: Any) -> Any:
    from crmkit.query import find

    return find(of)
