"""The profile: what everybody who meets a customer needs to know, in one record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from ...ports.work import Work
from ...query import each
from ...records import (
    Agent,
    Answer,
    ContactPoint,
    Customer,
    CustomerLink,
    Deal,
    ExternalId,
    FrozenMap,
    Interaction,
    Participant,
    Purchase,
    Staged,
    Team,
    declaration_of,
)  # fmt: skip
from ...records.as_json import to_json
from ..addresses import points_of
from ..agents import record_of

_LOOKED_AT: Final = 50
_SHOWN: Final = 5


@attrs.frozen(kw_only=True)
class Profile:
    """A customer at a glance.

    Attributes:
        owner: the agent or team who is responsible; None: nobody.
        open: what moves along a pipeline and is not over: deals, cases, repair orders; oldest first.
        last: the last exchanges, newest first. next: what is planned, soonest first.
        purchases: the last ones, newest first.
        satisfaction: the latest answer of each survey type: ``satisfaction["nps"].score``.
    """

    customer: Customer
    owner: Agent | Team | None = None
    contact_points: tuple[ContactPoint, ...] = ()
    links: tuple[CustomerLink, ...] = ()
    external_ids: tuple[ExternalId, ...] = ()
    open: tuple[Staged, ...] = ()
    last: tuple[Interaction, ...] = ()
    next: tuple[Interaction, ...] = ()
    purchases: tuple[Purchase, ...] = ()
    satisfaction: Mapping[str, Answer] = FrozenMap()

    @property
    def open_deals(self) -> tuple[Deal, ...]:
        """The open deals, oldest first."""
        return tuple(record for record in self.open if isinstance(record, Deal))

    @property
    def last_at(self) -> datetime | None:
        """When we last had to do with each other."""
        return self.last[0].occurred_at if self.last else None

    def primary(self, kind: str) -> ContactPoint | None:
        """Return the primary address of a kind."""
        points = [point for point in self.contact_points if point.kind == kind]
        return next((point for point in points if point.is_primary), points[0] if points else None)

    def as_dict(self) -> dict[str, Any]:
        """Return the profile as JSON values."""
        lists = {name: [to_json(record) for record in getattr(self, name)] for name in _LISTS}
        lists["open"] = [{"type": declaration_of(type(record)).name, **to_json(record)} for record in self.open]
        return {
            "customer": to_json(self.customer),
            "owner": None if self.owner is None else to_json(self.owner),
            **lists,
            "satisfaction": {kind: to_json(answer) for kind, answer in self.satisfaction.items()},
        }


_LISTS: Final = ("contact_points", "links", "external_ids", "open", "last", "next", "purchases")


def profile_of(work: Work, customer: Customer) -> Profile:
    """Return the profile of a customer."""
    k, e, i, p = each(CustomerLink), each(ExternalId), each(Interaction), each(Purchase)
    planned = work.find(Interaction, i.customer == customer.id, i.state == "planned", order=[i.due_at], limit=_SHOWN)
    bought = work.find(Purchase, p.customer == customer.id, order=[-p.placed_at], limit=_SHOWN)
    return Profile(
        customer=customer,
        owner=record_of(work, customer.owner),
        contact_points=tuple(points_of(work, customer.id)),
        links=tuple(work.find(CustomerLink, (k.customer == customer.id) | (k.other == customer.id))),
        external_ids=tuple(work.find(ExternalId, e.customer_id == customer.id, e.record == customer)),
        open=tuple(_open(work, customer)),
        last=tuple(_last(work, customer)),
        next=tuple(planned),
        purchases=tuple(bought),
        satisfaction=FrozenMap(_satisfaction(work, customer)),
    )


def _open(work: Work, customer: Customer) -> list[Staged]:
    found: list[Staged] = []
    for of in work.house.types:
        declaration = declaration_of(of)
        if declaration.staged and declaration.direct and issubclass(of, Staged):
            r = each(of)
            found += work.find(
                of, r.customer_id == customer.id, r.state.in_(["open", "hold"]), order=[r.id], limit=_LOOKED_AT
            )
    return found


def _last(work: Work, customer: Customer) -> list[Interaction]:
    p = each(Participant)
    took_part = work.find(
        Participant, p.customer == customer.id, ~p.occurred_at.is_missing, order=[-p.occurred_at], limit=_SHOWN
    )
    ids = dict.fromkeys(participant.interaction for participant in took_part)
    found = work.get_many(Interaction, ids)
    return [found[one] for one in ids if one in found]


def _satisfaction(work: Work, customer: Customer) -> dict[str, Answer]:
    a = each(Answer)
    answers = work.find(
        Answer, a.customer == customer.id, a.item == "", a.state == "answered", order=[-a.answered_at], limit=_LOOKED_AT
    )
    latest: dict[str, Answer] = {}
    for answer in answers:
        latest.setdefault(answer.survey_type, answer)
    return latest
