"""An invitation to a survey follows the message that carries it."""

from __future__ import annotations

from datetime import datetime

import attrs

from ...ports.work import Service
from ...records import Invitation, Message


def note_invitation(
    service: Service,
    message: Message,
    *,
    sent_at: datetime | None = None,
    delivered_at: datetime | None = None,
    bounced_at: datetime | None = None,
) -> None:
    """Write into the invitation that a message carries, if it carries one, what became of the message."""
    found = _invitation(service, message)
    if found is not None:
        service.replace(
            attrs.evolve(
                found,
                sent_at=sent_at or found.sent_at,
                delivered_at=delivered_at or found.delivered_at,
                bounced_at=bounced_at or found.bounced_at,
            )
        )


def touchpoint_of(service: Service, message: Message) -> str:
    """Return the touchpoint that an invitation asks about; empty for any other message."""
    found = _invitation(service, message)
    return found.touchpoint if found is not None else ""


def _invitation(service: Service, message: Message) -> Invitation | None:
    if message.about is None or message.about.type != "invitation":
        return None
    return service.unit.get_many(Invitation, [message.about.id]).get(message.about.id)
