"""A small world of records, and short ways to ask about it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs

from crmkit.query import (
    Binding,
    Component,
    Condition,
    Evaluator,
    Find,
    Tally,
    all_of,
    bind,
    bind_tally,
    each,
    find,
    tally,
)  # fmt: skip
from crmkit.records import (
    Answer,
    Customer,
    Deal,
    Interaction,
    Purchase,
    Record,
    new_id,
)  # fmt: skip

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
c, d, i, a, p = each(Customer), each(Deal), each(Interaction), each(Answer), each(Purchase)


@attrs.frozen
class World:
    records: tuple[Record, ...]

    def lookup(self, of: type[Record], record_id: UUID) -> Record | None:
        return next((r for r in self.candidates(of) if r.id == record_id), None)

    def candidates(self, of: type[Record]) -> Iterable[Any]:
        return [r for r in self.records if type(r) is of]


def binding(**more: Any) -> Binding:
    return Binding(now=NOW, zone=ZoneInfo("Europe/Amsterdam"), currency="EUR", **more)


def names(world: Iterable[Record], *conditions: Condition, bound: Binding | None = None, **more: Any) -> list[str]:
    of = conditions[0].root if conditions else Customer
    question: Find[Any] = bind(find(of, *conditions, **more), bound or binding())
    return [getattr(r, "name", getattr(r, "title", "")) for r in Evaluator(World(tuple(world))).find(question)]


def cells(
    world: Iterable[Record],
    of: type[Record],
    *conditions: Condition,
    by: Any = (),
    bound: Binding | None = None,
    **more: Any,
) -> Any:
    components = {key: more.pop(key) for key in list(more) if isinstance(more[key], Component)}
    asked = Tally(of=of, where=all_of(of, conditions), by=by, components=components, **more)
    everything = World(tuple(world))
    extent = lambda path: (NOW - timedelta(days=100), NOW)
    found = tally(Evaluator(everything), bind_tally(asked, bound or binding(), extent), everything.candidates(of))
    return [(cell.key, dict(cell.values)) for cell in found]


def asked(now: datetime = NOW) -> datetime:
    return now


anna = Customer(name="anna", country="NL", tags=frozenset({"vip"}))
bob = Customer(name="bob", country="DE")
cleo = Customer(name="cleo", since=NOW - timedelta(days=10))


def answer_of(customer: Customer | None, score: int, at: datetime, survey_type: str = "nps", **more: Any) -> Answer:
    return Answer(
        response=new_id(),
        customer=customer and customer.id,
        survey_type=survey_type,
        score=Decimal(score),
        answered_at=at,
        **more,
    )
