"""Reading the reports of mail servers: a letter of ours came back (RFC 3464)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from typing import Any, Final, cast

from crmkit.ports.channel import StatusReport

_NAME: Final = re.compile(r"<[^<>\s]+>")
_FIELD: Final = re.compile(r"^(action|status)\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_ORIGINAL: Final = re.compile(r"^message-id\s*:\s*(<[^<>\s]+>)", re.IGNORECASE | re.MULTILINE)


def bounced(letter: Message[Any, Any]) -> StatusReport | None:
    """Return what a report says of one of our letters; None where it is none, or says of a delay only, or of which letter is not told.

    A status 5.x.x is for good; 4.x.x with the action ``failed`` means that the server has given up.
    """
    if letter.get_content_type() != "multipart/report" or "delivery-status" not in str(letter.get("Content-Type", "")):
        return None
    facts = {
        name.lower(): value for name, value in _FIELD.findall("\n".join(_texts(letter, "message/delivery-status")))
    }
    if facts.get("action", "").lower() != "failed":
        return None
    original = "\n".join([*_texts(letter, "message/rfc822"), *_texts(letter, "text/rfc822-headers")])
    names = _ORIGINAL.findall(original) or _NAME.findall(str(letter.get("References", "") or ""))
    if not names:
        return None
    code = facts.get("status", "")
    return StatusReport(
        external_id=names[-1], status="bounced" if code.startswith("5") else "failed", code=code or None
    )


def _texts(letter: Message[Any, Any], kind: str) -> Iterator[str]:
    for part in letter.walk():
        if part.get_content_type() == kind:
            payload: Any = part.get_payload(decode=False)
            inner = cast("list[object]", payload) if isinstance(payload, list) else [part]
            yield "\n".join(str(one) for one in inner)
