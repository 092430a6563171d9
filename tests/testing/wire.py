"""A channel over HTTP in the standard library alone: the good one of which the mistakes are made."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

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

SECRET = b"t0ken"


def signed(body: bytes) -> Request:
    return Request(body=body, headers={"X-Signature": hmac.new(SECRET, body, hashlib.sha256).hexdigest()})


class Wire(Channel):
    name = "wire"
    addresses = "phone"
    idempotent_for_h = 24
    timeout_s: float | None = 0.2
    path = "/messages"

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self.scheme = place.scheme
        self.place = (place.hostname or "", place.port or 80)

    def send(self, delivery: Delivery) -> Receipt:
        line = self.connected()
        try:
            line.request("POST", self.path, self.body(delivery), {"Idempotency-Key": delivery.key})
            answer = line.getresponse()
            return self.read(answer.status, answer.read(), answer.headers.get("Retry-After"))
        finally:
            line.close()

    def connected(self) -> http.client.HTTPConnection:
        line = http.client.HTTPConnection(*self.place, timeout=self.timeout_s)
        try:
            line.connect()
        except OSError as error:
            raise NotSent("unreachable") from error
        return line

    def body(self, delivery: Delivery) -> bytes:
        return json.dumps({"to": delivery.address, "text": delivery.text}).encode()

    def read(self, status: int, body: bytes, retry_after: str | None) -> Receipt:
        if status == 429:
            raise NotSent("busy", retry_after_s=float(retry_after) if retry_after and retry_after.isdecimal() else None)
        if 400 <= status < 500:
            raise Rejected("refused")
        if status != 201:
            raise ConnectionError(f"status {status}")
        return Receipt(external_id=json.loads(body)["id"])

    def receive(self, request: Request) -> Iterator[Received]:
        self.verify(request)
        form = dict(parse_qsl(request.body.decode()))
        if "status" in form:
            yield StatusReport(external_id=form["id"], status="delivered")
        else:
            yield IncomingMessage(external_id=form["id"], address=form["from"], text=form["text"])

    def verify(self, request: Request) -> None:
        good = hmac.new(SECRET, request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(good, request.headers.get("X-Signature", "")):
            raise Forged
