"""A channel that ends as its text says, and counts what it was given."""

from __future__ import annotations

import attrs

from crmkit import Plugin
from crmkit.ports.channel import (
    Channel,
    Delivery,
    Forged,
    IncomingMessage,
    NotSent,
    Receipt,
    Received,
    Rejected,
    Request,
    StatusReport,
)


@attrs.define
class Book:
    """What the provider was given."""

    given: list[Delivery] = attrs.field(factory=list[Delivery])


class Faulty(Channel):
    """Its end is the first word of the text."""

    name = "faulty"
    addresses = "email"
    max_characters = 2000

    def __init__(self, settings: Book) -> None:
        self.book = settings

    def send(self, delivery: Delivery) -> Receipt:
        word = delivery.text.split()[0]
        if word == "busy":
            raise NotSent("busy", retry_after_s=90)
        if word == "down":
            raise NotSent("down")
        if word == "refused":
            raise Rejected("spam")
        if word == "gone":
            raise Rejected("550", is_address=True)
        self.book.given.append(delivery)
        if word == "broken":
            raise ConnectionResetError("the line broke")
        if word == "leaves":
            raise SystemExit(3)
        if word == "silent":
            return None  # type: ignore[return-value]  # a channel that keeps to nothing
        return Receipt(external_id="same" if word == "same" else f"ext-{delivery.key}")

    def receive(self, request: Request) -> list[Received]:
        if request.headers.get("signature") != "good":
            raise Forged
        kind, _, rest = request.body.decode().partition(" ")
        name, _, text = rest.partition(" ")
        if kind == "status":
            return [StatusReport(external_id=name, status=text)]  # type: ignore[arg-type]  # as the test says
        return [
            IncomingMessage(
                external_id=name, address="anna@example.nl", text=text, in_reply_to=request.headers.get("reply", "")
            )
        ]


class Repeatable(Faulty):
    """A provider that drops a repeated key for a day."""

    name = "repeatable"
    idempotent_for_h = 24


plugin = Plugin("faulty", settings=Book, offers=(Faulty, Repeatable))
