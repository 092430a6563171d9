"""A shop's plugin, and a clock that stands still: what the tests of services are about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import attrs

from crmkit.ports.plugin import Plugin
from crmkit.records import (
    Code,
    Customer,
    Deal,
    FieldDefinition,
    Id,
    LocalText,
    NotPersonal,
    Owner,
    Pipeline,
    Record,
    Stage,
    Staged,
)  # fmt: skip


class Clock:
    """Stands still; ``advance`` moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@attrs.frozen(kw_only=True)
class Visit(Record, unique=[("customer", "day")]):
    """A plugin's record of which a customer has one a day: the newest is kept."""

    customer: Annotated[Id[Customer], Owner(on_erase="remove", on_merge_conflict="keep_newest")]
    day: Code
    guest: Id[Customer] | None = None


@attrs.frozen(kw_only=True)
class Bill(Record):
    """A plugin's record that belongs to a visit."""

    visit: Annotated[Id[Visit], Owner(on_erase="remove")]
    total: int = 0


@attrs.frozen(kw_only=True)
class Card(Record, unique=[("customer", "club")]):
    """A plugin's record that can not be in one customer's hands twice."""

    customer: Annotated[Id[Customer], Owner(on_erase="remove", on_merge_conflict="refuse")]
    club: Code


@attrs.frozen(kw_only=True)
class Repair(Staged):
    """A plugin's record that moves along a pipeline."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep")] = None
    bicycle: Annotated[str, NotPersonal()] = ""


selling = Pipeline(
    "selling", of=Deal,
    stages=(
        Stage("asked", name=LocalText.of("Asked", nl="Gevraagd")), Stage("offer", probability=60), Stage("thinks", "hold"),
        Stage("sold", "won"), Stage("given", "won"), Stage("gone", "lost", reasons=("price", "waits")),
    ),
)  # fmt: skip
workshop = Pipeline("workshop", of=Repair, stages=(Stage("received"), Stage("ready", "won")))
life = Pipeline("life", of=Customer, stages=(Stage("exploration"), Stage("commitment"), Stage("dissolution", "lost")))

plugin = Plugin(
    "shop",
    offers=[
        Visit, Bill, Card, Repair, selling, workshop, life, FieldDefinition(Customer, "frame", choices=("S", "M")),
        FieldDefinition(Customer, "club", bool),
    ],
)  # fmt: skip
