"""What rows refer to, looked up for a whole batch together: by id, external id, address, key or name.

None is a reject unless the mapping says otherwise; several are a reject always, never the first found.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias
from uuid import UUID

import attrs

from ...errors import InvalidError
from ...ports.work import Work
from ...query import each
from ...records import Agent, AnyRef, ContactPoint, Customer, ExternalId, Record, Team, declaration_of
from ...records.contact_key import contact_key
from ...records.text import fold
from .drafts import Draft
from .values import ExternalKey, Lookup

Of: TypeAlias = type[Record] | None
"""The type of the record that is meant; None: an agent or a team, or (by id or external id) a record of any type."""
Hits: TypeAlias = dict[Lookup, list[Any]]
_RESPONSIBLE: Final[tuple[type[Record], ...]] = (Agent, Team)


class References:
    """The references of one batch, in one unit of work."""

    def __init__(self, work: Work, fields: Mapping[str, Of], own: Collection[str]) -> None:
        """``own``: those that are fields of the row's record."""
        self._work, self._fields, self._own = work, fields, own
        self._found: dict[tuple[Of, Lookup], list[Any]] = {}
        self._made: dict[tuple[Of, Lookup], list[Record]] = {}

    def look_up(self, drafts: Iterable[Draft]) -> None:
        """Put what each row refers to in the place of its look-ups, or note why it can not be."""
        mine = [draft for draft in drafts if draft.problem is None]
        for name, of in self._fields.items():
            asked = {v for d in mine if isinstance(v := d.row.values.get(name), Lookup)}
            self._ask(of, {lookup for lookup in asked if (of, lookup) not in self._found})
            for draft in mine:
                self._put(draft, name, of)

    def _ask(self, of: Of, asked: Iterable[Lookup]) -> None:
        open_ = {lookup: meanings(lookup, of) for lookup in asked}
        for lookup in open_:
            self._found[of, lookup] = []
        while open_:
            now = {lookup: meant.pop(0) for lookup, meant in open_.items() if meant}
            hits = _hits(self._work, of, set(now.values()))
            for lookup, meant in now.items():
                self._found[of, lookup] = hits.get(meant, [])
            open_ = {lookup: rest for lookup, rest in open_.items() if rest and not self._found[of, lookup]}

    def _put(self, draft: Draft, name: str, of: Of) -> None:
        lookup = draft.row.values.get(name)
        if not isinstance(lookup, Lookup):
            return
        found = self._found[of, lookup]
        if len(found) == 1:
            self._refer(draft, name, found[0])
        elif found:
            draft.refuse("ambiguous", name, value=lookup.key, count=len(found))
        elif lookup.otherwise == "add":
            self._put_new(draft, name, of, lookup)
        elif lookup.otherwise == "reject":
            draft.refuse("not-found", name, value=lookup.key, what=_word(of))

    def _put_new(self, draft: Draft, name: str, of: Of, lookup: Lookup) -> None:
        made = self._made.get((of, lookup)) or new_records(of or Agent, lookup)
        if not made:
            draft.refuse("not-addable", name, value=lookup.key, what=_word(of))
            return
        self._made[of, lookup] = made
        self._refer(draft, name, made[0].id if of is not None else AnyRef("agent", made[0].id))
        draft.added.extend(made)

    def _refer(self, draft: Draft, name: str, value: Any) -> None:
        (draft.fields if name in self._own else draft.more)[name] = value


def keep_new(work: Work, drafts: Iterable[Draft]) -> None:
    """Keep the records that rows add beside their own, each once."""
    made = {record.id: record for draft in drafts for record in draft.added}
    by_type: dict[type[Record], list[Record]] = {}
    for record in made.values():
        by_type.setdefault(type(record), []).append(record)
    for of in sorted(by_type, key=lambda of: of in (ContactPoint, ExternalId)):
        work.add(by_type[of])


def new_records(of: type[Record], lookup: Lookup) -> list[Record]:
    """Return the record that a look-up which found none adds, and what belongs to it; nothing where that is not possible."""
    if of is Customer:
        return _new_customer(lookup)
    declaration = declaration_of(of)
    needed = [field.name for field in declaration.own_fields if field.required]
    if ("key",) not in declaration.unique or needed not in ([], ["key"]) or lookup.by not in ("key", "name", "any"):
        return []
    values: dict[str, Any] = {"key": lookup.key}
    if "name" in declaration.by_name and declaration.by_name["name"].kind == "text":
        values["name"] = lookup.key
    return [of(**values)]


def _new_customer(lookup: Lookup) -> list[Record]:
    customer = Customer(name=lookup.key)
    if lookup.by in ("email", "phone"):
        key = contact_key(lookup.by, lookup.key)
        return [
            customer,
            ContactPoint(customer=customer.id, kind=lookup.by, value=lookup.key, key=key, is_primary=True),
        ]
    if lookup.by == "external_id":
        source, value = external_of(ExternalKey(lookup.source, lookup.key), Customer)
        return [customer, ExternalId(record=AnyRef("customer", customer.id), source=source, value=value)]
    return [customer]


def external_of(key: ExternalKey, of: type[Record]) -> tuple[str, str]:
    """Return source and value; where the mapping names no source, the text may (``till:42``), else it is the type's plural."""
    if key.source:
        return key.source, key.value
    source, mark, value = key.value.partition(":")
    return (source, value) if mark and source and value else (declaration_of(of).plural, key.value)


def meanings(lookup: Lookup, of: Of) -> list[Lookup]:
    """Return what a look-up may mean, in the order in which it is tried."""
    if lookup.by != "any":
        return [lookup]
    if _id_of(lookup.key, of) is not None:
        return [attrs.evolve(lookup, by="any")]
    by: list[Any] = []
    if of is Customer and "@" in lookup.key:
        by = ["email"]
    elif of is None or ("key",) in declaration_of(of).unique:
        by = ["key", "external_id", "name"]
    else:
        by = ["external_id", "name"]
    return [attrs.evolve(lookup, by=one) for one in by]


def _id_of(text: str, of: Of) -> UUID | None:
    name, mark, rest = text.rpartition(":")
    if (mark and of is not None and name != declaration_of(of).name) or (of is None and not mark):
        return None
    try:
        return UUID(rest) if len(rest) in (32, 36) else None
    except ValueError:
        return None


def _hits(work: Work, of: Of, asked: Iterable[Lookup]) -> Hits:
    groups: dict[str, list[Lookup]] = {}
    for lookup in asked:
        groups.setdefault(lookup.by, []).append(lookup)
    found: Hits = {}
    for by, lookups in groups.items():
        for lookup, value in _SEARCHES[by](work, of, lookups):
            values = found.setdefault(lookup, [])
            if value not in values:
                values.append(value)
    return found


Pairs: TypeAlias = Iterable[tuple[Lookup, Any]]


def _by_id(work: Work, of: Of, lookups: Sequence[Lookup]) -> Pairs:
    wanted: dict[type[Record], dict[UUID, list[Lookup]]] = {}
    for lookup in lookups:
        name, _, _ = lookup.key.rpartition(":")
        kind: type[Record] | None = of or work.house.by_name.get(name)
        named = _id_of(lookup.key, of)
        if kind is not None and named is not None:
            wanted.setdefault(kind, {}).setdefault(named, []).append(lookup)
    for kind, by_id in wanted.items():
        for found in work.get_many(kind, by_id):
            for lookup in by_id[found]:
                yield lookup, found if of is not None else AnyRef(declaration_of(kind).name, found)


def _by_external_id(work: Work, of: Of, lookups: Sequence[Lookup]) -> Pairs:
    kinds: Sequence[type[Record]] = work.house.types if of is None else (of,)
    keys = [(lookup, external_of(ExternalKey(lookup.source, lookup.key), kind)) for lookup in lookups for kind in kinds]
    held = external_ids(work, [key for _, key in keys])
    for lookup, key in dict.fromkeys(keys):
        one = held.get(key)
        if one is None:
            continue
        if of is None:
            yield lookup, one.record
        elif of is Customer:  # the customer's own, or that of an order or ticket of the customer
            if one.customer_id is not None:
                yield lookup, one.customer_id
        elif one.record.type == declaration_of(of).name:
            yield lookup, one.record.id


def external_ids(work: Work, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], ExternalId]:
    """Return who has which external id, with one question per source."""
    sources: dict[str, set[str]] = {}
    for source, value in keys:
        sources.setdefault(source, set()).add(value)
    e = each(ExternalId)
    found = [one for s, values in sources.items() for one in work.find(ExternalId, e.source == s, e.value.in_(values))]
    return {(one.source, one.value): one for one in found}


def _by_address(work: Work, of: Of, lookups: Sequence[Lookup]) -> Pairs:
    kind = lookups[0].by
    if of is not Customer:
        yield from _by_field(work, of, lookups, "email") if kind == "email" else ()
        return
    keys: dict[str, list[Lookup]] = {}
    for lookup in lookups:
        try:
            keys.setdefault(contact_key(kind, lookup.key), []).append(lookup)
        except InvalidError:  # no address at all, so nobody has it
            continue
    p = each(ContactPoint)
    for point in work.find(ContactPoint, p.kind == kind, p.key.in_(keys)):
        for lookup in keys[point.key]:
            yield lookup, point.customer


def by_addresses(work: Work, keys: Collection[str]) -> dict[str, set[UUID]]:
    """Return the customers who have addresses, by key."""
    found: dict[str, set[UUID]] = {}
    for point in work.find(ContactPoint, each(ContactPoint).key.in_(keys)) if keys else ():
        found.setdefault(point.key, set()).add(point.customer)
    return found


def _by_name(work: Work, of: Of, lookups: Sequence[Lookup]) -> Pairs:
    if of is not Customer:
        yield from _by_field(work, of, lookups, "name")
        return
    keys: dict[str, list[Lookup]] = {}
    for lookup in lookups:
        keys.setdefault(fold(lookup.key), []).append(lookup)
    for customer in work.find(Customer, each(Customer).name.folded.in_(list(keys))):
        for lookup in keys.get(fold(customer.name), ()):
            yield lookup, customer.id


def _by_key(work: Work, of: Of, lookups: Sequence[Lookup]) -> Pairs:
    return _by_field(work, of, lookups, "key")


def _by_field(work: Work, of: Of, lookups: Sequence[Lookup], name: str) -> Pairs:
    keys: dict[str, list[Lookup]] = {}
    for lookup in lookups:
        keys.setdefault(lookup.key, []).append(lookup)
    for kind in _RESPONSIBLE if of is None else (of,):
        field = declaration_of(kind).by_name.get(
            "title" if name == "name" and "name" not in declaration_of(kind).by_name else name
        )
        if field is None or field.kind not in ("text", "code"):
            continue
        for record in work.find(kind, getattr(each(kind), field.name).in_(list(keys))):
            for lookup in keys.get(getattr(record, field.name), ()):
                yield lookup, record.id if of is not None else AnyRef(declaration_of(kind).name, record.id)


_SEARCHES: Final[Mapping[str, Callable[[Work, Of, Sequence[Lookup]], Pairs]]] = {
    "any": _by_id, "external_id": _by_external_id, "email": _by_address, "phone": _by_address, "name": _by_name, "key": _by_key,
}  # fmt: skip


def _word(of: Of) -> str:
    return "record" if of is None else declaration_of(of).name.replace("_", " ")
