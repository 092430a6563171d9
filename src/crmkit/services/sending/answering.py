"""A reply to the message of an invitation is an answer to its survey, where it begins with one."""

from __future__ import annotations

from ...ports.work import Service
from ...records import Interaction, Message


def answer_of(service: Service, message: Message, interaction: Interaction, text: str) -> bool:
    """Answer the survey whose invitation the message carried; False where it carried none, or the text is no answer."""
    return False
