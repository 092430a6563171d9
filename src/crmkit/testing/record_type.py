"""The contract of record types: what follows from a declaration must hold, as a pytest class for their author to run.

    class TestRepairOrder(RecordTypeContract):
        record_type = RepairOrder

It is tried with records of every kind of value, which the contract makes itself; where the class takes none of them,
give ``examples``. Hooks of the plugin play no part.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Final
from uuid import UUID

import attrs
import pytest

from ..crm import CRM
from ..errors import RefusedError
from ..ports.plugin import Plugin
from ..query import Condition, each
from ..query.values import ordered_kinds
from ..records import (
    CORE_TYPES,
    AnyRef,
    Customer,
    Declaration,
    Field,
    FieldDefinition,
    Pipeline,
    Record,
    Stage,
    Staged,
    declaration_of,
    short_id,
)
from ..records.as_json import from_json, to_json, value_from_json
from ..records.blanking import blanked
from ..records.ledger import class_from_ledger, declaration_to_json
from .contract import Contract
from .samples import Samples, kept, told

STORES: Final = ("memory:", "sqlite://")
Values = dict[str, Any]
_WORD: Final = 4
"""A text of so many letters stands nowhere else by chance."""


class RecordTypeContract(Contract):
    """Set ``record_type``; ``plugin`` where it has pipelines, custom fields or refers to other record types of it.

    Attributes:
        examples: records to try it with, where the class takes none of those that the contract makes.
    """

    record_type: ClassVar[type[Record]]
    plugin: ClassVar[Plugin | None] = None
    examples: ClassVar[Sequence[Record]] = ()

    # --- keeping ---
    @pytest.mark.parametrize("url", STORES)
    def test_it_is_kept_as_it_was_given(self, url: str) -> None:
        """What every store gives back has the values that it was given, in every script and at the ends of every range."""
        samples = self._samples()
        with self._crm(url) as crm:
            for record in self._kept(crm, samples):
                back = crm.get(self.record_type, record.id)
                _same(values_of(back), values_of(record), "read back")
                _same(values_of(back), _plain(samples.given.get(record.id, {})), "kept")

    def test_missing_values_are_taken(self) -> None:
        """A record with nothing but what is required is kept, and one whose optional fields are all missing."""
        samples = self._samples()
        with self._crm() as crm:
            _, refused = kept(crm, samples)
        assert not samples.faults, f"It can not be made: {told(samples.faults[0])}"
        assert not refused, f"It is not kept: {told(refused[0])}"

    def test_it_stays_as_it_is(self) -> None:
        """A record is frozen, can be hashed, and is equal to one with the same values."""
        records = self._samples().records
        for record, other in pairwise(records):
            with pytest.raises((attrs.exceptions.FrozenInstanceError, AttributeError)):
                record.version = 1  # type: ignore[misc]  # what is tried
            assert attrs.evolve(record) == record, "Two records with the same values are not equal: leave eq= alone."
            assert len({record, attrs.evolve(record)}) == 1
            changed = attrs.evolve(record, **_changes(declaration_of(self.record_type), other))
            assert values_of(changed) == values_of(record) or changed != record, (
                "Two records with other values are equal: leave eq= alone."
            )

    def test_json_is_exact(self) -> None:
        """As JSON and back it is the record that it was: the log, exports, backups and file stores rely on it."""
        with self._crm() as crm:
            for record in self._kept(crm):
                text = json.dumps(to_json(record), ensure_ascii=False)
                _same(values_of(from_json(self.record_type, json.loads(text))), values_of(record), "read from JSON")

    # --- asking ---
    def test_each_field_can_be_asked_for(self) -> None:
        """A question for a field's value finds the record, also where the value is missing; records can be ordered by it."""
        with self._crm() as crm:
            records = self._kept(crm)
            for field in declaration_of(self.record_type).own_fields:
                for record in records:
                    found = self._found(crm, _question(self.record_type, field, getattr(record, field.name)))
                    assert record.id in found, f"{field.name} = {getattr(record, field.name)!r} finds another record."
                if field.kind in ordered_kinds:
                    path = getattr(each(self.record_type), field.name)
                    assert len(crm.find(self.record_type, order=[path])) == len(crm.find(self.record_type))

    def test_people_can_name_it(self) -> None:
        """A name for programs, one for the command line, a line about it; the last characters of an id lead to a record."""
        declared = declaration_of(self.record_type)
        assert re.fullmatch(r"[a-z][a-z0-9_]*", declared.name), f"{declared.name!r}: write small letters and _."
        assert re.fullmatch(r"[a-z][a-z0-9-]*", declared.plural), f"{declared.plural!r}: write small letters and -."
        assert declared.doc and not declared.doc.startswith("Method generated by attrs"), (
            "It has no docstring: say what a record is."
        )
        with self._crm() as crm:
            for record in self._kept(crm):
                assert repr(record)
                assert crm.naming.named(self.record_type, short_id(record.id)).id == record.id

    # --- files ---
    @pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
    def test_an_export_comes_back(self, suffix: str) -> None:
        """An export imported again changes nothing, and imported elsewhere makes the same records."""
        self._is_not_operational()
        samples = self._samples()
        plural = declaration_of(self.record_type).plural
        with tempfile.TemporaryDirectory() as folder, self._crm() as here, self._crm() as there:
            file = Path(folder, f"records{suffix}")
            records = {record.id: record for record in self._kept(here, samples)}
            samples.kept_around(there)
            here.exports.run(plural, file)
            again = here.imports.run(file, plural)
            assert again.unchanged == len(records), f"Imported again: {again.reasons or again}"
            there.imports.run(file, plural)
            back = {record.id: record for record in there.find(self.record_type)}
            for key, record in records.items():
                assert key in back, f"{record!r} did not come back."
                _same(_said(back[key]), _said(record), "imported")

    # --- time ---
    def test_a_change_can_be_taken_back(self) -> None:
        """The log has both sides of every change, so that the values before it can be restored."""
        if declaration_of(self.record_type).mode != "mutable":
            pytest.skip("its records are not changed")
        with self._crm() as crm:
            records = self._kept(crm)
            for record, other in pairwise(records):
                changed = crm.replace(attrs.evolve(record, **_changes(declaration_of(self.record_type), other)))
                back = crm.replace(attrs.evolve(changed, **_before(crm, changed)))
                _same(values_of(back), values_of(record), "restored")

    def test_fields_may_be_added_later(self) -> None:
        """Records that were kept before fields were declared are still read; those fields then have their defaults."""
        added = [
            field.name
            for field in declaration_of(self.record_type).own_fields
            if _may_be_added(self.record_type, field)
        ]
        samples = self._samples()
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder, 'crm.db')}"
            with self._crm(url, self._older(added)) as crm:
                old = crm.house.by_name[declaration_of(self.record_type).name]
                samples.kept_around(crm)
                before = [crm.add(_shortened(old, record, added)) for record in samples.records]
            with self._crm(url) as crm:
                crm.upgrade()
                for record in before:
                    read, again = crm.get(self.record_type, record.id), crm.get(self.record_type, record.id)
                    wanted = _own(self.record_type(id=record.id, **_own(record)))
                    _same(_own(read), {**wanted, **_own(record)}, "read by the newer type")
                    _same(_own(again), _own(read), "read once more")

    def _older(self, added: Sequence[str]) -> type[Record]:
        """Return the record type as it was before fields were declared."""
        declared = declaration_to_json(declaration_of(self.record_type))
        declared["fields"] = [one for one in declared["fields"] if one["name"] not in added]
        known = (*CORE_TYPES, *(one for one in self._offers(None) if isinstance(one, type)))
        return class_from_ledger(declared, {declaration_of(one).name: one for one in known})

    # --- customers ---
    def test_a_merge_moves_it(self) -> None:
        """Where a customer becomes one with another, its records are the other's, and nothing else of them changes."""
        if declaration_of(self.record_type).belongs != "owner" or self.record_type is Customer:
            pytest.skip("it belongs to no customer")
        samples = self._samples()
        with self._crm() as crm:
            records = [record for record in self._kept(crm, samples) if record.customer_id == samples.customer.id]
            if not records:
                pytest.skip("none of its examples belongs to a customer that can be known")
            winner = crm.customers.add(name="Anna J.")
            try:
                crm.customers.merge(winner, samples.customer)
            except RefusedError as error:
                raise AssertionError(
                    f"A merge of its customer with one that has no such records is refused: {error}"
                ) from error
            moved = crm.get_many(self.record_type, [record.id for record in records])
            for record in records:
                assert record.id in moved, f"{record!r} is gone."
                assert moved[record.id].customer_id == winner.id
                _same(values_of(moved[record.id]), _renamed(record, samples.customer, winner), "moved")

    def test_an_erasure_finds_it(self) -> None:
        """What names a customer belongs to one, and an erasure of that person removes it, or leaves nothing that tells of them."""
        declared = declaration_of(self.record_type)
        naming = [field.name for field in declared.references if field.target is Customer]
        if self.record_type is not Customer:
            assert not naming or declared.belongs == "owner", (
                f"{naming[0]} names a customer, but its records belong to nobody: mark it Owner(on_erase=...)."
            )
        about = [field.name for field in declared.own_fields if field.personal]
        assert not about or declared.belongs != "shared", (
            f"{about[0]} is personal, but the type is shared: an erasure would not find it."
        )
        if declared.belongs == "owner":
            self._try_an_erasure(declared)

    def _try_an_erasure(self, declared: Declaration) -> None:
        samples = self._samples()
        with self._crm() as crm:
            records = [record for record in self._kept(crm, samples) if record.customer_id == samples.customer.id]
            crm.customers.erase(samples.customer)
            left = crm.get_many(self.record_type, [record.id for record in records])
            assert not left or declared.on_erase == "keep", f"{next(iter(left.values()))!r} is still there."
            for record in records:
                if record.id in left:
                    assert blanked(left[record.id]) is left[record.id]
                    _says_nothing(record, left[record.id], samples.given.get(record.id, {}))

    # --- parts ---
    def _found(self, crm: CRM, where: Condition) -> set[Any]:
        return {record.id for record in crm.find(self.record_type, where)}

    def _is_not_operational(self) -> None:
        if declaration_of(self.record_type).mode == "operational":
            pytest.skip("it is kept by the machinery for itself: it is neither exported nor imported")

    def _samples(self) -> Samples:
        samples = Samples(self.record_type)
        if self.examples:
            samples = attrs.evolve(samples)
            samples.records, samples.faults = list(self.examples), []
        assert samples.records, (
            f"It can not be made of values of its kinds, so give examples: {told(samples.faults[0])}"
        )
        return samples

    def _kept(self, crm: CRM, samples: Samples | None = None) -> list[Record]:
        """Keep the samples; those that are not taken are another check's."""
        found, refused = kept(crm, samples or self._samples())
        assert found, f"None of its records is kept: {told(refused[0])}" if refused else "There is nothing to try."
        return found

    @contextmanager
    def _crm(self, url: str = STORES[0], instead: type[Record] | None = None) -> Generator[CRM]:
        """A CRM with the record type, what it needs of its plugin, and none of the plugin's hooks."""
        plugin = Plugin("record-type-under-test", offers=self._offers(instead))
        with CRM.open(url, plugins=[plugin], discover=False, environ={}, strict=True, pause=_never) as crm:
            yield crm

    def _offers(self, instead: type[Record] | None) -> Iterator[Any]:
        of = self.record_type
        own = () if of in CORE_TYPES else (of,)
        offered = tuple(one for one in self.plugin.offers if _is_data(one)) if self.plugin else own
        if of not in offered and of not in CORE_TYPES:
            offered = (of, *offered)
        for offer in offered:
            yield (
                instead
                if offer is of and instead
                else attrs.evolve(offer, of=instead)
                if instead and getattr(offer, "of", None) is of
                else offer
            )
        if (
            issubclass(of, Staged)
            and of not in CORE_TYPES
            and not any(isinstance(offer, Pipeline) for offer in offered)
        ):
            path: Any = instead or of
            yield Pipeline("under-test", of=path, stages=(Stage("new"), Stage("done", "won")))


def _never(seconds: float) -> None:
    """Contracts do not sleep."""


def _is_data(offer: Any) -> bool:
    return isinstance(offer, Pipeline | FieldDefinition) or (isinstance(offer, type) and issubclass(offer, Record))


def values_of(record: Record) -> Values:
    """Return what the author of a record type declared of a record, by field."""
    return {field.name: getattr(record, field.name) for field in declaration_of(type(record)).own_fields}


def _same(found: Mapping[str, Any], given: Mapping[str, Any], how: str) -> None:
    for name, value in given.items():
        assert found[name] == value, f"{name} is {found[name]!r} when {how}, not {value!r}."


def _plain(values: Mapping[str, Any]) -> Values:
    """Return what nothing may change: a type may tidy texts, and fill gaps."""
    return {name: value for name, value in values.items() if not isinstance(value, str) and value is not None}


def _said(record: Record) -> Values:
    """Return a record's values; an empty cell says nothing, so that what is empty comes back as the default."""
    defaults = {a.alias: a.default for a in attrs.fields(type(record)) if not hasattr(a.default, "factory")}
    empty: tuple[Any, ...] = ("", frozenset[str]())
    return {name: defaults.get(name, value) if value in empty else value for name, value in values_of(record).items()}


def _renamed(record: Record, loser: Customer, winner: Customer) -> Values:
    """Return a record's values with every reference to one customer made one to the other."""
    new: dict[Any, Any] = {loser.id: winner.id, AnyRef("customer", loser.id): AnyRef("customer", winner.id)}
    return {
        name: new.get(value, value) if isinstance(value, UUID | AnyRef) else value
        for name, value in values_of(record).items()
    }


def _says_nothing(before: Record, after: Record, given: Mapping[str, Any]) -> None:
    """Look whether another field repeats what a personal one said: a value that was made of it, not given."""
    fields = declaration_of(type(before)).own_fields
    told_before = {getattr(before, f.name) for f in fields if f.personal and f.kind in ("text", "code")}
    words = [word.casefold() for word in told_before if word and len(word) >= _WORD]
    for field in fields:
        value = getattr(after, field.name)
        if not field.personal and isinstance(value, str) and value != given.get(field.name):
            assert not any(word in value.casefold() for word in words), (
                f"{field.name} repeats after an erasure what a personal field said, {value!r}: mark it Personal() too."
            )


def _question(of: type[Record], field: Field, value: Any) -> Any:
    path = getattr(each(of), field.name)
    if value is None:
        return path.is_missing
    if field.kind == "codes" and value:
        return path.includes(min(value))
    if field.kind in ("json", "codes", "local_text"):
        return ~path.is_missing
    return path.contains(value) if field.searchable else path == value


def _changes(declared: Declaration, other: Record) -> Values:
    """Return the other's values of what may be changed freely: no key, no owner, no place on a path."""
    kept_back = {name for key in declared.unique for name in key} | {"pipeline", "stage", "state"}
    kept_back |= {attribute.alias for attribute in attrs.fields(declared.of) if not attribute.init}
    return {
        field.name: getattr(other, field.name)
        for field in declared.own_fields
        if field.name not in kept_back and not field.owner
    }


def _before(crm: CRM, record: Record) -> Values:
    """Return the values before the last change, as the log has them."""
    last = crm.history.of(record, limit=1)[0]
    fields = declaration_of(type(record)).by_name
    return {name: value_from_json(fields[name], sides[0]) for name, sides in last.values.items() if name in fields}


def _may_be_added(of: type[Record], field: Field) -> bool:
    """Whether a type can have done without a field: it has a default, is no key and no owner."""
    declared = declaration_of(of)
    keys = {name for key in (*declared.unique, *declared.indexes) for name in key}
    staged = {"pipeline", "stage", "state"} if declared.staged else set[str]()
    return not field.required and not field.owner and field.name not in keys | staged


def _own(record: Record) -> Values:
    """Return a record's values without where it stands on its path."""
    staged = {"pipeline", "stage", "state"} if declaration_of(type(record)).staged else set[str]()
    return {name: value for name, value in values_of(record).items() if name not in staged}


def _shortened(of: type[Record], record: Record, names: Sequence[str]) -> Record:
    return of(id=record.id, **{name: value for name, value in values_of(record).items() if name not in names})
