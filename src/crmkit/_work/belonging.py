"""To whom a record belongs: the customer that its owner leads to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ..query import Find, each, reference_to
from ..records import AnyRef, Customer, Declaration, Record, declaration_of

if TYPE_CHECKING:
    from .unit import Unit


class Homes:
    """The customers of owning records, looked up once per unit of work."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._known: dict[UUID, UUID | None] = {}

    def learn(self, declaration: Declaration, records: Sequence[Record]) -> None:
        """Remember where records belong that were written in this unit: what they own may follow."""
        if declaration.mode != "operational" and declaration.of is not Customer:
            for record in records:
                self._known[record.id] = record.customer_id

    def of(self, declaration: Declaration, records: Sequence[Record]) -> list[UUID | None]:
        """Return the customer of each record; None: it belongs to itself, or to nobody."""
        owner = declaration.owner
        if owner is None:
            return [record.customer_id for record in records]
        named = [getattr(record, owner.name) for record in records]
        if declaration.direct:
            return named
        if owner.kind == "any_ref":
            return self._of_any(named)
        self._look_up(owner.target, [name for name in named if name is not None and name not in self._known])
        return [None if name is None else self._known.get(name) for name in named]

    def _of_any(self, named: Sequence[AnyRef | None]) -> list[UUID | None]:
        unknown: dict[str, list[UUID]] = {}
        for ref in named:
            if ref is not None and ref.type != "customer" and ref.id not in self._known:
                unknown.setdefault(ref.type, []).append(ref.id)
        for name, ids in unknown.items():
            self._look_up(self._unit.house.type_named(name), ids)
        return [None if ref is None else ref.id if ref.type == "customer" else self._known.get(ref.id) for ref in named]

    def _look_up(self, of: type[Record], ids: list[UUID]) -> None:
        found = self._unit.tx.get(of, ids) if ids else {}
        for name in ids:
            record = found.get(name)
            self._known[name] = None if record is None else record.customer_id


def dependents(unit: Unit, record: Record) -> list[Record]:
    """Return the records that belong where this one belongs: their owner is this record."""
    mine = declaration_of(type(record))
    found: list[Any] = []
    for of in unit.house.types:
        declaration = declaration_of(of)
        owner = declaration.owner
        if owner is None or declaration.direct:
            continue
        path = getattr(each(of), owner.name)
        if owner.kind == "any_ref":
            found += unit.tx.find(Find(of=of, where=path == reference_to(record)))
        elif owner.target is mine.of:
            found += unit.tx.find(Find(of=of, where=path == record.id))
    return found
