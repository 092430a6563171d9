"""What a KPI counts, in words; and why it has no value."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from crmkit.ports.kpi import Computed, Counted, Followed, Kpi, Source, Standing, Stays, titled
from crmkit.query import (
    Component,
    Condition,
    ago,
    count,
    distinct,
    each,
    has,
    least,
    now,
    quantile,
    squares,
    start_of,
    total,
)  # fmt: skip
from crmkit.records import AnyRef, Customer, Deal, Interaction, Money, Span, short_id
from crmkit.services.kpis.reasons import happened, reason_for
from crmkit.services.kpis.wording import component_in_words, condition_in_words

c, d, i, s = each(Customer), each(Deal), each(Interaction), each(Span)
anna = Customer(id=UUID("01a20cb3-42e5-7278-99f9-cc7d63f11c2d"), name="Anna")  # fixed: its short id names a test


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (None, "all"),
        (d.state == "won", "state is won"),
        (d.title != "", "title is another than empty"),
        ((d.state == "won") & ((d.source == "web") | d.amount.is_missing), "state is won and (source is web or amount is missing)"),
        (~d.closed_at.is_missing, "closed at is given"),
        (~(d.state == "won"), "not (state is won)"),
        (d.state.in_(["won"]), "state is won"),
        (d.state.in_(["won", "lost"]), "state is one of won, lost"),
        (d.customer.country == "NL", "customer's country is NL"),
        (c.tags.includes("vip"), "tags has vip"),
        (c.name.starts_with("A"), "name starts with A"),
        (c.is_test == True, "is test is yes"),  # noqa: E712  # a condition on a path
        (d.amount > Money("500", "EUR"), "amount > EUR 500.00"),
        (d.closed_at >= datetime(2026, 3, 1, tzinfo=UTC), "closed at >= 2026-03-01 00:00 UTC"),
        (d.expected_on < date(2026, 3, 1), "expected on < 2026-03-01"),
        (d.closed_at > ago(days=90), "closed at > 90 days ago"),
        (d.closed_at > ago(hours=36.5), "closed at > 1 day, 12:30:00 ago"),
        (d.closed_at < now(), "closed at < 0 days ago"),
        (d.closed_at > start_of("month"), "closed at > the start of the month"),
        (d.closed_at > start_of("month", -1), "closed at > the start of the month (-1)"),
        (i.answered_at >= i.occurred_at, "answered at >= occurred at"),
        (d.customer == anna, f"customer is {short_id(anna.id)}"),
        (s.record == AnyRef("customer", anna.id), f"record is customer {short_id(anna.id)}"),
        (has(i.customer, i.channel == "sms", at_least=3), "has at least 3 Interaction where channel is sms"),
    ],
)  # fmt: skip
def test_conditions(condition: Condition | None, words: str):
    assert condition_in_words(condition) == words


@pytest.mark.parametrize(
    ("component", "words"),
    [
        (count(), "how many"),
        (count(d.state == "won"), "how many where state is won"),
        (distinct(d.customer), "how many different customer"),
        (total(d.amount), "sum of amount"),
        (squares(d.probability), "sum of squares of probability"),
        (least(d.closed_at), "least closed at"),
        (quantile(d.closed_at - d.opened_at, 0.5), "median of closed at less opened at"),
        (quantile(d.probability, 0.9), "90% quantile of probability"),
        (total(d.probability * d.probability), "sum of probability times probability"),
    ],
)
def test_components(component: Component, words: str):
    assert component_in_words(component) == words


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("answered_at", "was answered"),
        ("sent_at", "was sent"),
        ("ready_at", "became ready"),
        ("occurred_at", "occurred"),
        ("expected_on", "was expected"),
        ("customer.erased_at", "was erased"),
    ],
)
def test_what_a_time_says_that_happened(field: str, words: str):
    assert happened(field) == words


events = Counted(of=Deal, at=d.closed_at, components={"n": count(), "won": count(d.state == "won")})
stays = Stays(of=Span, who=s.record, since=s.entered_at, until=s.left_at)


@pytest.mark.parametrize(
    ("source", "n", "reason"),
    [
        (events, "n", "no deal was closed"),
        (
            Standing(of=Deal, since=d.opened_at, until=d.closed_at, components={"n": count()}),
            "n",
            "no deal stood at the end",
        ),
        (stays, "at_start", "no span was there at the start"),
        (stays, "new", "no span came for the first time"),
        (stays, "kept", "no span was there"),
        (
            Followed(of=Span, who=s.record, at=s.entered_at, first=s.value == "a", then=s.value == "b"),
            "n",
            "no span entered",
        ),
        (Computed(of=Deal, names=("n",), compute=lambda work, asked: {}), "n", "no deal counted"),
    ],
)
def test_why_there_is_no_value(source: Source, n: str, reason: str):
    made = Kpi(name="x", title=titled("x"), sources=(source,), formula=lambda t: None, n=n)
    assert reason_for(made, dict.fromkeys(source.names, 0)) == reason


def test_why_there_is_none_although_something_was_counted():
    made = Kpi(name="x", title="X", sources=(events,), formula=lambda t: None, nothing={"won": "nothing was won"})
    assert reason_for(made, {"n": 3, "won": 0}) == "nothing was won"
    bare = Kpi(name="x", title="X", sources=(events,), formula=lambda t: None)
    assert reason_for(bare, {"n": 3, "won": 0}) == "what was counted makes no value (won)"
