"""A customer's contact points: kept under the normal form of the address, one primary of each kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import attrs

from ..errors import InvalidError
from ..ports.work import Work
from ..query import each
from ..records import ContactPoint, Customer, Interaction, Participant
from ..records.contact_key import contact_key

KINDS: Final = {
    "email": "email", "emails": "email", "phone": "phone", "phones": "phone", "postal": "postal", "postals": "postal",
}  # fmt: skip
"""Arguments of verbs that give addresses, and the kind of contact point that they make."""


@attrs.frozen
class Address:
    """One address as it was given, with the key by which it is found."""

    kind: str
    value: str
    key: str

    @classmethod
    def of(cls, kind: str, value: str, country: str) -> Address:
        """Return the address with its key."""
        return cls(kind, value, contact_key(kind, value, country))


def taken_from(fields: dict[str, Any], country: str) -> list[Address]:
    """Take the addresses out of a verb's fields; each once, in the order in which they are given."""
    found: dict[tuple[str, str], Address] = {}
    for argument, kind in KINDS.items():
        for value in _values(argument, fields.pop(argument, None)):
            address = Address.of(kind, value, country)
            found.setdefault((kind, address.key), address)
    return list(found.values())


def _values(argument: str, given: Any) -> Iterable[str]:
    if given is None or given == "":
        return ()
    if isinstance(given, str):
        if argument.endswith("s"):
            raise InvalidError(
                f"{argument} takes a list: write {argument}=[...], or {argument[:-1]}= for one.",
                code="kind",
                field=argument,
            )
        return (given,)
    return [value for value in given if value]


def put_addresses(work: Work, customer: Customer, given: Sequence[Address], *, is_new: bool = False) -> None:
    """Keep addresses beside those that are there; the first given of each kind becomes its primary one."""
    if not given:
        return
    there = {} if is_new else {(point.kind, point.key): point for point in points_of(work, customer.id)}
    first = {address.kind: address.key for address in reversed(given)}
    changed = [
        _brought(there[place], address, first) for address in given if (place := (address.kind, address.key)) in there
    ]
    demoted = [
        attrs.evolve(p, is_primary=False) for p in there.values() if p.is_primary and first.get(p.kind, p.key) != p.key
    ]
    if updates := [point for point in (*changed, *demoted) if point != there[point.kind, point.key]]:
        work.replace(updates)
    new = [address for address in given if (address.kind, address.key) not in there]
    if new:
        work.add([_point(customer, address, is_primary=first[address.kind] == address.key) for address in new])
        link_unknown(work, customer, new)


def _brought(point: ContactPoint, address: Address, first: dict[str, str]) -> ContactPoint:
    return attrs.evolve(point, value=address.value, is_primary=point.is_primary or first[address.kind] == address.key)


def _point(customer: Customer, address: Address, *, is_primary: bool, label: str = "") -> ContactPoint:
    return ContactPoint(
        customer=customer.id,
        kind=address.kind,
        value=address.value,
        key=address.key,
        label=label,
        is_primary=is_primary,
    )


def add_point(work: Work, customer: Customer, address: Address, *, label: str, is_primary: bool) -> ContactPoint:
    """Keep one address with its label, or change the one that is there; the first of its kind is primary anyway."""
    same = [point for point in points_of(work, customer.id) if point.kind == address.kind]
    old = next((point for point in same if point.key == address.key), None)
    primary = is_primary or (old.is_primary if old else not same)
    if primary and (demoted := [attrs.evolve(p, is_primary=False) for p in same if p.is_primary and p is not old]):
        work.replace(demoted)
    if old is not None:
        return work.replace(attrs.evolve(old, value=address.value, label=label or old.label, is_primary=primary))
    made = work.add(_point(customer, address, is_primary=primary, label=label))
    link_unknown(work, customer, [address])
    return made


def points_of(work: Work, customer: UUID) -> Sequence[ContactPoint]:
    """Return a customer's contact points, in the order in which they were added."""
    return work.find(ContactPoint, each(ContactPoint).customer == customer)


def customers_at(work: Work, kind: str, key: str, limit: int = 50) -> list[UUID]:
    """Return the ids of the customers who have an address."""
    p = each(ContactPoint)
    found = work.find(ContactPoint, p.kind == kind, p.key == key, limit=limit)
    return list(dict.fromkeys(point.customer for point in found))


def link_unknown(work: Work, customer: Customer, known: Sequence[Address]) -> None:
    """Give the customer the interactions that were kept from these addresses while nobody was known to have them.

    An address that another customer has too says nothing about who wrote, and is left alone.
    """
    with work.unnarrowed():
        p = each(Participant)
        keys = [address.key for address in known]
        for participant in list(work.find(Participant, p.address_key.in_(keys), p.customer.is_missing)):
            kinds = {address.kind for address in known if address.key == participant.address_key}
            if all(customers_at(work, kind, participant.address_key, 2) == [customer.id] for kind in kinds):
                _linked(work, participant, customer)


def _linked(work: Work, participant: Participant, customer: Customer) -> None:
    p = each(Participant)
    there = work.find(
        Participant,
        p.interaction == participant.interaction,
        p.customer == customer.id,
        p.role == participant.role,
        limit=1,
    )
    if there:  # already in that role by another address
        return
    if participant.role == "customer":
        interaction = work.get(Interaction, participant.interaction)
        work.replace(attrs.evolve(interaction, customer=customer.id), name="interaction.linked")
    work.replace(attrs.evolve(participant, customer=customer.id), name="participant.linked")
