"""A queued message has one end, whatever the channel does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crmkit import CRM, Customer, Interaction, InvalidError, Message, Participant
from crmkit.query import each
from crmkit.records import Dispatch
from crmkit.testing import Clock
from tests.services.sending.faulty import Book


def queue(crm: CRM, customer: Customer, text: str, **more: Any) -> Message:
    return crm.messages.queue(customer, channel=more.pop("channel", "faulty"), text=text, **more)


def now(crm: CRM, message: Message) -> Message:
    return crm.get(Message, message.id)


def dispatch_of(crm: CRM, message: Message) -> Dispatch:
    return crm.find(Dispatch, each(Dispatch).message == message.id)[0]


def test_a_sent_message_is_an_interaction_of_its_customer(shop: CRM, anna: Customer) -> None:
    """One unit keeps the message as sent, the interaction and who took part."""
    message = queue(shop, anna, "hello", subject="Your bicycle", key="k")
    assert message.status == "queued"
    assert shop.messages.deliver().sent == 1

    kept = now(shop, message)
    assert (kept.status, kept.external_id, kept.account) == ("sent", "ext-k", "faulty")
    (shown,) = shop.interactions.timeline(anna)
    assert (shown.id, shown.direction, shown.is_automated, shown.body) == (kept.interaction, "out", True, "hello")
    (who,) = shop.find(Participant)
    assert (who.customer, who.address, who.role) == (anna.id, "anna@example.nl", "customer")
    assert dispatch_of(shop, message).phase == "done"
    assert shop.messages.deliver().sent == 0


def test_the_same_key_is_one_message(shop: CRM, anna: Customer, book: Book) -> None:
    first = queue(shop, anna, "hello", key="thanks:1")
    assert queue(shop, anna, "hello again", key="thanks:1") == first
    shop.messages.deliver()
    assert queue(shop, anna, "hello again", key="thanks:1").id == first.id
    shop.messages.deliver()
    assert [one.text for one in book.given] == ["hello"]


def test_a_message_goes_with_the_unit_that_caused_it(shop: CRM, anna: Customer, book: Book) -> None:
    """What is rolled back was never queued."""

    def fails(tx: CRM) -> None:
        tx.messages.queue(anna, channel="faulty", text="hello")
        raise InvalidError("no")

    with pytest.raises(InvalidError):
        shop.run(fails)
    assert shop.messages.deliver().sent == 0
    assert not book.given
    assert not shop.find(Message)


def test_not_sent_waits_as_the_provider_asks(shop: CRM, anna: Customer, clock: Clock) -> None:
    message = queue(shop, anna, "busy")
    assert shop.messages.deliver().later == 1
    assert dispatch_of(shop, message).due_at == clock.now + timedelta(seconds=90)
    assert shop.messages.deliver().later == 0
    clock.advance(seconds=90)
    assert shop.messages.deliver().later == 1
    assert dispatch_of(shop, message).attempts == 2


def test_what_can_never_be_sent_is_given_up(shop: CRM, anna: Customer, clock: Clock) -> None:
    """Ten tries, then it is failed: the queue does not carry it for ever."""
    message = queue(shop, anna, "down")
    for _ in range(12):
        shop.messages.deliver()
        clock.advance(hours=7)
    assert (now(shop, message).status, now(shop, message).reason) == ("failed", "attempts")


def test_rejected_is_for_good(shop: CRM, anna: Customer, clock: Clock) -> None:
    message = queue(shop, anna, "refused")
    assert shop.messages.deliver().refused == 1
    assert (now(shop, message).status, now(shop, message).reason) == ("rejected", "spam")
    clock.advance(days=3)
    assert shop.messages.deliver().refused == 0
    assert not shop.consents.is_suppressed("anna@example.nl")


def test_an_address_at_fault_is_never_written_to_again(shop: CRM, anna: Customer, book: Book) -> None:
    """Not even for another customer, nor in another spelling."""
    queue(shop, anna, "gone")
    shop.messages.deliver()
    other = shop.customers.add(name="Other", email="ANNA@Example.nl")
    message = queue(shop, other, "hello")
    shop.messages.deliver()
    assert (now(shop, message).status, now(shop, message).reason) == ("suppressed", "suppressed:rejected")
    assert not book.given


@pytest.mark.parametrize("word", ["broken", "leaves", "silent"])
def test_any_other_end_is_uncertain_and_never_repeated(
    shop: CRM, anna: Customer, book: Book, clock: Clock, word: str
) -> None:
    message = queue(shop, anna, word)
    assert shop.messages.deliver().uncertain == 1
    clock.advance(days=30)
    assert shop.messages.deliver().uncertain == 0
    assert len(book.given) == 1
    assert [one.id for one in shop.messages.uncertain()] == [message.id]
    assert not shop.find(Interaction)


def test_an_uncertain_message_is_repeated_while_the_provider_drops_its_key(
    shop: CRM, anna: Customer, book: Book, clock: Clock
) -> None:
    message = queue(shop, anna, "broken", channel="repeatable", key="k")
    for _ in range(20):
        shop.messages.deliver()
        clock.advance(hours=2)
    assert now(shop, message).status == "uncertain"
    assert len(book.given) > 1
    assert {one.key for one in book.given} == {"k"}
    assert all(one.at is not None and one.at - message.created_at < timedelta(hours=24) for one in book.given)


def test_a_person_settles_what_is_uncertain(shop: CRM, anna: Customer, book: Book) -> None:
    """ "sent" keeps it as sent; "not sent" queues it again."""
    first, second = queue(shop, anna, "broken 1"), queue(shop, anna, "broken 2")
    shop.messages.deliver()
    assert shop.messages.resolve(first, "sent").status == "sent"
    assert len(shop.interactions.timeline(anna)) == 1
    assert shop.messages.resolve(second, "not sent").status == "queued"
    with pytest.raises(InvalidError) as wrong:
        shop.messages.resolve(first, "sent")
    assert wrong.value.code == "settled"
    shop.messages.deliver()
    assert [one.text for one in book.given] == ["broken 1", "broken 2", "broken 2"]


def test_a_provider_that_gives_one_name_twice_loses_nothing(shop: CRM, anna: Customer) -> None:
    messages = [queue(shop, anna, "same 1"), queue(shop, anna, "same 2")]
    assert shop.messages.deliver().sent == 2
    assert [now(shop, one).status for one in messages] == ["sent", "sent"]
    assert len(shop.interactions.timeline(anna)) == 2


def test_too_long_a_text_is_not_handed_over(shop: CRM, anna: Customer, book: Book) -> None:
    message = queue(shop, anna, "x" * 2001)
    shop.messages.deliver()
    assert (now(shop, message).status, now(shop, message).reason) == ("suppressed", "too_long")
    assert not book.given


def test_a_message_waits_for_its_time(shop: CRM, anna: Customer, clock: Clock, book: Book) -> None:
    queue(shop, anna, "hello", not_before=clock.now + timedelta(hours=1))
    shop.work()
    assert not book.given
    clock.advance(hours=1)
    assert shop.work().sent == 1


def test_a_cancelled_message_is_not_sent(shop: CRM, anna: Customer, book: Book) -> None:
    message = shop.messages.cancel(queue(shop, anna, "hello"))
    shop.work()
    assert not book.given
    with pytest.raises(InvalidError):
        shop.messages.cancel(message)


def test_what_a_person_passes_on_is_planned_and_then_sent(shop: CRM, anna: Customer) -> None:
    """A call goes through the same queue; its message is sent when the call is done."""
    shop.customers.add_contact_point(anna, "phone", "+31 6 1234 5678")
    message = queue(shop, anna, "Ask whether the bicycle runs well.", subject="Call Anna", channel="phone")
    assert shop.work().sent == 1
    (planned,) = shop.interactions.due()
    assert (planned.subject, planned.channel, now(shop, message).status) == ("Call Anna", "phone", "handed_over")
    shop.interactions.done(planned, outcome="runs well")
    assert now(shop, message).status == "sent"
    assert [one.id for one in shop.interactions.timeline(anna)] == [planned.id]


def test_a_customer_without_an_address_is_refused_at_once(shop: CRM) -> None:
    nobody = shop.customers.add(name="Nobody")
    for channel in ("", "faulty"):
        with pytest.raises(InvalidError) as wrong:
            queue(shop, nobody, "hello", channel=channel)
        assert wrong.value.code == "no_address"
    with pytest.raises(InvalidError, match="Did you mean 'faulty'"):
        queue(shop, nobody, "hello", channel="fualty")


def test_the_preferred_channel_is_taken(shop: CRM) -> None:
    ben = shop.customers.add(name="Ben", email="ben@example.nl", preferred_channel="repeatable")
    assert shop.messages.way(ben).channel == "repeatable"
    assert shop.messages.queue(ben, text="hello").channel == "repeatable"


def test_a_reminder_is_told_once(shop: CRM, anna: Customer, clock: Clock) -> None:
    shop.interactions.plan(anna, "Call Anna", at=clock.now + timedelta(hours=1))
    assert shop.work().reminders == 0
    clock.advance(hours=1)
    assert shop.work().reminders == 1
    assert shop.work().reminders == 0
