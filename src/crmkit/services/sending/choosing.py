"""Over which channel, and to which address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from ...errors import InvalidError
from ...ports.channel import Channel
from ...ports.work import Work
from ...query import each
from ...records import ContactPoint, Customer, short_id
from .channels import Channels


@attrs.frozen
class Way:
    """A channel's name, and an address of its kind."""

    channel: str
    address: str


def way_to(work: Work, customer: Customer | None, *, channel: str = "", address: str = "") -> Way:
    """Return the way to a customer: the named channel, else the preferred one, else the first automated one with an address.

    Raises:
        InvalidError: there is no such channel, or no address for it.
    """
    channels = Channels(work.house)
    points = _points(work, customer)
    if not channel and address:
        raise InvalidError("An address alone does not say how: name the channel too.", code="required", field="channel")
    if channel:
        return _over(channels.facts(channel), customer, points, address)
    for facts in _by_preference(channels, customer):
        if found := _address(facts, points):
            return Way(facts.name, found)
    raise _unreachable(customer, "any automated channel")


def _over(
    facts: type[Channel] | Channel, customer: Customer | None, points: Sequence[ContactPoint], address: str
) -> Way:
    found = address or _address(facts, points)
    if not found and customer is not None and facts.addresses == "in_person":
        return Way(facts.name, customer.name)
    if not found:
        raise _unreachable(customer, repr(facts.name), facts.addresses)
    return Way(facts.name, found)


def _unreachable(customer: Customer | None, over: str, kind: str = "") -> InvalidError:
    who = f"Customer {short_id(customer.id)}" if customer else "Nobody"
    word = f" ({kind})" if kind else ""
    return InvalidError(
        f"{who} has no address{word} for {over}: add a contact point, or give the address.",
        code="no_address",
        field="address",
        params={"kind": kind},
    )


def _points(work: Work, customer: Customer | None) -> Sequence[ContactPoint]:
    if customer is None:
        return ()
    found = work.find(ContactPoint, each(ContactPoint).customer == customer.id)
    return sorted(found, key=lambda point: (not point.is_primary, point.id))


def _by_preference(channels: Channels, customer: Customer | None) -> Iterator[type[Channel] | Channel]:
    preferred = customer.preferred_channel if customer else ""
    names = channels.names()
    if preferred in names:
        yield channels.facts(preferred)
    for facts in map(channels.facts, names):
        if facts.is_automated and preferred == facts.addresses:
            yield facts
    yield from (facts for facts in map(channels.facts, names) if facts.is_automated)


def _address(facts: type[Channel] | Channel, points: Sequence[ContactPoint]) -> str:
    return next((point.value for point in points if point.kind == facts.addresses), "")
