"""What channels bring: messages become interactions, status reports change the messages that they speak of.

Each item is one unit of work, and the same item twice is one: a provider that repeats itself, and a worker that died
before it had told the channel how far it read, change nothing.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable
from io import BytesIO
from typing import Any, Final

import attrs

from ...errors import ConflictError, CRMError, InvalidError, RefusedError, StoreError, TryAgain
from ...ports.channel import Channel, IncomingMessage, Received, StatusReport
from ...ports.work import Service
from ...query import each
from ...records import Attachment, ChannelAccount, Customer, Digest, Id, Interaction, Message
from ..conversations import SURVEY_ANSWER
from ..interactions import Interactions
from .answering import answer_of, note_interaction
from .digests import message_of_reply
from .dispatching import Dispatching, suppress
from .invitations import note_invitation

_log = logging.getLogger("crmkit.sending")
_UNKEEPABLE: Final = re.compile("[\x00\ud800-\udfff]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_RANK: Final = {"queued": 0, "uncertain": 1, "sent": 2, "delivered": 3, "failed": 4, "rejected": 4, "bounced": 5}
_LONGEST_CODE: Final = 250


@attrs.frozen(kw_only=True)
class Arrived:
    """What came in.

    Attributes:
        interactions: messages kept; answers: answers to surveys among them.
        statuses: messages of ours whose status changed.
        refused: items that a rule did not let in. failed: items that could not be kept: they are asked for again.
    """

    interactions: int = 0
    answers: int = 0
    statuses: int = 0
    refused: int = 0
    failed: int = 0

    def plus(self, other: Arrived) -> Arrived:
        """Return both together."""
        return Arrived(
            interactions=self.interactions + other.interactions, answers=self.answers + other.answers,
            statuses=self.statuses + other.statuses, refused=self.refused + other.refused, failed=self.failed + other.failed,
        )  # fmt: skip

    @property
    def total(self) -> int:
        """How much came in at all."""
        return self.interactions + self.statuses


class Incoming(Service):
    """The units of work of the long verbs that receive."""

    @classmethod
    def poll(cls, service: Service, channel: Channel) -> Arrived:
        """Ask one channel what came in since the last time, keep it, and remember how far it read."""
        since = service.batch(lambda me: me.service(cls).since(channel))
        try:
            items, place = channel.poll(since)
            found = list(items)
        except Exception as error:  # noqa: BLE001  # whatever a provider's library raises: asked again at the next round
            _log.warning("poll failed", extra={"channel": channel.name, "error": type(error).__name__})
            return Arrived(failed=1)
        arrived = cls.take(service, channel, found)
        if place != since and not arrived.failed:
            service.batch(lambda me: me.service(cls).remember(channel, place))
        return arrived

    @classmethod
    def take(cls, service: Service, channel: Channel, items: Iterable[Received]) -> Arrived:
        """Keep items, each in a unit of its own; one that can not be kept does not stop the others."""
        arrived = Arrived()
        for item in items:
            try:
                arrived = arrived.plus(cls._take_one(service, channel, item))
            except StoreError:
                raise
            except CRMError as error:
                _log.warning("item not kept", extra={"channel": channel.name, "code": error.code})
                arrived = arrived.plus(Arrived(refused=1) if isinstance(error, RefusedError) else Arrived(failed=1))
        return arrived

    @classmethod
    def _take_one(cls, service: Service, channel: Channel, item: Received) -> Arrived:
        try:
            return service.batch(lambda me: me.service(cls).kept(channel, item))
        except InvalidError:
            if not isinstance(item, IncomingMessage):
                raise
            bare = IncomingMessage(external_id=item.external_id or "?", address="", subject="(could not be read)")
            return service.batch(lambda me: me.service(cls).kept(channel, bare))

    # --- how far a channel was read ---
    def since(self, channel: Channel) -> str:
        """Return the place that the channel gave the last time; empty: the beginning."""
        account = self._account(channel)
        return str(account.settings.get("since", "")) if account else ""

    def remember(self, channel: Channel, place: str) -> None:
        """Keep the place from which the channel goes on."""
        account = self._account(channel)
        if account is None:
            try:
                self.add(ChannelAccount(key=channel.name, channel=channel.name, settings={"since": place}))
            except ConflictError as lost:
                raise TryAgain("Another worker asked this channel for the first time, too.") from lost
        else:
            self.replace(attrs.evolve(account, settings={**account.settings, "since": place}))

    def _account(self, channel: Channel) -> ChannelAccount | None:
        return next(iter(self.find(ChannelAccount, each(ChannelAccount).key == channel.name, limit=1)), None)

    # --- one item ---
    def kept(self, channel: Channel, item: Received) -> Arrived:
        """Keep one item."""
        if isinstance(item, StatusReport):
            return Arrived(statuses=int(self._status(channel, item)))
        return self._message(channel, _tidied(item))

    def _message(self, channel: Channel, item: IncomingMessage) -> Arrived:
        if self._is_known(channel, item.external_id):
            return Arrived()
        answered = self._answered(channel, item.in_reply_to)
        response = None if item.is_automatic else answer_of(self, answered, item.text)
        kept = self._recorded(channel, item if response is None else attrs.evolve(item, kind=SURVEY_ANSWER), answered)
        if response is not None:
            note_interaction(self, response, kept)
        for name, media_type, data in item.attachments:
            self._attached(kept, name, media_type, data)
        return Arrived(interactions=1, answers=int(response is not None))

    def _recorded(self, channel: Channel, item: IncomingMessage, answered: Message | None) -> Interaction:
        customer = None if answered is None or answered.customer is None else self._customer(answered.customer)
        first = self._interaction(answered)
        return self.service(Interactions).record(
            customer,
            channel=channel.name,
            account=channel.name,
            external_id=item.external_id,
            direction="in",
            kind=item.kind or "message",
            subject=item.subject,
            body=item.text,
            occurred_at=min(item.at, self.now) if item.at else self.now,
            address=item.address,
            about=answered.about if answered else None,
            answers=first,
            touchpoint=first.touchpoint if first else "",
            is_automated=item.is_automatic,
        )

    def _is_known(self, channel: Channel, external_id: str) -> bool:
        i = each(Interaction)
        return bool(self.find(Interaction, i.account == channel.name, i.external_id == external_id, limit=1))

    def _answered(self, channel: Channel, in_reply_to: str) -> Message | None:
        """Return the message that an incoming one answers: by our token, else by the provider's names, the nearest last."""
        m = each(Message)
        for name in reversed(in_reply_to.split()):
            id_ = message_of_reply(self.unit.house.secret, name)
            found = [] if id_ is None else list(self.unit.get_many(Message, [id_]).values())
            found = found or list(self.find(Message, m.account == channel.name, m.external_id == name, limit=1))
            if found:
                return None if self._is_erased(found[0]) else found[0]
        return None

    def _is_erased(self, message: Message) -> bool:
        """Whether a message went to somebody who was erased since: what answers it comes from a stranger."""
        customer = None if message.customer is None else self._customer(message.customer)
        return customer is not None and customer.erased_at is not None

    def _customer(self, id_: Id[Customer]) -> Customer | None:
        return self.unit.get_many(Customer, [id_]).get(id_)

    def _interaction(self, message: Message | None) -> Interaction | None:
        if message is None or message.interaction is None:
            return None
        return self.unit.get_many(Interaction, [message.interaction]).get(message.interaction)

    def _attached(self, kept: Interaction, name: str, media_type: str, data: bytes) -> None:
        unit: Any = self.unit
        digest = hashlib.sha256(data).digest()
        if "blobs" in unit.store.capabilities:
            unit.to_write().put_blob(digest, BytesIO(data))
            kind = _CONTROL.sub("", media_type)[:100] or "application/octet-stream"
            self.add(Attachment(interaction=kept.id, name=_clean(name), media_type=kind, size=len(data), digest=Digest(digest)))  # fmt: skip

    # --- status reports ---
    def _status(self, channel: Channel, report: StatusReport) -> bool:
        message = self._reported(channel, report.external_id)
        if message is None or _RANK.get(report.status, 0) <= _RANK.get(message.status, 2):
            return False
        at = min(report.at, self.now) if report.at else self.now
        if message.status == "uncertain" and report.status in ("sent", "delivered"):
            message = self._found_sent(message, report.external_id)
        changed = attrs.evolve(message, status=report.status, reason=_CONTROL.sub("", report.code or "")[:80])
        if report.status == "delivered":
            changed = attrs.evolve(changed, delivered_at=at)
            note_invitation(self, message, delivered_at=at)
        if report.status == "bounced":
            note_invitation(self, message, bounced_at=at)
            suppress(self, channel.addresses, message.address, "bounced")
        self.replace(changed, name=f"message.{report.status}")
        return True

    def _found_sent(self, message: Message, external_id: str) -> Message:
        dispatching = self.service(Dispatching)
        self.replace(attrs.evolve(dispatching.of(message), phase="done", lease_until=None))
        return dispatching.sent(message, external_id if external_id != message.key else None)

    def _reported(self, channel: Channel, external_id: str) -> Message | None:
        """Return the message that a report names, by the provider's name for it or by our key (which an uncertain one has only)."""
        m = each(Message)
        by_provider = self.find(Message, m.account == channel.name, m.external_id == external_id, limit=1)
        found = by_provider or self.find(Message, m.key == external_id, m.channel == channel.name, limit=1)
        return next(iter(found), None)


def _clean(text: str) -> str:
    return _UNKEEPABLE.sub("\ufffd", text)


def _tidied(item: IncomingMessage) -> IncomingMessage:
    """Return an item without what no store keeps: what came from outside may hold anything."""
    external_id = _CONTROL.sub("", item.external_id).strip()
    if not external_id or len(external_id) > _LONGEST_CODE:
        external_id = (
            "sha256:" + hashlib.sha256(f"{item.external_id}\n{item.text}".encode("utf-8", "replace")).hexdigest()
        )
    return attrs.evolve(
        item,
        external_id=external_id,
        address=_CONTROL.sub("", item.address).strip(),
        subject=_clean(item.subject),
        text=_clean(item.text),
        kind=_CONTROL.sub("", item.kind),
    )
