"""Every record type of the core and of the first-party plugins, filled to the brim past all verbs: nothing personal is left of it.

A type that is added later is tried too: the test makes its records by the declarations alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import select

from crmkit import CRM
from crmkit.ports.store import Add
from crmkit.query import Find
from crmkit.records import AnyRef, Customer, Declaration, Field, LocalText, LogEntry, Record, declaration_of, new_id
from crmkit.records.blanking import altered
from crmkit.records.values import frozen
from crmkit.testing.samples import Samples
from crmkit_cases import plugin as cases
from crmkit_loyalty_card import plugin as cards
from tests.services.erasing.world import CANARY, canaries, plugin

WRITTEN = {
    "text": CANARY, "code": CANARY, "codes": frozenset({CANARY}), "json": frozen({"a": [CANARY]}), "local_text": LocalText.of(CANARY),
}  # fmt: skip
"""What a canary is in a field of each kind."""


@pytest.fixture
def crm_plugins() -> list[Any]:
    return [plugin, cases, cards]


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
