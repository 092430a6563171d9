"""Keyed hashes: who is meant, without keeping who it is. The key is the CRM's ``secret``, outside of the database."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final
from uuid import UUID

from ...records import Digest
from ...records.ids import id_from_bytes

_TOKEN_BYTES: Final = 16
_REPLY_BYTES: Final = 10


def _keyed(secret: bytes, use: str, *parts: bytes) -> bytes:
    made = hmac.new(secret, use.encode(), hashlib.sha256)
    for part in parts:
        made.update(len(part).to_bytes(8, "big") + part)
    return made.digest()


def _written(value: bytes) -> str:
    return base64.b32encode(value).decode().rstrip("=").lower()


def subject_digest(secret: bytes, kind: str, key: str) -> Digest:
    """Return the keyed hash of a normalised address; it outlives the customer."""
    return Digest(_keyed(secret, "subject", kind.encode(), key.encode()))


def invitation_token(secret: bytes, invitation: UUID) -> str:
    """Return the token by which an invitation is answered: made from its id when it is needed, and kept nowhere."""
    return _written(_keyed(secret, "invitation", invitation.bytes)[:_TOKEN_BYTES])


def token_digest(secret: bytes, token: str) -> Digest:
    """Return what is kept of a token."""
    return Digest(_keyed(secret, "token", token.strip().lower().encode()))


def permit_digest(secret: bytes, permit: str, channel: str, address: str, content: str, fence: int) -> Digest:
    """Return what is kept of a permit: it is good for one address, one content and one claim."""
    return Digest(_keyed(secret, "permit", *(p.encode() for p in (permit, channel, address, content, str(fence)))))


def reply_token(secret: bytes, message: UUID) -> str:
    """Return what an answer names, so that it finds its message: short, opaque, and not to be made up."""
    return _written(message.bytes + _keyed(secret, "reply", message.bytes)[:_REPLY_BYTES])


def message_of_reply(secret: bytes, token: str) -> UUID | None:
    """Return the message whose reply token this is; None where it is none of ours."""
    padded = token.strip().upper() + "=" * (-len(token.strip()) % 8)
    try:
        raw = base64.b32decode(padded)
    except ValueError:
        return None
    if len(raw) != 16 + _REPLY_BYTES:
        return None
    good = _keyed(secret, "reply", raw[:16])[:_REPLY_BYTES]
    return id_from_bytes(raw[:16]) if hmac.compare_digest(good, raw[16:]) else None
