"""The contract of channels, as a pytest class for their author to run.

    class TestRingoSms(ChannelContract):
        def channel(self, provider: Provider) -> RingoSms:
            return RingoSms(Settings(token=Secret("t0ken"), url=provider.url))

        def accept(self, provider: Provider) -> None:
            provider.on("POST", "/messages").answer(201, json={"id": provider.new_id()})

        def incoming(self) -> Request:
            return Request(body=..., headers={"X-Ringo-Signature": ...})

A channel over HTTP gives ``accept``: the provider is played by a server on loopback, which then fails in every way it
knows. One that needs no provider leaves it out. ``incoming`` is one recorded request of the provider, with its signature.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, get_args

import attrs
import pytest

from ..ports.channel import (
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
)
from .contract import Contract
from .provider import FAILURES, SILENCES, Asked, Failure, Provider, Silence

ADDRESSES: Final[Mapping[str, str]] = {
    "email": "anna@example.nl", "phone": "+31612345678", "postal": "Anna Jansen, Oudegracht 1, 3511 AA Utrecht", "handle": "anna",
}  # fmt: skip
TEXTS: Final = (
    "Your bicycle is ready.", "Uw fiets is klaar: één minuut", "אופניכם מוכנים", "درّاجتك جاهزة", "دوچرخه شما آماده است", "🚲",
    "two\nlines", "'\"\\<b>&amp;%s{}", "x" * 140,
)  # fmt: skip
_NOTICED_S: Final = 1.0
"""How long it takes to notice that the other side has hung up, at most, in seconds."""
_PERMIT: Final = "permit-that-is-ours-alone"
_RETRY_S: Final = 17.0
_RETRY_AFTER: Final = {"seconds": "17", "a date": "Wed, 21 Oct 2015 07:28:00 GMT", "nonsense": "soon", "nothing": ""}


class ChannelContract(Contract):
    """Give ``channel``; ``accept`` where it speaks HTTP; ``incoming`` where it receives; ``address`` of an uncommon kind.

    Attributes:
        patience_s: how long the provider keeps silent at most, in seconds; the channel gives up before. Give it a short
            timeout in ``channel``, for the contract waits for it.
    """

    address: ClassVar[str] = ""
    patience_s: ClassVar[float] = 30

    # --- what the author gives ---
    @abstractmethod
    def channel(self, provider: Provider) -> Channel:
        """Return a new channel that speaks to the provider."""

    def accept(self, provider: Provider) -> None:
        """Have the provider take the next message, under a new name."""

    def incoming(self) -> Request | None:
        """Return a request of the provider, as it came in; None: the channel receives none."""
        return None

    # --- fixtures ---
    @pytest.fixture
    def provider(self) -> Iterator[Provider]:
        """The provider of one test."""
        with Provider(patience_s=self.patience_s) as made:
            yield made

    @pytest.fixture
    def made(self, provider: Provider) -> Iterator[Channel]:
        """The channel of one test."""
        channel = self.channel(provider)
        yield channel
        channel.close()

    def _speaks_http(self) -> None:
        if type(self).accept is ChannelContract.accept:
            pytest.skip("it needs no provider")

    def _sends(self, made: Channel) -> None:
        if not made.is_automated:
            pytest.skip("a person serves it")

    def _delivery(self, made: Channel, n: int = 1, text: str = "Your bicycle is ready.") -> Delivery:
        return Delivery(
            key=f"key-{n}", address=self.address or ADDRESSES.get(made.addresses, "anna"), text=text, subject="Your bicycle",
            reply_to="abcdef", permit=_PERMIT,
        )  # fmt: skip

    # --- facts ---
    def test_its_facts_are_sound(self, made: Channel) -> None:
        """A name that can be written in a file, a kind of address, limits that are no nonsense; read from the class."""
        of = type(made)
        assert of.name
        assert all(c.isalnum() or c in "-_." for c in of.name), f"{of.name!r} is no name: letters, digits, hyphens."
        assert of.addresses
        assert of.renders in ("text", "html")
        assert of.office in ("front", "back")
        assert of.max_characters >= 0
        assert of.idempotent_for_h >= 0
        assert isinstance(made.health(), str)

    # --- sending ---
    @pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
    def test_a_taken_message_has_a_receipt(self, provider: Provider, made: Channel, text: str) -> None:
        """In any script; the receipt has the provider's name for it."""
        self._sends(made)
        self.accept(provider)
        receipt = made.send(self._delivery(made, text=text))
        assert isinstance(receipt, Receipt), f"send returned {receipt!r}: return a Receipt."
        assert receipt.external_id, "The receipt has no external_id: status reports could not find their message."
        assert receipt.status in get_args(Status)

    def test_two_messages_have_two_names(self, provider: Provider, made: Channel) -> None:
        """A provider's name for a message is that message's alone."""
        self._sends(made)
        names: set[str] = set()
        for n in (1, 2):
            self.accept(provider)
            names.add(made.send(self._delivery(made, n)).external_id)
        assert len(names) == 2

    def test_several_messages_have_an_end_each(self, provider: Provider, made: Channel) -> None:
        """``send_many`` answers in the order of what it was given."""
        self._sends(made)
        self.accept(provider)
        ends = list(made.send_many([self._delivery(made, n) for n in range(3)]))
        assert len(ends) == 3
        assert isinstance(ends[0], Receipt)

    def test_the_permit_stays_here(self, provider: Provider, made: Channel) -> None:
        """The provider has no use for it."""
        self._sends(made)
        self._speaks_http()
        self.accept(provider)
        made.send(self._delivery(made))
        assert provider.asked, "The provider was not asked: does the channel use provider.url?"
        assert not any(_PERMIT in _told(one) for one in provider.asked)

    def test_a_key_goes_with_a_promise_to_drop_it(self, provider: Provider, made: Channel) -> None:
        """Where the provider is said to drop repeated keys, it is given the key."""
        self._speaks_http()
        if not made.idempotent_for_h:
            pytest.skip("it promises nothing about repeated keys")
        self.accept(provider)
        made.send(self._delivery(made))
        assert any("key-1" in _told(one) for one in provider.asked)

    # --- failing ---
    def test_an_unreachable_provider_got_nothing(self, provider: Provider, made: Channel) -> None:
        """A connection that is refused is certainly not sent: it may be tried again."""
        self._speaks_http()
        provider.stop()
        with pytest.raises(NotSent):
            made.send(self._delivery(made))

    @pytest.mark.parametrize("retry_after", _RETRY_AFTER)
    def test_a_busy_provider_is_asked_again_later(self, provider: Provider, made: Channel, retry_after: str) -> None:
        """Status 429 is certainly not sent; ``Retry-After`` is heeded in seconds, and may be anything else."""
        self._speaks_http()
        said = _RETRY_AFTER[retry_after]
        provider.always(429, headers={"Retry-After": said} if said else {})
        with pytest.raises(NotSent) as found:
            made.send(self._delivery(made))
        if retry_after == "seconds":
            assert found.value.retry_after_s == _RETRY_S

    @pytest.mark.parametrize("failure", FAILURES)
    def test_a_lost_answer_is_uncertain(self, provider: Provider, made: Channel, failure: Failure) -> None:
        """The request has left: an exception that is neither NotSent nor Rejected says that nobody knows."""
        self._speaks_http()
        self.accept(provider)
        provider.fail(failure)
        assert self._end(made) == "uncertain"

    @pytest.mark.parametrize("silence", SILENCES)
    def test_it_does_not_wait_for_ever(self, provider: Provider, made: Channel, silence: Silence) -> None:
        """A provider that says no more is left: the channel has a timeout. Nobody knows whether the message went."""
        self._speaks_http()
        self.accept(provider)
        provider.fail(silence)
        assert self._end(made) == "uncertain"
        assert provider.was_left.wait(_NOTICED_S), f"It was still waiting after {self.patience_s} s: give it a timeout."

    def test_a_stranger_is_not_trusted(self) -> None:
        """Over HTTPS a certificate that nobody vouches for ends it: no message goes to whoever shows one."""
        self._speaks_http()
        with Provider(tls=True) as stranger:
            self.accept(stranger)
            made = self.channel(stranger)
            try:
                assert self._end(made) != "sent"
            finally:
                made.close()
            assert not stranger.asked, "It told the message to a stranger: leave the verification of certificates on."

    @pytest.mark.parametrize("status", [500, 502, 504])
    def test_a_broken_provider_is_uncertain(self, provider: Provider, made: Channel, status: int) -> None:
        """It may have taken the message before it broke."""
        self._speaks_http()
        provider.always(status, text="oops")
        assert self._end(made) == "uncertain"

    @pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 422, 503])
    def test_a_refusal_is_no_receipt(self, provider: Provider, made: Channel, status: int) -> None:
        """Nor is an answer that points elsewhere; it is not followed with the message."""
        self._speaks_http()
        provider.always(status, headers={"Location": f"{provider.url}/elsewhere"}, text='{"error": {"code": "no"}}')
        assert self._end(made) != "sent"
        assert not any(one.path == "/elsewhere" for one in provider.asked)

    def _end(self, made: Channel) -> str:
        try:
            made.send(self._delivery(made))
        except NotSent:
            return "not sent"
        except Rejected:
            return "rejected"
        except Exception:  # noqa: BLE001  # any other is the end that is asked for
            return "uncertain"
        return "sent"

    # --- hearing ---
    def test_a_request_of_the_provider_is_read(self, made: Channel) -> None:
        """The same request says the same, each time."""
        request = self._request()
        first, again = list(made.receive(request)), list(made.receive(request))
        assert first, "The recorded request says nothing."
        assert first == again
        for item in first:
            assert isinstance(item, IncomingMessage | StatusReport)
            assert item.external_id
            if isinstance(item, StatusReport):
                assert item.status in get_args(Status)

    def test_a_request_without_its_signature_is_forged(self, made: Channel) -> None:
        """Without headers nothing of it is used."""
        assert _heard(made, attrs.evolve(self._request(), headers={})) == []

    def test_a_changed_request_is_forged(self, made: Channel) -> None:
        """One changed bit anywhere in the body, and nothing of it is used."""
        request = self._request()
        for place in range(len(request.body)):
            changed = bytearray(request.body)
            changed[place] ^= 1
            assert _heard(made, attrs.evolve(request, body=bytes(changed))) == [], f"byte {place} can be changed"

    @pytest.mark.parametrize(
        "body", [b"", b"\x00", b"\xff\xfe", b"{}", b"[]", b"null", b"a=b&a=c", b"<x/>", b"{" * 1000]
    )
    def test_a_stranger_is_not_heard(self, made: Channel, body: bytes) -> None:
        """Whatever a stranger sends, nothing of it is used, and nothing but Forged comes of it."""
        assert _heard(made, Request(body=body)) == []

    def test_asking_what_came_in_moves_on(self, made: Channel) -> None:
        """``poll`` begins at an empty place and says where to go on from."""
        items, place = made.poll("")
        assert all(isinstance(item, IncomingMessage | StatusReport) for item in items)
        assert isinstance(place, str)

    def test_it_can_be_closed_twice(self, provider: Provider) -> None:
        """``close`` gives back what was opened; a second time there is nothing left to give."""
        made = self.channel(provider)
        made.close()
        made.close()

    def _request(self) -> Request:
        found: Any = self.incoming()
        if found is None:
            pytest.skip("it receives no requests, or none was recorded")
        request: Request = found
        return request


def _told(asked: Asked) -> str:
    """Return all that the provider learned from a request."""
    return f"{asked.path}?{asked.query} {asked.headers} {asked.body!r}"


def _heard(channel: Channel, request: Request) -> list[Received]:
    try:
        return list(channel.receive(request))
    except Forged:
        return []
