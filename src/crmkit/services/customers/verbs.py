"""The verbs about customers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypedDict, Unpack

import attrs

from ...errors import ConflictError, InvalidError, TryAgain, nearest
from ...ports.work import Service, verb
from ...query import Page, each, reference_to
from ...records import ContactPoint, Customer, CustomerLink, ExternalId, Id, PartialDate
from ..addresses import Address, add_point, points_of, put_addresses, taken_from
from ..agents import Responsible, reference_of
from ..erasing import Erasing, Erasure
from ..naming import Whom, customer_named, external, matching
from ..pipelines import only_pipeline
from .merging import merged
from .profile import Profile, profile_of


class CustomerFields(TypedDict, total=False):
    """What a customer can be given beside its name.

    ``email``, ``phone`` and ``postal`` give one address, their plurals several; the first of a kind becomes primary, and
    addresses that are there stay. ``tags`` replaces the set; ``custom`` changes the fields that it names (None: empties).
    """

    kind: str
    status: str
    relationship: str
    tier: str
    owner: Responsible | None
    language: str
    time_zone: str
    country: str
    region: str
    preferred_channel: str
    tags: Iterable[str]
    source: str
    since: datetime | None
    born_on: PartialDate | None
    note: str
    is_test: bool
    custom: Mapping[str, Any]
    email: str
    emails: Iterable[str]
    phone: str
    phones: Iterable[str]
    postal: str
    postals: Iterable[str]


_KNOWN: Final = ("name", *CustomerFields.__annotations__)


class Customers(Service):
    """Customers and how to reach them."""

    @verb
    def add(self, *, name: str, **fields: Unpack[CustomerFields]) -> Customer:  # type: ignore[override]  # the family's own verb
        """Keep a new customer; a name is enough.

        Raises:
            InvalidError: a field is unknown or its value wrong. RefusedError: a rule does not allow it.
        """
        return self._added({"name": name, **fields})

    @verb
    def put(self, external_id: tuple[str, str], *, name: str = "", **fields: Unpack[CustomerFields]) -> Customer:
        """Keep what another system knows of a customer: added at the first call, later changed where it differs.

        Nothing is written where nothing differs, and fields that are not given stay as they are.

        Args:
            external_id: the other system's name and its id of the customer: ``("shop", "42")``.
            name: needed at the first call.

        Raises:
            ConflictError: the id is of a record that is no customer.
            TryAgain: (inside a unit of the caller) another process added it meanwhile.
        """
        source, value = external_id[0], str(external_id[1])
        given: dict[str, Any] = {"name": name, **fields} if name else {**fields}
        there = external(self.unit, source, value)
        if there is None:
            return self._first_put(source, value, given)
        if there.record.type != "customer":
            raise ConflictError(
                f"{source}:{value} is a {there.record.type}, no customer: use another source.",
                code="taken",
                field="external_id",
            )
        return self._changed(self.unit.get(Customer, Id(there.record.id)), given)

    def _first_put(self, source: str, value: str, given: dict[str, Any]) -> Customer:
        if not given.get("name"):
            raise InvalidError(
                f"There is no customer {source}:{value} yet: give its name to add it.", code="required", field="name"
            )
        customer = self._added(given)
        try:
            self.unit.add(ExternalId(record=reference_to(customer), source=source, value=value))
        except ConflictError as lost:
            raise TryAgain(f"{source}:{value} was added by somebody else meanwhile: run it again.") from lost
        return customer

    @verb
    def change(self, customer: Whom, *, name: str = "", **fields: Unpack[CustomerFields]) -> Customer:
        """Change the fields that are given; a ``stage`` is changed by ``move``.

        Raises:
            ConflictError: somebody else changed the record that was passed since it was read.
        """
        before = customer if isinstance(customer, Customer) else customer_named(self.unit, customer)
        return self._changed(before, {"name": name, **fields} if name else {**fields})

    @verb
    def move(  # type: ignore[override]  # the family's own verb
        self,
        customer: Whom,
        stage: str,
        *,
        reason: str = "",
        side: str = "",
        note: str = "",
        at: datetime | None = None,
        pipeline: str = "",
    ) -> Customer:
        """Move the customer to a stage of its life cycle, with the reason and whose it is (``customer`` or ``supplier``).

        Args:
            pipeline: the one to enter, for a customer that is in none; by default the only one of customers.

        Raises:
            InvalidError: there is no such pipeline or stage, the reason is none of the stage's, or there are several pipelines.
        """
        before = customer if isinstance(customer, Customer) else customer_named(self.unit, customer)
        if not before.pipeline:
            before = attrs.evolve(before, pipeline=pipeline or only_pipeline(self.unit, Customer).key)
        return self.unit.move(before, stage, reason=reason, side=side, note=note, at=at)

    @verb
    def find(  # type: ignore[override]  # the family's own verb
        self,
        text: str = "",
        *,
        status: str = "",
        tag: str = "",
        owner: Responsible | None = None,
        limit: int | None = 50,
        after: str | None = None,
    ) -> Page[Customer]:
        """Return the customers who answer to a text, by name; erased ones are left out.

        Args:
            text: part of the name (case, accents and letter variants apart), or exactly an e-mail address, a phone number,
                or ``source:external-id``; empty: everybody.
            limit: how many at once; None: all. ``after``: the ``next`` of the page before.
        """
        c = each(Customer)
        tests = [
            matching(self.unit, text),
            c.status == status if status else None,
            c.tags.includes(tag) if tag else None,
            c.erased_at.is_missing,
        ]
        if owner:
            tests.append(c.owner == reference_of(self.unit, owner))
        where = [test for test in tests if test is not None]
        return self.unit.find(Customer, *where, order=[c.name.folded], limit=limit, after=after)

    @verb
    def link(self, customer: Whom, other: Whom, role: str, *, since: datetime | None = None) -> CustomerLink:
        """Say what a customer is to another (``"employee"``, ``"buyer"``, ``"referrer"``); said twice it stands once.

        Raises:
            InvalidError: they are one and the same customer.
        """
        one, two = customer_named(self.unit, customer), customer_named(self.unit, other)
        if one.id == two.id:
            raise InvalidError("A customer can not be linked to itself: name another one.", code="same", field="other")
        k = each(CustomerLink)
        for there in self.unit.find(CustomerLink, k.customer == one.id, k.other == two.id, k.role == role, limit=1):
            return there
        return self.unit.add(CustomerLink(customer=one.id, other=two.id, role=role, since=since))

    @verb
    def unlink(
        self, customer: Whom, other: Whom, role: str = "", *, until: datetime | None = None
    ) -> tuple[CustomerLink, ...]:
        """End the links from a customer to another (in one role, or all), now or at ``until``; return them as kept."""
        one, two = customer_named(self.unit, customer), customer_named(self.unit, other)
        k = each(CustomerLink)
        where = [k.customer == one.id, k.other == two.id, k.until.is_missing, *([k.role == role] if role else [])]
        open_ones = list(self.unit.find(CustomerLink, *where))
        return tuple(self.unit.replace([attrs.evolve(link, until=until or self.now) for link in open_ones]))

    @verb
    def merge(self, winner: Whom, loser: Whom) -> Customer:
        """Make two customers one: all that the loser has is the winner's, and the loser's id leads to the winner.

        Records of every type move, plugins' too; no adjust or check hooks run for them. What both have under one unique
        key is settled as its record type says. Empty fields of the winner are filled from the loser, tags are joined.
        Two who are one already (merged by somebody else meanwhile) stay as they are.

        Raises:
            InvalidError: both are named by the same id.
            RefusedError: a record type keeps both customers' records apart (``on_merge_conflict="refuse"``).
        """
        if isinstance(winner, Customer) and isinstance(loser, Customer) and winner.id == loser.id:
            raise InvalidError("A customer can not be merged with itself: name two.", code="same", field="loser")
        return merged(self.unit, customer_named(self.unit, winner), customer_named(self.unit, loser))

    @verb(long=True)
    def erase(self, customer: Whom, *, dry_run: bool = False, progress: Callable[[int], None] | None = None) -> Erasure:
        """Erase a customer: what tells of them is removed or blanked everywhere, in the log too; a tombstone stays.

        Records of every type are dealt with as they declare (``Owner(on_erase=...)``, ``Personal()``), plugins' too, also
        of plugins that are not there; no adjust or check hooks run for them. Where it was interrupted, the same call goes
        on. Afterwards nothing more can be kept of the customer. Done again it changes nothing.

        Args:
            dry_run: write nothing; say what would happen.
            progress: is told how many records were dealt with so far.

        Raises:
            ConflictError: this customer is just being erased. UpgradeNeeded: records of a type can not be read.
        """
        return Erasing(self.unit).run(
            customer_named(self.unit, customer), dry_run=dry_run, progress=progress or _silent
        )

    @verb
    def show(self, customer: Whom) -> Profile:
        """Return all that is known of a customer at a glance."""
        return profile_of(self.unit, customer_named(self.unit, customer))

    # --- contact points ---
    @verb
    def contact_points(self, customer: Whom) -> tuple[ContactPoint, ...]:
        """Return the customer's addresses, in the order in which they were added."""
        return tuple(points_of(self.unit, customer_named(self.unit, customer).id))

    @verb
    def add_contact_point(
        self, customer: Whom, kind: str, value: str, *, label: str = "", is_primary: bool = False
    ) -> ContactPoint:
        """Keep one more address; one that is there gets the new label. The first of its kind is primary.

        Raises:
            InvalidError: the value can not be an address of this kind.
        """
        known = customer_named(self.unit, customer)
        return add_point(self.unit, known, Address.of(kind, value, known.country), label=label, is_primary=is_primary)

    @verb
    def remove_contact_point(self, point: ContactPoint) -> None:
        """Remove an address; where it was the primary one, the oldest other of its kind becomes it."""
        self.unit.remove(point)
        rest = [p for p in points_of(self.unit, point.customer) if p.kind == point.kind]
        if point.is_primary and rest:
            self.unit.replace(attrs.evolve(rest[0], is_primary=True))

    # --- what add, put and change share ---
    def _added(self, given: dict[str, Any]) -> Customer:
        values = self._values(given)
        addresses = taken_from(values, values.get("country", ""))
        customer = self.unit.add(Customer(**values))
        put_addresses(self.unit, customer, addresses, is_new=True)
        return customer

    def _changed(self, before: Customer, given: dict[str, Any]) -> Customer:
        values = self._values(given)
        addresses = taken_from(values, values.get("country", before.country))
        if "custom" in values:
            values["custom"] = {**before.custom, **values["custom"]}
        after = attrs.evolve(before, **values)
        kept = before if after == before else self.unit.replace(after)
        put_addresses(self.unit, kept, addresses)
        return kept

    def _values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        for field in given:
            if field not in _KNOWN:
                hint = nearest(field, _KNOWN)
                raise InvalidError(f"A customer has no field {field!r}.{hint}", code="unknown_field", field=field)
        values = dict(given)
        if "owner" in values:
            values["owner"] = reference_of(self.unit, values["owner"])
        if "tags" in values:
            values["tags"] = frozenset(values["tags"])
        return values


def _silent(done: int) -> None:
    """Tell nobody."""
