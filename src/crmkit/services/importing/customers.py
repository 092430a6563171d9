"""Keeping rows of customers: with their addresses, and the organisation that they are linked to.

A row without an external id is about the customer who has its e-mail address, where one and only one has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

import attrs

from ...query import each
from ...records import ContactPoint, Customer, CustomerLink
from ...records.contact_key import contact_key
from ...records.ids import new_ids
from .addresses import Phone
from .drafts import Draft, ReadRow
from .keeping import RecordKeeper
from .mapping import Target
from .targets import ImportTarget
from .values import ExternalKey

_KINDS: Final = {
    "email": "email", "emails": "email", "phone": "phone", "phones": "phone", "postal": "postal", "postals": "postal",
}  # fmt: skip
ROLE: Final = "employee"
"""What a person is to an organisation where the file does not say."""
Place = tuple[UUID, str, str]


class CustomerKeeper(RecordKeeper):
    """Customers, contact points and links."""

    def identify(self, drafts: Sequence[Draft]) -> None:
        """By id or external id; else by e-mail address."""
        super().identify(drafts)
        for draft in drafts:
            draft.more["points"] = addresses_of(draft.row)
        self._by_email([d for d in drafts if d.old is None and not {"id", "external_id"} & d.more.keys()])

    def began(self, draft: Draft) -> datetime | None:
        """Since when somebody is a customer."""
        return draft.fields.get("since")

    @classmethod
    def signature(cls, target: ImportTarget, row: ReadRow) -> list[Any]:
        """By its ids, or its e-mail addresses where it has none."""
        known = super().signature(target, row)
        if isinstance(row.values.get("external_id"), ExternalKey) or row.values.get("id"):
            return known
        return [*known, *(("email", key) for kind, key in addresses_of(row) if kind == "email")]

    @classmethod
    def identities(cls, target: ImportTarget) -> list[frozenset[str]]:
        """By their ids, or their e-mail addresses."""
        return [*super().identities(target), frozenset({"email"}), frozenset({"emails"})]

    @classmethod
    def words(cls, target: ImportTarget, row: ReadRow) -> set[str]:
        """Its addresses, name and external id."""
        found = {key for _, key in addresses_of(row)} | {str(row.values.get("name", ""))}
        return found | super().words(target, row)

    def complete(self, drafts: Sequence[Draft]) -> None:
        """Keep addresses and links."""
        self._put_addresses([draft for draft in drafts if draft.more["points"]])
        self._link([draft for draft in drafts if "organisation" in draft.more])

    def _by_email(self, drafts: Sequence[Draft]) -> None:
        keys = {key for draft in drafts for kind, key in draft.more["points"] if kind == "email"}
        if not keys:
            return
        p = each(ContactPoint)
        holders: dict[str, set[UUID]] = {}
        for point in self.work.find(ContactPoint, p.kind == "email", p.key.in_(keys)):
            holders.setdefault(point.key, set()).add(point.customer)
        known = self.work.get_many(self.target.of, {one for ids in holders.values() for one in ids})
        for draft in drafts:
            mine = {one for kind, key in draft.more["points"] if kind == "email" for one in holders.get(key, ())}
            if len(mine) > 1:
                draft.refuse("ambiguous", "emails" if "emails" in draft.more else "email", value="", count=len(mine))
            elif mine:
                draft.old = known.get(mine.pop())

    # --- addresses ---
    def _put_addresses(self, drafts: Sequence[Draft]) -> None:
        there = self._points_of([draft.kept.id for draft in drafts if draft.old is not None])
        primary = {(point.customer, point.kind) for point in there.values() if point.is_primary}
        new: list[ContactPoint] = []
        ids = iter(new_ids(sum(len(draft.more["points"]) for draft in drafts)))
        for draft in drafts:
            customer = draft.kept.id
            for (kind, key), value in draft.more["points"].items():
                if (customer, kind, key) not in there:
                    is_first = (customer, kind) not in primary
                    primary.add((customer, kind))
                    new.append(
                        ContactPoint(
                            id=next(ids), customer=customer, kind=kind, value=value, key=key, is_primary=is_first
                        )
                    )
                    draft.is_changed = True
        self.work.add(new)

    def _points_of(self, customers: Sequence[UUID]) -> dict[Place, ContactPoint]:
        if not customers:
            return {}
        found = self.work.find(ContactPoint, each(ContactPoint).customer.in_(customers))
        return {(point.customer, point.kind, point.key): point for point in found}

    # --- links ---
    def _link(self, drafts: Sequence[Draft]) -> None:
        links = [
            CustomerLink(
                customer=draft.kept.id,
                other=draft.more["organisation"],
                role=draft.more.get("organisation_role", ROLE),
                since=None,
            )
            for draft in drafts
        ]
        k = each(CustomerLink)
        known = [draft.kept.id for draft in drafts if draft.old is not None]
        there = self.work.find(CustomerLink, k.customer.in_(known)) if known else ()
        held = {(link.customer, link.other, link.role) for link in there}
        for draft, link in zip(drafts, links, strict=True):
            if (link.customer, link.other, link.role) not in held:
                self.work.add(link)
                draft.is_changed = True


def addresses_of(row: ReadRow) -> Mapping[tuple[str, str], str]:
    """Return the addresses of a row as they were written, by kind and key, in their order."""
    if row.addresses is None:
        row.addresses = _addresses(row, str(row.values.get("country") or ""))
    return row.addresses


def _addresses(row: ReadRow, country: str) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for name, kind in _KINDS.items():
        given: Any = row.values.get(name)
        ones = cast("tuple[Any, ...]", given if isinstance(given, tuple) else () if given is None else (given,))
        for one in ones:
            number, text = (one.number, one.raw) if isinstance(one, Phone) else (one, one)
            found.setdefault((kind, contact_key(kind, number, country)), text)
    return found


def of_customers(plain: ImportTarget, columns: Iterable[str]) -> ImportTarget:
    """Return the target of customers: with their addresses, and the organisation that they are linked to."""
    more = (
        Target(name="email", kind="email", aliases=("e-mail", "e-mail address", "email address", "mail")),
        Target(name="emails", kind="email", many=True),
        Target(name="phone", kind="phone", aliases=("telephone", "phone number", "tel")),
        Target(name="phones", kind="phone", many=True),
        Target(name="postal", aliases=("address", "postal address")),
        Target(name="postals", many=True),
        Target(name="organisation", kind="ref"),
        Target(name="organisation_role", kind="code"),
    )
    return attrs.evolve(plain, fields=(*plain.fields, *more), references={**plain.references, "organisation": Customer})
