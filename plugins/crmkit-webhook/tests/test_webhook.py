"""The channel: what every one must do, against a program on this machine that fails in every way it knows."""

import hmac
import json

from crmkit import CRM, Secret
from crmkit.ports.channel import Delivery, Request
from crmkit.testing import ChannelContract, Provider

from crmkit_webhook import Settings, Webhook, plugin


def settings(provider: Provider) -> Settings:
    return Settings(url=f"{provider.url}/hook?room=shop", key=Secret("k3y"))


def signed(**said: str) -> Request:
    body = json.dumps(said).encode()
    return Request(body=body, headers={"x-signature": hmac.digest(b"k3y", body, "sha256").hex()})


class TestWebhook(ChannelContract):
    def channel(self, provider: Provider) -> Webhook:
        return Webhook(settings(provider))

    def accept(self, provider: Provider) -> None:
        provider.on("POST", "/hook").answer(202, json={"id": provider.new_id()})

    def incoming(self) -> Request:
        return signed(id="7", text="Is it ready?", **{"from": "anna"})


def test_what_is_sent_is_signed_and_an_empty_answer_will_do() -> None:
    """Whoever takes it can look whether it is ours; where it gives no name, the key is the name."""
    with Provider() as program:
        program.on("POST", "/hook").answer(204)
        receipt = Webhook(settings(program)).send(Delivery(key="k-1", address="anna", text="Uw fiets is klaar é"))
        (asked,) = program.asked
    assert receipt.external_id == "k-1"
    assert asked.query == "room=shop"
    assert json.loads(asked.body) == {"key": "k-1", "to": "anna", "text": "Uw fiets is klaar é"}
    assert asked.headers["X-Signature"] == hmac.digest(b"k3y", asked.body, "sha256").hex()


def test_without_settings_messages_wait() -> None:
    """It is installed and not set up yet: nothing is lost, and nothing that comes in is believed."""
    with CRM.open("memory:", plugins=[plugin], discover=False) as crm:
        anna = crm.customers.add(name="Anna")
        crm.customers.add_contact_point(anna, "handle", "anna")
        crm.messages.queue(anna, channel="webhook", text="Your bicycle is ready.")
        crm.work()
        assert [one.status for one in crm.messages.list(customer=anna)] == ["queued"]


def test_an_answer_stands_in_the_timeline() -> None:
    with Provider() as program:
        program.on("POST", "/hook").answer(202, json={"id": "p1"})
        with CRM.open("memory:", plugins=[plugin], discover=False, settings={"webhook": settings(program)}) as crm:
            anna = crm.customers.add(name="Anna")
            crm.customers.add_contact_point(anna, "handle", "anna")
            crm.messages.queue(anna, channel="webhook", text="Your bicycle is ready.")
            crm.work()
            crm.messages.receive("webhook", signed(id="7", text="Thanks", **{"from": "anna"}))
            assert [one.body for one in crm.interactions.timeline(anna)] == ["Thanks", "Your bicycle is ready."]
