"""Somebody of whom every kind of record tells, each of them with a canary; and somebody else beside them."""

from __future__ import annotations

import hashlib
from datetime import date
from io import BytesIO
from typing import Annotated, Any

import attrs

from crmkit import CRM
from crmkit.ports.plugin import Plugin
from crmkit.records import (
    JSON,
    AnyRef,
    Attachment,
    Code,
    Customer,
    Deal,
    Digest,
    ExternalId,
    FieldDefinition,
    History,
    Id,
    ImportedRow,
    Interaction,
    NotPersonal,
    Owner,
    Personal,
    Record,
    Staged,
    declaration_of,
    new_id,
)  # fmt: skip
from crmkit.records.as_json import to_json
from crmkit.records.pipeline import Pipeline, Stage

CANARY = "CANARY"


@attrs.frozen(kw_only=True)
class Fitting(Staged, unique=[("ticket",)]):
    """A plugin's record that is kept: its personal fields are blanked, one of them has a history, one is a key."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep")] = None
    ticket: Annotated[Code, Personal()]
    size: Annotated[Code, Personal(), History()] = ""
    frame: Annotated[str, NotPersonal()] = ""
    born_on: Annotated[date | None, Personal()] = None
    data: Annotated[JSON, Personal()] = None


@attrs.frozen(kw_only=True)
class Pass(Record):
    """A plugin's record that goes with its customer."""

    customer: Annotated[Id[Customer], Owner(on_erase="remove")]
    text: str = ""


@attrs.frozen(kw_only=True)
class Stamp(Record):
    """A part of a pass, which goes with it; somebody else's may name it."""

    holder: Annotated[Id[Pass], Owner(on_erase="remove")]
    where: str = ""


@attrs.frozen(kw_only=True)
class Wish(Record):
    """It names a pass, and stays."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep")] = None
    of: Id[Pass] | None = None
    guest: Id[Customer] | None = None


fitting_path = Pipeline("fitting", of=Fitting, stages=(Stage("begun"), Stage("fitted", "won")))
plugin = Plugin(
    "fittings",
    offers=[
        Fitting, Pass, Stamp, Wish, fitting_path,
        FieldDefinition(Customer, "nickname"), FieldDefinition(Customer, "club", personal=False),
        FieldDefinition(Deal, "wish"), FieldDefinition(Fitting, "remark"),
    ],
)  # fmt: skip


def told(crm: CRM, name: str = CANARY, address: str = "canary") -> Customer:
    """Keep a customer of whom every kind of record tells; what tells of them holds ``name`` or ``address``."""
    anna = crm.customers.add(
        name=f"{name} Anna", emails=[f"{address}@example.org", f"{address}2@example.org"], phone="+31 6 12345678",
        postal=f"{name} street 1", tags=[f"{name}-tag"], note=f"{name} note", custom={"nickname": name, "club": "gold"},
    )  # fmt: skip
    double = crm.customers.add(name=f"{name} double", email=f"{address}3@example.org", note=f"{name} as well")
    friend = crm.customers.add(name="Bob")
    crm.customers.change(anna, note=f"{name} other note")
    _money(crm, anna, name)
    _talk(crm, anna, name, address)
    _answers(crm, anna, name)
    _plugins(crm, anna, friend, name)
    crm.customers.link(friend, anna, "spouse")
    crm.customers.link(anna, friend, "employee")
    crm.add(ExternalId(record=AnyRef("customer", anna.id), source="shop", value=f"{name}-42"))
    crm.add(
        ImportedRow(
            record=AnyRef("customer", anna.id), stream="s", key=f"{name}-42", digest=f"{name}-d", operation=new_id()
        )
    )
    crm.consents.grant(anna, "marketing", source="form")
    crm.consents.withdraw(anna, "survey")
    return crm.customers.merge(crm.get(Customer, anna.id), double)


def _money(crm: CRM, anna: Customer, name: str) -> None:
    deal = crm.deals.open(anna, title=f"{name} bicycle", custom={"wish": f"{name} red"})
    deal = crm.deals.change(deal, title=f"{name} red bicycle")
    early = crm.deals.open(None, title=f"{name} before anybody knew")
    early = crm.deals.change(early, title=f"{name} still before")
    crm.replace(attrs.evolve(crm.get(Deal, early.id), customer=anna.id))
    crm.deals.win(deal, note=f"{name} was happy")


def _talk(crm: CRM, anna: Customer, name: str, address: str) -> None:
    kept = crm.interactions.record(
        anna,
        subject=f"{name} subject",
        body=f"{name} body",
        address=f"{address}@example.org",
        channel="email",
        direction="in",
    )
    crm.interactions.plan(anna, f"call {name}", at=crm.now)
    data = f"{name} in a file".encode()
    digest = hashlib.sha256(data).digest()
    with crm.transaction() as tx:
        unit: Any = tx._unit
        unit.to_write().put_blob(digest, BytesIO(data))
        tx.add(Attachment(interaction=kept.id, name=f"{name}.txt", size=len(data), digest=Digest(digest)))
    crm.messages.queue(
        anna, channel="mailbox", text=f"{name} hello", subject=f"{name}", address=f"{address}@example.org"
    )
    crm.messages.queue(None, channel="mailbox", text=f"{name} to an address alone", address=f"{address}@example.org")
    twin = crm.customers.add(name="Twin", email=f"{address}2@example.org")
    unknown = crm.interactions.record(
        None, subject=f"{name} from one of two", body=name, address=f"{address}2@example.org", direction="in"
    )
    assert unknown.customer is None  # two have the address; by and by only one of them has
    crm.customers.remove_contact_point(crm.customers.contact_points(twin)[0])
    crm.customers.merge(anna, twin)


def _answers(crm: CRM, anna: Customer, name: str) -> None:
    if not crm.find(type_named(crm, "survey")):
        crm.surveys.create("care", questions={"score": "nps", "why": "comment"})
    crm.surveys.answer(anna, {"score": 9, "why": f"{name} because"}, survey="care")


def _plugins(crm: CRM, anna: Customer, friend: Customer, name: str) -> None:
    fitting = crm.add(
        Fitting(
            customer=anna.id, ticket=f"{name}-1", size=f"{name}-xl", frame="steel", born_on=date(1990, 1, 1),
            data={"a": name}, custom={"remark": name},
        )
    )  # fmt: skip
    crm.move(fitting, "fitted", note=f"{name} fits")
    crm.add(Fitting(customer=anna.id, ticket=f"{name}-2"))
    mine = crm.add(Pass(customer=anna.id, text=f"{name} pass"))
    crm.add(Stamp(holder=mine.id, where=f"{name} gate"))
    crm.add(Wish(customer=anna.id, of=mine.id))
    crm.add(Wish(customer=friend.id, of=mine.id, guest=anna.id))


def type_named(crm: CRM, name: str) -> type[Record]:
    """Return a record type of a CRM."""
    found: type[Record] = crm.house.by_name[name]
    return found


def everything(crm: CRM) -> dict[str, list[dict[str, Any]]]:
    """Return all records of all types, as JSON."""
    return {declaration_of(of).name: [to_json(one) for one in crm.stream(of)] for of in crm.house.types}


def canaries(crm: CRM, word: str = CANARY) -> list[str]:
    """Return where a word still stands, in whatever case."""
    return [
        f"{name}: {record}"
        for name, records in everything(crm).items()
        for record in records
        if word.casefold() in str(record).casefold()
    ]


def interaction_of(crm: CRM, subject: str) -> Interaction | None:
    """Return the interaction with a subject."""
    return next((one for one in crm.stream(Interaction) if one.subject == subject), None)
