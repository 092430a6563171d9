"""Who may be written to: the fold of facts, against a plain reading of the rules, and at the moment of sending."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import CRM, Consent, Customer, Message
from crmkit.ports.sending import SendingRules
from crmkit.services.sending.permission import refusal, standing
from crmkit.testing import Clock
from tests.services.sending.faulty import Book, plugin

T0 = datetime(2026, 1, 1, tzinfo=UTC)
RULES = SendingRules()


def fact(
    n: int, action: str, *, purpose: str = "marketing", channel: str = "", source: str = "form", basis: str = "consent"
) -> Consent:
    return Consent(
        purpose=purpose, channel=channel, action=action, at=T0 + timedelta(hours=n), source=source, basis=basis
    )


FACTS = st.lists(
    st.tuples(
        st.sampled_from(["grant", "withdraw", "object", "restrict", "expire"]),
        st.sampled_from(["marketing", "survey", "service"]),
        st.sampled_from(["", "email", "phone"]),
        st.sampled_from(["form", "import"]),
        st.sampled_from(["consent", "legitimate_interest", "contract"]),
    ),
    max_size=8,
)


@given(FACTS, st.sampled_from(["marketing", "survey", "service"]))
def test_rules_hold_for_every_history(history: list[tuple[str, str, str, str, str]], purpose: str) -> None:
    """The last refusing fact decides, unless a grant of the subject's own came later; the rules are read backwards here."""
    facts = [
        fact(n, action, purpose=about, channel=channel, source=source, basis=basis)
        for n, (action, about, channel, source, basis) in enumerate(history)
    ]
    ours = [one for one in facts if one.purpose == purpose and one.channel in ("", "email")]
    refusing = [n for n, one in enumerate(ours) if one.action in ("withdraw", "object", "restrict")]
    own = [n for n, one in enumerate(ours) if one.action == "grant" and one.basis == "consent" and one.source == "form"]
    is_lifted = bool(refusing and own and own[-1] > refusing[-1])
    is_absolute = purpose == "marketing" and any(one.action == "object" for one in ours)
    found = refusal(standing(reversed(facts), purpose, "email"), purpose, RULES)
    if is_absolute or (refusing and not is_lifted):
        assert found in ("withdrawn", "objected")
    else:
        granting = [
            one.action for one in ours[(refusing[-1] + 1 if refusing else 0) :] if one.action in ("grant", "expire")
        ]
        # after a withdrawal only the subject's own grant opens again what later facts add to
        is_open = purpose != "marketing" or (bool(granting) and granting[-1] == "grant")
        assert (found == "") is is_open


def test_an_import_never_lifts_a_withdrawal() -> None:
    facts = [fact(0, "grant"), fact(1, "withdraw"), fact(2, "grant", source="import")]
    assert standing(facts, "marketing", "email").state == "withdrawn"
    assert standing([*facts, fact(3, "grant")], "marketing", "email").state == "granted"


def test_an_objection_to_marketing_is_absolute() -> None:
    facts = [fact(0, "object"), fact(1, "grant")]
    assert standing(facts, "marketing", "email").state == "objected"
    assert (
        standing([fact(0, "object", purpose="survey"), fact(1, "grant", purpose="survey")], "survey", "email").state
        == "granted"
    )


def test_marketing_needs_a_grant_and_service_none(shop: CRM, anna: Customer, book: Book) -> None:
    for purpose in ("marketing", "survey", "service"):
        shop.messages.queue(anna, channel="faulty", text=purpose, purpose=purpose)
    shop.messages.deliver()
    assert [one.text for one in book.given] == ["survey", "service"]
    (refused,) = shop.messages.list(status="suppressed")
    assert refused.reason == "no_consent"


def test_a_withdrawal_between_queue_and_sending_counts(shop: CRM, anna: Customer, book: Book, clock: Clock) -> None:
    shop.consents.grant(anna, "marketing", source="form")
    shop.messages.queue(anna, channel="faulty", text="news", purpose="marketing")
    clock.advance(minutes=1)
    shop.consents.withdraw(anna, "marketing")
    shop.messages.deliver()
    assert not book.given


def test_a_withdrawal_outlives_the_customer(shop: CRM, anna: Customer, book: Book, clock: Clock) -> None:
    """It stands under the keyed hash of the address: a new record of the same person does not begin anew."""
    shop.consents.withdraw(anna, "survey")
    clock.advance(days=1)
    again = shop.customers.add(name="Anna, imported", email="Anna@example.nl")
    message = shop.messages.queue(again, channel="faulty", text="how was it?", purpose="survey")
    shop.messages.deliver()
    assert shop.get(Message, message.id).reason == "withdrawn"
    assert not book.given


def test_quiet_hours_are_the_customers(clock: Clock, book: Book) -> None:
    """News waits for the morning where the customer lives; what serves a request does not."""
    settings = {"faulty": book, "sending": {"quiet_from": "21:00", "quiet_until": "08:00"}}
    with CRM.open("memory:", plugins=[plugin], discover=False, clock=clock, settings=settings, environ={}) as crm:
        tehran = crm.customers.add(name="Mina", email="mina@example.ir", time_zone="Asia/Tehran")
        here = crm.customers.add(name="Anna", email="anna@example.nl")
        clock.set(datetime(2026, 1, 5, 19, tzinfo=UTC))  # 22:30 in Tehran
        crm.messages.queue(tehran, channel="faulty", text="late", purpose="survey")
        crm.messages.queue(tehran, channel="faulty", text="answer", purpose="service")
        crm.messages.queue(here, channel="faulty", text="early", purpose="survey")
        crm.messages.deliver()
        assert sorted(one.text for one in book.given) == ["answer", "early"]
        clock.set(datetime(2026, 1, 6, 4, 29, tzinfo=UTC))
        assert crm.messages.deliver().sent == 0
        clock.set(datetime(2026, 1, 6, 4, 30, tzinfo=UTC))
        assert crm.messages.deliver().sent == 1


def test_a_weekly_limit_puts_off(clock: Clock, book: Book) -> None:
    settings = {"faulty": book, "sending": {"per_week": 2}}
    with CRM.open("memory:", plugins=[plugin], discover=False, clock=clock, settings=settings, environ={}) as crm:
        anna = crm.customers.add(name="Anna", email="anna@example.nl")
        for n in range(4):
            crm.messages.queue(anna, channel="faulty", text=f"survey {n}", purpose="survey")
            clock.advance(hours=1)
            crm.messages.deliver()
        assert len(book.given) == 2
        clock.advance(days=7)
        crm.messages.deliver()
        assert len(book.given) == 4


def test_two_machines_do_not_answer_each_other_for_ever(shop: CRM, anna: Customer, book: Book, clock: Clock) -> None:
    """At most three automatic messages to one address in 24 hours, whatever it answers."""
    for n in range(500):
        shop.messages.queue(anna, channel="faulty", text=f"reply {n}", is_automatic=True)
        shop.messages.deliver()
        clock.advance(minutes=5)
    assert len(book.given) <= 6
    by_person = shop.messages.queue(anna, channel="faulty", text="written by a person")
    shop.messages.deliver()
    assert shop.get(Message, by_person.id).status == "sent"


@pytest.mark.parametrize("address", ["no address", "anna@"])
def test_what_is_no_address_is_never_handed_over(shop: CRM, book: Book, address: str) -> None:
    message = shop.messages.queue(None, channel="faulty", address=address, text="hello")
    shop.messages.deliver()
    assert (shop.get(Message, message.id).reason, book.given) == ("address", [])
