"""Files become records: whole rows, idempotent, nothing silently dropped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import attrs
import pytest

from crmkit import (
    CRM,
    Agent,
    Change,
    Code,
    ContactPoint,
    Customer,
    CustomerLink,
    Deal,
    ExternalId,
    FieldDefinition,
    Id,
    Money,
    NotPersonal,
    Owner,
    Pipeline,
    Plugin,
    Refusal,
    Stage,
    StageChange,
    Staged,
    check,
    subscriber,
)
from crmkit.errors import InvalidError
from crmkit.query import each
from crmkit.records import Operation, Span
from crmkit.services.importing.results import ImportResult
from crmkit.services.importing.runs import ImportStopped

pytestmark = pytest.mark.crm(stores="all")


@attrs.frozen(kw_only=True)
class RepairOrder(Staged, unique=[("shop", "number")]):
    customer: Annotated[Id[Customer], Owner(on_erase="keep", on_merge_conflict="keep_winner")]
    number: Code
    shop: Code
    bicycle: Annotated[str, NotPersonal()]
    price: Money | None = None


workshop = Pipeline("workshop", of=RepairOrder, stages=(Stage("received"), Stage("in-work"), Stage("ready", "won")))
size = FieldDefinition(Customer, "frame_size", choices=("S", "M", "L"))
told: list[str] = []


@check(Customer)
def no_trolls(change: Change[Customer]) -> Refusal | None:
    return Refusal("We do not serve trolls.", field="name") if "troll" in change.after.name else None


@subscriber(Customer, "added")
def tell(event: Any) -> None:
    told.append(event.record.name)


@pytest.fixture
def crm_plugins() -> Sequence[Any]:
    told.clear()
    return [Plugin("shop", offers=(RepairOrder, workshop, size, no_trolls, tell))]


def file_of(folder: Path, text: str, name: str = "till.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def counts(result: ImportResult) -> tuple[int, int, int, int]:
    assert result.rows == result.added + result.changed + result.unchanged + result.rejected
    return result.added, result.changed, result.unchanged, result.rejected


def everything(crm: CRM) -> list[Any]:
    return [record for of in crm.house.types if of is not Operation for record in crm.find(of)]


CUSTOMERS = """external_id,name,e-mail,phones,tags,custom.frame_size,organisation
1,Anna Jansen,anna@example.nl,+31 6 1234 5678,vip|new,M,
2,Bé Wit,,030 555 0101;06 87654321,,,Anna Jansen
"""


def test_rows_become_customers_with_all_that_they_create(crm: CRM, tmp_path: Path) -> None:
    assert counts(crm.imports.run(file_of(tmp_path, CUSTOMERS), country="NL")) == (2, 0, 0, 0)
    anna, wit = crm.find(Customer, order=[each(Customer).name])
    assert anna.tags == {"vip", "new"}
    assert anna.custom == {"frame_size": "M"}
    assert {(p.kind, p.value, p.key, p.is_primary) for p in crm.find(ContactPoint)} == {
        ("email", "anna@example.nl", "anna@example.nl", True),
        ("phone", "+31 6 1234 5678", "+31612345678", True),
        ("phone", "030 555 0101", "+31305550101", True),
        ("phone", "06 87654321", "+31687654321", False),
    }
    assert [(one.source, one.value, one.record.id) for one in crm.find(ExternalId, order=[each(ExternalId).value])] == [
        ("customers", "1", anna.id), ("customers", "2", wit.id)
    ]  # fmt: skip
    assert [(link.customer, link.other, link.role) for link in crm.find(CustomerLink)] == [
        (wit.id, anna.id, "employee")
    ]


def test_the_same_file_again_changes_nothing(crm: CRM, tmp_path: Path) -> None:
    path = file_of(tmp_path, CUSTOMERS)
    crm.imports.run(path)
    before = everything(crm)
    assert counts(crm.imports.run(path)) == (0, 0, 2, 0)
    assert everything(crm) == before


def test_a_changed_row_changes_what_differs_and_an_empty_cell_leaves_what_is_there(crm: CRM, tmp_path: Path) -> None:
    crm.imports.run(file_of(tmp_path, CUSTOMERS))
    text = "external_id,name,e-mail,tags\n1,Anna de Vries,anna@work.example,\n2,Bé Wit,,\n"
    assert counts(crm.imports.run(file_of(tmp_path, text))) == (0, 1, 1, 0)
    anna = crm.find(Customer, each(Customer).name == "Anna de Vries")[0]
    assert (anna.version, anna.tags, anna.custom) == (2, {"vip", "new"}, {"frame_size": "M"})
    points = crm.find(ContactPoint, each(ContactPoint).customer == anna.id, each(ContactPoint).kind == "email")
    assert {(p.value, p.is_primary) for p in points} == {("anna@example.nl", True), ("anna@work.example", False)}


def test_without_an_external_id_a_customer_is_known_by_a_unique_address(crm: CRM, tmp_path: Path) -> None:
    path = file_of(tmp_path, "name,email\nAnna,a@example.nl\nBo,\n")
    assert counts(crm.imports.run(path)) == (2, 0, 0, 0)
    assert counts(crm.imports.run(path)) == (0, 0, 2, 0)
    crm.add(
        ContactPoint(customer=crm.add(Customer(name="Ann")).id, kind="email", value="A@example.nl", key="a@example.nl")
    )
    result = crm.imports.run(file_of(tmp_path, "name,email\nAnna,a@example.nl\n"))
    assert counts(result) == (0, 0, 0, 1)
    assert result.reasons[0].code == "ambiguous"


def test_the_later_row_of_two_with_one_id_changes_the_earlier_one(crm: CRM, tmp_path: Path) -> None:
    result = crm.imports.run(file_of(tmp_path, "external_id,name\n1,Anna\n2,Bo\n1,Anne\n1,Anne\n"))
    assert counts(result) == (2, 1, 1, 0)
    assert {customer.name for customer in crm.find(Customer)} == {"Anne", "Bo"}


BAD = """external_id,name,e-mail,custom.frame_size
1,Anna,anna@example.nl,M
2,Bo,bo,M
3,a troll,,
4,,,
5,Cé,,61
6,Do,,
7,another troll,,
"""


def test_bad_rows_are_rejected_alone_and_can_be_mended_and_fed_again(crm: CRM, tmp_path: Path) -> None:
    result = crm.imports.run(file_of(tmp_path, BAD))
    assert counts(result) == (2, 0, 0, 5)
    assert {customer.name for customer in crm.find(Customer)} == {"Anna", "Do"}
    assert [(r.column, r.code, r.count, r.lines) for r in result.reasons] == [
        ("name", "refused", 2, (4, 8)),
        ("custom.frame_size", "not-a-choice", 1, (6,)),
        ("e-mail", "email-no-at", 1, (3,)),
        ("name", "required", 1, (5,)),
    ]
    assert result.reject_file == tmp_path / "till.rejected.csv"
    mended = result.reject_file.read_text(encoding="utf-8").replace(",bo,", ",bo@example.nl,").replace("a troll", "Tom")
    result.reject_file.write_text(mended, encoding="utf-8")
    again = crm.imports.run(result.reject_file)
    assert counts(again) == (2, 0, 0, 3)
    assert {customer.name for customer in crm.find(Customer)} == {"Anna", "Do", "Bo", "Tom"}


def test_nothing_of_a_rejected_row_stays(crm: CRM, tmp_path: Path) -> None:
    text = "name,emails,organisation\na troll,t@example.nl,New Ltd\n"
    mapping = {
        "columns": {
            "name": "name",
            "emails": "emails",
            "organisation": {"from": "organisation", "find": "name", "otherwise": "add"},
        }
    }
    before = everything(crm)
    assert counts(crm.imports.run(file_of(tmp_path, text), mapping=mapping)) == (0, 0, 0, 1)
    assert everything(crm) == before


def test_a_dry_run_says_what_would_happen_and_writes_nothing(crm: CRM, tmp_path: Path) -> None:
    path = file_of(tmp_path, BAD + "1,Anne,,\n")
    before = [record for of in crm.house.types for record in crm.find(of)]
    dry = crm.imports.run(path, dry_run=True)
    assert [record for of in crm.house.types for record in crm.find(of)] == before
    assert list(tmp_path.glob("*.rejected.csv")) == []
    real = crm.imports.run(path)
    assert counts(dry) == counts(real) == (2, 1, 0, 5)
    assert dry.reasons == real.reasons
    assert dry.is_dry_run
    assert dry.operation is None


@pytest.mark.parametrize("size", [1, 2, 3, 500])
def test_the_size_of_batches_makes_no_difference(crm: CRM, tmp_path: Path, size: int) -> None:
    assert counts(crm.imports.run(file_of(tmp_path, BAD), batch_size=size)) == (2, 0, 0, 5)


def test_an_import_is_one_operation_whose_events_are_not_live(crm: CRM, tmp_path: Path) -> None:
    result = crm.imports.run(file_of(tmp_path, BAD), batch_size=2)
    (operation,) = crm.find(Operation)
    assert (operation.id, operation.kind, operation.status, operation.origin) == (
        result.operation,
        "imports.run",
        "done",
        "imported",
    )
    assert operation.counts == {"added": 2, "changed": 0, "unchanged": 0, "rejected": 5}
    assert operation.about["file"] == "till.csv"
    crm.work()
    assert told == []


def test_a_row_refers_to_its_customer_and_an_ambiguous_name_is_a_reject(crm: CRM, tmp_path: Path) -> None:
    crm.imports.run(file_of(tmp_path, CUSTOMERS))
    crm.add(Customer(name="be wit"))
    text = "customer,number,shop,bicycle\n1,100,u,Gazelle\nanna@example.nl,101,u,Batavus\nANNA JANSEN,102,u,Koga\nBé Wit,103,u,Sparta\n9,104,u,Union\n"
    result = crm.imports.run(file_of(tmp_path, text), "repair-orders")
    assert counts(result) == (3, 0, 0, 2)
    assert [(r.column, r.code, r.lines) for r in result.reasons] == [
        ("customer", "ambiguous", (5,)),
        ("customer", "not-found", (6,)),
    ]
    assert counts(crm.imports.run(file_of(tmp_path, text), "repair-orders")) == (0, 0, 3, 2)  # known by shop and number


def test_what_is_not_found_is_added_once_where_the_mapping_says_so(crm: CRM, tmp_path: Path) -> None:
    mapping = {"columns": {
        "external_id": "Nr", "title": "Wat", "amount": {"from": "Bedrag", "currency": "EUR"},
        "customer": {"from": "Klant", "find": "name", "otherwise": "add"},
        "owner": {"from": "Wie", "find": "key", "otherwise": "add"},
    }}  # fmt: skip
    text = "Nr,Wat,Bedrag,Klant,Wie\n1,A,10,Acme,mina\n2,B,20,Acme,mina\n3,C,30,Zed,joe\n"
    assert counts(crm.imports.run(file_of(tmp_path, text), "deals", mapping=mapping)) == (3, 0, 0, 0)
    assert {customer.name for customer in crm.find(Customer)} == {"Acme", "Zed"}
    assert {agent.key for agent in crm.find(Agent)} == {"mina", "joe"}
    assert counts(crm.imports.run(file_of(tmp_path, text), "deals", mapping=mapping)) == (0, 0, 3, 0)


DEALS = """external_id,customer,title,stage,opened_at,closed_at,reason,amount
1,anna@example.nl,A,won,2024-01-01,2024-02-01,,12.50
2,anna@example.nl,B,offer,2024-01-05,,,
3,anna@example.nl,C,lost,2024-01-07,2024-03-01,price,3
"""


def test_history_follows_the_instants_of_the_file(crm: CRM, tmp_path: Path) -> None:
    crm.imports.run(file_of(tmp_path, CUSTOMERS))
    assert counts(crm.imports.run(file_of(tmp_path, DEALS), "deals")) == (3, 0, 0, 0)
    deals = {deal.title: deal for deal in crm.find(Deal)}
    assert (deals["A"].state, deals["B"].stage, deals["C"].reason) == ("won", "offer", "price")
    assert deals["A"].closed_at == datetime(2024, 2, 1, tzinfo=UTC)
    spans = [
        (s.value, s.entered_at.date().isoformat(), s.left_at and s.left_at.date().isoformat())
        for s in crm.find(Span, each(Span).of == "deal", each(Span).field == "stage", order=[each(Span).entered_at])
    ]
    assert spans == [
        ("lead", "2024-01-01", "2024-02-01"),
        ("offer", "2024-01-05", None),
        ("lead", "2024-01-07", "2024-03-01"),
        ("won", "2024-02-01", None),
        ("lost", "2024-03-01", None),
    ]
    changes = crm.find(StageChange, order=[each(StageChange).at])
    assert [(c.from_stage, c.to_stage, c.reason, c.at.date().isoformat()) for c in changes] == [
        ("lead", "won", "", "2024-02-01"), ("lead", "lost", "price", "2024-03-01")
    ]  # fmt: skip
    assert counts(crm.imports.run(file_of(tmp_path, DEALS), "deals")) == (0, 0, 3, 0)


def test_an_unknown_stage_is_a_reject_that_names_the_nearest(crm: CRM, tmp_path: Path) -> None:
    result = crm.imports.run(file_of(tmp_path, "title,stage\nA,offre\nB,offer\n"), "deals")
    assert counts(result) == (1, 0, 0, 1)
    assert "Did you mean 'offer'?" in result.reasons[0].message
    assert result.reasons[0].column == "stage"


def test_a_file_can_change_known_records_without_giving_all_that_a_new_one_needs(crm: CRM, tmp_path: Path) -> None:
    crm.imports.run(file_of(tmp_path, CUSTOMERS))
    mapping = {"columns": {"external_id": "nr", "status": {"value": "former"}}}
    assert counts(crm.imports.run(file_of(tmp_path, "nr\n1\n9\n"), mapping=mapping)) == (0, 1, 0, 1)


@pytest.mark.parametrize(
    ("name", "of", "text", "words"),
    [
        ("absent.csv", "customers", None, "absent.csv"),
        ("t.csv", "custmers", "name\nA\n", "Did you mean 'customers'"),
        ("t.csv", "customers", "", "empty"),
        ("t.csv", "customers", "foo,bar\n1,2\n", "no column gives name"),
        ("t.csv", "redirects", "old\n1\n", "Nothing can be imported as 'redirects'"),
    ],
)
def test_what_can_not_be_imported_is_said_and_nothing_is_written(
    crm: CRM, tmp_path: Path, name: str, of: str, text: str | None, words: str
) -> None:
    path = tmp_path / name if text is None else file_of(tmp_path, text, name)
    with pytest.raises(InvalidError, match=words):
        crm.imports.run(path, of)
    assert not list(crm.find(Operation))


STOPPED = "name,email\n" + "".join(f"Customer {n},{'bad' if n % 3 == 0 else ''}\n" for n in range(10))


def stop_at(rows: int) -> Any:
    def tell(done: int) -> None:
        if done >= rows:
            raise KeyboardInterrupt

    return tell


def test_an_interrupted_import_keeps_its_batches_and_goes_on_behind_them(crm: CRM, tmp_path: Path) -> None:
    path = file_of(tmp_path, STOPPED)
    with pytest.raises(ImportStopped) as stopped:
        crm.imports.run(path, batch_size=2, progress=stop_at(4))
    assert counts(stopped.value.result) == (2, 0, 0, 2)
    (operation,) = crm.find(Operation)
    assert (operation.status, operation.position["line"]) == ("failed", 5)
    with (tmp_path / "till.rejected.csv").open("a", encoding="utf-8") as file:
        file.write("half a row of a batch that was not kept")
    result = crm.imports.run(path, batch_size=2)
    assert counts(result) == (6, 0, 0, 4)
    assert (result.resumed_at, result.operation) == (5, operation.id)
    assert len(crm.find(Customer)) == 6  # nobody has an external id, and nobody is twice
    rejects = (tmp_path / "till.rejected.csv").read_text(encoding="utf-8").splitlines()
    assert [line.partition(",")[0] for line in rejects] == ["crmkit:line", "2", "5", "8", "11"]
    assert crm.imports.run(path).resumed_at == 0


def test_a_killed_import_is_gone_on_with_once_nobody_works_at_it(crm: CRM, tmp_path: Path, clock: Any) -> None:
    path = file_of(tmp_path, STOPPED)
    with pytest.raises(ImportStopped):
        crm.imports.run(path, batch_size=2, progress=stop_at(4))
    (operation,) = crm.find(Operation)
    crm.replace(attrs.evolve(operation, status="running"))
    assert crm.imports.run(path, dry_run=True).resumed_at == 0
    clock.advance(seconds=61)
    assert crm.imports.run(path).resumed_at == 5
    with pytest.raises(ImportStopped):
        crm.imports.run(path, batch_size=2, progress=stop_at(4))
    assert crm.imports.run(path, resume=False).resumed_at == 0
