"""Messages: queued in the transaction that caused them, sent by the worker, once or not at all."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import attrs

from ..errors import ConflictError, CRMError, InvalidError, PluginError, RefusedError, StoreError, TryAgain
from ..ports.channel import Channel, Forged, Request
from ..ports.work import Service, verb
from ..query import Page, each, reference_to
from ..records import AnyRef, Dispatch, Message, Record, new_id
from .naming import Whom, customer_named
from .sending.channels import Channels
from .sending.choosing import Way, way_to
from .sending.dispatching import Claimed, Dispatching
from .sending.incoming import Arrived, Incoming
from .sending.judging import AUTOMATIC
from .sending.templates import Words, worded

LISTED: Final = 50
_log = logging.getLogger("crmkit.sending")


@attrs.frozen(kw_only=True)
class Delivered:
    """What one call of ``deliver`` did, in messages.

    Attributes:
        sent: accepted by their channel, or given to a person to do.
        uncertain: nobody knows whether they were sent; see ``Messages.uncertain``.
        refused: not sent for good: no consent, a suppressed address, rejected by the provider, tried too often.
        later: put off: quiet hours, limits, a channel that can not take them now.
    """

    sent: int = 0
    uncertain: int = 0
    refused: int = 0
    later: int = 0

    def plus(self, status: str) -> Delivered:
        """Return this with one more message that came to a status."""
        name = _COUNTED.get(status)
        return self if name is None else attrs.evolve(self, **{name: getattr(self, name) + 1})


_COUNTED: Final = {
    "sent": "sent", "delivered": "sent", "handed_over": "sent", "uncertain": "uncertain", "suppressed": "refused", "rejected": "refused",
    "failed": "refused", "bounced": "refused", "queued": "later", "later": "later",
}  # fmt: skip


class Messages(Service):
    """What we send, and what became of it."""

    # --- queue ---
    @verb
    def queue(
        self,
        customer: Whom | None,
        *,
        channel: str = "",
        text: str = "",
        subject: str = "",
        purpose: str = "service",
        key: str = "",
        address: str = "",
        template: str = "",
        values: Mapping[str, object] | None = None,
        about: Record | AnyRef | None = None,
        not_before: datetime | None = None,
        headers: Mapping[str, str] | None = None,
        is_automatic: bool | None = None,
    ) -> Message:
        """Queue one message to one customer; the worker sends it (``crm.work()``, ``crmkit work``).

        Whether it may go (consent, suppression, quiet hours, limits) is looked at when it goes, not now.

        Args:
            customer: to whom; None: to ``address`` alone.
            channel: by default the customer's preferred one, else the first automated one that has an address of theirs.
            text, subject: what is said; ``template`` gives both by its key, in the customer's language, with ``values`` in
                its ``{places}``.
            purpose: what consent is asked for: ``service``, ``survey``, ``marketing``, ...
            key: names the cause: the same key twice is one message, the first, which is returned. By default each call is one.
            address: by default the customer's primary one of the channel's kind.
            about: the record that it is sent for.
            not_before: wait until then.
            headers: further facts for the channel, such as ``List-Unsubscribe``.
            is_automatic: no person asked for it (by default: a plugin queues it); a correspondent gets few of these a day.

        Raises:
            InvalidError: there is no such channel, template or address, or nothing is said.
        """
        key = key or new_id().hex
        if (there := self._with_key(key)) is not None:
            return there
        whom = None if customer is None else customer_named(self.unit, customer)
        way = way_to(self.unit, whom, channel=channel, address=address)
        words = worded(self.unit, whom, Words(subject, text), template, values or {})
        made = Message(
            customer=whom.id if whom else None,
            key=key,
            channel=way.channel,
            address=way.address,
            purpose=purpose,
            subject=words.subject,
            text=words.text,
            headers=self._headers(headers or {}, is_automatic),
            template=template,
            about=reference_to(about) if isinstance(about, Record) else about,
            queued_at=self.now,
            not_before=not_before,
        )
        return self._queued(made)

    def _queued(self, made: Message) -> Message:
        try:
            kept = self.add(made, name="message.queued")
        except ConflictError as lost:
            raise TryAgain("The same message was queued by somebody else meanwhile: run it again.") from lost
        due_at = max(self.now, kept.not_before or self.now)
        self.add(Dispatch(message=kept.id, channel=kept.channel, due_at=due_at))
        return kept

    def _headers(self, given: Mapping[str, str], is_automatic: bool | None) -> dict[str, str]:
        automatic = self.actor.startswith("plugin:") if is_automatic is None else is_automatic
        mark = {AUTOMATIC: "auto-generated"} if automatic else {}
        return {**given, **mark}

    def _with_key(self, key: str) -> Message | None:
        return next(iter(self.find(Message, each(Message).key == key, limit=1)), None)

    @verb
    def way(self, customer: Whom, *, channel: str = "") -> Way:
        """Return the channel and address over which a message would go.

        Raises:
            InvalidError: there is none.
        """
        return way_to(self.unit, customer_named(self.unit, customer), channel=channel)

    @verb
    def cancel(self, message: Message) -> Message:
        """Do not send a message that is still queued.

        Raises:
            InvalidError: it is not queued any more.
        """
        dispatch = self.service(Dispatching).of(message)
        if dispatch.phase != "queued":
            raise InvalidError(
                f"The message is {message.status}: only a queued one can be cancelled.", code="not_queued"
            )
        self.replace(attrs.evolve(dispatch, phase="done"))
        return self.replace(attrs.evolve(message, status="cancelled"), name="message.cancelled")

    # --- deliver ---
    @verb(long=True)
    def deliver(self, limit: int | None = None, *, limit_s: float | None = None) -> Delivered:
        """Send what is due, one after the other, over all channels; what this does is in the module ``sending.dispatching``.

        Args:
            limit: stop after so many messages. limit_s: begin no other one after so many seconds.
        """
        channels = list(Channels(self.unit.house).usable())
        if not self._can_keep():
            return Delivered()
        done = self._recovered(channels)
        count, end = 0, None if limit_s is None else time.monotonic() + limit_s
        while (limit is None or count < limit) and (end is None or time.monotonic() < end):
            count += 1
            try:
                claimed = self.batch(lambda me: me.service(Dispatching).claim(channels))
            except StoreError:
                raise
            except CRMError as error:  # something refuses what becomes of it: the others go on
                _log.warning("message can not be claimed", extra={"code": error.code})
                self.batch(lambda me: me.service(Dispatching).put_off(channels))
                continue
            if claimed is None:
                break
            done = done.plus(self._carried(claimed, channels))
        return done

    def _can_keep(self) -> bool:
        """Say whether what becomes of messages can be kept: before anything goes out."""
        try:
            for name in ("message", "interaction", "participant"):
                self.unit.house.may_write(name)
        except PluginError as error:
            _log.warning("nothing is sent", extra={"reason": str(error)})
            return False
        return True

    def _recovered(self, channels: list[Channel]) -> Delivered:
        done, seen = Delivered(), set[UUID]()
        while (found := self._settled(channels, seen)) is not None:
            id_, status = found
            seen.add(id_)
            done = done.plus(status) if status == "uncertain" else done
        return done

    def _settled(self, channels: list[Channel], seen: set[UUID]) -> tuple[UUID, str] | None:
        try:
            return self.batch(lambda me: me.service(Dispatching).recover(channels, seen))
        except StoreError:
            raise
        except CRMError as error:
            _log.warning("what a worker left can not be settled", extra={"code": error.code})
            return None

    def _carried(self, claimed: Claimed, channels: list[Channel]) -> str:
        if claimed.delivery is None:
            return claimed.status
        channel = next(one for one in channels if one.name == claimed.dispatch.channel)
        dispatch = self.batch(lambda me: me.service(Dispatching).hand_over(claimed))
        if dispatch is None:
            return "lost"
        outcome: Any
        try:
            outcome = channel.send(claimed.delivery)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # NotSent and Rejected are answers, anything else is uncertain
            outcome = error
        return self._completed(dispatch, channel, outcome)

    def _completed(self, dispatch: Dispatch, channel: Channel, outcome: Any) -> str:
        try:
            return self.batch(lambda me: me.service(Dispatching).complete(dispatch, channel, outcome))
        except StoreError:
            raise
        except CRMError as error:  # a check refused what was to be kept: the message is out, so it is parked
            return self._parked(dispatch, error.code)

    def _parked(self, dispatch: Dispatch, reason: str) -> str:
        try:
            return self.batch(lambda me: me.service(Dispatching).park(dispatch, reason))
        except StoreError:
            raise
        except CRMError as error:  # not even that may be kept: it stays handed over, and is settled when it may
            _log.warning("message can not be parked", extra={"code": error.code})
            return "uncertain"

    # --- what nobody knows ---
    @verb
    def uncertain(self, *, limit: int | None = LISTED, after: str | None = None) -> Page[Message]:
        """Return the messages of which nobody knows whether they were sent, the oldest first."""
        m = each(Message)
        return self.unit.find(Message, m.status == "uncertain", order=[m.queued_at], limit=limit, after=after)

    @verb
    def resolve(self, message: Message, outcome: Literal["sent", "not sent"]) -> Message:
        """Say what became of an uncertain message, or of one that a person was to pass on: what was not sent is queued again.

        Raises:
            InvalidError: it is settled already.
        """
        now = self.get(Message, message.id)
        if now.status not in ("uncertain", "handed_over"):
            raise InvalidError(
                f"The message is {now.status}: only an uncertain one is resolved.", code="settled", field="message"
            )
        dispatching = self.service(Dispatching)
        dispatch = dispatching.of(now)
        if outcome == "sent":
            self.replace(attrs.evolve(dispatch, phase="done", lease_until=None))
            return dispatching.sent(now, None)
        self.replace(attrs.evolve(dispatch, phase="queued", due_at=self.now, lease_until=None, attempts=0))
        return self.replace(attrs.evolve(now, status="queued", reason=""), name="message.queued")

    @verb
    def list(self, *, customer: Whom | None = None, status: str = "", limit: int | None = LISTED, after: str | None = None) -> Page[Message]:  # fmt: skip
        """Return messages, the latest first."""
        m = each(Message)
        where = [m.status == status] if status else []
        if customer is not None:
            where.append(m.customer == customer_named(self.unit, customer).id)
        return self.unit.find(Message, *where, order=[-m.queued_at], limit=limit, after=after)

    # --- what comes in ---
    @verb(long=True)
    def receive(self, channel: str, request: Request) -> Arrived:
        """Keep what a provider's request says: messages become interactions, status reports change messages.

        The same request twice changes nothing. A host calls this from its own endpoint, with the raw body.

        Raises:
            RefusedError: the request is not the provider's (code ``forged``).
        """
        opened = Channels(self.unit.house).opened(channel)
        try:
            found = list(opened.receive(request))
        except Forged as error:
            raise RefusedError(f"This request did not come from the provider of {channel!r}.", code="forged") from error
        return Incoming.take(self, opened, found)

    @verb(long=True)
    def poll(self, channel: str = "") -> Arrived:
        """Ask channels (by default all) what came in, and keep it."""
        arrived = Arrived()
        for opened in Channels(self.unit.house).usable():
            if channel in ("", opened.name):
                arrived = arrived.plus(self._all_of(opened))
        return arrived

    def _all_of(self, channel: Channel) -> Arrived:
        """Ask until nothing new comes: a channel gives a part at a time."""
        arrived = Arrived()
        while (more := Incoming.poll(self, channel)).total:
            arrived = arrived.plus(more)
        return arrived.plus(more)
