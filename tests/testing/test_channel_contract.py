"""The contract of channels: it passes what is right, and each mistake is caught by the check that is for it, and by no other."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crmkit.builtin.mailbox.channel import Mailbox, Settings
from crmkit.builtin.manual import Letter, Phone
from crmkit.ports.channel import Channel, Delivery, IncomingMessage, NotSent, Receipt, Received, Rejected, Request
from crmkit.testing import ChannelContract, Provider
from tests.testing import trial
from tests.testing.wire import Wire, signed


class TestWire(ChannelContract):
    def channel(self, provider: Provider) -> Channel:
        return Wire(provider.url)

    def accept(self, provider: Provider) -> None:
        provider.on("POST", "/messages").answer(201, json={"id": provider.new_id()})

    def incoming(self) -> Request:
        return signed(b"id=1&from=%2B31612345678&text=hello")


class TestMailbox(ChannelContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def channel(self, provider: Provider) -> Channel:
        return Mailbox(Settings(folder=self.folder / "mail"))


class TestPhone(ChannelContract):
    def channel(self, provider: Provider) -> Channel:
        return Phone()


class TestLetter(ChannelContract):
    def channel(self, provider: Provider) -> Channel:
        return Letter()


# --- each mistake is caught ---
def failed(of: type[Wire], incoming: Callable[[], Request | None] | None = None) -> set[str]:
    """Return the names of the checks that a channel fails."""
    return trial.failed(
        ChannelContract,
        channel=lambda self, provider: of(provider.url),
        accept=TestWire.accept,
        incoming=lambda self: (incoming or TestWire().incoming)(),
        patience_s=0.5,
    )


class NoName(Wire):
    name = "two words"


class NothingBack(Wire):
    def send(self, delivery: Delivery) -> Receipt:
        super().send(delivery)
        return None  # type: ignore[return-value]  # the mistake


class AsciiOnly(Wire):
    def body(self, delivery: Delivery) -> bytes:
        return delivery.text.encode("ascii")


class OneName(Wire):
    def send(self, delivery: Delivery) -> Receipt:
        super().send(delivery)
        return Receipt(external_id="sent")


class Forgets(Wire):
    def send_many(self, deliveries: Any) -> Any:
        yield from super().send_many(list(deliveries)[:1])


class TellsThePermit(Wire):
    def body(self, delivery: Delivery) -> bytes:
        return super().body(delivery) + delivery.permit.encode()


class TellsThePermitInTheQuery(Wire):
    def send(self, delivery: Delivery) -> Receipt:
        self.path = f"/messages?permit={delivery.permit}"
        return super().send(delivery)


class NoKey(Wire):
    def send(self, delivery: Delivery) -> Receipt:
        return super().send(Delivery(key="", address=delivery.address, text=delivery.text))


class UnreachableIsUncertain(Wire):
    def connected(self) -> Any:
        try:
            return super().connected()
        except NotSent as error:
            raise ConnectionError from error


class HastyWhenBusy(Wire):
    def read(self, status: int, body: bytes, retry_after: str | None) -> Receipt:
        return super().read(status, body, None)


class LostIsNotSent(Wire):
    """The most likely mistake: every trouble on the line is taken for "not sent", and the message goes twice."""

    def send(self, delivery: Delivery) -> Receipt:
        try:
            return super().send(delivery)
        except ConnectionResetError as error:
            raise NotSent("lost") from error


class BrokenIsNotSent(Wire):
    def read(self, status: int, body: bytes, retry_after: str | None) -> Receipt:
        if status >= 500:
            raise NotSent("broken")
        return super().read(status, body, retry_after)


class RefusedIsSent(Wire):
    def read(self, status: int, body: bytes, retry_after: str | None) -> Receipt:
        try:
            return super().read(status, body, retry_after)
        except Rejected:
            return Receipt(external_id="0")


class TrustsAnyone(Wire):
    def verify(self, request: Request) -> None:
        """The mistake."""


class TrustsUnsigned(Wire):
    def verify(self, request: Request) -> None:
        if "X-Signature" in request.headers:
            super().verify(request)


class SignsAPart(Wire):
    def verify(self, request: Request) -> None:
        head, _, _ = request.body.partition(b"&text=")
        if request.headers.get("X-Signature") != signed(request.body[: len(head)]).headers["X-Signature"]:
            super().verify(request)


class ReadsOnce(Wire):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.seen: set[bytes] = set()

    def receive(self, request: Request) -> Iterator[Received]:
        found = list(super().receive(request))
        if request.body not in self.seen:
            self.seen.add(request.body)
            yield from found


class PollsNothing(Wire):
    def poll(self, since: str) -> Any:
        return ()


class ClosesOnce(Wire):
    line: list[int] | None = None

    def close(self) -> None:
        self.line = [1] if self.line is None else self.line
        self.line.pop()


class WaitsForEver(Wire):
    timeout_s = None


class TrustsEveryone(Wire):
    def connected(self) -> Any:
        if self.scheme == "http":
            return super().connected()
        return http.client.HTTPSConnection(
            *self.place, timeout=self.timeout_s, context=ssl._create_unverified_context()
        )


MISTAKES: list[tuple[type[Wire], set[str]]] = [
    (NoName, {"test_its_facts_are_sound"}),
    (AsciiOnly, {"test_a_taken_message_has_a_receipt"}),
    (OneName, {"test_two_messages_have_two_names"}),
    (Forgets, {"test_several_messages_have_an_end_each"}),
    (TellsThePermit, {"test_the_permit_stays_here"}),
    (TellsThePermitInTheQuery, {"test_the_permit_stays_here"}),
    (NoKey, {"test_a_key_goes_with_a_promise_to_drop_it"}),
    (UnreachableIsUncertain, {"test_an_unreachable_provider_got_nothing"}),
    (HastyWhenBusy, {"test_a_busy_provider_is_asked_again_later"}),
    (LostIsNotSent, {"test_a_lost_answer_is_uncertain"}),
    (WaitsForEver, {"test_it_does_not_wait_for_ever"}),
    (TrustsEveryone, {"test_a_stranger_is_not_trusted"}),
    (BrokenIsNotSent, {"test_a_broken_provider_is_uncertain"}),
    (RefusedIsSent, {"test_a_refusal_is_no_receipt"}),
    (TrustsUnsigned, {"test_a_request_without_its_signature_is_forged", "test_a_stranger_is_not_heard"}),
    (SignsAPart, {"test_a_changed_request_is_forged"}),
    (ReadsOnce, {"test_a_request_of_the_provider_is_read"}),
    (PollsNothing, {"test_asking_what_came_in_moves_on"}),
    (ClosesOnce, {"test_it_can_be_closed_twice"}),
]


def test_what_is_right_passes() -> None:
    assert failed(Wire) == set()


@pytest.mark.parametrize(("mistake", "caught_by"), MISTAKES, ids=[of.__name__ for of, _ in MISTAKES])
def test_a_mistake_is_caught(mistake: type[Wire], caught_by: set[str]) -> None:
    assert failed(mistake, signed_in_part if mistake is SignsAPart else None) == caught_by


def signed_in_part() -> Request:
    """A request whose signature is that of its first part."""
    head = b"id=1&from=%2B31612345678"
    return Request(body=head + b"&text=hello", headers=signed(head).headers)


@pytest.mark.parametrize(
    ("mistake", "among"),
    [
        (NothingBack, "test_a_taken_message_has_a_receipt"),
        (TrustsAnyone, "test_a_changed_request_is_forged"),
    ],
)
def test_a_gross_mistake_is_caught(mistake: type[Wire], among: str) -> None:
    """It fails more than one check."""
    assert among in failed(mistake)


def test_a_message_in_the_incoming_request_is_read() -> None:
    (item,) = Wire("http://127.0.0.1:1").receive(TestWire().incoming())
    assert isinstance(item, IncomingMessage)
    assert (item.address, item.text) == ("+31612345678", "hello")
