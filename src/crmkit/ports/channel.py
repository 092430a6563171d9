"""The Channel port: a way to reach customers, and to hear from them.

``send`` is the one required method. It has four ends: it returns a ``Receipt`` (the provider took it); it raises
``NotSent`` (certainly not sent: tried again later) or ``Rejected`` (for good); any other exception is uncertain: nobody
knows, and crmkit never guesses. A channel is never given a customer, only one ``Delivery`` with its permit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Literal, TypeAlias

import attrs

from ..records.values import EMPTY
from .lifetime import since
from .secret import Secret

__all__ = [
    "Channel",
    "Delivery",
    "Forged",
    "Headers",
    "IncomingMessage",
    "NotSent",
    "Receipt",
    "Received",
    "Rejected",
    "Request",
    "Secret",
    "Status",
    "StatusReport",
]

Status = Literal["sent", "delivered", "bounced", "failed", "rejected", "uncertain"]
"""What a provider may say of a message that it took, in our words."""


@attrs.frozen(kw_only=True)
class Delivery:
    """One message to one recipient, rendered, with the permit to send it once.

    Attributes:
        key: the idempotency key: the same for every attempt at this message; give it to a provider that knows such keys.
        address: where to, in the channel's kind of address.
        text, subject: what is said, as far as the channel renders it.
        html: the same as HTML, where the channel renders it and there is such a form.
        headers: further facts for the provider, such as ``List-Unsubscribe``.
        reply_to: what an answer should name, so that it finds its message: an opaque token of lower-case letters and digits.
        at: the instant by the CRM's clock, for a ``Date`` header; missing where a channel is tried without a CRM.
        permit: proof that consent, suppression and limits were looked at just now; worthless for anything else.
    """

    key: str
    address: str
    text: str
    subject: str = ""
    html: str = ""
    headers: Mapping[str, str] = EMPTY
    reply_to: str = ""
    language: str = ""
    at: datetime | None = None
    permit: str = ""


@attrs.frozen(kw_only=True)
class Receipt:
    """The provider took the message. ``external_id`` is its name for it, by which status reports speak."""

    external_id: str
    status: Status = "sent"


class NotSent(Exception):
    """The message was certainly not sent, and may be tried again.

    Args:
        reason: in words.
        retry_after_s: not before so many seconds; None: as crmkit sees fit.
    """

    def __init__(self, reason: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Rejected(Exception):
    """The provider refuses the message for good. ``code`` is its word for why; ``is_address`` says that the address is at fault."""

    def __init__(self, code: str, *, is_address: bool = False) -> None:
        super().__init__(code)
        self.code, self.is_address = code, is_address


class Forged(Exception):
    """A request did not come from the provider: nothing of it is used."""


@attrs.frozen(kw_only=True)
class IncomingMessage:
    """A message that came in over the channel."""

    external_id: str
    address: str
    """The sender's."""
    text: str = ""
    subject: str = ""
    to: str = ""
    html: str = ""
    kind: str = "message"
    at: datetime | None = None
    """When it was sent, by the sender's clock; missing: now."""
    in_reply_to: str = ""
    """The ``external_id`` or ``reply_to`` of the message that it answers; of several, separated by spaces, the last known one counts."""
    is_automatic: bool = False
    """An auto-reply or bulk mail: it is kept, and never answered automatically."""
    attachments: tuple[tuple[str, str, bytes], ...] = ()
    """Name, media type, bytes."""


@attrs.frozen(kw_only=True)
class StatusReport:
    """What became of a message that we sent. ``code`` is the provider's word for a failure."""

    external_id: str
    status: Status
    code: str | None = None
    at: datetime | None = None


Received: TypeAlias = IncomingMessage | StatusReport


class Headers(Mapping[str, str]):
    """Headers by name, whatever the case: hosts write ``X-Signature`` or ``x-signature``, and both are found."""

    __slots__ = ("_values",)

    def __init__(self, given: Mapping[str, str] = EMPTY) -> None:
        self._values = {name.lower(): value for name, value in given.items()}

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@attrs.frozen(kw_only=True)
class Request:
    """An HTTP request from a provider, as the host received it: the raw body, the headers by name in any case."""

    body: bytes
    headers: Headers = attrs.field(factory=Headers, converter=Headers)
    query: Mapping[str, str] = EMPTY
    path: str = ""
    method: str = "POST"


@since("1.0")
class Channel(ABC):
    """One configured use of a channel. Made with the plugin's settings, where its ``__init__`` takes them.

    Class facts:
        name: ``ringo-sms``.
        addresses: the kind of ContactPoint that it can use: ``email``, ``phone``, ``postal``, ``handle``, ...
        renders: ``text`` or ``html``.
        max_characters: the longest text that it takes; 0: no limit.
        office: whether a message over it is met in the ``front`` or ``back`` office.
        is_automated: it sends by itself; else a person does, and crmkit keeps what was said.
        idempotent_for_h: for how many hours the provider drops a repeated key: within them an uncertain send is repeated.
    """

    name: ClassVar[str]
    addresses: ClassVar[str] = "email"
    renders: ClassVar[Literal["text", "html"]] = "text"
    max_characters: ClassVar[int] = 0
    office: ClassVar[Literal["front", "back"]] = "front"
    is_automated: ClassVar[bool] = True
    idempotent_for_h: ClassVar[float] = 0

    @abstractmethod
    def send(self, delivery: Delivery) -> Receipt:
        """Hand one message to the provider.

        Raises:
            NotSent: certainly not sent. Rejected: refused for good. Anything else: nobody knows.
        """

    def send_many(self, deliveries: Sequence[Delivery]) -> Iterator[Receipt | NotSent | Rejected | Exception]:
        """Hand over several messages; the answers in their order. A provider with a bulk call does better than this default."""
        for delivery in deliveries:
            try:
                yield self.send(delivery)
            except Exception as error:  # noqa: BLE001  # the end of each message is an answer here
                yield error

    def receive(self, request: Request) -> Iterable[Received]:
        """Return what a provider's request says.

        Raises:
            Forged: it is not the provider's.
        """
        return ()

    def poll(self, since: str) -> tuple[Iterable[Received], str]:
        """Return what came in since a place, and the place to go on from; an empty text is the beginning."""
        return (), since

    def health(self) -> str:
        """Return an empty text, or in words why messages can not be sent now."""
        return ""

    def close(self) -> None:
        """Give back what was opened."""
        return
