"""Messages to any program that takes JSON over HTTP, and its answers."""

import hmac
import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

import attrs
from crmkit import Plugin, Secret
from crmkit.ports.channel import Channel, Delivery, Forged, IncomingMessage, NotSent, Receipt, Rejected, Request


@attrs.frozen
class Settings:
    """``[settings.webhook]``: where messages go, and the key that signs them and what comes back."""

    url: str = ""
    key: Secret = attrs.field(default=Secret(""))


class Webhook(Channel):
    """``POST`` of ``key``, ``to`` and ``text``, signed. Whoever takes it answers 204, or 2xx with an ``id``."""

    name, addresses = "webhook", "handle"

    def __init__(self, settings: Settings) -> None:
        self._to, self._key = urlsplit(settings.url), settings.key.reveal().encode()

    def send(self, delivery: Delivery) -> Receipt:
        """Hand over a message: until we are connected it is certainly not sent, and from then on nobody knows."""
        body = json.dumps({"key": delivery.key, "to": delivery.address, "text": delivery.text}).encode()
        kind = HTTPConnection if self._to.scheme == "http" else HTTPSConnection
        with closing(kind(self._to.netloc or "url-is-not-set.invalid", timeout=10)) as connection:
            try:
                connection.connect()
            except OSError as error:
                raise NotSent(f"There is no connection to {self._to.netloc!r}: see [settings.webhook].") from error
            headers = {"Content-Type": "application/json", "X-Signature": hmac.digest(self._key, body, "sha256").hex()}
            connection.request("POST", self._to._replace(scheme="", netloc="").geturl() or "/", body, headers)
            answer = connection.getresponse()
            content = answer.read()
        if answer.status in {401, 403, 429, 503}:
            wait = answer.headers.get("Retry-After", "")
            raise NotSent(f"It answered {answer.status}.", retry_after_s=float(wait) if wait.isdecimal() else None)
        if answer.status // 100 != 2:
            raise (Rejected if answer.status // 100 == 4 else ConnectionError)(str(answer.status))
        return Receipt(external_id=delivery.key if answer.status == 204 else str(json.loads(content)["id"]))

    def receive(self, request: Request) -> Iterator[IncomingMessage]:
        """Take an answer: ``id``, ``from`` and ``text``, signed with the same key."""
        good = hmac.digest(self._key, request.body, "sha256").hex()
        if not self._key or not hmac.compare_digest(good.encode(), request.headers.get("X-Signature", "").encode()):
            raise Forged
        said = json.loads(request.body)
        yield IncomingMessage(external_id=said["id"], address=said["from"], text=said["text"])


plugin = Plugin("webhook", settings=Settings, capabilities=("network", "personal-data"), offers=(Webhook,))
