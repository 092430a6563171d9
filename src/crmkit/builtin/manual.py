"""Channels that a person serves: what was said over them is kept, and what may be said becomes something to do.

A message over one of them goes through the same queue and the same rules as any other; then it is a planned interaction.
When that is done, the message is sent.
"""

from __future__ import annotations

from typing import NoReturn

from crmkit import Plugin
from crmkit.ports.channel import Channel, Delivery, NotSent


class _ByPerson(Channel):
    is_automated = False

    def send(self, delivery: Delivery) -> NoReturn:
        """Send nothing: a person does."""
        raise NotSent("A person does this.")


class Phone(_ByPerson):
    """A call."""

    name = "phone"
    addresses = "phone"


class Voicemail(_ByPerson):
    """A message on an answering machine."""

    name = "voicemail"
    addresses = "phone"


class Letter(_ByPerson):
    """A letter on paper."""

    name = "letter"
    addresses = "postal"
    office = "back"


class Visit(_ByPerson):
    """A visit, theirs or ours."""

    name = "visit"
    addresses = "in_person"


class Meeting(_ByPerson):
    """An appointed meeting."""

    name = "meeting"
    addresses = "in_person"


plugin = Plugin("manual", capabilities=("personal-data",), offers=(Phone, Voicemail, Letter, Visit, Meeting))
