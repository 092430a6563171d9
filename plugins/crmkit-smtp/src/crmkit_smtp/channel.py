"""The channel: one connection and one envelope per letter, and what each answer of the server means."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from email.message import EmailMessage

import attrs
from crmkit import Secret
from crmkit.ports.channel import Channel, Delivery, NotSent, Receipt, Rejected

from .letter import letter_of

IMPLICIT_TLS = 465
_NOT_THE_LETTER = (530, 534, 535, 538)  # another login or encryption is wanted: a person mends the settings
_NO_HOST = "No mail server is named: set host and sender under [settings.smtp]."
_STATUS = re.compile(rb"5\.\d{1,3}\.\d{1,3}(?!\d)")
_ABOUT_THE_SENDER = ("5.1.7", "5.1.8")
_NO_SUCH_RECIPIENT = ("550", "551", "553")  # of servers that give no status such as 5.1.1


@attrs.frozen(kw_only=True)
class Settings:
    """The table ``[settings.smtp]`` of crmkit.toml.

    Attributes:
        host, port: the mail server; on port 465 encryption begins at once. Without a host messages wait.
        sender, name: the address that letters come from, and the name beside it.
        user, password: the login; without a user there is none.
        starttls: encrypt; a server that does not offer it is given nothing.
        reply_to: where answers go, with ``{token}`` in it: ``crm+{token}@example.nl``; empty: to the sender.
        timeout_s: how long each answer of the server is waited for.
    """

    host: str = ""
    sender: str = attrs.field(default="", validator=attrs.validators.matches_re(r"([!-?A-~]+@[!-?A-~]+)?"))
    port: int = 587
    name: str = ""
    user: str = ""
    password: Secret = attrs.field(default=Secret(""))
    starttls: bool = True
    reply_to: str = ""
    timeout_s: float = 30

    def __attrs_post_init__(self) -> None:
        if self.host and not self.sender:
            raise ValueError("sender is missing: which address do letters come from?")


class Smtp(Channel):
    """E-mail over SMTP."""

    name = "smtp"
    addresses = "email"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, delivery: Delivery) -> Receipt:
        """Hand one letter over: before its final dot has left it is certainly not sent; then the server's answer alone counts."""
        told = self._settings
        if not told.host:
            raise NotSent(_NO_HOST)
        letter = letter_of(delivery, sender=told.sender, name=told.name, reply_to=told.reply_to)
        with ExitStack() as line:
            try:
                server = line.enter_context(self._connected())
                _say_all_but_the_dot(server, letter, told.sender)
            except OSError as error:  # smtplib's own errors are such too
                raise NotSent(f"The mail server could not be given it: {type(error).__name__}.") from error
            server.send(b".\r\n")
            _heed(server.getreply(), 2, is_final=True)
        return Receipt(external_id=letter["Message-ID"])

    @contextmanager
    def _connected(self) -> Generator[smtplib.SMTP]:
        told = self._settings
        if told.port == IMPLICIT_TLS:  # without a context smtplib looks at no certificate, here as below
            tls = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(told.host, told.port, timeout=told.timeout_s, context=tls)
        else:
            server = smtplib.SMTP(told.host, told.port, timeout=told.timeout_s)
        try:
            if told.starttls and told.port != IMPLICIT_TLS:
                server.starttls(context=ssl.create_default_context())
            if told.user:
                server.login(told.user, told.password.reveal())
            yield server
            with suppress(OSError):  # the answer is there already
                server.quit()
        finally:
            server.close()

    def health(self) -> str:
        """Say why the server can not be used, or nothing."""
        if not self._settings.host:
            return _NO_HOST
        try:
            with self._connected() as server:
                server.noop()
        except OSError as error:
            return (
                f"The mail server {self._settings.host}:{self._settings.port} can not be used: {type(error).__name__}."
            )
        return ""


def _say_all_but_the_dot(server: smtplib.SMTP, letter: EmailMessage, sender: str) -> None:
    is_reply_of_a_machine = str(letter["Auto-Submitted"] or "").startswith("auto-replied")
    body = re.sub(rb"(?m)^\.", b"..", letter.as_bytes())
    server.ehlo_or_helo_if_needed()
    _heed(server.mail("" if is_reply_of_a_machine else sender), 2)  # RFC 3834: nobody answers such a letter
    _heed(server.rcpt(letter["To"].addresses[0].addr_spec), 2, is_recipient=True)
    _heed(server.docmd("DATA"), 3)
    server.send(body if body.endswith(b"\r\n") else body + b"\r\n")


def _heed(answer: tuple[int, bytes], good: int, *, is_recipient: bool = False, is_final: bool = False) -> None:
    """Return where the answer is the good one; else raise what it means: for good, for now, or that nobody knows."""
    code, text = answer
    if code // 100 == good:
        return
    if is_final and code // 100 not in (4, 5):
        raise smtplib.SMTPResponseException(code, text)  # no answer that SMTP knows: nobody knows
    status = _STATUS.match(text)
    word = status[0].decode() if status else str(code)
    if code // 100 != 5 or code in _NOT_THE_LETTER:
        raise NotSent(f"The mail server answered {code}.")
    is_unknown = word in _NO_SUCH_RECIPIENT or (word.startswith("5.1.") and word not in _ABOUT_THE_SENDER)
    raise Rejected(word, is_address=is_unknown and (is_recipient or (is_final and word.startswith("5.1."))))
