"""The provider is played by an HTTP server on this machine; the contract asks it to fail in every way it knows."""

from __future__ import annotations

import hashlib
import hmac

import attrs

from crmkit import CRM, Secret
from crmkit.ports.channel import Request
from crmkit.testing import ChannelContract, Provider

from .crmkit_sms import RingoSms, Settings, plugin


def settings(provider: Provider) -> Settings:
    return Settings(sender="+31301234567", token=Secret("t0ken"), url=provider.url)


def signed(body: bytes) -> Request:
    return Request(body=body, headers={"x-ringo-signature": hmac.new(b"t0ken", body, hashlib.sha256).hexdigest()})


class TestRingoSms(ChannelContract):
    def channel(self, provider: Provider) -> RingoSms:
        return RingoSms(attrs.evolve(settings(provider), timeout_s=0.3))

    def accept(self, provider: Provider) -> None:  # what the provider answers when it takes a message
        provider.on("POST", "/messages").answer(201, json={"id": provider.new_id()})

    def incoming(self) -> Request:  # one request of the provider's, with its signature
        return signed(b"id=7&from=%2B31612345678&to=%2B31301234567&text=is+it+ready")


def test_a_reply_is_in_the_timeline() -> None:
    """Queued, sent over the wire, reported as delivered, and answered."""
    with Provider() as ringo:
        ringo.on("POST", "/messages").answer(201, json={"id": "r1"})
        with CRM.open("memory:", plugins=[plugin], discover=False, settings={"ringo-sms": settings(ringo)}) as crm:
            anna = crm.customers.add(name="Anna", phone="+31 6 1234 5678")
            crm.messages.queue(anna, channel="ringo-sms", text="Your bicycle is ready.")
            crm.work()
            for body in (
                b"id=r1&status=delivered",
                b"id=7&from=%2B31612345678&to=%2B31301234567&text=thanks",
                b"id=r1&status=odd",
            ):
                crm.messages.receive("ringo-sms", signed(body))
            assert [one.status for one in crm.messages.list(customer=anna)] == ["delivered"]
            assert [one.body for one in crm.interactions.timeline(anna)] == ["thanks", "Your bicycle is ready."]
