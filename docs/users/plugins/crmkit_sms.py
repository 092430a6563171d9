"""SMS through Ringo (an HTTP API like Twilio's)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import parse_qsl

import attrs
import httpx

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
    Status,
    StatusReport,
)  # fmt: skip


@attrs.frozen
class Settings:
    sender: str
    token: Secret  # "env:RINGO_TOKEN"; never shown
    url: str = "https://api.ringo.example/v1"
    timeout_s: float = 10


class RingoSms(Channel):
    """Text messages, out and in."""

    name = "ringo-sms"
    addresses = "phone"  # the kind of ContactPoint that it can use
    max_characters = 1600
    idempotent_for_h = 24  # the provider drops a repeated key: an uncertain send may be repeated
    statuses: ClassVar[dict[str, Status]] = {
        "queued": "sent", "sent": "sent", "delivered": "delivered", "undelivered": "bounced", "failed": "failed",
    }  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        self._settings, self._token = settings, settings.token.reveal()
        login = {"Authorization": f"Bearer {self._token}"}
        self._http = httpx.Client(base_url=settings.url, timeout=settings.timeout_s, headers=login)

    def send(self, delivery: Delivery) -> Receipt:
        content = {"from": self._settings.sender, "to": delivery.address, "text": delivery.text}
        try:
            answer = self._http.post("/messages", headers={"Idempotency-Key": delivery.key}, json=content)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NotSent("Ringo could not be reached.") from error  # any other exception: uncertain
        if answer.status_code in (401, 403, 429, 503):  # a wrong token is no fault of the message's
            wait = answer.headers.get("Retry-After", "")
            raise NotSent(
                f"Ringo answered {answer.status_code}.", retry_after_s=float(wait) if wait.isdecimal() else None
            )
        if answer.is_client_error:
            raise Rejected(str(answer.status_code))
        return Receipt(external_id=answer.raise_for_status().json()["id"])

    def receive(self, request: Request) -> Iterator[Received]:
        good = hmac.new(self._token.encode(), request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(good.encode(), request.headers.get("X-Ringo-Signature", "").encode()):
            raise Forged
        form = dict(parse_qsl(request.body.decode()))
        if "status" not in form:
            yield IncomingMessage(
                external_id=form["id"], address=form["from"], to=form["to"], text=form.get("text", "")
            )
        elif form["status"] in self.statuses:
            yield StatusReport(external_id=form["id"], status=self.statuses[form["status"]], code=form.get("error"))

    def close(self) -> None:
        self._http.close()


plugin = Plugin("ringo-sms", settings=Settings, capabilities=("network", "personal-data"), offers=(RingoSms,))
