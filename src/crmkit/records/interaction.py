"""Everything that passes between us and customers, over every channel and touchpoint, done or planned."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import attrs

from .customer import Customer
from .fields import Choices, Identity, Indexed, NotPersonal, Owner, Personal, Searchable
from .ids import Id
from .record import Record
from .times import WallTime
from .values import EMPTY, JSON, AnyRef, Code, Digest, LocalText


@attrs.frozen(kw_only=True)
class Touchpoint(Record, shared=True, unique=[("key",)]):
    """A place where the customer meets us: reception, sales, after-sales, accounting, the shop, the website."""

    key: Code
    name: LocalText = LocalText()
    office: Annotated[Code, Choices("front", "back")] = "front"


@attrs.frozen(kw_only=True)
class ChannelAccount(Record, shared=True, unique=[("key",)]):
    """One configured use of a channel: two mailboxes are two."""

    key: Code
    channel: Code
    address: str = ""
    settings: JSON = EMPTY


@attrs.frozen(kw_only=True)
class Interaction(
    Record, unique=[("account", "external_id")], indexes=[("agent", "due_at"), ("conversation", "occurred_at")]
):
    """One exchange, or a planned one (a task, a reminder).

    It belongs to its principal customer, or to itself while the sender is unknown. A task is a planned interaction:
    ``due`` is its wall time, ``due_at`` follows from it; ``occurred_at`` is set when it is done.
    """

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep", on_merge_conflict="keep_winner")] = None
    channel: Annotated[Code, Indexed()] = ""
    account: Code | None = None
    external_id: Code | None = None
    kind: Code = "message"
    """``message``, ``call``, ``visit``, ``letter``, ``meeting``, ``voicemail``, ``event``, ``note``, ``task``, ..."""
    direction: Annotated[Code, Choices("in", "out", "internal")] = "in"
    touchpoint: Annotated[Code, Indexed()] = ""
    state: Annotated[Code, Choices("done", "planned", "cancelled")] = "done"
    subject: Annotated[str, Personal(), Searchable()] = ""
    body: Annotated[str, Personal(), Searchable()] = ""
    agent: AnyRef | None = None
    """Who handled it, or (planned) who is to: an agent or a team."""
    occurred_at: Annotated[datetime | None, Indexed()] = None
    due: Annotated[WallTime | None, NotPersonal()] = None
    due_at: Annotated[datetime | None, Indexed()] = None
    reminded_at: datetime | None = None
    recurrence: Code = ""
    """How a planned interaction repeats: ``daily``, ``weekly``, ``monthly``, ``yearly``, or empty; see ``recurrence.py``."""
    duration_s: int | None = None
    outcome: Code = ""
    sentiment: Annotated[Code, Choices("", "positive", "neutral", "negative")] = ""
    is_automated: bool = False
    conversation: UUID | None = None
    """The interaction that opened the conversation that this one belongs to."""
    opens_conversation: bool = False
    answers: UUID | None = None
    answered_at: datetime | None = None
    """When we first answered (written when the answer arrives)."""
    about: Annotated[AnyRef | None, Indexed()] = None
    """The deal, case or other record that it is about."""

    @property
    def recorded_at(self) -> datetime | None:
        """When it was written into the CRM; ``occurred_at`` is when it happened."""
        return self.created_at


@attrs.frozen(kw_only=True)
class Participant(
    Record, unique=[("interaction", "customer", "role")], indexes=[("customer", "occurred_at"), ("address_key",)]
):
    """Who took part in an interaction, in which role; it keeps the raw address, so that it can be linked later."""

    interaction: Id[Interaction]
    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep", on_merge_conflict="keep_winner")] = None
    role: Code = "customer"
    """``customer`` (the principal), ``from``, ``to``, ``cc``, ``attendee``, ..."""
    address: Annotated[str, Personal(), Identity()] = ""
    address_key: Annotated[Code, Personal()] = ""
    occurred_at: datetime | None = None
    """The interaction's, repeated so that a timeline is one index range; missing while it is planned."""


@attrs.frozen(kw_only=True)
class Attachment(Record):
    """A file that came or went with an interaction; its bytes are a blob of the store."""

    interaction: Annotated[Id[Interaction], Owner(on_erase="remove"), Indexed()]
    name: Annotated[str, Personal()] = ""
    media_type: Code = "application/octet-stream"
    size: int = 0
    """Bytes."""
    digest: Digest
    """SHA-256 of the bytes."""
