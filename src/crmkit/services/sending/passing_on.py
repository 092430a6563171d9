"""What a person was to pass on, and did: its message is sent."""

from __future__ import annotations

import attrs

from ...ports.work import Work
from ...records import Interaction, Message


def passed_on(work: Work, done: Interaction) -> None:
    """Settle the message that a planned interaction stood for, if it stood for one."""
    if done.about is None or done.about.type != "message":
        return
    message = work.get_many(Message, [done.about.id]).get(done.about.id)
    if message is not None and message.status == "handed_over" and message.interaction == done.id:
        work.replace(attrs.evolve(message, status="sent", sent_at=done.occurred_at), name="message.sent")
