"""An import is undone as a whole; what somebody changed since, or refers to, stays and is listed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import attrs
import pytest

from crmkit import (
    CRM,
    Code,
    ContactPoint,
    Customer,
    CustomerLink,
    Deal,
    ExternalId,
    Id,
    NotPersonal,
    Owner,
    Plugin,
    Record,
    StageChange,
)
from crmkit.errors import ConflictError, InvalidError, NotFoundError
from crmkit.query import each
from crmkit.records import LogEntry, Operation, Span, declaration_of, short_id
from crmkit.records.as_json import to_json

pytestmark = pytest.mark.crm(stores="all")
STAMPS = ("version", "updated_at")


@attrs.frozen(kw_only=True)
class Bicycle(Record, unique=[("frame",)]):
    """A plugin's record type, of which the core knows nothing."""

    customer: Annotated[Id[Customer], Owner(on_erase="remove", on_merge_conflict="keep_winner")]
    frame: Code
    colour: Annotated[str, NotPersonal()] = ""


@pytest.fixture
def crm_plugins() -> Sequence[Any]:
    return [Plugin("shop", offers=(Bicycle,))]


def file_of(folder: Path, text: str, name: str = "till.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def world(crm: CRM) -> dict[str, Any]:
    """All that is kept but the log and the stamps of changes."""
    return {
        f"{declaration_of(of).name} {record.id}": {k: v for k, v in to_json(record).items() if k not in STAMPS}
        for of in crm.house.types
        if declaration_of(of).mode != "operational" or of is Span
        for record in crm.find(of)
    }


CUSTOMERS = "external_id,name,email,tags,status,organisation\n1,Anna,anna@example.nl,vip,customer,\n2,Bea,bea@example.nl,,prospect,Anna\n"


def test_all_that_an_import_made_is_gone(crm: CRM, tmp_path: Path) -> None:
    before = world(crm)
    made = crm.imports.run(file_of(tmp_path, CUSTOMERS))
    assert made.operation
    tried = crm.imports.undo(made.operation, dry_run=True)
    assert tried.is_dry_run
    assert crm.find(CustomerLink)
    done = crm.imports.undo(short_id(made.operation))
    assert (done.removed, done.restored, done.left) == (tried.removed, tried.restored, tried.left) == (7, 0, 0)
    assert world(crm) == before


def test_what_it_changed_is_what_it_was_with_its_history(crm: CRM, tmp_path: Path, clock: Any) -> None:
    anna = crm.customers.put(("customers", "1"), name="Anne", email="anna@example.nl")
    before = world(crm)
    clock.advance(days=1)
    made = crm.imports.run(file_of(tmp_path, CUSTOMERS))
    assert crm.get(Customer, anna.id).name == "Anna"
    assert len(crm.find(Span, each(Span).record == anna, each(Span).field == "status")) == 2
    done = crm.imports.undo(made.operation)
    assert (done.restored, done.left) == (1, 0)
    assert world(crm) == before
    newest = crm.history.of(crm.get(Customer, anna.id))[0]
    assert (newest.origin, newest.verb, newest.operation) == ("undone", "imports.undo", done.operation)


def test_what_was_changed_since_stays_with_what_belongs_to_it(crm: CRM, tmp_path: Path) -> None:
    made = crm.imports.run(file_of(tmp_path, CUSTOMERS))
    anna, _ = crm.find(Customer, order=[each(Customer).name])
    crm.customers.change(anna, tier="gold")
    done = crm.imports.undo(made.operation)
    left = {(one.record_type, one.reason, one.by) for one in done.leftovers}
    assert left == {
        ("customer", "changed", "customer.changed"), ("contact_point", "part", "customer"), ("external_id", "part", "customer"),
    }  # fmt: skip
    assert [c.name for c in crm.find(Customer)] == ["Anna"]
    assert [p.value for p in crm.find(ContactPoint)] == ["anna@example.nl"]
    assert [x.value for x in crm.find(ExternalId)] == ["1"]
    assert done.left == len(crm.imports.leftovers(made.operation)) == 3


def test_what_others_refer_to_since_stays(crm: CRM, tmp_path: Path) -> None:
    made = crm.imports.run(file_of(tmp_path, CUSTOMERS))
    anna, bea = crm.find(Customer, order=[each(Customer).name])
    crm.deals.open(bea, title="A bicycle")
    bicycle = crm.add(Bicycle(customer=anna.id, frame="F1"))
    done = crm.imports.undo(made.operation)
    used = {one.record_id: one.by for one in done.leftovers if one.reason == "used"}
    assert used.keys() == {anna.id, bea.id}
    assert used[bea.id] == "deal"
    assert crm.get(Bicycle, bicycle.id).customer == anna.id
    assert len(crm.find(CustomerLink)) == 1  # it belongs to Bea


def test_a_record_that_stays_keeps_what_it_names(crm: CRM, tmp_path: Path) -> None:
    made = crm.imports.run(file_of(tmp_path, CUSTOMERS))
    _, bea = crm.find(Customer, order=[each(Customer).name])
    crm.customers.change(bea, tier="gold")
    crm.imports.undo(made.operation)
    assert {c.name for c in crm.find(Customer)} == {"Anna", "Bea"}  # the link of Bea names Anna


def test_a_changed_record_that_was_changed_since_is_listed(crm: CRM, tmp_path: Path) -> None:
    anna = crm.customers.put(("customers", "1"), name="Anne", email="anna@example.nl")
    made = crm.imports.run(file_of(tmp_path, CUSTOMERS))
    crm.customers.change(crm.get(Customer, anna.id), note="called")
    done = crm.imports.undo(made.operation)
    kept = crm.get(Customer, anna.id)
    assert (kept.name, kept.note) == ("Anna", "called")
    assert ("customer", "changed") in {(one.record_type, one.reason) for one in done.leftovers}
    assert not crm.find(Customer, each(Customer).name == "Bea")


def test_plugins_records_and_several_rows_about_one(crm: CRM, tmp_path: Path) -> None:
    crm.customers.put(("customers", "1"), name="Anna")
    before = world(crm)
    rows = "customer,frame,colour\n1,F1,red\n1,F2,blue\n1,F1,green\n"
    made = crm.imports.run(file_of(tmp_path, rows), of="bicycles", batch_size=1)
    assert {b.colour for b in crm.find(Bicycle)} == {"green", "blue"}
    again = crm.imports.run(file_of(tmp_path, "customer,frame,colour\n1,F2,black\n", "more.csv"), of="bicycles")
    crm.imports.undo(again.operation)
    assert {b.colour for b in crm.find(Bicycle)} == {"green", "blue"}
    done = crm.imports.undo(made.operation)
    assert not done.left
    assert world(crm) == before


def test_moves_told_late_too(crm: CRM, tmp_path: Path) -> None:
    path = [stage.key for stage in crm.pipelines.stages("sales")]
    first = f"external_id,title,stage,opened_at\n1,Bicycle,{path[0]},2026-01-01\n2,Bell,{path[0]},2026-01-01\n"
    crm.imports.run(file_of(tmp_path, first), of="deals")
    before = world(crm)
    rows = (
        f"record,stage,at\ndeals:1,{path[2]},2026-01-05\ndeals:1,{path[1]},2026-01-03\ndeals:2,{path[1]},2026-01-03\n"
    )
    made = crm.imports.run(file_of(tmp_path, rows, "moves.csv"), of="stage-changes")
    assert made.added == 3
    done = crm.imports.undo(made.operation)
    assert not done.left
    assert world(crm) == before


def test_a_move_stays_where_its_deal_was_changed_since(crm: CRM, tmp_path: Path) -> None:
    path = [stage.key for stage in crm.pipelines.stages("sales")]
    crm.imports.run(file_of(tmp_path, f"external_id,title,stage\n1,Bicycle,{path[0]}\n"), of="deals")
    made = crm.imports.run(
        file_of(tmp_path, f"record,stage,at\ndeals:1,{path[1]},2026-01-05\n", "m.csv"), of="stage-changes"
    )
    crm.deals.move(crm.find(Deal)[0], path[2])
    done = crm.imports.undo(made.operation)
    assert {(one.record_type, one.reason) for one in done.leftovers} == {("deal", "changed"), ("stage_change", "part")}
    assert len(crm.find(StageChange)) == 2


def test_a_value_that_is_anothers_now(crm: CRM, tmp_path: Path) -> None:
    anna = crm.customers.put(("customers", "1"), name="Anna")
    bicycle = crm.add(Bicycle(customer=anna.id, frame="F1"))
    made = crm.imports.run(file_of(tmp_path, f"id,frame\n{bicycle.id},F2\n"), of="bicycles")
    crm.add(Bicycle(customer=anna.id, frame="F1"))
    done = crm.imports.undo(made.operation)
    assert [(one.record_id, one.reason) for one in done.leftovers] == [(bicycle.id, "taken")]
    assert {b.frame for b in crm.find(Bicycle)} == {"F1", "F2"}


def test_a_record_that_was_removed_since_and_one_whose_old_owner_is_gone(crm: CRM, tmp_path: Path) -> None:
    anna, bea = crm.customers.put(("customers", "1"), name="Anna"), crm.customers.put(("customers", "2"), name="Bea")
    one, two = (crm.add(Bicycle(customer=anna.id, frame=frame)) for frame in ("F1", "F2"))
    made = crm.imports.run(file_of(tmp_path, "customer,frame,colour\n2,F1,red\n2,F2,red\n"), of="bicycles")
    crm.remove(crm.get(Bicycle, one.id))
    crm.remove([x for x in crm.find(ExternalId) if x.record.id == anna.id])
    crm.remove(crm.get(Customer, anna.id))
    done = crm.imports.undo(made.operation)
    assert {(x.record_id, x.reason) for x in done.leftovers} == {(one.id, "gone"), (two.id, "absent")}
    assert crm.get(Bicycle, two.id).customer == bea.id


def test_it_goes_on_where_it_was_interrupted(crm: CRM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = world(crm)
    rows = "external_id,name\n" + "".join(f"{n},C{n}\n" for n in range(10))
    made = crm.imports.run(file_of(tmp_path, rows), batch_size=2)

    def stop(done: int) -> None:
        if done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crm.imports.undo(made.operation, progress=stop)
    assert len(crm.find(Customer)) == 6
    assert crm.imports.show(made.operation).state == "half undone"
    with pytest.raises(InvalidError):
        crm.imports.resume(made.operation)
    done = crm.imports.undo(made.operation)
    assert (done.removed, done.left) == (20, 0)
    assert world(crm) == before
    assert len(crm.find(Operation, each(Operation).kind == "imports.undo")) == 1
    with pytest.raises(InvalidError, match="was undone already"):
        crm.imports.undo(made.operation)
    assert crm.imports.run(tmp_path / "till.csv").added == 10


def test_imports_are_listed_with_what_became_of_their_rows(crm: CRM, tmp_path: Path, clock: Any) -> None:
    made = crm.acting_as("mina").imports.run(file_of(tmp_path, CUSTOMERS + "3,,x\n"))
    clock.advance(hours=1)
    crm.imports.run(file_of(tmp_path, "key,name\nmina,Mina\n", "agents.csv"), of="agents")
    newest, first = crm.imports.past()
    assert (newest.file, newest.of, newest.state) == ("agents.csv", "agents", "done")
    assert first == crm.imports.show(short_id(made.operation)) == crm.imports.show(made.operation)
    assert (first.read, first.kept, first.rejected, first.unchanged, first.actor) == (3, 2, 1, 0, "mina")
    assert len(first.digest) == 64
    with pytest.raises(NotFoundError):
        crm.imports.show("nobody")


def test_a_running_import_is_left_alone(crm: CRM, tmp_path: Path, clock: Any) -> None:
    path = file_of(tmp_path, CUSTOMERS)
    seen: list[str] = []

    def meddle(done: int) -> None:
        operation = crm.imports.past()[0]
        seen.append(operation.state)
        for meddles in (crm.imports.undo, crm.imports.resume):
            with pytest.raises(ConflictError, match="is running"):
                meddles(operation.id)
        with pytest.raises(ConflictError, match="is running"):
            crm.imports.run(path)

    crm.imports.run(path, progress=meddle)
    assert set(seen) == {"running"}


def test_nothing_of_an_undone_import_is_lost_from_the_log(crm: CRM, tmp_path: Path) -> None:
    made = crm.imports.run(file_of(tmp_path, CUSTOMERS))
    done = crm.imports.undo(made.operation)
    removed = crm.history.operation(done.operation)
    assert {change.name for change in removed} == {
        "customer.removed",
        "contact_point.removed",
        "external_id.removed",
        "customer_link.removed",
    }
    assert "Anna" in {change.values.get("name") for change in removed}
    assert crm.find(LogEntry)
