"""A channel of a plugin runs the contract as its author would; the rest of the CRM sends and hears through it."""

from __future__ import annotations

import hashlib
import hmac

import pytest

pytest.importorskip("httpx", reason="the channel of this example speaks HTTP by httpx")

from crmkit import CRM, Message
from crmkit.ports.channel import Request, Secret
from crmkit.testing import ChannelContract, Provider
from tests.testing.sms import RingoSms, Settings, plugin


def signed(body: bytes) -> Request:
    return Request(body=body, headers={"X-Ringo-Signature": hmac.new(b"t0ken", body, hashlib.sha256).hexdigest()})


class TestRingoSms(ChannelContract):
    """The provider is played by a local HTTP server; the contract asks it to fail in every way it knows."""

    def channel(self, provider: Provider) -> RingoSms:
        return RingoSms(Settings(sender="+31301234567", token=Secret("t0ken"), url=provider.url, timeout_s=0.3))

    def accept(self, provider: Provider) -> None:
        provider.on("POST", "/messages").answer(201, json={"id": provider.new_id()})

    def incoming(self) -> Request:
        return signed(b"id=7&from=%2B31612345678&to=%2B31301234567&text=is+it+ready")


def test_a_message_goes_and_its_status_comes_back() -> None:
    """Queued, sent over the wire, reported as delivered, and answered."""
    with Provider() as provider:
        provider.on("POST", "/messages").answer(201, json={"id": "r1"})
        settings = {"ringo-sms": Settings(sender="+31301234567", token=Secret("t0ken"), url=provider.url)}
        with CRM.open("memory:", plugins=[plugin], discover=False, environ={}, settings=settings) as crm:
            anna = crm.customers.add(name="Anna", phone="+31 6 1234 5678")
            message = crm.messages.queue(anna, channel="ringo-sms", text="Your bicycle is ready.")
            assert crm.work().sent == 1
            crm.messages.receive("ringo-sms", signed(b"id=r1&status=delivered"))
            assert crm.get(Message, message.id).status == "delivered"
            crm.messages.receive("ringo-sms", signed(b"id=7&from=%2B31612345678&to=%2B31301234567&text=thanks"))
            assert [one.body for one in crm.interactions.timeline(anna)] == ["thanks", "Your bicycle is ready."]
