"""Every way in which the provider of the channels' contract fails: one channel misreads this way alone, and is caught by this case."""

from __future__ import annotations

import http.client
import json
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from crmkit.ports.channel import Channel, Delivery, NotSent, Receipt
from crmkit.testing import ChannelContract, Provider
from crmkit.testing.provider import FAILURES, SILENCES
from tests.testing import test_channel_contract as mistakes
from tests.testing import trial
from tests.testing.wire import Wire

LOST, SILENT, BUSY = (
    "test_a_lost_answer_is_uncertain",
    "test_it_does_not_wait_for_ever",
    "test_a_busy_provider_is_asked_again_later",
)
BROKEN, REFUSED = "test_a_broken_provider_is_uncertain", "test_a_refusal_is_no_receipt"
CHECKS = (
    LOST,
    SILENT,
    BUSY,
    BROKEN,
    REFUSED,
    "test_an_unreachable_provider_got_nothing",
    "test_a_stranger_is_not_trusted",
)
Way = tuple[str, Any]
"""A check, and which case of it; None where it has one case."""


# --- channels that take one failure for a receipt ---------------------------------------------------------------------
def takes_for_sent(is_misread: Callable[[Exception], bool]) -> type[Wire]:
    class Misreads(Wire):
        def send(self, delivery: Delivery) -> Receipt:
            try:
                return super().send(delivery)
            except Exception as error:
                if self.scheme == "http" and is_misread(error):
                    return Receipt(external_id="0")
                raise

    return Misreads


def error(of: type[Exception]) -> type[Wire]:
    return takes_for_sent(lambda error: type(error) is of)


def no_json(*, is_empty: bool) -> type[Wire]:
    return takes_for_sent(lambda error: isinstance(error, json.JSONDecodeError) and (not error.doc) is is_empty)


def silence(*, in_the_answer: bool) -> type[Wire]:
    def is_misread(error: Exception) -> bool:
        came_through = [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]
        return isinstance(error, TimeoutError) and in_the_answer is ("getresponse" not in came_through)

    return takes_for_sent(is_misread)


def status(code: int) -> type[Wire]:
    class Misreads(Wire):
        def read(self, status: int, body: bytes, retry_after: str | None) -> Receipt:
            return Receipt(external_id="0") if status == code else super().read(status, body, retry_after)

    return Misreads


def waits(read: Callable[[str | None], float | None]) -> type[Wire]:
    """It reads ``Retry-After`` so."""

    class Reads(Wire):
        def read(self, status: int, body: bytes, retry_after: str | None) -> Receipt:
            if status == 429:
                raise NotSent("busy", retry_after_s=read(retry_after))
            return super().read(status, body, retry_after)

    return Reads


def takes_every_text_for_seconds(said: str | None) -> float | None:
    return float(said) if said and not said.isalpha() else None


def takes_what_is_no_number_for_a_date(said: str | None) -> float | None:
    if not said or said.isdecimal():
        return float(said) if said else None
    return parsedate_to_datetime(said).timestamp()


def expects_it(said: str | None) -> float | None:
    return float(said) if said.isdecimal() else None  # type: ignore[union-attr]  # the mistake


class Follows(Wire):
    """It takes the message wherever an answer points."""

    def send(self, delivery: Delivery) -> Receipt:
        with closing(self.connected()) as line:
            line.request("POST", self.path, self.body(delivery))
            answer = line.getresponse()
            answer.read()
            if answer.status in {301, 302, 307}:
                line.request("POST", "/elsewhere", self.body(delivery))
                line.getresponse().read()
        return super().send(delivery)


WAYS: dict[Way, type[Wire]] = {
    ("test_an_unreachable_provider_got_nothing", None): mistakes.UnreachableIsUncertain,
    ("test_a_stranger_is_not_trusted", None): mistakes.TrustsEveryone,
    (LOST, "closes"): error(http.client.RemoteDisconnected),
    (LOST, "resets"): error(ConnectionResetError),
    (LOST, "cuts_off"): error(http.client.IncompleteRead),
    (LOST, "garbage"): no_json(is_empty=False),
    (LOST, "nothing"): no_json(is_empty=True),
    (LOST, "another_shape"): error(TypeError),
    (SILENT, "says_nothing"): silence(in_the_answer=False),
    (SILENT, "stops_halfway"): silence(in_the_answer=True),
    (BUSY, "seconds"): waits(lambda said: None),
    (BUSY, "a date"): waits(takes_every_text_for_seconds),
    (BUSY, "nonsense"): waits(takes_what_is_no_number_for_a_date),
    (BUSY, "nothing"): waits(expects_it),
    **{(BROKEN, code): status(code) for code in (500, 502, 504)},
    **{(REFUSED, code): status(code) for code in (301, 302, 307, 400, 401, 403, 404, 422, 503)},
}


# --- the table --------------------------------------------------------------------------------------------------------
def contract(of: type[Channel]) -> Any:
    more = {"channel": lambda self, provider: of(provider.url), "accept": mistakes.TestWire.accept, "patience_s": 0.5}  # type: ignore[call-arg]  # a Wire
    return type("Contract", (ChannelContract,), more)()


def caught(of: type[Channel]) -> Iterator[Way]:
    for check in CHECKS:
        for case in trial.failing_cases(contract(of), check):
            yield check, next(iter(case.values()), None)


def test_every_way_has_its_channel() -> None:
    """A new way of failing is here by itself, and fails until there is a channel that it catches."""
    there = {
        (check, next(iter(case.values()), None))
        for check in CHECKS
        for case in trial.cases(getattr(ChannelContract, check))
    }
    assert set(WAYS) == there
    assert {way for check, way in WAYS if check in (LOST, SILENT)} == {*FAILURES, *SILENCES}


def test_what_reads_them_all_passes() -> None:
    assert not list(caught(Wire))


@pytest.mark.parametrize("way", WAYS, ids=[f"{check}-{case}" for check, case in WAYS])
def test_a_way_is_caught_by_its_own_case(way: Way) -> None:
    assert set(caught(WAYS[way])) == {way}


def test_a_message_that_is_taken_where_an_answer_points_is_caught() -> None:
    assert set(caught(Follows)) == {(REFUSED, code) for code in (301, 302, 307)}


def test_the_query_of_a_request_is_told() -> None:
    with Provider() as provider:
        line = http.client.HTTPConnection(provider.url.removeprefix("http://"))
        line.request("GET", "/messages?since=7")
        line.getresponse().read()
        line.close()
        (asked,) = provider.asked
    assert (asked.path, asked.query) == ("/messages", "since=7")
