"""Channels that a person serves: what may be said becomes a planned interaction for somebody to do."""

from __future__ import annotations

import attrs

from ...ports.channel import Channel
from ...ports.work import Service
from ...query import reference_to
from ...records import Message
from ..interactions import Interactions


def given_to_person(service: Service, message: Message, channel: Channel) -> Message:
    """Plan what a person is to do; the message stands as handed over until that is done."""
    planned = service.service(Interactions).plan(
        message.customer,
        message.subject or message.text.splitlines()[0][:80] or channel.name,
        at=max(service.now, message.not_before or service.now),
        channel=channel.name,
        kind=channel.name,
        body=message.text,
        about=reference_to(message),
    )
    made = attrs.evolve(message, status="handed_over", account=channel.name, interaction=planned.id)
    return service.replace(made, name="message.handed_over")
