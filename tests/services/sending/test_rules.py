"""Rules of plugins, and what a rule refuses, do not stop the queue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crmkit import CRM, Change, Interaction, Message, Plugin, Refusal, check
from crmkit.ports.channel import Request
from crmkit.query import each
from crmkit.testing import Clock
from tests.services.sending.faulty import Book
from tests.services.sending.faulty import plugin as faulty


@check(Message)
def keeps_what_is_queued(change: Change[Message]) -> Refusal | None:
    """A rule that lets no message with this subject become anything."""
    if change.before is not None and change.after.subject == "stays":
        return Refusal("It stays as it is.")
    return None


@check(Interaction)
def no_spam(change: Change[Interaction]) -> Refusal | None:
    return Refusal("No spam.") if "spam" in change.after.body else None


rules = Plugin("rules", offers=(keeps_what_is_queued, no_spam))


@pytest.fixture
def shop(clock: Clock, book: Book) -> Iterator[CRM]:
    with CRM.open(
        "memory:", plugins=[faulty, rules], discover=False, clock=clock, settings={"faulty": book}, environ={}
    ) as made:
        yield made


def test_a_message_that_can_not_be_claimed_does_not_stop_the_others(shop: CRM, book: Book) -> None:
    """It has no basis, and a rule refuses to have that written down: the others go, and it is tried again later."""
    anna = shop.customers.add(name="Anna", email="anna@example.nl")
    shop.messages.queue(anna, channel="faulty", text="poison", subject="stays", purpose="marketing")
    for n in range(5):
        shop.messages.queue(anna, channel="faulty", text=f"hello {n}")
    assert shop.work().sent == 5
    assert len(book.given) == 5


def test_a_message_that_can_not_be_completed_is_not_sent_again(shop: CRM, book: Book, clock: Clock) -> None:
    """The channel took it, and a rule refuses every word about that: it stays handed over, and is never given again."""
    anna = shop.customers.add(name="Anna", email="anna@example.nl")
    shop.messages.queue(anna, channel="faulty", text="hello", subject="stays")
    shop.messages.queue(anna, channel="faulty", text="after it")
    for _ in range(20):
        shop.work()
        clock.advance(hours=1)
    assert sorted(one.text for one in book.given) == ["after it", "hello"]


def test_what_a_rule_does_not_let_in_does_not_stop_the_others(shop: CRM) -> None:
    def told(text: str) -> Request:
        return Request(body=text.encode(), headers={"signature": "good"})

    assert shop.messages.receive("faulty", told("message m1 spam")).refused == 1
    assert shop.messages.receive("faulty", told("message m2 hello")).interactions == 1


def test_nothing_is_sent_while_a_rule_is_missing(tmp_path: object, clock: Clock, book: Book) -> None:
    """The plugin that checks messages is gone: nothing goes out, and the rest of the worker goes on."""
    url, settings = f"sqlite:///{tmp_path}/crm.db", {"faulty": book}
    with CRM.open(url, plugins=[faulty, rules], discover=False, clock=clock, settings=settings, environ={}) as crm:
        anna = crm.customers.add(name="Anna", email="anna@example.nl")
        crm.messages.queue(anna, channel="faulty", text="hello")
    with CRM.open(url, plugins=[faulty], discover=False, clock=clock, settings=settings, environ={}) as crm:
        assert crm.work().sent == 0
    assert not book.given
    with CRM.open(url, plugins=[faulty, rules], discover=False, clock=clock, settings=settings, environ={}) as crm:
        assert crm.work().sent == 1


def test_a_merged_customers_withdrawal_holds(shop: CRM, book: Book) -> None:
    """Whoever is joined keeps the stricter word of both."""
    anna = shop.customers.add(name="Anna", email="anna@example.nl")
    other = shop.customers.add(name="A. Jansen", email="jansen@example.nl")
    shop.consents.withdraw(other, "survey")
    shop.customers.merge(anna, other)
    shop.messages.queue(anna, channel="faulty", text="how was it?", purpose="survey")
    shop.work()
    assert not book.given
    assert [one.reason for one in shop.find(Message, each(Message).status == "suppressed")] == ["withdrawn"]
