"""Conversations and answers follow from when things occurred, whatever the order in which they arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
from hypothesis import given, settings

from crmkit.crm import CRM
from crmkit.records import Interaction
from crmkit.services.conversations import GAP

START = datetime(2026, 1, 1, tzinfo=UTC)


def days(n: float) -> datetime:
    return START + timedelta(days=n)


def test_the_first_message_opens_and_the_next_ones_follow(crm: CRM) -> None:
    anna = crm.customers.add(name="Anna")
    first, second, late = (crm.interactions.record(anna, channel="email", occurred_at=days(n)) for n in (0, 14, 28.001))
    assert (first.opens_conversation, first.conversation) == (True, first.id)
    assert (second.opens_conversation, second.conversation) == (False, first.id)
    assert (late.opens_conversation, late.conversation) == (True, late.id)


def test_channels_customers_and_robots_do_not_mix(crm: CRM) -> None:
    anna, bea = crm.customers.add(name="Anna"), crm.customers.add(name="Bea")
    crm.interactions.record(anna, channel="email", direction="out", is_automated=True, occurred_at=days(0))
    crm.interactions.record(anna, channel="email", direction="internal", occurred_at=days(0))
    for who, channel in ((anna, "email"), (anna, "phone"), (bea, "email")):
        assert crm.interactions.record(who, channel=channel, occurred_at=days(1)).opens_conversation


def test_the_first_answer_answers_all_that_wait(crm: CRM) -> None:
    anna = crm.customers.add(name="Anna")
    asked = [crm.interactions.record(anna, channel="email", occurred_at=days(n)) for n in (0, 1)]
    answer = crm.interactions.record(anna, channel="email", direction="out", occurred_at=days(2))
    crm.interactions.record(anna, channel="email", direction="out", occurred_at=days(3))
    assert [crm.get(Interaction, one.id).answered_at for one in asked] == [days(2)] * 2
    assert answer.answers == asked[1].id


def test_an_earlier_answer_that_arrives_late_is_the_answer(crm: CRM) -> None:
    anna = crm.customers.add(name="Anna")
    asked = crm.interactions.record(anna, channel="email", occurred_at=days(0))
    second = crm.interactions.record(anna, channel="email", direction="out", occurred_at=days(2))
    first = crm.interactions.record(anna, channel="email", direction="out", occurred_at=days(1))
    assert crm.get(Interaction, asked.id).answered_at == days(1)
    assert (first.answers, crm.get(Interaction, second.id).answers) == (asked.id, None)


def test_an_unknown_sender_s_messages_are_one_conversation(crm: CRM) -> None:
    one, two = (
        crm.interactions.record(None, channel="email", address="who@example.nl", occurred_at=days(n)) for n in (0, 1)
    )
    other = crm.interactions.record(None, channel="email", address="else@example.nl", occurred_at=days(1))
    assert (two.conversation, other.conversation) == (one.id, other.id)


Message = tuple[int, str]


def expected(messages: list[Message]) -> tuple[list[list[int]], dict[int, int | None]]:
    """Return the conversations and the hour of each inbound message's answer, worked out from the whole."""
    runs: list[list[int]] = []
    for n in sorted(range(len(messages)), key=lambda n: messages[n][0]):
        if runs and timedelta(hours=messages[n][0] - messages[runs[-1][-1]][0]) <= GAP:
            runs[-1].append(n)
        else:
            runs.append([n])
    answered = {
        n: next((messages[m][0] for m in run if messages[m][1] == "out" and messages[m][0] >= messages[n][0]), None)
        for run in runs
        for n in run
        if messages[n][1] == "in"
    }
    return runs, answered


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 2000), st.sampled_from(["in", "out"])),
        min_size=1,
        max_size=9,
        unique_by=lambda m: m[0],
    )
)
def test_any_order_of_arrival_gives_the_same(messages: list[Message]) -> None:
    with CRM.open("memory:", discover=False) as crm:
        anna = crm.customers.add(name="Anna")
        made = [
            crm.interactions.record(
                anna, channel="email", direction=direction, occurred_at=START + timedelta(hours=hour)
            ).id
            for hour, direction in messages
        ]
        kept = [crm.get(Interaction, one) for one in made]
        runs, answered = expected(messages)
        for run in runs:
            assert {kept[n].conversation for n in run} == {made[run[0]]}
            assert [kept[n].opens_conversation for n in run] == [True, *[False] * (len(run) - 1)]
        for n, hour in answered.items():
            assert kept[n].answered_at == (None if hour is None else START + timedelta(hours=hour))
        for one, (_, direction) in zip(kept, messages, strict=True):
            waiting = [
                k for k in kept if direction == "out" and k.answered_at == one.occurred_at and k.direction == "in"
            ]
            last = max(waiting, key=lambda k: k.occurred_at or START, default=None)
            assert one.answers == (last.id if last else None)
