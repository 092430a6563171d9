"""Letters that mail programs open, and replies that find the message they answer."""

from __future__ import annotations

import contextlib
import email
import email.policy
import mailbox
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from crmkit import CRM, Interaction, Message
from crmkit.builtin.mailbox.channel import Mailbox, Settings
from crmkit.builtin.mailbox.reading import read_letter
from crmkit.ports.channel import Delivery, IncomingMessage, NotSent, Rejected, StatusReport
from crmkit.testing import Clock

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
TEXTS = ["plain", "Mit Ümlaut", "سلام، حال شما چطور است؟", "שלום\nוברכה", "ő" * 2000, "x" * 3000, "From me\n.\n>quoted"]


def delivery(text: str = "hello", **more: object) -> Delivery:
    facts = {"key": "k1", "address": "anna@example.nl", "subject": "Hello", "at": AT, **more}
    return Delivery(text=text, **facts)  # type: ignore[arg-type]  # as each test says


@pytest.fixture
def box(tmp_path: Path) -> Mailbox:
    return Mailbox(Settings(folder=tmp_path / "mail", sender="crm@example.org", name="Two Wheels"))


def letters(box: Mailbox, place: str = "sent") -> list[EmailMessage]:
    folder = box._settings.folder / place
    opened = mailbox.Maildir(folder, create=False) if place == "sent" else mailbox.mbox(folder, create=False)
    with contextlib.closing(opened):
        raw = [opened.get_bytes(key) for key in list(opened.iterkeys())]
    return [email.message_from_bytes(one, policy=email.policy.default) for one in raw]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("place", ["sent", "sent.mbox"])
def test_a_mail_program_reads_what_was_written(box: Mailbox, text: str, place: str) -> None:
    """In the Maildir and in the mbox, in any script, however long a line."""
    receipt = box.send(delivery(text, subject=f"Re: {text[:40]}".replace("\n", " ")))
    (letter,) = letters(box, place)
    assert letter.get_content().replace("\r\n", "\n").rstrip("\n").replace(">From", "From") == text
    assert letter["Subject"] == f"Re: {text[:40]}".replace("\n", " ")
    assert (letter["To"], letter["From"]) == ("anna@example.nl", "Two Wheels <crm@example.org>")
    assert letter["Message-ID"] == receipt.external_id == "<k1@example.org>"
    assert letter["Date"].datetime == AT
    assert not list((box._settings.folder / "sent" / "tmp").iterdir())


def test_headers_are_given_on_and_can_not_be_forged(box: Mailbox) -> None:
    """A line break in a value begins no header, and nobody writes our own ones."""
    box.send(
        delivery(
            subject="Hello\r\nBcc: all@example.org",
            headers={
                "List-Unsubscribe": "<https://example.org/u/1>", "Auto-Submitted": "auto-generated", "From": "x@example.org",
                "X-Note": "a\r\nBcc: b@example.org", "Bad name": "c",
            },
        )
    )  # fmt: skip
    (letter,) = letters(box)
    assert letter["List-Unsubscribe"] == "<https://example.org/u/1>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Bcc"] is None
    assert letter.get_all("From") == ["Two Wheels <crm@example.org>"]


@pytest.mark.parametrize("address", ["a\r\nBcc: b@example.org", "<a@b>", "two words@example.org", "a@b@c@"])
def test_what_is_no_address_is_rejected(box: Mailbox, address: str) -> None:
    with pytest.raises(Rejected) as rejected:
        box.send(delivery(address=address))
    assert rejected.value.is_address
    assert not (box._settings.folder / "sent").exists()


def test_a_folder_that_can_not_be_made_is_not_sent(tmp_path: Path) -> None:
    """Certainly not sent: it is tried again when somebody has mended the place."""
    (tmp_path / "mail").write_text("a file")
    box = Mailbox(Settings(folder=tmp_path / "mail"))
    with pytest.raises(NotSent):
        box.send(delivery())
    assert "can not be written" in box.health()


def test_a_mbox_that_can_not_be_written_is_not_sent(box: Mailbox) -> None:
    (box._settings.folder / "sent.mbox").mkdir(parents=True)
    with pytest.raises(NotSent):
        box.send(delivery())
    assert not letters(box)


def test_without_mbox(tmp_path: Path) -> None:
    box = Mailbox(Settings(folder=tmp_path, keeps_mbox=False))
    box.send(delivery())
    assert len(letters(box)) == 1
    assert not (tmp_path / "sent.mbox").exists()


# --- replies ---
def drop(box: Mailbox, name: str, text: str | bytes) -> None:
    inbox = box._settings.folder / "inbox" / "new"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def test_letters_are_kept_before_they_are_moved(box: Mailbox) -> None:
    """A worker that dies between reading and keeping finds them again."""
    drop(box, "1", "Message-ID: <1@x>\nFrom: a@example.org\n\none")
    first, place = box.poll("")
    again, _ = box.poll("")
    assert [one.external_id for one in first] == [one.external_id for one in again] == ["<1@x>"]
    drop(box, "2", "Message-ID: <2@x>\nFrom: a@example.org\n\ntwo")
    rest, place = box.poll(place)
    assert [one.external_id for one in rest] == ["<2@x>"]
    assert box.poll(place) == ([], "")
    assert sorted(path.name for path in (box._settings.folder / "inbox" / "cur").iterdir()) == ["1:2,S", "2:2,S"]


def test_more_letters_than_one_reading_takes(tmp_path: Path, clock: Clock) -> None:
    """One call of the worker keeps all of them, and leaves none in the place for new ones."""
    with CRM.open(
        "memory:", discover=False, clock=clock, settings={"mailbox": {"folder": str(tmp_path)}}, environ={}
    ) as crm:
        box = Mailbox(Settings(folder=tmp_path))
        for n in range(230):
            drop(box, f"{n:03}", f"Message-ID: <{n}@x>\nFrom: a@example.org\n\nhello {n}")
        assert crm.work().received == 230
        assert not list((tmp_path / "inbox" / "new").iterdir())
        assert crm.work().received == 0


def test_a_place_from_elsewhere_moves_nothing_outside_of_the_inbox(box: Mailbox, tmp_path: Path) -> None:
    drop(box, "1", "one")
    (tmp_path / "secret").write_text("stays")
    box.poll("../../../secret\n/etc/hostname")
    assert (tmp_path / "secret").read_text() == "stays"


def test_replies_find_their_message(tmp_path: Path, clock: Clock) -> None:
    """By the token in the address, by In-Reply-To, or by References; the answer belongs to the customer who was written to."""
    settings = {"mailbox": {"folder": str(tmp_path), "sender": "crm@example.org"}}
    with CRM.open("memory:", discover=False, clock=clock, settings=settings, environ={}, secret="s3cret") as crm:
        anna = crm.customers.add(name="Anna", email="anna@example.nl")
        message = crm.messages.queue(anna, text="How was it?", subject="Your bicycle", channel="mailbox")
        crm.work()
        box = crm.house.opened("channel:mailbox", lambda: pytest.fail("it is open already"))
        (letter,) = letters(box)
        heads = [
            f"To: {letter['Reply-To']}", f"In-Reply-To: {letter['Message-ID']}",
            f"References: <other@x> {letter['Message-ID']}", f"To: {str(letter['Reply-To']).upper()}",
        ]  # fmt: skip
        for n, head in enumerate(heads):
            drop(box, str(n), f"From: private@example.com\nMessage-ID: <{n}@x>\n{head}\n\nFine {n}\n\n> How was it?\n")
        drop(
            box, "forged", "From: private@example.com\nMessage-ID: <f@x>\nTo: crm+" + "a" * 42 + "@example.org\n\nFine"
        )
        assert crm.work().received == len(heads) + 1
        replies = [one for one in crm.interactions.timeline(anna) if one.direction == "in"]
        assert sorted(one.body for one in replies) == [f"Fine {n}" for n in range(len(heads))]
        assert {one.conversation for one in replies} == {
            message.interaction or crm.get(type(message), message.id).interaction
        }
        assert len(crm.find(Interaction)) == 1 + len(heads) + 1


def read(text: str | bytes) -> IncomingMessage:
    found = read_letter(text if isinstance(text, bytes) else text.encode())
    assert isinstance(found, IncomingMessage)
    return found


REPORT = """From: MAILER-DAEMON@mx.example.nl
Message-ID: <report@mx>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your letter could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.nl

Final-Recipient: rfc822; anna@example.nl
Action: {action}
Status: {status}

--b
Content-Type: text/rfc822-headers

From: crm@example.org
Message-ID: {original}

--b--
"""


@pytest.mark.parametrize(
    ("action", "status", "told"),
    [("failed", "5.1.1", "bounced"), ("failed", "4.4.7", "failed"), ("delayed", "4.4.1", "")],
)
def test_a_report_of_a_mail_server_is_about_the_letter_that_came_back(action: str, status: str, told: str) -> None:
    found = read_letter(REPORT.format(action=action, status=status, original="<k1@example.org>").encode())
    if told:
        assert found == StatusReport(external_id="<k1@example.org>", status=told, code=status)  # type: ignore[arg-type]  # as the row says
    else:
        assert isinstance(found, IncomingMessage)
        assert found.is_automatic


def test_a_letter_that_comes_back_suppresses_its_address(tmp_path: Path, clock: Clock) -> None:
    settings = {"mailbox": {"folder": str(tmp_path), "sender": "crm@example.org"}}
    with CRM.open("memory:", discover=False, clock=clock, settings=settings, environ={}) as crm:
        anna = crm.customers.add(name="Anna", email="anna@example.nl")
        message = crm.messages.queue(anna, text="hello", channel="mailbox")
        crm.work()
        box = crm.house.opened("channel:mailbox", lambda: pytest.fail("it is open already"))
        original = crm.get(Message, message.id).external_id
        drop(box, "1", REPORT.format(action="failed", status="5.1.1", original=original))
        crm.work()
        assert crm.get(Message, message.id).status == "bounced"
        assert crm.consents.is_suppressed("anna@example.nl")


@pytest.mark.parametrize(
    "head",
    ["Auto-Submitted: auto-replied", "Precedence: bulk", "List-Id: <l>", "X-Autoreply: yes", "Return-Path: <>",
     'Content-Type: multipart/report; boundary="b"'],
)  # fmt: skip
def test_automatic_letters_are_told(head: str) -> None:
    assert read(f"From: a@example.org\n{head}\n\nI am away").is_automatic
    assert not read("From: a@example.org\nAuto-Submitted: no\n\nhello").is_automatic


QUOTED = [
    "9, great\n\nOn Mon, 5 Jan 2026 at 09:00, Two Wheels\n<crm@example.org> wrote:\n> How was it?\n> Bye\n",
    "9, great\n\nOp ma 5 jan. 2026 om 09:00 schreef Two Wheels <crm@example.org>:\n> Hoe was het?\n",
    "9, great\n\nTwo Wheels <crm@example.org> ezt írta (2026. jan. 5., H, 9:00):\n> Milyen volt?\n",
    "9, great\n\n-----Original Message-----\nFrom: Two Wheels\nSent: Monday\nHow was it?\n",
    "9, great\n\nFrom: Two Wheels\nSent: Monday\nTo: Anna\nSubject: x\n\nHow was it?\n",
    "9, great\n-- \nAnna\nExample Ltd\n",
    "> How was it?\n\n9, great\n",
]


@pytest.mark.parametrize("text", QUOTED)
def test_the_writers_own_words_are_kept(text: str) -> None:
    assert read("From: a@example.org\n\n" + text).text == "9, great"


def test_what_stands_between_quotations_is_kept() -> None:
    text = "On Mon, 5 Jan 2026, Two Wheels wrote:\n> first?\nyes\n> second?\nno\n"
    assert read("From: a@example.org\n\n" + text).text == "On Mon, 5 Jan 2026, Two Wheels wrote:\nyes\nno"


def test_html_alone_is_read_as_text() -> None:
    page = "<html><style>p{}</style><body><p>9 &amp; more</p><blockquote>How was it?</blockquote></body></html>"
    assert read(f"From: a@example.org\nContent-Type: text/html\n\n{page}").text == "9 & more"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe" * 50,
        b"From: \xff\xfe <a@example.org>\nSubject: =?utf-8?b?////?= =?x-none?q?=zz?=\n\n\xff\xfe",
        b"Content-Type: text/plain; charset=no-such-thing\n\n\xe9t\xe9",
        b"Content-Type: text/plain; charset=utf-16\n\nodd",
        b"Content-Type: multipart/mixed\n\nno boundary",
        b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n--b\n\n--b--',
        b"Content-Transfer-Encoding: base64\n\n@@@not base64",
        b"Date: 99 Foo 99999 99:99\nMessage-ID: broken\nReferences: <<<>\n\nx",
        b"Subject: " + b"=?utf-8?q?" * 200 + b"\n\nx",
        b"To: " + b"a," * 5000 + b"\n\nx",
    ],
)  # fmt: skip
def test_a_broken_letter_is_read_all_the_same(raw: bytes) -> None:
    found = read(raw)
    assert found.external_id
    for text in (found.text, found.subject, found.address):
        assert "\x00" not in text
        text.encode()


@pytest.mark.data
def test_letters_of_real_corpora_are_all_kept(data_folder: Path, tmp_path: Path, clock: Clock) -> None:
    """Every file that is a letter, however broken, becomes one interaction per Message-ID; nothing of it is printed."""
    files = [
        path
        for path in sorted((data_folder / "email_corpora").rglob("*"))
        if path.is_file() and path.stat().st_size < 2_000_000
    ]
    assert len(files) > 50
    settings = {"mailbox": {"folder": str(tmp_path)}}
    with CRM.open("memory:", discover=False, clock=clock, settings=settings, environ={}) as crm:
        box = crm.house.opened("channel:mailbox", lambda: Mailbox(Settings(folder=tmp_path)))
        for n, path in enumerate(files):
            drop(box, f"{n:05}", path.read_bytes())
        items = [read_letter(path.read_bytes()) for path in files]
        names = {one.external_id for one in items if isinstance(one, IncomingMessage)}
        failed = 0
        while arrived := crm.messages.poll("mailbox"):
            failed += arrived.failed
            if not list((tmp_path / "inbox" / "new").iterdir()):
                break
        assert failed == 0
        assert len(crm.find(Interaction)) == len(names)
