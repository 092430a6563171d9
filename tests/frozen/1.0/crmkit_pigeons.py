"""A channel, as it was written against API 1.0: a provider over nothing, with every end of ``send`` and both ways to hear."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable

import attrs

from crmkit import Plugin, Secret
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


@attrs.frozen
class Settings:
    sender: str
    token: Secret
    resting: int = 2


class Pigeons(Channel):
    name = "pigeons"
    addresses = "handle"
    renders = "text"
    max_characters = 200
    office = "front"

    def __init__(self, settings: Settings) -> None:
        self.settings, self.flown, self.is_closed = settings, dict[str, Delivery](), False

    def send(self, delivery: Delivery) -> Receipt:
        if delivery.address == "nowhere":
            raise Rejected("no_such_tower", is_address=True)
        if delivery.address == "storm":
            raise NotSent("There is a storm.", retry_after_s=60)
        if delivery.address == "sea":
            raise TimeoutError("it was not seen again")
        self.flown[delivery.key] = delivery
        return Receipt(external_id=f"pigeon-{delivery.key}", status="sent")

    def receive(self, request: Request) -> Iterable[Received]:
        wanted = hmac.new(self.settings.token.reveal().encode(), request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(request.headers.get("x-signature", ""), wanted):
            raise Forged("not ours")
        for told in json.loads(request.body):
            if "status" in told:
                yield StatusReport(external_id=told["id"], status=told["status"])
            else:
                yield IncomingMessage(external_id=told["id"], address=told["from"], text=told["text"])

    def poll(self, since: str) -> tuple[Iterable[Received], str]:
        if since:
            return (), since
        return [IncomingMessage(external_id="note-1", address="tower", text="coo")], "1"

    def health(self) -> str:
        return "" if self.settings.resting else "All pigeons are out."

    def close(self) -> None:
        self.is_closed = True


plugin = Plugin(
    "pigeons", settings=Settings, capabilities=("network", "personal-data"), api=">=1.0,<2", offers=(Pigeons,)
)
