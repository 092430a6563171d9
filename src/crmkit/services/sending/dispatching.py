"""Carrying one message: claimed, handed over, done; each phase is committed before the next begins.

Whoever dies in between leaves a phase that says what is certain: what was only claimed was not sent and is queued
again; what was handed over may have been sent, so it is parked as uncertain. Each step takes the dispatch by its fence:
a worker that was too slow finds it taken, and writes nothing.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

import attrs

from ...errors import NotFoundError
from ...ports.channel import Channel, Delivery, NotSent, Receipt, Rejected
from ...ports.work import Service
from ...query import each, find
from ...records import Dispatch, Message, Suppression, declaration_of
from ..interactions import Interactions
from .digests import invitation_token, permit_digest, reply_token
from .invitations import note_invitation, touchpoint_of
from .judging import judged, subject_of
from .manual import given_to_person
from .timing import next_try

LEASE: Final = timedelta(minutes=5)
MOST_ATTEMPTS: Final = 10
TOKEN: Final = "{token}"  # noqa: S105  # a place in a text, no password
Outcome: TypeAlias = Receipt | NotSent | Rejected | BaseException | None


@attrs.frozen(kw_only=True)
class Claimed:
    """A dispatch that is ours, with what came of looking at it: a delivery to hand over, or the status it got instead."""

    dispatch: Dispatch
    delivery: Delivery | None = None
    status: str = ""


class Dispatching(Service):
    """The phases. Each method is one unit of work of the long verb that delivers."""

    # --- after a crash ---
    def recover(self, channels: Sequence[Channel], passed_over: Collection[UUID]) -> tuple[UUID, str] | None:
        """Settle one message that was left by a worker that died: queued again where it was not handed over, else parked.

        Returns:
            The dispatch and what it came to; None: none is left.
        """
        d = each(Dispatch)
        left = d.phase.in_(("claimed", "handed_over")) & (d.lease_until < self.now) & ~d.id.in_(list(passed_over))
        known = {channel.name: channel for channel in channels}
        for dispatch in self._claim(find(Dispatch, left, order=[d.due_at]), 1):
            if dispatch.phase == "claimed":
                return self._again(dispatch, self.now).id, "queued"
            return dispatch.id, self._unknown(dispatch, known.get(dispatch.channel), "worker_died")
        return None

    def put_off(self, channels: Sequence[Channel]) -> None:
        """Let what waits longest wait: it could not be claimed, and the others shall not wait for it."""
        d = each(Dispatch)
        names = [channel.name for channel in channels]
        due = find(Dispatch, d.phase == "queued", d.due_at <= self.now, d.channel.in_(names), order=[d.due_at])
        for dispatch in self._claim(due, 1):
            attempts = dispatch.attempts + 1
            self._again(attrs.evolve(dispatch, attempts=attempts), next_try(self.now, attempts, None))

    # --- claim ---
    def claim(self, channels: Sequence[Channel]) -> Claimed | None:
        """Claim the message that waits longest, and look whether it may go; None: none waits."""
        known = {channel.name: channel for channel in channels}
        d = each(Dispatch)
        due = find(Dispatch, d.phase == "queued", d.due_at <= self.now, d.channel.in_(list(known)), order=[d.due_at])
        for dispatch in self._claim(due, 1):
            return self._looked_at(dispatch, known[dispatch.channel])
        return None

    def _looked_at(self, dispatch: Dispatch, channel: Channel) -> Claimed:
        message = self.get(Message, dispatch.message)
        verdict = judged(self.unit, message, channel)
        if verdict.later:
            return Claimed(dispatch=self._again(dispatch, verdict.later), status="later")
        if verdict.refused:
            return self._ended(dispatch, message, "suppressed", verdict.refused)
        if dispatch.attempts >= MOST_ATTEMPTS:
            return self._ended(dispatch, message, "failed", "attempts")
        if not channel.is_automated:
            given_to_person(self, message, channel)
            return Claimed(dispatch=self._done(dispatch), status="handed_over")
        return self._permitted(dispatch, message)

    def _permitted(self, dispatch: Dispatch, message: Message) -> Claimed:
        delivery = self._delivery(message)
        kept = self._kept(
            attrs.evolve(
                dispatch,
                phase="claimed",
                attempts=dispatch.attempts + 1,
                permit_digest=self._digest(dispatch.channel, delivery, dispatch.fence),
            )
        )
        return Claimed(dispatch=kept, delivery=delivery)

    def _delivery(self, message: Message) -> Delivery:
        return Delivery(
            key=message.key,
            address=message.address,
            text=self._filled(message),
            subject=message.subject,
            headers=message.headers,
            reply_to=reply_token(self.unit.house.secret, message.id),
            at=self.now,
            permit=secrets.token_urlsafe(24),
        )

    def _filled(self, message: Message) -> str:
        """Return the text with the token of the invitation that it carries; what is kept has its place only."""
        if message.about is None or message.about.type != "invitation" or TOKEN not in message.text:
            return message.text
        return message.text.replace(TOKEN, invitation_token(self.unit.house.secret, message.about.id))

    def _digest(self, channel: str, delivery: Delivery, fence: int) -> Any:
        content = json.dumps([delivery.key, delivery.subject, delivery.text, dict(delivery.headers)])
        return permit_digest(self.unit.house.secret, delivery.permit, channel, delivery.address, content, fence)

    def _ended(self, dispatch: Dispatch, message: Message, status: str, reason: str) -> Claimed:
        self.replace(attrs.evolve(message, status=status, reason=reason), name=f"message.{status}")
        return Claimed(dispatch=self._done(dispatch), status=status)

    # --- hand over ---
    def hand_over(self, claimed: Claimed) -> Dispatch | None:
        """Spend the permit, and say that from now on nobody knows until the channel answers; None: it is not ours any more."""
        before = claimed.dispatch
        if claimed.delivery is None or before.lease_until is None or before.lease_until <= self.now:
            return None
        if self._digest(before.channel, claimed.delivery, before.fence) != before.permit_digest:
            return None
        for dispatch in self._taken(before, "claimed"):
            if dispatch.permit_digest == before.permit_digest:
                return self._kept(attrs.evolve(dispatch, phase="handed_over", permit_digest=None))
        return None

    # --- the answer ---
    def complete(self, dispatch: Dispatch, channel: Channel, outcome: Outcome) -> str:
        """Write what came of it and return the message's status; ``lost`` where the lease was over and others settled it."""
        for ours in self._taken(dispatch, "handed_over"):
            if isinstance(outcome, Receipt):
                return self._received(ours, channel, outcome)
            if isinstance(outcome, NotSent):
                self._again(ours, next_try(self.now, ours.attempts, outcome.retry_after_s))
                return "queued"
            if isinstance(outcome, Rejected):
                return self._rejected(ours, channel, outcome)
            return self._unknown(ours, channel, type(outcome).__name__)
        return "lost"

    def park(self, dispatch: Dispatch, reason: str) -> str:
        """Park what could not be completed: the channel was given it."""
        for ours in self._taken(dispatch, "handed_over"):
            return self._unknown(ours, None, reason)
        return "lost"

    def _received(self, dispatch: Dispatch, channel: Channel, receipt: Receipt) -> str:
        if receipt.status == "uncertain":
            return self._unknown(dispatch, None, "provider")
        message = self.get(Message, dispatch.message)
        if receipt.status in ("failed", "rejected", "bounced"):
            self._ended(dispatch, message, receipt.status, "provider")
            return receipt.status
        self.sent(message, self._free_id(channel.name, receipt.external_id), status=receipt.status)
        self._done(dispatch)
        return "sent"

    def _free_id(self, account: str, external_id: str) -> str | None:
        """Return the provider's name for a message, unless it gave it to another one before."""
        m = each(Message)
        taken = self.find(Message, m.account == account, m.external_id == external_id, limit=1)
        return None if taken or not external_id else external_id

    def sent(self, message: Message, external_id: str | None, *, status: str = "sent") -> Message:
        """Keep that a message was sent: the message, the interaction with its participant, the invitation."""
        interaction = message.interaction or self._interaction(message, external_id)
        note_invitation(self, message, sent_at=self.now)
        made = attrs.evolve(
            message,
            status=status,
            reason="",
            account=message.channel,
            external_id=external_id,
            sent_at=self.now,
            delivered_at=self.now if status == "delivered" else None,
            interaction=interaction,
        )
        return self.replace(made, name="message.sent")

    def _interaction(self, message: Message, external_id: str | None) -> UUID:
        kept = self.service(Interactions).record(
            message.customer,
            channel=message.channel,
            account=message.channel,
            external_id=external_id or f"message:{message.id.hex}",
            direction="out",
            subject=message.subject,
            body=_without_token(message.text),
            address=message.address,
            about=message.about,
            touchpoint=touchpoint_of(self, message),
            is_automated=True,
        )
        return kept.id

    def _rejected(self, dispatch: Dispatch, channel: Channel, why: Rejected) -> str:
        message = self.get(Message, dispatch.message)
        if why.is_address:
            suppress(self, channel.addresses, message.address, "rejected")
        self._ended(dispatch, message, "rejected", _word(why.code))
        return "rejected"

    def _unknown(self, dispatch: Dispatch, channel: Channel | None, reason: str) -> str:
        message = self.get(Message, dispatch.message)
        if channel is not None and self._may_repeat(dispatch, message, channel):
            self._again(dispatch, next_try(self.now, dispatch.attempts, None))
            return "queued"
        self.replace(attrs.evolve(message, status="uncertain", reason=_word(reason)), name="message.uncertain")
        self._kept(attrs.evolve(dispatch, phase="uncertain", lease_until=None, permit_digest=None))
        return "uncertain"

    def _may_repeat(self, dispatch: Dispatch, message: Message, channel: Channel) -> bool:
        """Say whether the provider still drops a repeated key. It was given it after it was queued, so the count is safe."""
        if not channel.idempotent_for_h or message.queued_at is None or dispatch.attempts >= MOST_ATTEMPTS:
            return False
        return next_try(self.now, dispatch.attempts, None) < message.queued_at + timedelta(
            hours=channel.idempotent_for_h
        )

    # --- one dispatch ---
    def _claim(self, question: Any, limit: int) -> list[Dispatch]:
        unit: Any = self.unit
        claimed: list[Dispatch] = unit.claim(question, limit, self.now + LEASE)
        return claimed

    def _taken(self, dispatch: Dispatch, phase: str) -> list[Dispatch]:
        """Take a dispatch for the next step: nothing comes back where somebody else took it since."""
        d = each(Dispatch)
        return self._claim(find(Dispatch, d.id == dispatch.id, d.fence == dispatch.fence, d.phase == phase, limit=1), 1)

    def _again(self, dispatch: Dispatch, due_at: datetime) -> Dispatch:
        return self._kept(attrs.evolve(dispatch, phase="queued", due_at=due_at, lease_until=None, permit_digest=None))

    def _done(self, dispatch: Dispatch) -> Dispatch:
        return self._kept(attrs.evolve(dispatch, phase="done", lease_until=None, permit_digest=None))

    def _kept(self, dispatch: Dispatch) -> Dispatch:
        return self.replace(dispatch)

    def of(self, message: Message) -> Dispatch:
        """Return the dispatch of a message.

        Raises:
            NotFoundError: it has none.
        """
        for dispatch in self.find(Dispatch, each(Dispatch).message == message.id, limit=1):
            return dispatch
        raise NotFoundError(f"The {declaration_of(Message).name} has no dispatch: it was never queued.")


def suppress(service: Service, kind: str, address: str, reason: str) -> Suppression | None:
    """Keep that an address must not be written to; None where it can be no address."""
    subject = subject_of(service.unit.house, kind, address)
    if subject is None:
        return None
    s = each(Suppression)
    for found in service.find(Suppression, s.channel == kind, s.subject == subject, limit=1):
        return found
    return service.add(Suppression(channel=kind, subject=subject, reason=_word(reason), at=service.now))


def _without_token(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if TOKEN not in line).rstrip() if TOKEN in text else text


def _word(text: str) -> str:
    """Return a provider's word as a code can hold it."""
    return "".join(c for c in text if c.isprintable())[:80] or "unknown"
