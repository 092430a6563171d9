"""Ports, offers and class keywords: what a plugin's own classes must be like."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import attrs
import click

from crmkit import (
    Change,
    Code,
    Customer,
    Deal,
    Id,
    Owner,
    Personal,
    Pipeline,
    Plugin,
    Record,
    Refusal,
    Service,
    Stage,
    Staged,
    check,
)
from crmkit.ports.channel import Channel, Delivery, Receipt, Received, Request
from crmkit.ports.kpi import Kpi
from crmkit.ports.plugin import Commands
from crmkit.ports.snapshot import SnapshotStore
from crmkit.ports.store import Add, Transaction, Write
from crmkit.ports.survey_type import Answers, Problem, Scale, SurveyType
from crmkit.query import Find, Page


# --- right ------------------------------------------------------------------------------------------------------------
@attrs.frozen(kw_only=True)
class Policy:
    hours: int = 8


@attrs.frozen(kw_only=True)
class WishList(Record, unique=[("customer", "title")]):
    customer: Annotated[Id[Customer], Owner(on_erase="remove")]
    title: Annotated[str, Personal()]


class Wishes(Service): ...


class Sms(Channel):
    name = "sms"
    addresses = "phone"

    def send(self, delivery: Delivery) -> Receipt:
        return Receipt(external_id=delivery.key)

    def receive(self, request: Request) -> Iterable[Received]:
        return ()


class Choice(SurveyType):
    name = "choice"

    def check(self, raw: object) -> Answers | Problem:
        return Problem("unknown")


class Files(SnapshotStore):
    def load(self) -> Iterable[Record]:
        return ()

    def save(self, writes: Sequence[Write]) -> None: ...


@check(Deal)
def allows(change: Change[Deal]) -> Refusal | None:
    return None


def undecorated(change: Change[Deal]) -> Refusal | None:
    return None


@click.command()
def ride() -> None: ...


selling = Pipeline("selling", of=Deal, stages=(Stage("asked"), Stage("sold", "won")))
right = Plugin(
    "wishes",
    offers=[
        WishList,
        Wishes,
        Sms,
        Choice,
        Files,
        allows,
        ride,
        selling,
        Commands("wishes", "m:c"),
        Policy(),
        Scale("s", lo=1, hi=5, top=4, bottom=2),
    ],
)

# --- wrong offers -----------------------------------------------------------------------------------------------------
Plugin("wrong", offers=[42])  # error: mypy pyright
Plugin("wrong", offers=[WishList, None])  # error: mypy pyright
Plugin("wrong", offers=["crmkit_wishes.commands:wishes"])  # error: mypy pyright
Plugin("wrong", offers=[undecorated])  # error: mypy pyright
Plugin("wrong", offers=WishList)  # error: mypy pyright
Plugin("wrong", offer=[WishList])  # error: mypy pyright
Plugin("wrong", requires="base-plugin-that-is-text", settings=Policy())  # error: mypy pyright
Plugin("wrong", api=1)  # error: mypy pyright


# --- misspelt class keywords ------------------------------------------------------------------------------------------
@attrs.frozen(kw_only=True)
class MisspeltUnique(Record, uniqe=[("title",)]):  # error: mypy pyright
    title: str


@attrs.frozen(kw_only=True)
class MisspeltShared(Record, share=True):  # error: mypy pyright
    title: str


@attrs.frozen(kw_only=True)
class NotAKey(Record, unique="title"):  # error: mypy pyright
    title: str


@attrs.frozen(kw_only=True)
class MisspeltStaged(Staged, append_olny=True):  # error: mypy pyright
    title: str


# --- channels ---------------------------------------------------------------------------------------------------------
class AnswersWithText(Channel):
    name = "wrong"

    def send(self, delivery: Delivery) -> str:  # error: mypy pyright
        return "sent"


class TakesText(Channel):
    name = "wrong"

    def send(self, delivery: str) -> Receipt:  # error: mypy pyright
        return Receipt(external_id=delivery)


class TakesMore(Channel):
    name = "wrong"

    def send(self, delivery: Delivery, urgent: bool) -> Receipt:  # error: mypy pyright
        return Receipt(external_id=delivery.key)

    def poll(self, since: datetime) -> tuple[Iterable[Received], str]:  # error: mypy pyright
        return (), ""


class RendersPictures(Channel):
    name = "wrong"
    renders = "picture"  # error: mypy pyright

    def send(self, delivery: Delivery) -> Receipt:
        return Receipt(delivery.key)  # error: mypy pyright


class SendsNothing(Channel):
    name = "wrong"


SendsNothing()  # error: mypy pyright


# --- survey types and KPIs --------------------------------------------------------------------------------------------
class ChecksText(SurveyType):
    name = "wrong"

    def check(self, raw: str) -> Answers | Problem:  # error: mypy pyright
        return Problem("unknown")


class SaysYes(SurveyType):
    name = "wrong"

    def check(self, raw: object) -> bool:  # error: mypy pyright
        return True

    def kpis(self) -> list[Kpi]:  # error: mypy pyright
        return []


# --- stores -----------------------------------------------------------------------------------------------------------
class LoadsRows(SnapshotStore):
    def load(self) -> Iterable[dict[str, Any]]:  # error: mypy pyright
        return ()

    def save(self, writes: Sequence[Record]) -> None: ...  # error: mypy pyright


class Half(Transaction):
    def get(self, of: type[Record], ids: Sequence[UUID]) -> list[Record]:  # error: mypy pyright
        return []

    def find(self, question: str) -> Page[Any]:  # error: mypy pyright
        return Page(())


def asks(tx: Transaction, anna: Customer) -> None:
    tx.write([anna])  # error: mypy pyright
    tx.write(Add(anna))  # error: mypy pyright
    tx.get(Customer, "4d81qa")  # error: mypy pyright
    found: Page[Deal] = tx.find(Find(of=Customer))  # error: mypy pyright


code: Code = "ok"
