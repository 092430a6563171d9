"""Record types that have every kind of field, key and mode: what stores and strategies are tried with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final

import attrs

from ..records import (
    JSON,
    AnyRef,
    Choices,
    Code,
    Customer,
    Digest,
    Field,
    Id,
    Indexed,
    LedgerEntry,
    LocalText,
    Money,
    NotPersonal,
    Owner,
    PartialDate,
    Personal,
    Places,
    Record,
    Searchable,
    WallTime,
)  # fmt: skip


@attrs.frozen(kw_only=True)
class Specimen(Record, unique=[("source", "number")], indexes=[("code", "at")]):
    """A mutable record with every kind of field, each of them optional; its customer owns it."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="remove", on_merge_conflict="keep_winner")] = None
    source: Code | None = None
    number: int | None = None
    text: Annotated[str | None, Personal(), Searchable()] = None
    code: Annotated[Code | None, Indexed()] = None
    choice: Annotated[Code, Choices("one", "two", "")] = ""
    whole: int | None = None
    part: Annotated[Decimal | None, Places(4)] = None
    price: Money | None = None
    yes: bool | None = None
    day: Annotated[date | None, Indexed()] = None
    about: PartialDate | None = None
    at: Annotated[datetime | None, Indexed()] = None
    until: datetime | None = None
    wall: WallTime | None = None
    label: LocalText | None = None
    tags: frozenset[Code] | None = None
    other: Id[Specimen] | None = None
    subject: Annotated[AnyRef | None, Indexed()] = None
    data: JSON | None = None
    digest: Digest | None = None


@attrs.frozen(kw_only=True)
class Fact(Record, append_only=True, unique=[("specimen", "key")]):
    """An append-only record, which belongs to a customer over another record; a unique key with a reference in it."""

    specimen: Annotated[Id[Specimen], Owner(on_erase="keep", on_merge_conflict="refuse"), Indexed()]
    key: Code | None = None
    score: int | None = None
    note: Annotated[str, NotPersonal(), Searchable()] = ""
    at: datetime | None = None


@attrs.frozen(kw_only=True)
class Task(Record, shared=True, operational=True, unique=[("key",)]):
    """An operational record that may be claimed."""

    key: Code | None = None
    phase: Annotated[Code, Indexed()] = "queued"
    due_at: datetime | None = None
    lease_until: datetime | None = None
    fence: int = 0


SPECIMENS: Final = (LedgerEntry, Customer, Specimen, Fact, Task)
"""Record types to open a store with."""

CUSTOM: Final[Mapping[str, Field]] = {
    field.name: field
    for field in (
        Field(name="size", kind="text"),
        Field(name="count", kind="int"),
        Field(name="rate", kind="decimal", places=2),
        Field(name="born", kind="date"),
        Field(name="seen", kind="instant"),
        Field(name="agreed", kind="bool"),
    )
}
"""Custom fields of ``Customer`` and ``Specimen``, one of each kind."""


def custom_fields(of: type[Record]) -> Mapping[str, Field]:
    """Return the custom fields of a record type: the same ones for both that have any."""
    return CUSTOM if of in (Customer, Specimen) else {}
