"""What an erasure has to deal with, portion by portion: records of every type that belong to the customer, and their log.

Each phase finds one portion at a time, behind a place; the same phase from its beginning finds again only what was
written since. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias
from uuid import UUID

import attrs

from ..._work.forgetting import digests_of, still
from ...query import Condition, each
from ...records import (
    AnyRef,
    Attachment,
    ContactPoint,
    Customer,
    CustomerLink,
    Dispatch,
    Interaction,
    LogEntry,
    Message,
    Participant,
    Record,
    Redirect,
    Retry,
    Span,
    declaration_of,
)
from ...records.blanking import altered, blanked

_WAITING: Final = ("queued", "claimed")
_LASTS: Final = frozenset({Redirect})
"""What an erasure leaves as it is: two ids that lead from those who were merged to who they became."""


@attrs.frozen(kw_only=True)
class Portion:
    """What one unit of an erasure deals with.

    Attributes:
        goes: records to remove.
        blanks: records to blank: as they are, and as they become.
        stays: records that say nothing personal.
        entries: entries of the log to blank.
        next: the place behind it; None: the phase is over.
    """

    goes: Sequence[Record] = ()
    blanks: Sequence[tuple[Record, Record]] = ()
    stays: Sequence[Record] = ()
    entries: Sequence[LogEntry] = ()
    next: str | None = None

    @property
    def size(self) -> int:
        """How many records it is about."""
        return len(self.goes) + len(self.blanks) + len(self.stays) + len(self.entries)

    @property
    def digests(self) -> list[bytes]:
        """The digests by which no record of the portion will name a file any more."""
        named = [digest for record in self.goes for digest in digests_of(record)]
        for old, new in self.blanks:
            left = digests_of(new)
            named += [digest for digest in digests_of(old) if digest not in left]
        return named


Phase: TypeAlias = tuple[str, Callable[[Any, str | None], Portion]]


@attrs.frozen
class Finding:
    """Finds what is left of a customer.

    Attributes:
        homes: the customer's id, and the ids of those who were merged into it.
        size: records of a portion.
    """

    customer: UUID
    homes: tuple[UUID, ...]
    size: int

    def phases(self, types: Iterable[type[Record]], absent: Iterable[str]) -> list[Phase]:
        """Return the phases in their order: who is only known by an address before the addresses go, the log at the end."""
        left = frozenset(absent)
        having = [of for of in types if declaration_of(of).owner is not None and of not in _LASTS]
        owned = [of for of in having if declaration_of(of).name not in left]
        found: list[Phase] = [("addressed", self.addressed), ("unknown", self.unknown), ("links", self.links)]
        found += [(f"of {declaration_of(of).name}", self._owned_by_type(of)) for of in owned]
        return [("customer", self.itself), *found, ("errors", self.errors), ("log", self.log)]

    # --- the customer ---
    def itself(self, unit: Any, after: str | None) -> Portion:
        """Find the customer, where it is not blank yet."""
        customer = unit.get_many(Customer, [self.customer]).get(self.customer)
        return Portion() if customer is None else self._sorted(unit, [customer], None)

    # --- who is only known by an address ---
    def _addresses(self, unit: Any) -> list[ContactPoint]:
        """Return the addresses of the customer that nobody else has."""
        p = each(ContactPoint)
        mine = unit.find(ContactPoint, p.customer_id.in_(self.homes))
        others = p.key.in_([point.key for point in mine]) & ~p.customer_id.in_(self.homes)
        shared: set[tuple[str, str]] = set()
        if mine:
            shared.update((point.kind, point.key) for point in unit.find(ContactPoint, others))
        return [point for point in mine if (point.kind, point.key) not in shared]

    def addressed(self, unit: Any, after: str | None) -> Portion:
        """Find messages that went to the customer's address alone."""
        points = self._addresses(unit)
        if not points:
            return Portion()
        m, written = each(Message), {text for point in points for text in (point.value, point.key)}
        where = m.customer.is_missing & m.address.in_(sorted(written))
        page = unit.find(Message, where, order=[m.id], limit=self.size, after=after)
        carried: Iterable[Record] = unit.find(Dispatch, each(Dispatch).message.in_([one.id for one in page]))
        return self._sorted(unit, [*page, *carried], page.next)

    def unknown(self, unit: Any, after: str | None) -> Portion:
        """Find what came from the customer's address while nobody was known to have it."""
        keys = [point.key for point in self._addresses(unit) if point.key]
        if not keys:
            return Portion()
        p = each(Participant)
        where = p.customer.is_missing & p.address_key.in_(keys)
        page = unit.find(Participant, where, order=[p.id], limit=self.size, after=after)
        ids = [one.interaction for one in page if one.role == "customer"]
        theirs = [one for one in unit.get_many(Interaction, ids).values() if one.customer is None]
        files: Iterable[Record] = unit.find(Attachment, each(Attachment).interaction.in_([one.id for one in theirs]))
        return self._sorted(unit, [*page, *theirs, *files], page.next)

    # --- what belongs to the customer ---
    def links(self, unit: Any, after: str | None) -> Portion:
        """Find the links by which others say what they are to the customer."""
        k = each(CustomerLink)
        page = unit.find(CustomerLink, k.other.in_(self.homes), order=[k.id], limit=self.size, after=after)
        return self._sorted(unit, page, page.next)

    def _owned_by_type(self, of: type[Record]) -> Callable[[Any, str | None], Portion]:
        def owned(unit: Any, after: str | None) -> Portion:
            mine: Condition = each(of).customer_id.in_(self.homes)
            page = unit.find(of, mine, order=[each(of).id], limit=self.size, after=after)
            return self._sorted(unit, page, page.next)

        return owned

    # --- the log ---
    def log(self, unit: Any, after: str | None) -> Portion:
        """Find the entries of the log that were written while their records were the customer's."""
        e = each(LogEntry)
        page = unit.find(LogEntry, e.customer_id.in_(self.homes), order=[e.id], limit=self.size, after=after)
        entries = [*page, *self._before_they_went(unit, page)]
        return Portion(entries=[entry for entry in entries if not still(entry)], next=page.next)

    def _before_they_went(self, unit: Any, page: Iterable[LogEntry]) -> Iterable[LogEntry]:
        """Return the entries about records that are no more, from before they were the customer's: nobody else had them then."""
        named: dict[str, set[UUID]] = {}
        for entry in page:
            named.setdefault(entry.record_type, set()).add(entry.record_id)
        gone: set[UUID] = set()
        for name, ids in named.items():
            of = unit.house.by_name.get(name)
            gone |= ids - (unit.get_many(of, ids).keys() if of is not None and name not in unit.house.absent else set())
        e = each(LogEntry)
        found: Iterable[LogEntry] = unit.find(LogEntry, e.record_id.in_(list(gone)), e.customer_id.is_missing)
        return found if gone else ()

    def errors(self, unit: Any, after: str | None) -> Portion:
        """Find the errors that subscribers had with events about them: a plugin's words may say anything."""
        r = each(Retry)
        page = unit.find(Retry, r.error != "", order=[r.id], limit=self.size, after=after)
        entries = unit.get_many(LogEntry, [one.entry for one in page])
        theirs = {key for key, entry in entries.items() if entry.customer_id in self.homes}
        silent = [(one, attrs.evolve(one, error="")) for one in page if one.entry in theirs]
        return Portion(blanks=silent, next=page.next)

    def _elsewhere(self, unit: Any, records: Sequence[Record]) -> Iterator[LogEntry]:
        """Yield the entries about records from before they were the customer's."""
        e = each(LogEntry)
        of_them = e.record_id.in_([record.id for record in records])
        for entry in unit.stream(LogEntry, of_them & ~e.customer_id.in_(self.homes)) if records else ():
            if not still(entry):
                yield entry

    # --- sorting ---
    def _sorted(self, unit: Any, records: Iterable[Record], next_: str | None) -> Portion:
        goes: list[Record] = []
        blanks: list[tuple[Record, Record]] = []
        stays: list[Record] = []
        for record in records:
            if is_removed(unit.house.by_name, record):
                goes.append(record)
                continue
            after = self._left(unit, record)
            if after is record:
                stays.append(record)
            else:
                blanks.append((record, after))
        everything = [*goes, *(old for old, _ in blanks), *stays]
        entries = list(self._elsewhere(unit, everything))
        goes += _personal_spans(unit, [*(old for old, _ in blanks), *stays])
        return Portion(goes=goes, blanks=blanks, stays=stays, entries=entries, next=next_)

    def _left(self, unit: Any, record: Record) -> Record:
        """Return what is left of a record that stays; what was still to be done with the customer is not done any more."""
        after = blanked(record, unit.definitions.custom(declaration_of(type(record)).name))
        changes: dict[str, Any] = {}
        if isinstance(record, Customer) and record.erased_at is None:
            changes = {"erased_at": unit.now}
        elif isinstance(record, Message) and record.status in _WAITING:
            changes = {"status": "cancelled", "reason": "erased"}
        elif isinstance(record, Interaction) and record.state == "planned":
            changes = {"state": "cancelled"}
        owner = declaration_of(type(record)).owner
        if owner is not None and owner.target is Customer and getattr(record, owner.name) not in (None, self.customer):
            changes[owner.name] = self.customer  # it was written for one who had just been merged
        return altered(after, changes) if changes else after


def _personal_spans(unit: Any, records: Iterable[Record]) -> list[Span]:
    """Return the spans that hold what personal fields of records once said, whatever they say now."""
    names: dict[str, list[str]] = {}
    refs: list[AnyRef] = []
    for record in records:
        declaration = declaration_of(type(record))
        if personal := [field.name for field in declaration.histories if field.personal]:
            names[declaration.name] = personal
            refs.append(AnyRef(declaration.name, record.id))
    if not refs:
        return []
    s = each(Span)
    asked = sorted({name for some in names.values() for name in some})
    found: Iterable[Span] = unit.find(Span, s.record.in_(refs), s.field.in_(asked))
    return [span for span in found if span.field in names[span.record.type]]


def is_removed(types: Any, record: Record) -> bool:
    """Whether an erasure removes a record: its type says so, or that of the record that it is a part of."""
    declaration = declaration_of(type(record))
    if declaration.on_erase == "remove":
        return True
    owner = declaration.owner
    named: AnyRef | None = getattr(record, owner.name) if owner is not None and owner.kind == "any_ref" else None
    if named is not None:
        return named.type in types and _goes(types[named.type])
    return _goes(type(record))


def _goes(of: type[Record]) -> bool:
    """Whether a type, or one that its records are parts of, is removed."""
    seen: set[type[Record]] = set()
    while of not in seen:
        seen.add(of)
        declaration = declaration_of(of)
        if declaration.on_erase == "remove":
            return True
        if declaration.owner is None or declaration.direct or not isinstance(declaration.owner.target, type):
            return False
        of = declaration.owner.target
    return False
