"""Random imports and edits: undoing restores the world exactly, but for what it lists."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit import CRM, Customer, Deal
from crmkit.errors import CRMError
from crmkit.query import each
from crmkit.records import Span, declaration_of
from crmkit.records.as_json import to_json
from crmkit.services.importing import fates, undoing

World = dict[str, dict[str, Any]]
STAMPS = ("version", "updated_at", "customer_id")
PEOPLE = st.integers(0, 5)
WORDS = st.sampled_from(["", "Anna", "Bea", "Cor", "Do"])
MAILS = st.sampled_from(["", "a@example.nl", "b@example.nl", "c@example.nl"])
CUSTOMER = st.tuples(PEOPLE, WORDS.filter(bool), MAILS, st.sampled_from(["", "vip", "new|vip"]), st.sampled_from(["", "customer", "former"]), st.sampled_from(["", "0", "1", "2"]))  # fmt: skip
DEAL = st.tuples(PEOPLE, st.sampled_from(["", *"0123"]), WORDS, st.sampled_from(["", "offer", "won"]))
IMPORT = st.one_of(
    st.tuples(st.just("customers"), st.lists(CUSTOMER, max_size=6)),
    st.tuples(st.just("deals"), st.lists(DEAL, max_size=6)),
)
HEADS = {"customers": "external_id,name,email,tags,status,organisation", "deals": "external_id,customer,title,stage"}
EDIT = st.tuples(
    st.sampled_from(["change", "deal", "call", "remove", "merge", "move", "address"]),
    st.integers(0, 9),
    st.integers(0, 9),
)


def world(crm: CRM) -> World:
    return {
        str(record.id): {"type": declaration_of(of).name}
        | {k: v for k, v in to_json(record).items() if k not in STAMPS}
        for of in crm.house.types
        if declaration_of(of).mode != "operational" or of is Span
        for record in crm.find(of)
    }


def do_import(crm: CRM, folder: Path, number: int, of: str, rows: Sequence[Sequence[Any]], size: int) -> Any:
    path = folder / f"{number}.csv"
    path.write_text("\n".join([HEADS[of], *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8")
    return crm.imports.run(path, of=of, batch_size=size)


def edit(crm: CRM, what: str, one: int, other: int) -> None:
    """Do something as a person would; what can not be done is not."""
    people, deals = crm.find(Customer, order=[each(Customer).id]), crm.find(Deal, order=[each(Deal).id])
    if not people:
        crm.customers.add(name="Eva")
        return
    who, whom = people[one % len(people)], people[other % len(people)]
    try:
        if what == "change":
            crm.customers.change(who, tier=f"t{other}")
        elif what == "deal":
            crm.deals.open(who, title=f"d{other}")
        elif what == "call":
            crm.interactions.record(who, channel="phone", body="called")
        elif what == "merge" and who != whom:
            crm.customers.merge(who, whom)
        elif what == "address":
            crm.customers.change(who, phone=f"+3161234567{other}")
        elif what == "move" and deals:
            crm.deals.move(deals[other % len(deals)], "lost")
        elif what == "remove" and deals:
            crm.remove(deals[one % len(deals)])
    except CRMError:
        return


def broken_references(crm: CRM) -> set[tuple[str, str]]:
    there = {str(record.id) for of in crm.house.types for record in crm.find(of)}
    broken: set[tuple[str, str]] = set()
    for of in crm.house.types:
        for field in declaration_of(of).references:
            if field.kind == "ref" and not isinstance(field.target, type):
                continue
            for record in crm.find(of):
                named = getattr(record, field.name)
                if named is not None and str(getattr(named, "id", named)) not in there:
                    broken.add((str(record.id), field.name))
    return broken


def differences(before: World, imported: World, edited: World, after: World, listed: set[str]) -> Iterator[str]:
    """Say where the world is not what it has to be."""

    touched = {key for key in imported.keys() | edited.keys() if imported.get(key) != edited.get(key)}

    def of_listed(record: dict[str, Any] | None) -> bool:
        if record is None or record["type"] != "span":
            return False
        return str(record["record"]).partition(":")[2] in listed | touched

    for key in before.keys() | imported.keys() | edited.keys() | after.keys():
        if any(of_listed(side.get(key)) for side in (before, edited, after)):
            continue
        expected = edited.get(key) if key in listed | touched else before.get(key)
        if after.get(key) != expected:
            yield f"{key} is {after.get(key)} and not {expected}"
        is_both = key in touched and before.get(key) != imported.get(key)
        if is_both and key in imported and key in edited and key not in listed:
            yield f"{key} was changed since and is not listed"


@given(
    firsts=st.lists(IMPORT, max_size=2), imported=IMPORT, edits=st.lists(EDIT, max_size=5), earlier=st.lists(EDIT, max_size=3),
    size=st.sampled_from([1, 2, 100]),
)  # fmt: skip
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_undoing_restores_the_world_but_for_what_it_lists(
    firsts: list[Any], imported: Any, edits: list[Any], earlier: list[Any], size: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, CRM.open("memory:", discover=False, pause=lambda _: None) as crm:
        for number, (of, rows) in enumerate(firsts):
            do_import(crm, Path(folder), number, of, rows, size)
        for one in earlier:
            edit(crm, *one)
        before = world(crm)
        made = do_import(crm, Path(folder), 9, *imported, size)
        after_import = world(crm)
        for one in edits:
            edit(crm, *one)
        edited, broken = world(crm), broken_references(crm)
        tried = crm.imports.undo(made.operation, dry_run=True)
        assert world(crm) == edited
        done = crm.imports.undo(made.operation)
        assert (tried.removed, tried.restored, tried.left) == (done.removed, done.restored, done.left)
        listed = {str(one.record_id) for one in done.leftovers}
        assert not list(differences(before, after_import, edited, world(crm), listed))
        assert broken_references(crm) <= broken
        if not edits:
            assert not listed


def test_the_property_sees_a_reference_that_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: an undo that asks nobody who refers to a record."""
    monkeypatch.setattr(fates, "references", lambda work, refs: ())
    with CRM.open("memory:", discover=False) as crm:
        made = do_import(crm, tmp_path, 1, "customers", [(1, "Anna", "", "", "", "")], 100)
        crm.deals.open(crm.find(Customer)[0], title="A bicycle")
        crm.imports.undo(made.operation)
        assert broken_references(crm)


def test_the_property_sees_a_record_that_is_not_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: an undo that only removes."""
    monkeypatch.setattr(undoing, "as_before", lambda found: ({}, {}))
    with CRM.open("memory:", discover=False) as crm:
        crm.customers.put(("customers", "1"), name="Anne")
        before = world(crm)
        made = do_import(crm, tmp_path, 1, "customers", [(1, "Anna", "", "", "", "")], 100)
        edited = world(crm)
        crm.imports.undo(made.operation)
        assert list(differences(before, edited, edited, world(crm), set()))
