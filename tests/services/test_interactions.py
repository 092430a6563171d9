"""What passed between us and customers, and what is planned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crmkit.crm import CRM
from crmkit.errors import InvalidError
from crmkit.records import ChannelAccount, Customer, Interaction, Participant, WallTime
from tests.services.shop import Clock


@pytest.fixture
def anna(crm: CRM) -> Customer:
    return crm.customers.add(name="Anna", email="anna@example.nl")


def wall(text: str, zone: str = "Europe/Amsterdam") -> WallTime:
    return WallTime(datetime.fromisoformat(text), zone)


class TestRecording:
    def test_an_exchange_has_its_principal_as_participant(self, crm: CRM, anna: Customer, clock: Clock) -> None:
        talk = crm.interactions.record(
            anna, channel="phone", kind="call", touchpoint="shop", body="is my bike ready?", duration_s=65
        )
        assert (talk.customer, talk.customer_id, talk.occurred_at, talk.duration_s) == (anna.id, anna.id, clock.now, 65)
        (one,) = crm.find(Participant)
        assert (one.customer, one.role, one.occurred_at, one.interaction) == (anna.id, "customer", clock.now, talk.id)

    def test_an_address_says_who_it_is(self, crm: CRM, anna: Customer) -> None:
        assert crm.interactions.record(None, channel="email", address="ANNA@example.nl").customer == anna.id

    def test_the_same_message_twice_is_one(self, crm: CRM, anna: Customer) -> None:
        first = crm.interactions.record(anna, channel="email", account="desk", external_id="m1", body="one")
        again = crm.interactions.record(anna, channel="email", account="desk", external_id="m1", body="two")
        assert again == first
        assert len(crm.find(Interaction)) == len(crm.find(Participant)) == 1
        other = crm.interactions.record(anna, channel="email", account="sales", external_id="m1")
        assert other.id != first.id

    def test_without_an_account_the_channel_is_it(self, crm: CRM, anna: Customer) -> None:
        first = crm.interactions.record(anna, channel="email", external_id="m1")
        assert crm.interactions.record(anna, channel="email", external_id="m1").id == first.id
        assert crm.interactions.record(anna, channel="sms", external_id="m1").id != first.id

    def test_an_account_knows_its_channel(self, crm: CRM, anna: Customer) -> None:
        with crm.transaction() as tx:
            tx.add(ChannelAccount(key="desk", channel="email"))
        assert crm.interactions.record(anna, account="desk", external_id="m1").channel == "email"

    def test_who_else_took_part_has_it_on_the_timeline_too(self, crm: CRM, anna: Customer) -> None:
        boss = crm.customers.add(name="Boss", email="boss@example.nl")
        talk = crm.interactions.record(
            anna,
            channel="email",
            participants=[("cc", "Boss@example.nl"), ("cc", "who@example.nl"), ("cc", "who@example.nl")],
        )
        assert [one.id for one in crm.interactions.timeline(boss)] == [talk.id]
        unknown = [p.address for p in crm.find(Participant) if p.customer is None]
        assert unknown == ["who@example.nl"]

    def test_an_internal_note_needs_no_customer(self, crm: CRM) -> None:
        note = crm.interactions.record(None, direction="internal", kind="note", body="count the bells")
        assert note.customer is None
        assert not crm.find(Participant)
        assert note.conversation is None


class TestTimeline:
    def test_newest_first_in_pages(self, crm: CRM, anna: Customer, clock: Clock) -> None:
        made = []
        for n in range(5):
            made.append(crm.interactions.record(anna, channel="phone" if n % 2 else "email").id)
            clock.advance(hours=1)
        page = crm.interactions.timeline(anna, limit=3)
        assert [one.id for one in page] == made[:1:-1]
        assert [one.id for one in crm.interactions.timeline(anna, limit=3, after=page.next)] == made[1::-1]
        assert [one.id for one in crm.interactions.timeline(anna, channel="phone")] == [made[3], made[1]]

    def test_a_period_is_half_open(self, crm: CRM, anna: Customer) -> None:
        days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
        for day in days:
            crm.interactions.record(anna, channel="phone", occurred_at=day)
        found = crm.interactions.timeline(anna, since=days[0], until=days[2])
        assert [one.occurred_at for one in found] == [days[1], days[0]]

    def test_what_is_planned_is_not_on_it(self, crm: CRM, anna: Customer) -> None:
        crm.interactions.plan(anna, "call", at=wall("2026-04-01T10:00"))
        assert not crm.interactions.timeline(anna)


class TestPlanning:
    def test_a_call_at_the_agreed_time_is_due_then(self, crm: CRM, anna: Customer, clock: Clock) -> None:
        crm.agents.add("mina")
        call = crm.interactions.plan(anna, "call about the chain", at=wall("2026-03-02T11:00"), agent="mina")
        assert call.due_at == datetime(2026, 3, 2, 10, tzinfo=UTC)
        assert not crm.interactions.due(agent="mina")
        clock.advance(hours=1)
        assert [one.id for one in crm.interactions.due(agent="mina")] == [call.id]
        done = crm.interactions.done(call, outcome="reached")
        assert (done.state, done.occurred_at, done.outcome) == ("done", clock.now, "reached")
        assert not crm.interactions.due()
        assert [one.id for one in crm.interactions.timeline(anna)] == [call.id]

    def test_an_instant_is_taken_to_the_agent_s_wall(self, crm: CRM, anna: Customer) -> None:
        crm.agents.add("kim", time_zone="Asia/Tehran")
        at = datetime(2026, 4, 1, 8, tzinfo=UTC)
        assert crm.interactions.plan(anna, "call", at=at, agent="kim").due == wall("2026-04-01T11:30", "Asia/Tehran")
        assert crm.interactions.plan(anna, "call", at=at).due == wall("2026-04-01T10:00")
        with pytest.raises(InvalidError, match="time zone"):
            crm.interactions.plan(anna, "call", at=datetime(2026, 4, 1, 8))  # noqa: DTZ001  # the mistake that is tested

    def test_what_recurs_is_planned_anew_at_the_same_wall_time(self, crm: CRM, anna: Customer, clock: Clock) -> None:
        clock.now = datetime(2026, 3, 28, 9, 30, tzinfo=UTC)
        call = crm.interactions.plan(
            anna, "check", at=wall("2026-03-28T10:00"), recurrence="daily", body="ask for the key"
        )
        crm.interactions.done(call)
        (following,) = crm.interactions.due(until=clock.now + timedelta(days=3))
        assert (following.due, following.due_at) == (wall("2026-03-29T10:00"), datetime(2026, 3, 29, 8, tzinfo=UTC))
        assert (following.customer, following.subject) == (anna.id, "check")
        crm.interactions.cancel(following)
        assert not crm.interactions.due(until=clock.now + timedelta(days=9))

    def test_only_what_is_planned_can_be_done(self, crm: CRM, anna: Customer) -> None:
        call = crm.interactions.plan(anna, "call", at=wall("2026-03-02T11:00"))
        done = crm.interactions.done(call)
        for verb in (crm.interactions.done, crm.interactions.cancel):
            with pytest.raises(InvalidError, match="'done'"):
                verb(done)

    def test_postponed_it_is_reminded_of_again(self, crm: CRM, anna: Customer, clock: Clock) -> None:
        call = crm.interactions.plan(anna, "call", at=wall("2026-03-02T09:00"))
        later = crm.interactions.postpone(call, wall("2026-03-03T09:00"))
        assert (later.due_at, later.reminded_at) == (datetime(2026, 3, 3, 8, tzinfo=UTC), None)
        assert not crm.interactions.due()

    def test_a_reminder_needs_no_customer(self, crm: CRM) -> None:
        crm.interactions.plan(None, "count the bells", at=wall("2026-03-02T09:00"))
        assert len(crm.interactions.due()) == 1


class TestAnswering:
    def test_an_answer_closes_what_waits(self, crm: CRM, anna: Customer, clock: Clock) -> None:
        asked = crm.interactions.record(
            anna, channel="email", subject="bike?", touchpoint="shop", address="anna@example.nl"
        )
        assert [one.id for one in crm.interactions.waiting()] == [asked.id]
        clock.advance(hours=2)
        answer = crm.interactions.answer(asked, body="ready")
        assert (answer.direction, answer.channel, answer.touchpoint, answer.answers) == (
            "out",
            "email",
            "shop",
            asked.id,
        )
        assert crm.get(Interaction, asked.id).answered_at == clock.now
        assert not crm.interactions.waiting()

    def test_an_answer_belongs_to_what_it_answers_however_late(self, crm: CRM, anna: Customer, clock: Clock) -> None:
        asked = crm.interactions.record(anna, channel="email")
        clock.advance(days=60)
        crm.interactions.answer(asked, channel="phone")
        kept = crm.get(Interaction, asked.id)
        assert kept.answered_at == clock.now

    def test_only_what_came_in_can_be_answered(self, crm: CRM, anna: Customer) -> None:
        with pytest.raises(InvalidError):
            crm.interactions.answer(crm.interactions.record(anna, channel="email", direction="out"))

    def test_the_waiting_are_listed_longest_first_by_touchpoint(self, crm: CRM, anna: Customer, clock: Clock) -> None:
        bea = crm.customers.add(name="Bea")
        one = crm.interactions.record(anna, channel="phone", touchpoint="shop")
        clock.advance(hours=1)
        two = crm.interactions.record(bea, channel="phone", touchpoint="shop")
        crm.interactions.record(bea, channel="web", touchpoint="site", is_automated=True)
        assert [w.id for w in crm.interactions.waiting(touchpoint="shop")] == [one.id, two.id]
        assert len(crm.interactions.waiting()) == 2


def test_the_same_key_plans_once(crm: CRM, clock: Clock) -> None:
    anna = crm.customers.add(name="Anna")
    at = clock.now
    first = crm.interactions.plan(anna, "Call", at=at, key="welcome:42")
    assert crm.interactions.plan(anna, "Call again", at=at, key="welcome:42") == first
    crm.interactions.done(first)
    assert crm.interactions.plan(anna, "Call", at=at, key="welcome:42").state == "done"
    assert crm.interactions.plan(anna, "Call", at=at, key="welcome:43").id != first.id
    assert crm.interactions.plan(anna, "Call", at=at).id != crm.interactions.plan(anna, "Call", at=at).id
