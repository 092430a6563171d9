"""Letters over SMTP to a real server, and what the channel makes of everything that a server can do."""

from __future__ import annotations

import hashlib
import shutil
import smtplib
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from crmkit import Secret
from crmkit.ports.channel import Delivery, NotSent, Receipt, Rejected
from crmkit.testing import ChannelContract, Provider

from crmkit_smtp import Settings, Smtp

from .server import MailServer, mail_server


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as made:
        yield made


def channel(port: int, **more: Any) -> Smtp:
    return Smtp(Settings(**{"host": "127.0.0.1", "port": port, "sender": "crm@example.nl", "starttls": False, **more}))


def delivery(**more: Any) -> Delivery:
    return Delivery(
        **{"key": "invoice:7", "address": "anna@example.nl", "text": "Beste Anna", "subject": "Uw fiets", **more}
    )


def end(port: int, what: Delivery | None = None, **more: Any) -> Receipt | NotSent | Rejected | Exception:
    """Return how sending ends."""
    (found,) = channel(port, **more).send_many([what or delivery()])
    return found


class TestSmtp(ChannelContract):
    """The contract of channels, against a server that takes everything; how this one fails is below."""

    @pytest.fixture(autouse=True)
    def _mail_server(self, server: MailServer) -> None:
        self.server = server

    def channel(self, provider: Provider) -> Smtp:
        return channel(self.server.port)


# --- what is sent ---
def test_a_letter_arrives_whole(server: MailServer) -> None:
    text = "שלום\n.\n..two dots\r\n" + "long " * 400 + "\nسلام"
    receipt = end(
        server.port, delivery(text=text, subject="Ünï\r\nBcc: all@example.nl", at=datetime(2026, 11, 2, 9, tzinfo=UTC))
    )
    assert isinstance(receipt, Receipt)
    letter = server.only()[1]
    assert letter.get_content().splitlines() == text.splitlines()
    assert letter["Subject"] == "Ünï Bcc: all@example.nl"
    assert letter["Bcc"] is None
    assert letter["Date"].datetime == datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert (letter["From"], letter["To"]) == ("crm@example.nl", "anna@example.nl")
    assert (server.only()[0].mail_from, server.only()[0].rcpt_tos) == ("crm@example.nl", ["anna@example.nl"])
    assert letter["Message-ID"] == receipt.external_id


def test_the_same_delivery_is_the_same_letter(server: MailServer) -> None:
    """Its Message-ID follows from the key, whatever stands in it; another key is another letter."""
    ids = [channel(server.port).send(delivery(key=key)).external_id for key in ("a b\n>c", "a b\n>c", "other")]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0] == f"<{hashlib.sha256(b'a b' + bytes([10]) + b'>c').hexdigest()[:40]}@example.nl>"


def test_facts_of_the_queue_become_headers(server: MailServer) -> None:
    """A letter that no person wrote says so; nothing that is ours can be overwritten."""
    headers = {
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": "<https://example.nl/u>",
        "To": "eve@example.nl",
        "X\r\nY": "z",
    }
    end(server.port, delivery(headers=headers, reply_to="t0ken"), reply_to="crm+{token}@example.nl", name="De Fietser")
    letter = server.only()[1]
    assert (letter["Auto-Submitted"], letter["List-Unsubscribe"]) == ("auto-generated", "<https://example.nl/u>")
    assert (letter["To"], letter["Reply-To"]) == ("anna@example.nl", "crm+t0ken@example.nl")
    assert letter["From"] == "De Fietser <crm@example.nl>"
    assert server.only()[0].mail_from == "crm@example.nl"


def test_nobody_answers_the_answer_of_a_machine(server: MailServer) -> None:
    """RFC 3834: an automatic reply has no return path, so that no loop begins; letters without a token name no other address."""
    end(server.port, delivery(headers={"Auto-Submitted": "auto-replied"}))
    assert server.only()[0].mail_from == "<>"
    assert server.only()[1]["Reply-To"] is None


@pytest.mark.parametrize(
    "refused",
    [frozenset(some) for n in range(4) for some in combinations("abc", n)],
    ids=lambda some: "".join(sorted(some)),
)
def test_each_recipient_has_an_envelope(server: MailServer, refused: frozenset[str]) -> None:
    """Whichever addresses a server refuses, the others get their letter, and each message has its own end."""
    server.answers["RCPT"] = lambda envelope: "550 5.1.1 no" if envelope.rcpt_tos[-1][0] in refused else ""
    ends = list(channel(server.port).send_many([delivery(key=name, address=f"{name}@example.nl") for name in "abc"]))
    assert [isinstance(one, Rejected) for one in ends] == [name in refused for name in "abc"]
    assert [isinstance(one, Receipt) for one in ends] == [name not in refused for name in "abc"]
    assert [envelope.rcpt_tos for envelope, _ in server.letters] == [
        [f"{name}@example.nl"] for name in "abc" if name not in refused
    ]


def test_addresses_of_other_scripts(server: MailServer) -> None:
    """A domain is written as the network has it; what only SMTPUTF8 can carry, or no letter, is refused."""
    assert isinstance(end(server.port, delivery(address="anna@bücher.example")), Receipt)
    assert server.only()[0].rcpt_tos == ["anna@xn--bcher-kva.example"]
    for address, code in (
        ("ännä@example.nl", "smtputf8"),
        ("nobody", "bad_address"),
        ("a@b\r\nRCPT TO:<eve@example.nl>", "bad_address"),
        ("a b@example.nl", "bad_address"),
        ("@example.nl", "bad_address"),
        ("", "bad_address"),
    ):
        found = end(server.port, delivery(address=address))
        assert isinstance(found, Rejected)
        assert (found.code, found.is_address) == (code, code == "bad_address")
    assert server.taken() == 1


# --- the four ends ---
@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA", "END"])
@pytest.mark.parametrize("answer", ["421 4.3.2 closing", "450 4.2.1 greylisted", "451 4.7.1 later", "452 full"])
def test_a_passing_refusal_is_certainly_not_sent(server: MailServer, phase: str, answer: str) -> None:
    server.answers[phase] = answer
    found = end(server.port)
    assert isinstance(found, NotSent)
    assert answer[:3] in str(found)
    assert server.taken() == 0


@pytest.mark.parametrize(
    ("phase", "answer", "code", "is_address"),
    [
        ("RCPT", "550 5.1.1 No such user", "5.1.1", True),
        ("RCPT", "553 5.1.3 bad syntax", "5.1.3", True),
        ("RCPT", "550 no such user", "550", True),
        ("RCPT", "551 moved", "551", True),
        ("RCPT", "550 5.7.1 blocked as spam", "5.7.1", False),
        ("RCPT", "554 5.1.8 Sender address rejected", "5.1.8", False),
        ("RCPT", "552 5.2.2 mailbox full", "5.2.2", False),
        ("MAIL", "550 5.1.1 bad sender", "5.1.1", False),
        ("MAIL", "550 go away", "550", False),
        ("DATA", "554 no valid recipients", "554", False),
        ("END", "550 smells of spam", "550", False),
        ("END", "550 5.1.1 no such user after all", "5.1.1", True),
        ("END", "554 5.6.0 bad content", "5.6.0", False),
    ],
)
def test_a_lasting_refusal_is_rejected(
    server: MailServer, phase: str, answer: str, code: str, is_address: bool
) -> None:
    """The address is at fault only where the server says so of the recipient."""
    server.answers[phase] = answer
    found = end(server.port)
    assert isinstance(found, Rejected)
    assert (found.code, found.is_address) == (code, is_address)
    assert server.taken() == 0


@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA"])
def test_a_line_that_breaks_before_the_letter_left_is_not_sent(server: MailServer, phase: str) -> None:
    server.answers[phase] = "drop"
    assert isinstance(end(server.port), NotSent)
    assert server.taken() == 0


def test_a_line_that_breaks_after_the_letter_left_is_uncertain(server: MailServer) -> None:
    """The server has it, and could not say so: neither sent nor not sent."""
    server.answers["END"] = "drop"
    found = end(server.port)
    assert not isinstance(found, Receipt | NotSent | Rejected)
    assert server.taken() == 1


def test_an_answer_that_says_nothing_is_uncertain(server: MailServer) -> None:
    server.answers["END"] = "354 what?"
    found = end(server.port)
    assert isinstance(found, smtplib.SMTPResponseException)
    assert server.taken() == 1


def test_an_answer_that_does_not_come_is_uncertain(server: MailServer) -> None:
    hold = threading.Event()
    server.answers["END"] = lambda _: hold.wait(10)
    found = end(server.port, timeout_s=0.2)
    hold.set()
    assert not isinstance(found, Receipt | NotSent | Rejected)


def test_what_comes_after_the_answer_does_not_change_it(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: smtplib.SMTP) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(smtplib.SMTP, "quit", broken)
    assert isinstance(end(server.port), Receipt)


# --- no connection ---
def played(*lines: bytes) -> int:
    """Return the port of something that says these lines to whoever comes, and hangs up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def play() -> None:
        with listening, listening.accept()[0] as line:
            for one in lines:
                line.sendall(one)
                line.recv(65536)

    threading.Thread(target=play, daemon=True).start()
    port: int = listening.getsockname()[1]
    return port


@pytest.mark.parametrize(
    "lines",
    [
        (b"421 too many\r\n",),
        (b"554 no service here\r\n",),
        (b"HTTP/1.1 400 Bad Request\r\n",),
        (b"220 hello\r\n",),
        (
            b"220 hello\r\n",
            b"250 hello\r\n",
            b"250 ok\r\n",
            b"250 ok\r\n",
            b"354 go on\r\n",
        ),  # hangs up within the letter
    ],
)
def test_a_server_that_does_not_begin_is_given_nothing(lines: tuple[bytes, ...]) -> None:
    text = "word\n" * 2_000_000 if len(lines) == 5 else "word"  # more than the network holds by itself
    assert isinstance(end(played(*lines), delivery(text=text)), NotSent)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert isinstance(end(port), NotSent)
    assert "ConnectionRefusedError" in channel(port).health()


# --- who may send, and secretly ---
def test_without_encryption_nothing_is_said(server: MailServer) -> None:
    """A server, or somebody on the way, that offers no encryption gets neither letter nor password."""
    found = end(server.port, starttls=True, user="crm", password=Secret("s3cret"))
    assert isinstance(found, NotSent)
    assert server.envelopes == 0


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd warns of a server that takes passwords unencrypted
def test_a_refused_login_is_not_the_fault_of_the_letter() -> None:
    with mail_server(
        auth_require_tls=False, auth_required=True, authenticator=lambda *_: AuthResult(success=False, handled=False)
    ) as server:
        for more in ({}, {"user": "crm", "password": Secret("s3cret")}):
            found = end(server.port, **more)
            assert isinstance(found, NotSent)
            assert "s3cret" not in str(found)
        assert "SMTPAuthenticationError" in channel(server.port, user="crm", password=Secret("x")).health()
        assert server.taken() == 0


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for this machine that nobody signed, with its key in the same file."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, made = tmp_path / "key.pem", tmp_path / "made.pem"
    words = f"req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {made}"
    subprocess.run([program, *words.split()], check=True, capture_output=True)
    made.write_text(made.read_text() + key.read_text())
    return made


def test_only_a_server_with_a_good_certificate_is_trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody on the way who encrypts too, with a certificate of his own, learns nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with mail_server(tls_context=context, require_starttls=True) as server:
        assert isinstance(end(server.port), NotSent)  # it wants encryption
        assert isinstance(end(server.port, starttls=True), NotSent)
        assert server.envelopes == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert isinstance(end(server.port, starttls=True), Receipt)


def test_it_is_well(server: MailServer) -> None:
    assert channel(server.port).health() == ""
