"""A reply to the message of an invitation is an answer to its survey, where it begins with one."""

from __future__ import annotations

import attrs

from ...ports.work import Service
from ...records import Interaction, Invitation, Message, SurveyResponse
from ..surveys.answering import Answering


def answer_of(service: Service, message: Message | None, text: str) -> SurveyResponse | None:
    """Answer the survey whose invitation a message carried; None where it carried none, or the text is no answer."""
    if message is None or message.about is None or message.about.type != "invitation":
        return None
    invitation = service.unit.get_many(Invitation, [message.about.id]).get(message.about.id)
    return None if invitation is None else service.service(Answering).reply(invitation, message.channel, text)


def note_interaction(service: Service, response: SurveyResponse, interaction: Interaction) -> None:
    """Keep which interaction brought an answer. It waits for nobody's answer itself."""
    service.replace(attrs.evolve(response, interaction=interaction.id))
    service.replace(attrs.evolve(interaction, answered_at=interaction.occurred_at), name="interaction.answered")
