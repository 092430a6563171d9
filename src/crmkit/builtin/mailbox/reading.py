"""Reading a letter, however broken: what can be understood is, and nothing that comes in stops the reader."""

from __future__ import annotations

import email
import email.policy
import hashlib
import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage, Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any, Final

from crmkit.ports.channel import IncomingMessage, Received

from .bouncing import bounced
from .quoting import own_words

MOST_BYTES: Final = 25_000_000
MOST_TEXT: Final = 200_000
_NAME: Final = re.compile(r"<[^<>\s]+>")
_TOKEN: Final = re.compile(r"\+([a-z2-7]{40,60})@", re.IGNORECASE)
_BREAKS: Final = re.compile(r"(?is)<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^>]*>")
_HIDDEN: Final = re.compile(r"(?is)<(script|style|head)\b.*?</\1\s*>|<!--.*?-->")
_QUOTE: Final = re.compile(r"(?is)<blockquote\b.*?</blockquote\s*>")
_TAG: Final = re.compile(r"(?s)<[^>]*>")
_AUTOMATIC: Final = {"precedence": ("bulk", "junk", "list", "auto_reply"), "x-auto-response-suppress": ("",)}


def read_letter(raw: bytes) -> Received:
    """Return what a letter says: who wrote it, what it answers, the writer's own words without what they quote.

    A report that a letter of ours could not be delivered (RFC 3464) is a ``StatusReport`` about that one.
    """
    try:
        letter = email.message_from_bytes(raw[:MOST_BYTES], policy=email.policy.default)
        return bounced(letter) or _read(letter, raw)
    except Exception:  # noqa: BLE001  # the parser meets letters that nobody foresaw: kept as text for a person
        return _unread(raw)


def _unread(raw: bytes) -> IncomingMessage:
    return IncomingMessage(
        external_id=_digest(raw), address="", text=_sound(raw[:MOST_TEXT].decode("utf-8", "replace"))
    )


def _digest(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _read(letter: EmailMessage, raw: bytes) -> IncomingMessage:
    names = _NAME.findall(_header(letter, "Message-ID"))
    return IncomingMessage(
        external_id=names[0] if names else _digest(raw),
        address=_address(letter, "From") or _address(letter, "Sender") or _address(letter, "Return-Path"),
        to=_address(letter, "To"),
        subject=_header(letter, "Subject")[:1000],
        text=own_words(_text(letter))[:MOST_TEXT],
        at=_date(_header(letter, "Date")),
        in_reply_to=" ".join(_answered(letter)),
        is_automatic=_is_automatic(letter),
        attachments=tuple(_attachments(letter)),
    )


def _sound(text: str) -> str:
    """Return a text without what no text holds: lone surrogates (bytes that were no characters) and NUL."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\x00", "")


def _header(letter: Message[Any, Any], name: str) -> str:
    """Return a header as text; the parser itself fails on some."""
    try:
        value = str(letter.get(name, "") or "")
    except Exception:  # noqa: BLE001  # see read_letter
        value = next((str(v) for k, v in letter._headers if k.lower() == name.lower()), "")  # type: ignore[attr-defined]  # what the parser kept raw
    try:
        return re.sub(r"\s+", " ", _sound(value)).strip()
    except UnicodeError:
        return re.sub(r"\s+", " ", value.encode("utf-8", "replace").decode()).replace("\x00", "").strip()


def _address(letter: Message[Any, Any], name: str) -> str:
    for _, address in getaddresses([_header(letter, name)]):
        if "@" in address:
            return address.strip()[:254]
    return ""


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None


def _answered(letter: Message[Any, Any]) -> Iterator[str]:
    """Yield the names of what is answered, the surest last: references, In-Reply-To, our token."""
    yield from _NAME.findall(_header(letter, "References"))[-20:]
    yield from _NAME.findall(_header(letter, "In-Reply-To"))[:1]
    for name in ("To", "Cc", "Delivered-To", "X-Original-To"):
        for found in _TOKEN.findall(_header(letter, name)):
            yield found.lower()


def _is_automatic(letter: Message[Any, Any]) -> bool:
    """Say whether no person wrote it (RFC 3834), or it went to a list."""
    if _header(letter, "Auto-Submitted").lower() not in ("", "no"):
        return True
    if _header(letter, "Precedence").lower() in _AUTOMATIC["precedence"]:
        return True
    if any(_header(letter, name) for name in ("List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond")):
        return True
    is_report = letter.get_content_type() == "multipart/report"
    return is_report or _header(letter, "Return-Path") == "<>"


# --- text ---
def _text(letter: EmailMessage) -> str:
    parts = [part for part in letter.walk() if not part.is_multipart() and not _is_file(part)]
    plain = [text for part in parts if part.get_content_type() == "text/plain" and (text := _decoded(part)).strip()]
    if plain:
        return "\n".join(plain[:20])
    marked = [_decoded(part) for part in parts if part.get_content_type() == "text/html"]
    return "\n".join(map(_without_marks, marked[:20]))


def _decoded(part: Message[Any, Any]) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else str(payload or "").encode("utf-8", "replace")
    for charset in (str(part.get_content_charset() or "utf-8"), "utf-8", "cp1252"):
        try:
            return _sound(raw[:MOST_TEXT].decode(charset))
        except (LookupError, UnicodeError, ValueError):
            continue
    return _sound(raw[:MOST_TEXT].decode("latin-1"))


def _without_marks(text: str) -> str:
    kept = _QUOTE.sub("", _HIDDEN.sub("", text))
    return html.unescape(_TAG.sub("", _BREAKS.sub("\n", re.sub(r"\s+", " ", kept))))


# --- files ---
def _is_file(part: Message[Any, Any]) -> bool:
    return (part.get_content_disposition() or "") == "attachment" or bool(_file_name(part))


def _file_name(part: Message[Any, Any]) -> str:
    try:
        return _sound(part.get_filename() or "")
    except Exception:  # noqa: BLE001  # see read_letter
        return ""


def _attachments(letter: EmailMessage) -> Iterator[tuple[str, str, bytes]]:
    for part in list(letter.walk())[:200]:
        if not part.is_multipart() and _is_file(part):
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes) and payload:
                yield (_file_name(part)[:250] or "file", part.get_content_type(), payload)
