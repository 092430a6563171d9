"""Making two customers one: what the loser has is the winner's, and nothing points to nobody.

The declarations alone say what moves: every record that belongs to the loser, and every other reference to it, in the
record types of the core and of all plugins, append-only ones too. Log entries stay under the loser's id, where the
Redirect leads to them; each record's own entry says how it was, so that a merge can be undone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import attrs

from ...errors import RefusedError
from ...ports.work import Work
from ...query import Condition, each
from ...records import (
    AnyRef,
    Customer,
    CustomerLink,
    Declaration,
    Field,
    FrozenMap,
    LogEntry,
    Record,
    Redirect,
    Span,
    declaration_of,
    short_id,
)
from ..addresses import points_of
from ..referring import naming

_LAST: Final = 1_000
_STRENGTH: Final = {"prospect": 0, "former": 1, "customer": 2}
_OWN: Final = frozenset({"pipeline", "stage", "state", "erased_at"})
"""What is never taken from the loser: where it stands on its own path, and its erasure."""


def merged(work: Work, winner: Customer, loser: Customer) -> Customer:
    """Return the winner with all that the loser had; see ``Customers.merge``.

    Both are claimed first, in the order of their ids: of two merges that touch the same customer one is run again, and
    then finds who it has become.
    """
    if winner.id == loser.id:
        return winner
    for one in (winner, loser):
        if one.erased_at is not None:
            raise RefusedError(
                f"Customer {short_id(one.id)} was erased: nobody can be merged with them.", code="erased"
            )
    with work.unnarrowed():  # the actor may not see all that the loser has, and none of it may stay behind
        _merge(work, winner, loser)
        return work.get(Customer, winner.id)


def _merge(work: Work, winner: Customer, loser: Customer) -> None:
    for one in sorted((winner, loser), key=lambda customer: customer.id):
        work.rehome(one, name="customer.merging")
    _keep_one_history(work, winner, loser)
    _keep_primaries(work, winner, loser)
    moving = Moving(work)
    moving.repoint(loser, winner)
    moving.rehome(loser, winner)
    work.rehome(_joined(work.get(Customer, winner.id), loser), name="customer.merged")
    work.add(Redirect(old=loser.id, customer=winner.id, merged_at=work.now))
    work.discard(work.get(Customer, loser.id), name="customer.merged_away")


# --- the two rows ---
def _joined(winner: Customer, loser: Customer) -> Customer:
    """Return the winner with its empty fields filled, the tags of both, and the earlier beginning."""
    values: dict[str, Any] = {}
    for field in declaration_of(Customer).own_fields:
        if _takes(field, winner, loser):
            values[field.name] = getattr(loser, field.name)
    values["note"] = "\n\n".join(dict.fromkeys(note for note in (winner.note, loser.note) if note))
    values["tags"] = winner.tags | loser.tags
    values["custom"] = FrozenMap({**loser.custom, **winner.custom})
    values["since"] = min((c.since for c in (winner, loser) if c.since is not None), default=None)
    return attrs.evolve(winner, **values)


def _takes(field: Field, winner: Customer, loser: Customer) -> bool:
    """Whether the loser's value of a field is the one to keep: the winner has none, or is less of a customer."""
    if field.name in _OWN:
        return False
    mine, other = getattr(winner, field.name), getattr(loser, field.name)
    if field.name == "status":
        return _STRENGTH[other] > _STRENGTH[mine]
    return field.kind != "bool" and mine in ("", None) and other not in ("", None)


def _keep_one_history(work: Work, winner: Customer, loser: Customer) -> None:
    """Of each field's spans keep those of the customer whose value is kept: one customer has one history.

    Spans are made of the log, in which both histories stay.
    """
    s = each(Span)
    for field in declaration_of(Customer).histories:
        dropped = winner if _takes(field, winner, loser) else loser
        where = (s.record == dropped) & (s.field == field.name)
        for span in list(work.find(Span, where)):
            work.discard(span)


def _keep_primaries(work: Work, winner: Customer, loser: Customer) -> None:
    """Leave each kind of address one primary: the winner's, where it has one."""
    kinds = {point.kind for point in points_of(work, winner.id) if point.is_primary}
    for point in points_of(work, loser.id):
        if point.is_primary and point.kind in kinds:
            work.rehome(attrs.evolve(point, is_primary=False))


# --- everything else ---
class Moving:
    """Re-points what names one record to another, and moves what belonged to the loser."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._given_way = 0
        self._types = sorted((of for of in work.house.types if of is not LogEntry), key=_depth)

    def repoint(self, old: Record, new: Record) -> None:
        """Make every reference to the old record one to the new: owners before what they own, so that it finds its home."""
        kind = declaration_of(type(old)).name
        for of in self._types:
            declaration = declaration_of(of)
            for field in declaration.references:
                where = naming(of, field, [AnyRef(kind, old.id)])
                for record in self._found(of, where) if where is not None else ():
                    value: Any = AnyRef(kind, new.id) if field.kind == "any_ref" else new.id
                    self._moved(declaration, record, attrs.evolve(record, **{field.name: value}))

    def rehome(self, loser: Customer, winner: Customer) -> None:
        """Move what belongs to the loser over records that it owned."""
        for of in self._types:
            declaration = declaration_of(of)
            if declaration.belongs == "owner" and not declaration.direct:
                for record in self._found(of, each(of).customer_id == loser.id):
                    self._work.rehome(attrs.evolve(record, customer_id=winner.id))

    def _found(self, of: type[Record], where: Condition) -> Iterator[Record]:
        """Yield what a condition finds, each record as it is now: one that gives way may change or remove others."""
        seen = self._given_way
        for record in self._work.stream(of, where):
            fresh = record if self._given_way == seen else self._work.get_many(of, [record.id]).get(record.id)
            if fresh is not None:
                yield fresh

    def _moved(self, declaration: Declaration, record: Record, after: Record) -> None:
        if isinstance(after, CustomerLink) and after.customer == after.other:
            self._work.discard(record)  # a link of somebody with themselves says nothing
            return
        for key in declaration.unique:
            holder = self._holder(declaration, key, record, after)
            if holder is not None and self._gives_way(declaration, key, record, holder) is record:
                self._give_way(record, holder)
                return
            if holder is not None:
                self._give_way(holder, record)
        self._work.rehome(after)

    def _give_way(self, goes: Record, stays: Record) -> None:
        self._given_way += 1
        self.repoint(goes, stays)
        self._work.discard(goes)

    # --- unique keys ---
    def _holder(self, declaration: Declaration, key: tuple[str, ...], before: Record, after: Record) -> Record | None:
        values = [getattr(after, name) for name in key]
        if None in values or values == [getattr(before, name) for name in key]:
            return None
        fields = each(declaration.of)
        where = [getattr(fields, name) == value for name, value in zip(key, values, strict=True)]
        for found in self._work.find(declaration.of, *where, limit=1):
            return found
        return None

    def _gives_way(self, declaration: Declaration, key: tuple[str, ...], record: Record, holder: Record) -> Record:
        rule = declaration.owner.owner.on_merge_conflict if declaration.owner and declaration.owner.owner else None
        if rule == "keep_winner":
            return record
        if rule == "keep_newest":
            return min((record, holder), key=lambda one: (one.updated_at or one.created_at or self._work.now, one.id))
        raise RefusedError(
            f"Both customers have a {declaration.name} with the same {', '.join(key)}, which can not become one: remove one of them first.",
            code="merge_conflict",
            params={"type": declaration.name, "key": key, "ids": (str(record.id), str(holder.id))},
        )


def _depth(of: type[Record]) -> int:
    """Return how many owners stand between a record type and its customer: owners move before what they own."""
    declaration, depth = declaration_of(of), 0
    while declaration.owner is not None and not declaration.direct:
        if declaration.owner.kind == "any_ref" or not isinstance(declaration.owner.target, type):
            return _LAST
        declaration, depth = declaration_of(declaration.owner.target), depth + 1
    return depth
