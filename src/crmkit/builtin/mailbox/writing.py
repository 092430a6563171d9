"""Writing a letter: headers that mail programs and mailing lists' rules expect, the text as UTF-8."""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

import attrs

from crmkit.ports.channel import Delivery

_DOMAIN: Final = re.compile(r"[^A-Za-z0-9.-]")
_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_OURS: Final = frozenset({"from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type"})
_BREAKS: Final = re.compile(r"[\r\n\x00]+")
POLICY: Final = SMTP.clone(max_line_length=76)


class BadAddress(ValueError):
    """The address can not stand in a letter."""


@attrs.frozen
class Letter:
    """A letter with the names by which it is found."""

    message: EmailMessage
    message_id: str
    file_name: str

    @property
    def raw(self) -> bytes:
        """The letter as it goes over the wire, with the line ends of files."""
        return self.message.as_bytes(policy=POLICY).replace(b"\r\n", b"\n")


def write_letter(delivery: Delivery, sender: str, name: str) -> Letter:
    """Return a delivery as a letter.

    Its Message-ID is made of the delivery's key: the same delivery twice is the same letter.

    Raises:
        BadAddress: the recipient's address can not stand in a header.
    """
    host = _DOMAIN.sub("", sender.rpartition("@")[2]) or "localhost"
    word = re.sub(r"[^A-Za-z0-9._-]", lambda found: f"={ord(found[0]):x}", delivery.key)
    message = EmailMessage(policy=POLICY)
    message["From"] = _address(sender, name)
    message["To"] = _address(delivery.address)
    message["Subject"] = _BREAKS.sub(" ", delivery.subject)
    if delivery.at is not None:
        message["Date"] = format_datetime(delivery.at)
    message["Message-ID"] = f"<{word}@{host}>"
    if delivery.reply_to:
        message["Reply-To"] = _address(_with_token(sender, delivery.reply_to), name)
    for header, value in delivery.headers.items():
        if _HEADER.fullmatch(header) and header.lower() not in _OURS:
            message[header] = _BREAKS.sub(" ", str(value))
    message.set_content(delivery.text.replace("\x00", ""), cte=_encoding(delivery.text))
    return Letter(message, f"<{word}@{host}>", f"m.{word[:150]}.{host[:80]}")


def _with_token(sender: str, token: str) -> str:
    name, _, host = sender.rpartition("@")
    return f"{name}+{token}@{host}"


def _encoding(text: str) -> str:
    longest = max((len(line.encode()) for line in text.splitlines()), default=0)
    return "7bit" if text.isascii() and longest < 900 else "quoted-printable" if _is_mostly_latin(text) else "base64"


def _is_mostly_latin(text: str) -> bool:
    return sum(not c.isascii() for c in text) * 4 < len(text)


def _address(address: str, name: str = "") -> Address:
    if any(c in address for c in "\r\n\x00<>"):
        raise BadAddress("It holds a character that ends it.")
    try:
        return Address(display_name=_BREAKS.sub(" ", name), addr_spec=address)
    except (ValueError, IndexError, UnicodeError) as error:
        raise BadAddress(str(error)) from error
    except Exception as error:  # the standard library raises its own HeaderParseError, no ValueError
        raise BadAddress(type(error).__name__) from error
