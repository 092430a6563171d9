"""May this message go, now? Asked in the unit that claims it, so that what was withdrawn a moment ago counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from ...errors import InvalidError, NotFoundError
from ...ports.channel import Channel
from ...ports.sending import SendingRules
from ...ports.work import Work
from ...query import each
from ...records import Consent, Customer, Digest, Id, Message, Suppression
from ...records.contact_key import contact_key
from .digests import subject_digest
from .permission import refusal, standing
from .timing import WEEK, next_in_week, quiet_end

AUTOMATIC: Final = "Auto-Submitted"
"""The header (RFC 3834) that marks what no person asked for."""
_DAY: Final = timedelta(hours=24)


@attrs.frozen
class Verdict:
    """Nothing said: it may go. ``refused``: never, and why. ``later``: not before that instant."""

    refused: str = ""
    later: datetime | None = None


def rules_of(house: Any) -> SendingRules:
    """Return the company's rules; the defaults where the built-in plugin ``sending`` is switched off."""
    try:
        found = house.loaded.settings_of("sending")
    except NotFoundError:
        found = None
    return found if isinstance(found, SendingRules) else SendingRules()


def subject_of(house: Any, kind: str, address: str, country: str = "") -> Digest | None:
    """Return the keyed hash of an address; None where it can be no address of its kind."""
    try:
        return subject_digest(house.secret, kind, contact_key(kind, address, country))
    except InvalidError:
        return None


def judged(work: Work, message: Message, channel: Channel) -> Verdict:
    """Look at suppression, consent, quiet hours, the weekly limit and the loop limit, in this order."""
    customer = _customer(work, message)
    subject = subject_of(work.house, channel.addresses, message.address, customer.country if customer else "")
    refused = (
        _impossible(message, customer, channel, subject)
        or _suppressed(work, channel, subject)
        or _without_basis(work, message, customer, channel, subject)
    )
    if refused:
        return Verdict(refused)
    later = _later(work, message, customer)
    return Verdict(later=later) if later else Verdict(_loops(work, message))


def _customer(work: Work, message: Message) -> Customer | None:
    return None if message.customer is None else work.get_many(Customer, [message.customer]).get(message.customer)


def _impossible(message: Message, customer: Customer | None, channel: Channel, subject: Digest | None) -> str:
    if customer is not None and customer.erased_at is not None:
        return "erased"
    if subject is None:
        return "address"
    return "too_long" if channel.max_characters and len(message.text) > channel.max_characters else ""


def _suppressed(work: Work, channel: Channel, subject: Digest | None) -> str:
    s = each(Suppression)
    for found in work.find(Suppression, s.channel == channel.addresses, s.subject == subject, limit=1):
        return f"suppressed:{found.reason}"
    return ""


def facts_about(work: Work, customer: Id[Customer] | None, subjects: Sequence[Digest], purpose: str) -> list[Consent]:
    """Return the facts about a customer or an address, each once."""
    c = each(Consent)
    found = list(work.find(Consent, c.subject.in_(subjects), c.purpose == purpose)) if subjects else []
    if customer is not None:
        found += work.find(Consent, c.customer == customer, c.purpose == purpose)
    return list({fact.id: fact for fact in found}.values())


def _without_basis(
    work: Work, message: Message, customer: Customer | None, channel: Channel, subject: Digest | None
) -> str:
    facts = facts_about(work, customer.id if customer else None, [subject] if subject else [], message.purpose)
    found = standing(facts, message.purpose, channel.addresses)
    return refusal(found, message.purpose, rules_of(work.house))


def _later(work: Work, message: Message, customer: Customer | None) -> datetime | None:
    rules = rules_of(work.house)
    if message.purpose in rules.without_consent:
        return None
    quiet = quiet_end(work.now, _zone(work, customer), rules)
    if quiet or not rules.per_week or customer is None:
        return quiet
    m = each(Message)
    where = (m.customer == customer.id, m.sent_at > work.now - WEEK)
    sent = [
        one.sent_at for one in work.find(Message, *where) if one.sent_at and one.purpose not in rules.without_consent
    ]
    return next_in_week(sent, work.now, rules.per_week)


def _zone(work: Work, customer: Customer | None) -> ZoneInfo:
    house_zone: ZoneInfo = work.house.zone
    try:
        return ZoneInfo(customer.time_zone) if customer and customer.time_zone else house_zone
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return house_zone


def _loops(work: Work, message: Message) -> str:
    """Say ``loop`` where the address got its share of automatic messages of the last 24 hours, whatever it answered."""
    if not is_automatic(message):
        return ""
    m = each(Message)
    recent = work.find(Message, m.sent_at > work.now - _DAY, m.address == message.address)
    share = rules_of(work.house).automatic_per_day
    return "loop" if sum(1 for one in recent if is_automatic(one)) >= share else ""


def is_automatic(message: Message) -> bool:
    """Say whether no person asked for the message."""
    return str(message.headers.get(AUTOMATIC, "no")) != "no"
