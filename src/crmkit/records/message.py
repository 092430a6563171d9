"""Messages that we send: what is said, how far it has come, and the dispatch that carries it there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import attrs

from .customer import Customer
from .fields import Choices, Indexed, Owner, Personal
from .ids import Id
from .record import Record
from .values import EMPTY, JSON, AnyRef, Code, Digest, LocalText

DELIVERY_STATUSES: Final = (
    "queued", "claimed", "handed_over", "sent", "uncertain", "delivered", "bounced", "failed", "rejected", "suppressed", "cancelled",
)  # fmt: skip


@attrs.frozen(kw_only=True)
class Template(Record, shared=True, unique=[("key",)]):
    """A text with places for values, in several languages."""

    key: Code
    channel: Code = ""
    purpose: Code = ""
    subject: LocalText = LocalText()
    body: LocalText = LocalText()


@attrs.frozen(kw_only=True)
class Message(Record, unique=[("key",), ("account", "external_id")]):
    """One message to one recipient over one channel."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep", on_merge_conflict="keep_winner")] = None
    key: Code
    """The idempotency key: the same cause queues one message."""
    channel: Code
    account: Code | None = None
    address: Annotated[str, Personal()]
    purpose: Code = "service"
    """What consent is asked for: ``service``, ``survey``, ``marketing``, ..."""
    subject: Annotated[str, Personal()] = ""
    text: Annotated[str, Personal()] = ""
    headers: Annotated[JSON, Personal()] = EMPTY
    status: Annotated[Code, Choices(*DELIVERY_STATUSES), Indexed()] = "queued"
    reason: Code = ""
    external_id: Code | None = None
    template: Code = ""
    about: AnyRef | None = None
    """What it was sent for: an invitation, a deal, ..."""
    interaction: UUID | None = None
    queued_at: datetime | None = None
    not_before: datetime | None = None
    sent_at: Annotated[datetime | None, Indexed()] = None
    delivered_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Dispatch(Record, operational=True, unique=[("message",)], indexes=[("phase", "due_at")]):
    """How far a queued message has come; claimed with a lease and a fence, so that two workers never carry the same one."""

    message: Annotated[Id[Message], Owner(on_erase="remove", on_merge_conflict="keep_winner")]
    channel: Code
    phase: Annotated[Code, Choices("queued", "claimed", "handed_over", "done", "uncertain")] = "queued"
    due_at: datetime
    lease_until: datetime | None = None
    fence: int = 0
    attempts: int = 0
    permit_digest: Digest | None = None
