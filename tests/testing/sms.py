"""SMS through a provider with an HTTP API, as a plugin's author writes it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import parse_qsl

import attrs
import httpx

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
    Secret,
    Status,
    StatusReport,
)


@attrs.frozen
class Settings:
    sender: str
    token: Secret  # "env:RINGO_TOKEN"; never shown
    url: str = "https://api.ringo.example/v1"
    timeout_s: float = 10


class RingoSms(Channel):
    """Text messages, out and in."""

    name = "ringo-sms"
    addresses = "phone"
    renders = "text"
    max_characters = 1600
    idempotent_for_h = 24
    statuses: ClassVar[dict[str, Status]] = {
        "queued": "sent", "sent": "sent", "delivered": "delivered", "undelivered": "bounced", "failed": "failed",
    }  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http = httpx.Client(
            base_url=settings.url,
            timeout=settings.timeout_s,
            headers={"Authorization": f"Bearer {settings.token.reveal()}"},
        )

    def send(self, delivery: Delivery) -> Receipt:
        try:
            answer = self._http.post(
                "/messages",
                headers={"Idempotency-Key": delivery.key},
                json={"from": self._settings.sender, "to": delivery.address, "text": delivery.text},
            )
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NotSent("Ringo could not be reached.") from error  # any other exception: uncertain
        if answer.status_code in (429, 503):
            wait = answer.headers.get("Retry-After", "")
            raise NotSent("Ringo is busy.", retry_after_s=float(wait) if wait.isdecimal() else 30)
        if answer.is_client_error:
            raise Rejected(answer.json()["error"]["code"])
        return Receipt(external_id=answer.raise_for_status().json()["id"])

    def receive(self, request: Request) -> Iterator[Received]:
        good = hmac.new(self._settings.token.reveal().encode(), request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(good, request.headers.get("X-Ringo-Signature", "")):
            raise Forged
        form = dict(parse_qsl(request.body.decode()))
        if "status" in form:
            yield StatusReport(external_id=form["id"], status=self.statuses[form["status"]], code=form.get("error"))
        else:
            yield IncomingMessage(external_id=form["id"], address=form["from"], to=form["to"], text=form["text"])

    def close(self) -> None:
        self._http.close()


plugin = Plugin("ringo-sms", settings=Settings, capabilities=("network", "personal-data"), offers=(RingoSms,))
