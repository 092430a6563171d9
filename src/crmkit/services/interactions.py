"""Interactions: what passed between us and customers, what is planned, and who waits for an answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

import attrs

from ..errors import ConflictError, InvalidError, TryAgain
from ..ports.work import Service, verb
from ..query import Page, each, reference_to
from ..records import AnyRef, ChannelAccount, Customer, Id, Interaction, Participant, Record, WallTime
from ..records.contact_key import contact_key, kind_of_address
from ..records.recurrence import next_after, recurrence_from
from ..records.times import zone
from .addresses import customers_at
from .agents import Responsible, record_of, reference_of
from .conversations import joined, settled
from .naming import Whom, customer_named
from .sending.passing_on import passed_on

Presence: TypeAlias = tuple[str, Whom]
"""Role and who: ``("cc", "boss@example.com")``; an address that nobody is known to have is kept as it is."""

PLANNED: Final = "planned"
"""The account of the keys that plans are given: whoever plans by a program plans once."""


class Interactions(Service):
    """Exchanges over every channel, done or planned."""

    @verb
    def record(
        self,
        customer: Whom | None,
        *,
        channel: str = "",
        direction: str = "in",
        kind: str = "message",
        touchpoint: str = "",
        subject: str = "",
        body: str = "",
        occurred_at: datetime | None = None,
        address: str = "",
        account: str = "",
        external_id: str = "",
        participants: Iterable[Presence] = (),
        agent: Responsible | None = None,
        about: Record | AnyRef | None = None,
        answers: Interaction | None = None,
        duration_s: int | None = None,
        outcome: str = "",
        sentiment: str = "",
        is_automated: bool = False,
    ) -> Interaction:
        """Keep an exchange that took place; the same (account, external id) twice is one, the first, which is returned.

        Args:
            customer: with whom; None: whoever has ``address``, and unknown where nobody or more than one has it.
            channel: by default the account's. account: the ``ChannelAccount``'s key; with an ``external_id`` by default the channel's name.
            direction: ``in``, ``out`` or ``internal``.
            occurred_at: by default now.
            external_id: how the channel names the message.
            participants: who else took part, each with a role (``from``, ``to``, ``cc``, ``attendee``).
            answers: which one it replies to; by default who waits in the conversation (see ``crmkit.services.conversations``).

        Raises:
            TryAgain: (inside a unit of the caller) another process kept the same message meanwhile.
        """
        account = account or (channel if external_id else "")
        if external_id and (there := self._kept(account, external_id)) is not None:
            return there
        key = _key(address)
        principal = customer_named(self.unit, customer) if customer else self._owner_of(address, key)
        made = Interaction(
            customer=principal.id if principal else None,
            channel=channel or self._channel_of(account),
            account=account or None,
            external_id=external_id or None,
            kind=kind,
            direction=direction,
            touchpoint=touchpoint,
            subject=subject,
            body=body,
            agent=reference_of(self.unit, agent),
            occurred_at=occurred_at or self.now,
            about=reference_to(about) if isinstance(about, Record) else about,
            duration_s=duration_s,
            outcome=outcome,
            sentiment=sentiment,
            is_automated=is_automated,
        )
        return self._recorded(made, address, key, participants, answers)

    def _recorded(
        self, made: Interaction, address: str, key: str, others: Iterable[Presence], answers: Interaction | None
    ) -> Interaction:
        within = None if answers is None else answers.conversation or answers.id
        try:
            kept = self.unit.add(joined(self.unit, made, key, within))
        except ConflictError as lost:
            raise TryAgain("The same message was kept by somebody else meanwhile: run it again.") from lost
        self._add_participants(kept, address, key, others)
        return settled(self.unit, kept)

    @verb
    def answer(
        self,
        interaction: Interaction,
        *,
        subject: str = "",
        body: str = "",
        channel: str = "",
        agent: Responsible | None = None,
        at: datetime | None = None,
        kind: str = "",
    ) -> Interaction:
        """Record our answer to an inbound message, over its own channel unless another is named."""
        if interaction.direction != "in":
            raise InvalidError(
                "Only an inbound message can be answered: choose one.", code="direction", field="interaction"
            )
        first = self._principal(interaction)
        return self._recorded(
            Interaction(
                customer=interaction.customer, channel=channel or interaction.channel, kind=kind or interaction.kind, direction="out",
                touchpoint=interaction.touchpoint, subject=subject or interaction.subject, body=body, about=interaction.about,
                agent=reference_of(self.unit, agent), occurred_at=at or self.now,
            ),
            first.address if first else "", first.address_key if first else "", (), interaction,
        )  # fmt: skip

    @verb
    def timeline(
        self,
        customer: Whom,
        *,
        limit: int = 50,
        after: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        channel: str = "",
    ) -> Page[Interaction]:
        """Return what took place with a customer, newest first; planned things are not part of it (see ``due``).

        Args:
            since, until: a half-open period. after: the ``next`` of the page before.
        """
        p = each(Participant)
        where = [~p.occurred_at.is_missing]
        where += [p.occurred_at >= since] if since else []
        where += [p.occurred_at < until] if until else []
        if channel:
            where.append(p.interaction.channel == channel)

        def asked(of: Customer) -> Page[Interaction]:
            mine = p.customer == of.id
            return self.unit.follow(p.interaction, mine, *where, order=[-p.occurred_at], limit=limit, after=after)

        found = asked(customer) if isinstance(customer, Customer) else None
        return found or asked(customer_named(self.unit, customer))  # who has nothing may have been merged

    @verb
    def waiting(self, *, touchpoint: str = "", limit: int | None = 50) -> Page[Interaction]:
        """Return the inbound messages that nobody has answered, the longest waiting first."""
        i = each(Interaction)
        where = [i.direction == "in", i.state == "done", i.answered_at.is_missing, i.is_automated == False]  # noqa: E712  # a condition
        if touchpoint:
            where.append(i.touchpoint == touchpoint)
        return self.unit.find(Interaction, *where, order=[i.occurred_at], limit=limit)

    # --- planned ---
    @verb
    def plan(
        self,
        customer: Whom | None,
        what: str,
        *,
        at: WallTime | datetime,
        agent: Responsible | None = None,
        recurrence: str = "",
        channel: str = "",
        kind: str = "task",
        direction: str = "out",
        touchpoint: str = "",
        body: str = "",
        about: Record | AnyRef | None = None,
        key: str = "",
    ) -> Interaction:
        """Plan something with a customer (or with nobody in particular): a call, a visit, a reminder.

        Args:
            what: in a few words.
            at: the agreed time on the wall, with its zone; an instant is taken to the zone of the agent, or the house's.
            agent: who is to do it.
            recurrence: ``daily``, ``weekly``, ``monthly`` or ``yearly``: each done one plans the next, at the same wall time.
            key: the same key twice is one plan, the first, which is returned, also when it is done.

        Raises:
            TryAgain: (inside a unit of the caller) somebody else planned with the same key meanwhile.
        """
        if key and (there := self._kept(PLANNED, key)) is not None:
            return there
        principal = customer_named(self.unit, customer) if customer else None
        who = reference_of(self.unit, agent)
        due = at if isinstance(at, WallTime) else self._on_the_wall(at, who)
        planned = Interaction(
            customer=principal.id if principal else None, state="planned", kind=kind, direction=direction, channel=channel,
            touchpoint=touchpoint, subject=what, body=body, agent=who, due=due, due_at=due.at,
            account=PLANNED if key else None, external_id=key or None,
            recurrence=recurrence_from(recurrence, due), about=reference_to(about) if isinstance(about, Record) else about,
        )  # fmt: skip
        return self._planned(planned)

    def _planned(self, planned: Interaction) -> Interaction:
        try:
            kept = self.unit.add(planned, name="interaction.planned")
        except ConflictError as lost:
            raise TryAgain("Somebody else planned with the same key meanwhile: run it again.") from lost
        self._add_participants(kept, "", "", ())
        return kept

    def _on_the_wall(self, at: datetime, who: AnyRef | None) -> WallTime:
        if at.tzinfo is None:
            raise InvalidError(
                f"{at.isoformat()} has no time zone: plan at WallTime({at!r}, 'Europe/Amsterdam').",
                code="time_zone",
                field="at",
            )
        name = getattr(record_of(self.unit, who), "time_zone", "") or self.unit.house.zone.key
        return WallTime(at.astimezone(zone(name)).replace(tzinfo=None), name)

    @verb
    def due(
        self, *, agent: Responsible | None = None, until: datetime | None = None, limit: int | None = None
    ) -> Page[Interaction]:
        """Return what is planned (for an agent or team) and due by ``until`` (by default now), the longest due first."""
        i = each(Interaction)
        where = [i.state == "planned", i.due_at <= (until or self.now)]
        if agent:
            where.append(i.agent == reference_of(self.unit, agent))
        return self.unit.find(Interaction, *where, order=[i.due_at], limit=limit)

    @verb
    def done(
        self,
        planned: Interaction,
        *,
        at: datetime | None = None,
        outcome: str = "",
        body: str = "",
        duration_s: int | None = None,
    ) -> Interaction:
        """Say that something planned has been done; what recurs is planned anew, the next time after both due and done.

        Raises:
            InvalidError: it is not planned (any more).
        """
        _must_be_planned(planned)
        when = at or self.now
        made = attrs.evolve(
            planned, state="done", occurred_at=when, outcome=outcome or planned.outcome, body=body or planned.body,
            duration_s=planned.duration_s if duration_s is None else duration_s,
        )  # fmt: skip
        kept = self.unit.replace(joined(self.unit, made), name="interaction.done")
        passed_on(self.unit, kept)
        p = each(Participant)
        took_part = list(self.unit.find(Participant, p.interaction == kept.id))
        self.unit.replace([attrs.evolve(one, occurred_at=when) for one in took_part])
        if kept.recurrence and kept.due is not None:
            self._plan_next(kept, kept.due, when)
        return settled(self.unit, kept)

    def _plan_next(self, done: Interaction, due: WallTime, when: datetime) -> None:
        following = next_after(done.recurrence, due, when)
        self._planned(
            Interaction(
                customer=done.customer, state="planned", kind=done.kind, direction=done.direction, channel=done.channel,
                touchpoint=done.touchpoint, subject=done.subject, agent=done.agent, due=following, due_at=following.at,
                recurrence=done.recurrence, about=done.about,
            )
        )  # fmt: skip

    @verb
    def postpone(self, planned: Interaction, at: WallTime | datetime) -> Interaction:
        """Plan something for another time; it will be reminded of again."""
        _must_be_planned(planned)
        due = at if isinstance(at, WallTime) else self._on_the_wall(at, planned.agent)
        return self.unit.replace(
            attrs.evolve(planned, due=due, due_at=due.at, reminded_at=None), name="interaction.postponed"
        )

    @verb
    def cancel(self, planned: Interaction) -> Interaction:
        """Say that something planned will not take place; what recurs ends with it."""
        _must_be_planned(planned)
        return self.unit.replace(attrs.evolve(planned, state="cancelled"), name="interaction.cancelled")

    # --- who took part ---
    def _kept(self, account: str, external_id: str) -> Interaction | None:
        i = each(Interaction)
        return next(
            iter(self.unit.find(Interaction, i.account == account, i.external_id == external_id, limit=1)), None
        )

    def _channel_of(self, account: str) -> str:
        found = self.unit.find(ChannelAccount, each(ChannelAccount).key == account, limit=1) if account else ()
        return next((one.channel for one in found), "")

    def _owner_of(self, address: str, key: str) -> Customer | None:
        """Return the one customer who has an address; None where nobody or more than one has."""
        ids = customers_at(self.unit, kind_of_address(address), key, 2) if key else []
        found = self.unit.get(Customer, Id(ids[0])) if len(ids) == 1 else None
        return None if found is None or found.erased_at is not None else found

    def _principal(self, interaction: Interaction) -> Participant | None:
        p = each(Participant)
        return next(
            iter(self.unit.find(Participant, p.interaction == interaction.id, p.role == "customer", limit=1)), None
        )

    def _add_participants(self, kept: Interaction, address: str, key: str, others: Iterable[Presence]) -> None:
        made: dict[tuple[UUID | str, str], Participant] = {}
        if kept.customer is not None or key:
            made[kept.customer or key, "customer"] = _took_part(kept, "customer", kept.customer, address, key)
        for role, who in others:
            one = self._present(kept, role, who)
            made.setdefault((one.customer or one.address_key, role), one)
        self.unit.add(list(made.values()))

    def _present(self, kept: Interaction, role: str, who: Whom) -> Participant:
        if isinstance(who, str):
            key = _key(who)
            known = self._owner_of(who, key)
            return _took_part(kept, role, known.id if known else None, who, key)
        return _took_part(kept, role, customer_named(self.unit, who).id, "", "")


def _took_part(kept: Interaction, role: str, customer: Id[Customer] | None, address: str, key: str) -> Participant:
    return Participant(
        interaction=kept.id,
        customer=customer,
        role=role,
        address=address,
        address_key=key,
        occurred_at=kept.occurred_at,
    )


def _key(address: str) -> str:
    """Return the key of an address of whatever kind; what looks like one and is none is kept by its letters."""
    if not address.strip():
        return ""
    try:
        return contact_key(kind_of_address(address), address)
    except InvalidError:
        return contact_key("handle", address)


def _must_be_planned(planned: Interaction) -> None:
    if planned.state != "planned":
        raise InvalidError(
            f"This interaction is {planned.state!r}: only a planned one can be done, moved or cancelled.",
            code="state",
            field="state",
        )
