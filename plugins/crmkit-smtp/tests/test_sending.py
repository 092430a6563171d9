"""From the queue of a CRM to the mailbox of a server: each letter once, or known to be uncertain."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from crmkit import CRM, Customer, InvalidError, Message
from crmkit.query import each
from crmkit.testing import Clock

from crmkit_smtp import Settings, Smtp, plugin

from .server import MailServer, mail_server


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as made:
        yield made


def opened(url: str, server: MailServer, clock: Clock) -> CRM:
    told = Settings(host="127.0.0.1", port=server.port, sender="crm@example.nl", starttls=False, timeout_s=10)
    return CRM.open(url, plugins=[plugin], discover=False, clock=clock, settings={"smtp": told}, environ={}, secret="s")


@pytest.fixture
def shop(server: MailServer, clock: Clock) -> Iterator[CRM]:
    with opened("memory:", server, clock) as made:
        yield made


@pytest.fixture
def anna(shop: CRM) -> Customer:
    return shop.customers.add(name="Anna", email="anna@example.nl")


def status(crm: CRM) -> list[str]:
    return [message.status for message in crm.find(Message, order=[each(Message).queued_at])]


def work_for_days(crm: CRM, clock: Clock, days: int = 3) -> None:
    for _ in range(days * 4):
        crm.work()
        clock.advance(hours=6)
    crm.work()


def test_a_queued_message_is_in_the_mailbox(shop: CRM, anna: Customer, server: MailServer, clock: Clock) -> None:
    """Once, whatever the worker does later; a message that a machine asked for says so."""
    shop.messages.queue(
        anna, channel="smtp", subject="Uw fiets", text="Uw fiets is klaar.", key="ready:1", is_automatic=True
    )
    shop.messages.queue(anna, channel="smtp", subject="Uw fiets", text="Uw fiets is klaar.", key="ready:1")
    assert server.taken() == 0
    work_for_days(shop, clock)
    envelope, letter = server.only()
    assert envelope.rcpt_tos == ["anna@example.nl"]
    assert letter.get_content().strip() == "Uw fiets is klaar."
    assert letter["Auto-Submitted"] == "auto-generated"
    (message,) = shop.find(Message)
    assert (message.status, message.external_id) == ("sent", letter["Message-ID"])
    assert [entry.subject for entry in shop.interactions.timeline(anna)] == ["Uw fiets"]


def test_a_busy_server_gets_it_later(shop: CRM, anna: Customer, server: MailServer, clock: Clock) -> None:
    shop.messages.queue(anna, channel="smtp", text="Hello")
    server.answers["RCPT"] = "450 4.2.1 greylisted, come back"
    shop.work()
    assert status(shop) == ["queued"]
    server.answers.clear()
    work_for_days(shop, clock)
    assert status(shop) == ["sent"]
    server.only()


def test_a_dropped_answer_is_uncertain_and_never_sent_twice(
    shop: CRM, anna: Customer, server: MailServer, clock: Clock
) -> None:
    """The server has the letter; crmkit does not know, says so, and does not guess."""
    shop.messages.queue(anna, channel="smtp", text="Hello")
    server.answers["END"] = "drop"
    shop.work()
    assert status(shop) == ["uncertain"]
    server.answers.clear()
    work_for_days(shop, clock)
    assert status(shop) == ["uncertain"]
    server.only()
    assert len(shop.messages.uncertain()) == 1


def test_an_unknown_address_is_not_written_to_again(
    shop: CRM, anna: Customer, server: MailServer, clock: Clock
) -> None:
    server.answers["RCPT"] = "550 5.1.1 no such user"
    shop.messages.queue(anna, channel="smtp", text="Hello")
    shop.work()
    server.answers.clear()
    shop.messages.queue(anna, channel="smtp", text="Hello again")
    work_for_days(shop, clock)
    assert status(shop) == ["rejected", "suppressed"]
    assert (server.taken(), server.envelopes) == (0, 1)


# --- killed ---
WORKER = """
import sys
from crmkit import CRM
from crmkit_smtp import Settings, plugin

told = Settings(host="127.0.0.1", port=int(sys.argv[2]), sender="crm@example.nl", starttls=False)
with CRM.open(sys.argv[1], plugins=[plugin], discover=False, settings={"smtp": told}, environ={}, secret="s") as crm:
    crm.work()
"""


@pytest.mark.parametrize(("phase", "arrived"), [("MAIL", 0), ("END", 1)])
def test_a_killed_worker_leaves_it_uncertain(server: MailServer, tmp_path: Path, phase: str, arrived: int) -> None:
    """Killed within the conversation, before or after the server took the letter: parked, listed, and never sent twice."""
    clock, url = Clock(), f"sqlite:///{tmp_path / 'crm.db'}"
    with opened(url, server, clock) as crm:
        crm.messages.queue(crm.customers.add(name="Anna", email="anna@example.nl"), channel="smtp", text="Hello")
    workers: list[subprocess.Popen[bytes]] = []
    server.answers[phase] = lambda _: workers[0].kill()
    workers.append(subprocess.Popen([sys.executable, "-c", WORKER, url, str(server.port)]))
    assert workers[0].wait(60) == -9
    server.answers.clear()

    clock.now += timedelta(days=3650)  # the worker had the machine's own clock
    with opened(url, server, clock) as crm:
        work_for_days(crm, clock)
        assert status(crm) == ["uncertain"]
        assert server.taken() == arrived
        crm.messages.resolve(crm.messages.uncertain()[0], "not sent")  # a person looked, and decides
        work_for_days(crm, clock)
        assert status(crm) == ["sent"]
    assert server.taken() == arrived + 1


def test_until_it_knows_a_server_its_messages_wait(clock: Clock) -> None:
    """Installed and not yet told where the mail server is: nothing is lost, and nothing complains."""
    with CRM.open("memory:", plugins=[plugin], discover=False, environ={}, clock=clock) as crm:
        (state,) = [state for state in crm.plugins if state.name == "smtp"]
        assert state.state == "active"
        anna = crm.customers.add(name="Anna", email="anna@example.nl")
        crm.messages.queue(anna, channel="smtp", text="Hello")
        crm.work()
        assert status(crm) == ["queued"]
    assert "host" in Smtp(Settings()).health()


@pytest.mark.parametrize("sender", ["", "the shop"])
def test_with_bad_settings_it_is_not_active(sender: str) -> None:
    """Every letter would fail: that is said at once."""
    told = {"host": "mail.example.nl", "sender": sender}
    with CRM.open("memory:", plugins=[plugin], discover=False, environ={}, settings={"smtp": told}) as crm:
        (state,) = [state for state in crm.plugins if state.name == "smtp"]
        assert (state.state, "sender" in state.reason) == ("failed", True)
        with pytest.raises(InvalidError, match="no channel 'smtp'"):
            crm.messages.queue(crm.customers.add(name="Anna", email="anna@example.nl"), channel="smtp", text="Hello")
