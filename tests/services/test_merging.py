"""Two customers become one: everything moves, nothing points to nobody."""

from __future__ import annotations

import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from crmkit.crm import CRM
from crmkit.errors import InvalidError, RefusedError
from crmkit.ports.plugin import Plugin
from crmkit.ports.work import AccessRule, Change, Refusal, check
from crmkit.query import each
from crmkit.records import (
    AnyRef,
    Attachment,
    ContactPoint,
    Customer,
    CustomerLink,
    Deal,
    Digest,
    Interaction,
    LogEntry,
    Participant,
    Redirect,
    Span,
    StageChange,
    declaration_of,
)  # fmt: skip
from tests.services.shop import Bill, Card, Clock, Repair, Visit, plugin


def everything(crm: CRM) -> list[Any]:
    return [record for of in crm.house.types for record in crm.find(of)]


def dangling(crm: CRM) -> list[str]:
    """Return every reference, and every belonging, to a customer that is not there."""
    there = {customer.id for customer in crm.find(Customer)}
    found: list[str] = []
    for record in everything(crm):
        declaration = declaration_of(type(record))
        if declaration.name == "log_entry":
            continue
        for field in declaration.references:
            value = getattr(record, field.name)
            is_customer = (isinstance(value, AnyRef) and value.type == "customer") or (
                field.target is Customer and value
            )
            if is_customer and (value.id if isinstance(value, AnyRef) else value) not in there:
                found.append(f"{declaration.name}.{field.name}")
        if record.customer_id is not None and record.customer_id not in there:
            found.append(f"{declaration.name}.customer_id")
    return found


@pytest.fixture
def pair(crm: CRM) -> tuple[Customer, Customer]:
    return crm.customers.add(name="Anna"), crm.customers.add(name="A. Jansen")


def test_all_that_the_loser_has_is_the_winner_s(crm: CRM, pair: tuple[Customer, Customer]) -> None:
    winner, loser = pair
    friend = crm.customers.add(name="Friend")
    deal = crm.deals.move(crm.deals.open(loser, title="x"), "offer")
    talk = crm.interactions.record(loser, channel="phone", about=loser)
    crm.customers.link(friend, loser, "friend")
    with crm.transaction() as tx:
        repair = tx.add(Repair(customer=loser.id, bicycle="Union"))
        bill = tx.add(Bill(visit=tx.add(Visit(customer=loser.id, day="1", guest=loser.id)).id))
        tx.add(Attachment(interaction=talk.id, digest=Digest(b"x" * 32)))
        tx.add(Visit(customer=friend.id, day="1", guest=loser.id))
    before = {(type(record), record.id) for record in everything(crm)}

    crm.customers.merge(winner, loser)

    assert dangling(crm) == []
    assert {
        record.customer_id
        for of in (Deal, StageChange, Repair, Bill, Attachment, Participant)
        for record in crm.find(of)
    } == {winner.id}
    assert (
        crm.get(Deal, deal.id).customer
        == crm.get(Repair, repair.id).customer
        == crm.get(Bill, bill.id).customer_id
        == winner.id
    )
    assert crm.get(Interaction, talk.id).about == AnyRef("customer", winner.id)
    assert {visit.guest for visit in crm.find(Visit)} == {winner.id}
    assert [link.other for link in crm.find(CustomerLink)] == [winner.id]
    assert [one.id for one in crm.interactions.timeline(winner)] == [talk.id]
    gone = before - {(type(record), record.id) for record in everything(crm)}
    assert {of for of, _ in gone} <= {Customer, Span}
    spans = [span for span in crm.find(Span) if span.record.type == "deal"]
    assert spans
    assert {span.customer_id for span in spans} == {winner.id}


def test_the_loser_s_id_leads_to_the_winner_over_any_chain(crm: CRM, pair: tuple[Customer, Customer]) -> None:
    b, a = pair
    c = crm.customers.add(name="C")
    crm.customers.merge(b, a)
    crm.customers.merge(c, b)
    assert crm.get(Customer, a.id).id == crm.get(Customer, b.id).id == c.id
    assert {redirect.customer for redirect in crm.find(Redirect)} == {c.id}
    assert crm.deals.open(a, title="late").customer == c.id


def test_empty_fields_are_filled_and_nothing_said_is_lost(crm: CRM, clock: Clock) -> None:
    crm.agents.add("mina")
    winner = crm.customers.add(
        name="Anna", language="nl", tags=["a"], note="one", since=clock.now, custom={"frame": "S"}
    )
    early = clock.now.replace(year=2020)
    loser = crm.customers.add(
        name="A",
        language="en",
        country="NL",
        tags=["b"],
        note="two",
        since=early,
        owner="mina",
        custom={"frame": "M", "club": True},
    )
    kept = crm.customers.merge(winner, loser)
    assert (kept.name, kept.language, kept.country, kept.tags, kept.note) == (
        "Anna",
        "nl",
        "NL",
        {"a", "b"},
        "one\n\ntwo",
    )
    assert (kept.since, kept.owner, kept.custom) == (early, loser.owner, {"frame": "S", "club": True})


def test_who_is_more_of_a_customer_gives_status_and_its_history(crm: CRM, clock: Clock) -> None:
    loser = crm.customers.add(name="A", status="customer")
    clock.advance(days=10)
    winner = crm.customers.add(name="Anna")
    kept = crm.customers.merge(winner, loser)
    assert kept.status == "customer"
    s = each(Span)
    (span,) = crm.find(Span, s.field == "status")
    assert (span.record.id, span.customer_id, span.value, span.entered_at) == (
        winner.id,
        winner.id,
        "customer",
        loser.created_at,
    )
    clock.advance(days=1)
    crm.customers.change(winner.id, status="former")
    assert [(one.value, one.left_at) for one in crm.find(Span, s.field == "status", order=[s.entered_at])] == [
        ("customer", clock.now), ("former", None),
    ]  # fmt: skip


def test_one_address_of_both_stays_once_and_one_is_primary(crm: CRM) -> None:
    winner = crm.customers.add(name="Anna", emails=["a@example.nl"])
    loser = crm.customers.add(name="A", emails=["b@example.nl", "A@example.nl"])
    kept = crm.customers.merge(winner, loser)
    assert [(p.value, p.is_primary) for p in crm.customers.contact_points(kept)] == [
        ("a@example.nl", True),
        ("b@example.nl", False),
    ]


def test_the_newest_is_kept_where_a_type_says_so_and_what_it_owned_follows(
    crm: CRM, clock: Clock, pair: tuple[Customer, Customer]
) -> None:
    winner, loser = pair
    with crm.transaction() as tx:
        old = tx.add(Visit(customer=winner.id, day="1"))
        bill = tx.add(Bill(visit=old.id, total=5))
    clock.advance(days=1)
    with crm.transaction() as tx:
        new = tx.add(Visit(customer=loser.id, day="1"))
    crm.customers.merge(winner, loser)
    (visit,) = crm.find(Visit)
    moved = crm.get(Bill, bill.id)
    assert (visit.id, visit.customer) == (new.id, winner.id)
    assert (moved.visit, moved.customer_id, moved.total) == (new.id, winner.id, 5)


def test_a_type_can_refuse_and_then_nothing_has_happened(crm: CRM, pair: tuple[Customer, Customer]) -> None:
    winner, loser = pair
    deal = crm.deals.open(loser, title="x")
    with crm.transaction() as tx:
        for one in pair:
            tx.add(Card(customer=one.id, club="c"))
    with pytest.raises(RefusedError, match="card") as caught:
        crm.customers.merge(winner, loser)
    assert caught.value.code == "merge_conflict"
    assert crm.get(Customer, loser.id) == loser
    assert crm.get(Deal, deal.id) == deal


def test_a_link_between_the_two_goes(crm: CRM, pair: tuple[Customer, Customer]) -> None:
    winner, loser = pair
    friend = crm.customers.add(name="Friend")
    crm.customers.link(winner, loser, "friend")
    crm.customers.link(loser, winner, "friend")
    for one in pair:
        crm.customers.link(friend, one, "friend")
    crm.customers.merge(winner, loser)
    assert [(link.customer, link.other) for link in crm.find(CustomerLink)] == [(friend.id, winner.id)]


def test_both_in_one_exchange_is_one_participant(crm: CRM, pair: tuple[Customer, Customer]) -> None:
    winner, loser = pair
    talk = crm.interactions.record(winner, channel="meeting", participants=[("attendee", winner), ("attendee", loser)])
    crm.customers.merge(winner, loser)
    assert sorted(p.role for p in crm.find(Participant)) == ["attendee", "customer"]
    assert [one.id for one in crm.interactions.timeline(winner)] == [talk.id]


def test_every_change_is_in_the_log_with_both_sides(crm: CRM, pair: tuple[Customer, Customer]) -> None:
    winner, loser = pair
    deal = crm.deals.open(loser, title="x")
    crm.customers.merge(winner, loser)
    names = [change.name for change in crm.history.of(crm.get(Customer, winner.id))]
    assert {"customer.merged", "customer.merged_away", "customer.added"} <= set(names)
    moved = crm.history.of(crm.get(Deal, deal.id))[0]
    assert moved.values["customer"] == (str(loser.id), str(winner.id))
    e = each(LogEntry)
    (removed,) = crm.find(LogEntry, e.name == "customer.merged_away")
    assert removed.values["name"] == "A. Jansen"


def test_not_with_itself(crm: CRM, pair: tuple[Customer, Customer]) -> None:
    with pytest.raises(InvalidError):
        crm.customers.merge(pair[0], pair[0])


def test_who_are_one_already_stay_as_they_are(crm: CRM, pair: tuple[Customer, Customer]) -> None:
    winner, loser = pair
    kept = crm.customers.merge(winner, loser)
    assert crm.customers.merge(winner, loser) == crm.customers.merge(loser, winner) == kept


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12), st.integers())
def test_any_order_of_merges_leaves_one_of_each_group(pairs: list[tuple[int, int]], seed: int) -> None:
    """Cycles and repetitions included: one survivor per group, all children kept, no reference to nobody."""
    with CRM.open("memory:", plugins=[plugin], discover=False) as crm:
        people = [crm.customers.add(name=f"p{n}", email=f"p{n}@example.nl") for n in range(6)]
        for one in people:
            crm.interactions.record(one, channel="phone")
            crm.deals.open(one, title=one.name)
        for other in random.Random(seed).sample(people, 3):
            crm.customers.link(people[0], other, "friend") if other is not people[0] else None
        group = list(range(6))
        for a, b in pairs:
            if a != b:
                crm.customers.merge(people[a], people[b])
                group = [group[a] if g == group[b] else g for g in group]
        assert len(crm.find(Customer)) == len(set(group))
        assert dangling(crm) == []
        for n, one in enumerate(people):
            assert crm.get(Customer, one.id).id == crm.get(Customer, people[group.index(group[n])].id).id
        assert len(crm.find(Deal)) == len(crm.find(Interaction)) == len(crm.find(ContactPoint)) == 6


def test_what_the_actor_may_not_see_moves_too(clock: Clock) -> None:
    """Nothing stays behind with somebody who is not there any more."""
    d = each(Deal)
    rule = AccessRule(of=Deal, rule=lambda actor: d.source == "open" if actor == "mina" else None)
    with CRM.open("memory:", plugins=[plugin, Plugin("rules", offers=[rule])], discover=False, clock=clock) as crm:
        winner, loser = crm.customers.add(name="Anna"), crm.customers.add(name="A")
        hidden = crm.deals.open(loser, title="x", source="secret")
        mina = crm.acting_as("mina")
        mina.customers.merge(winner, loser)
        assert crm.get(Deal, hidden.id).customer == winner.id
        assert not mina.deals.find(customer=winner)


def test_merges_at_once_end_and_leave_one_of_each_group(tmp_path: Path, empty_file: Path) -> None:
    """Four at once merge the same six in every direction: A into B while B goes into A, too."""
    url = f"sqlite:///{shutil.copy(empty_file, tmp_path / 'crm.db')}"
    with CRM.open(url, plugins=[plugin], discover=False) as crm:
        people = [crm.customers.add(name=f"p{n}", email=f"p{n}@example.nl") for n in range(6)]
        for one in people:
            crm.deals.open(one, title=one.name)
        pairs = [(a, b) for a in range(4) for b in range(4) if a != b]

        def work(seed: int) -> None:
            with CRM.open(url, plugins=[plugin], discover=False) as mine:
                for a, b in random.Random(seed).sample(pairs, len(pairs)):
                    mine.customers.merge(people[a], people[b])

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(work, seed) for seed in range(4)]:
                done.result()
        assert len(crm.find(Customer)) == 3
        assert len({crm.get(Customer, one.id).id for one in people[:4]}) == 1
        assert len(crm.find(Deal)) == len(crm.find(ContactPoint)) == 6
        assert len(crm.find(Redirect)) == 3
        assert dangling(crm) == []


def test_what_a_plugin_keeps_moves_without_the_plugin(tmp_path: Path, empty_file: Path) -> None:
    url = f"sqlite:///{shutil.copy(empty_file, tmp_path / 'crm.db')}"
    with CRM.open(url, plugins=[plugin], discover=False) as crm, crm.transaction() as tx:
        winner, loser = tx.customers.add(name="Anna"), tx.customers.add(name="A")
        visit = tx.add(Visit(customer=loser.id, day="1", guest=loser.id))
        bill = tx.add(Bill(visit=visit.id, total=5))
        same = tx.add(Visit(customer=winner.id, day="2"))
        newer = tx.add(Visit(customer=loser.id, day="2"))
    with CRM.open(url, discover=False) as crm:
        crm.customers.merge(winner.id, loser.id)
    with CRM.open(url, plugins=[plugin], discover=False) as crm:
        assert {v.customer for v in crm.find(Visit)} == {winner.id}
        assert {v.id for v in crm.find(Visit)} == {visit.id, max(same.id, newer.id)}
        assert (crm.get(Visit, visit.id).guest, crm.get(Bill, bill.id).customer_id) == (winner.id, winner.id)


def test_no_rule_stops_the_moves(clock: Clock) -> None:
    """A check that allows no change of deals, and one that is not there any more, leave a merge alone."""

    @check(Deal)
    def frozen(change: Change[Deal]) -> Refusal | None:
        return None if change.kind == "added" else Refusal("Deals stay as they are.")

    with CRM.open("memory:", plugins=[plugin, Plugin("rules", offers=[frozen])], discover=False, clock=clock) as crm:
        winner, loser = crm.customers.add(name="Anna"), crm.customers.add(name="A")
        deal = crm.deals.open(loser, title="x")
        with pytest.raises(RefusedError):
            crm.deals.change(deal, title="y")
        crm.customers.merge(winner, loser)
        assert crm.get(Deal, deal.id).customer == winner.id
