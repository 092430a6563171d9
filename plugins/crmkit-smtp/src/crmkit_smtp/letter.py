"""A delivery as an e-mail letter."""

from __future__ import annotations

import hashlib
import re
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from crmkit.ports.channel import Delivery, Rejected

WIRE = policy.SMTP.clone(cte_type="7bit")  # no server in between needs to know 8BITMIME
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def letter_of(delivery: Delivery, *, sender: str, name: str = "", reply_to: str = "") -> EmailMessage:
    """Return a delivery as a letter to one recipient; the same delivery has the same Message-ID.

    Raises:
        Rejected: the recipient's address can not stand in a letter (``bad_address``), or only in one with SMTPUTF8.
    """
    letter = EmailMessage(policy=WIRE)
    letter["From"] = Address(name, addr_spec=sender)
    letter["To"] = _recipient(delivery.address)
    letter["Subject"] = _line(delivery.subject)
    letter["Message-ID"] = (
        f"<{hashlib.sha256(delivery.key.encode()).hexdigest()[:40]}@{letter['From'].addresses[0].domain}>"
    )
    if delivery.at is not None:
        letter["Date"] = format_datetime(delivery.at)
    if reply_to and delivery.reply_to:
        letter["Reply-To"] = reply_to.replace("{token}", delivery.reply_to)
    for header, value in delivery.headers.items():
        if _HEADER.fullmatch(header) and header not in letter:
            letter[header] = _line(value)
    letter.set_content(delivery.text.replace("\0", ""))
    return letter


def _recipient(address: str) -> Address:
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise Rejected("smtputf8")  # a good address, which few servers can take
    try:
        return Address(addr_spec=f"{local}@{domain.encode('idna').decode('ascii')}")
    except (ValueError, IndexError, MessageError) as error:
        raise Rejected("bad_address", is_address=True) from error


def _line(text: str) -> str:
    return " ".join(str(text).split())
