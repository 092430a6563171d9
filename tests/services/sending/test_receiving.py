"""What providers tell is kept once; what they did not tell is refused."""

from __future__ import annotations

import pytest

from crmkit import CRM, Customer, Interaction, Message, RefusedError
from crmkit.ports.channel import Request
from tests.services.sending.faulty import Book


def told(text: str, signature: str = "good") -> Request:
    return Request(body=text.encode(), headers={"signature": signature})


def test_a_forged_request_changes_nothing(shop: CRM, anna: Customer) -> None:
    with pytest.raises(RefusedError) as refused:
        shop.messages.receive("faulty", told("message m1 hello", "bad"))
    assert refused.value.code == "forged"
    assert not shop.find(Interaction)


def test_a_message_becomes_an_interaction_of_whoever_has_the_address(shop: CRM, anna: Customer) -> None:
    """Twice is once."""
    assert shop.messages.receive("faulty", told("message m1 is my bike ready?")).interactions == 1
    assert shop.messages.receive("faulty", told("message m1 is my bike ready?")).interactions == 0
    (kept,) = shop.interactions.timeline(anna)
    assert (kept.direction, kept.channel, kept.body) == ("in", "faulty", "is my bike ready?")
    assert shop.interactions.waiting()


def test_what_no_store_can_keep_is_taken_out(shop: CRM, anna: Customer) -> None:
    assert shop.messages.receive("faulty", told("message m\x01 a\x00b")).interactions == 1
    (kept,) = shop.interactions.timeline(anna)
    assert (kept.external_id, kept.body) == ("m", "a\ufffdb")


def test_a_status_goes_forward_only(shop: CRM, anna: Customer) -> None:
    """A report that comes late or twice does not turn a bounce into a delivery."""
    message = shop.messages.queue(anna, channel="faulty", text="hello", key="k")
    shop.messages.deliver()
    steps = [("delivered", "delivered"), ("sent", "delivered"), ("bounced", "bounced"), ("delivered", "bounced")]
    for report, status in steps:
        shop.messages.receive("faulty", told(f"status ext-k {report}"))
        assert shop.get(Message, message.id).status == status
    assert shop.consents.is_suppressed("anna@example.nl")


def test_a_report_settles_what_is_uncertain(shop: CRM, anna: Customer, book: Book) -> None:
    """The provider knows the message by our key, as we were never told its own name for it."""
    message = shop.messages.queue(anna, channel="faulty", text="broken", key="k")
    shop.messages.deliver()
    shop.messages.receive("faulty", told("status k delivered"))
    kept = shop.get(Message, message.id)
    assert (kept.status, kept.interaction is not None) == ("delivered", True)
    assert not shop.messages.uncertain()
    shop.messages.deliver()
    assert len(book.given) == 1


def test_a_report_about_nothing_of_ours_is_passed_over(shop: CRM) -> None:
    assert shop.messages.receive("faulty", told("status other delivered")).total == 0
