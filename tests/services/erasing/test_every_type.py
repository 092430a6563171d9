"""Every record type of the core and of the first-party plugins, filled to the brim past all verbs: nothing personal is left of it.

A type that is added later is tried too: the test makes its records by the declarations alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

import attrs
import pytest
from sqlalchemy import select

from crmkit import CRM
from crmkit.ports.plugin import Plugin
from crmkit.ports.store import Add, Replace
from crmkit.query import Find, each
from crmkit.records import (
    AnyRef,
    Choices,
    Code,
    Customer,
    Declaration,
    Field,
    History,
    Id,
    Interaction,
    LocalText,
    LogEntry,
    NotPersonal,
    Owner,
    Personal,
    Record,
    Span,
    WallTime,
    declaration_of,
    new_id,
)
from crmkit.records.blanking import altered
from crmkit.records.values import frozen
from crmkit.testing.samples import Samples
from crmkit_cases import plugin as cases
from crmkit_loyalty_card import plugin as cards
from tests.services.erasing.world import CANARY, canaries, plugin


@attrs.frozen(kw_only=True)
class Diagnosis(Record):
    """A plugin's record that goes with its customer: each kind of field tells something without a word."""

    customer: Annotated[Id[Customer], Owner(on_erase="remove")]
    state: Annotated[Code, Choices("positive", "well"), Personal()]
    stage: Annotated[Code, Choices("late", "early")] = "early"
    found_at: datetime
    told_at: datetime | None = None
    on: date
    hour: WallTime | None = None
    is_pregnant: bool = False
    weight: int = 0
    doctor: Annotated[Id[Customer], Personal()]
    by: Annotated[AnyRef | None, Personal()] = None
    visit: Id[Interaction] | None = None


@attrs.frozen(kw_only=True)
class Job(Record):
    """A plugin's record that stays, with a history that tells."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep")] = None
    employer: Annotated[str | None, Personal(), History()] = None
    grade: Annotated[Code, NotPersonal(), History()] = ""


WRITTEN = {
    "text": CANARY, "code": CANARY, "codes": frozenset({CANARY}), "json": frozen({"a": [CANARY]}), "local_text": LocalText.of(CANARY),
}  # fmt: skip
"""What a canary is in a field of each kind."""


@pytest.fixture
def crm_plugins() -> list[Any]:
    return [plugin, cases, cards, Plugin("health", offers=[Diagnosis, Job])]


def owned(crm: CRM) -> Iterator[Declaration]:
    for of in crm.house.types:
        declaration = declaration_of(of)
        if declaration.owner is not None or of in (Customer, LogEntry):
            yield declaration


def is_personal(declaration: Declaration, field: Field) -> bool:
    """What is declared so; in a record that is removed, every word."""
    return bool(field.personal) or declaration.on_erase == "remove"


def brimming(declaration: Declaration, anna: Customer) -> Record:
    """Return a record of the customer with a canary in each field that can hold one, and what is not personal beside them."""
    record = Samples(declaration.of, customer=anna).records[-1]
    values: dict[str, Any] = {}
    for field in declaration.own_fields:
        if field.kind in WRITTEN and not field.choices and not field.zone_name:
            values[field.name] = WRITTEN[field.kind] if is_personal(declaration, field) else getattr(record, field.name)
        if field.owner:
            values[field.name] = AnyRef("customer", anna.id) if field.kind == "any_ref" else new_id()
            values[field.name] = anna.id if declaration.direct else values[field.name]
    if "custom" in declaration.by_name:
        values["custom"] = frozen({"x": CANARY})
    return altered(record, {**values, "_id": new_id(), "customer_id": anna.id, "version": 1})


def write(crm: CRM, records: Sequence[Record]) -> None:
    transaction = crm.store.begin(write=True)
    assert transaction.write([Add(record) for record in records]) == []
    transaction.commit()


def in_tables(crm: CRM) -> list[str]:
    """Return the rows of all tables of a SQL store that hold the word, read past records; search keys too."""
    store: Any = crm.store
    if not hasattr(store, "table"):
        return []
    transaction = store.begin(write=False)
    tables = [store.table(of) for of in crm.house.types]
    rows = [f"{table.name}: {row}" for table in tables for row in transaction.execute(select(table)).all()]
    transaction.rollback()
    return [row for row in rows if CANARY.casefold() in row.casefold()]


@pytest.mark.crm(stores=["memory", "sqlite", "postgresql", "mariadb"])
def test_nothing_personal_is_left_of_any_type(crm: CRM):
    anna = crm.customers.add(name=f"{CANARY} Anna")
    made = {
        declaration.name: brimming(declaration, anna) for declaration in owned(crm) if declaration.of is not Customer
    }
    assert len(made) > 22
    write(crm, list(made.values()))
    filled = {where.partition(":")[0] for where in canaries(crm)}
    assert filled >= {name for name, record in made.items() if CANARY in repr(record)}
    crm.customers.erase(anna)
    assert canaries(crm) == []
    assert in_tables(crm) == []


@pytest.mark.crm(stores=["memory", "sqlite"])
def test_what_is_not_personal_stays(crm: CRM):
    """Field by field as its declaration says, but for what an erasure brings to its end."""
    ended = {("message", "status"), ("message", "reason"), ("interaction", "state")}
    anna = crm.customers.add(name="Anna")
    made = [
        brimming(declaration, anna)
        for declaration in owned(crm)
        if declaration.of not in (Customer, LogEntry) and declaration.on_erase == "keep"
    ]
    write(crm, made)
    crm.customers.erase(anna)
    transaction = crm.store.begin(write=False)
    kept = {record.id: record for of in {type(one) for one in made} for record in transaction.find(Find(of=of))}
    transaction.rollback()
    for record in made:
        declaration = declaration_of(type(record))
        if isinstance(owner := getattr(record, declaration.owner.name), AnyRef) or declaration.direct:  # type: ignore[union-attr]  # it has one
            assert owner is not None
            for field in declaration.own_fields:
                if not field.personal and (declaration.name, field.name) not in ended:
                    assert getattr(kept[record.id], field.name) == getattr(record, field.name), (
                        declaration.name,
                        field.name,
                    )


FORMER = {"crmkit:outline": True, "state": "positive", "found_at": "2020-02-03T00:00:00Z"}
"""What the log once kept of a removed record."""


@pytest.mark.crm(stores=["memory", "sqlite"])
class TestWhatTheLogKeepsOfARemovedRecord:
    def diagnosis(self, crm: CRM, anna: Customer) -> Diagnosis:
        doctor = crm.customers.add(name="Dr. Bo")
        visit = crm.interactions.record(anna, subject="visit")
        return crm.add(
            Diagnosis(
                customer=anna.id, state="positive", stage="late", found_at=datetime(2020, 2, 3, tzinfo=UTC),
                told_at=datetime(2020, 2, 4, tzinfo=UTC), on=date(2020, 2, 3), hour=WallTime(datetime(2020, 2, 3, 9), "UTC"),  # noqa: DTZ001  # a wall's clock has no zone
                is_pregnant=True, weight=61, doctor=doctor.id, by=AnyRef("customer", doctor.id), visit=visit.id,
            )
        )  # fmt: skip

    def entries(self, crm: CRM, record: Record) -> list[LogEntry]:
        return list(crm.stream(LogEntry, each(LogEntry).record_id == record.id))

    def test_it_says_which_it_was_and_whose_alone(self, crm: CRM):
        anna = crm.customers.add(name="Anna")
        gone = self.diagnosis(crm, anna)
        crm.customers.erase(anna)
        told = [entry.values for entry in self.entries(crm, gone) if entry.values]
        assert len(told) == 1
        assert (told[0]["id"], told[0]["customer"], told[0]["visit"]) == (str(gone.id), str(anna.id), str(gone.visit))
        assert told[0]["created_at"]
        told_of = {name: told[0][name] for name in declaration_of(Diagnosis).by_name if told[0].get(name)}
        empty = {"found_at": "0001-01-01T00:00:00Z", "on": "0001-01-01", "doctor": "00000000-0000-0000-0000-000000000000"}  # fmt: skip
        assert told_of.keys() - empty.keys() == {
            "id", "version", "created_at", "updated_at", "customer_id", "customer", "visit",
        }  # fmt: skip
        assert {name: told[0][name] for name in empty} == empty
        assert crm.customers.erase(anna.id).is_empty

    def test_what_it_once_kept_is_found(self, crm: CRM):
        anna = crm.customers.add(name="Anna")
        gone = self.diagnosis(crm, anna)
        crm.customers.erase(anna)
        kept = next(entry for entry in self.entries(crm, gone) if entry.values)
        transaction = crm.store.begin(write=True)
        assert transaction.write([Replace(attrs.evolve(kept, values=frozen(FORMER)))]) == []
        transaction.commit()
        assert crm.customers.erase(anna.id).log_entries == 1
        assert not any(entry.values for entry in self.entries(crm, gone))


@pytest.mark.crm(stores=["memory", "sqlite"])
class TestHistoriesThatTell:
    def job(self, crm: CRM, anna: Customer) -> Job:
        job = crm.add(Job(customer=anna.id, employer=CANARY, grade="senior"))
        return crm.replace(attrs.evolve(job, employer=None))

    def test_they_go_though_the_field_is_empty_now(self, crm: CRM):
        anna = crm.customers.add(name="Anna")
        job = self.job(crm, anna)
        assert crm.customers.erase(anna, dry_run=True).removed["span"] == 1
        done = crm.customers.erase(anna)
        assert (done.removed["span"], done.kept["job"]) == (1, 1)
        left = list(crm.stream(Span, each(Span).record == job))
        assert [span.field for span in left] == ["grade"]
        assert crm.customers.erase(anna.id).is_empty

    def test_a_second_erasure_finds_them_too(self, crm: CRM):
        anna = crm.customers.add(name="Anna")
        job = self.job(crm, anna)
        span = next(one for one in crm.stream(Span, each(Span).record == job) if one.field == "employer")
        crm.customers.erase(anna)
        write(crm, [span])
        assert crm.customers.erase(anna.id).removed == {"span": 1}
        assert canaries(crm) == []
