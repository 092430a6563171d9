"""Records become files that an import reads back as they were."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from crmkit import CRM, ContactPoint, Customer, CustomerLink, Deal, ExternalId, Money, PartialDate, Plugin, Survey
from crmkit.errors import InvalidError
from crmkit.query import each
from crmkit.records import LocalText, Record, declaration_of
from crmkit.testing.fixtures import clock, crm
from tests.services.importing.test_importing import CUSTOMERS, DEALS, RepairOrder, file_of, size, workshop

__all__ = ["clock", "crm"]
pytestmark = pytest.mark.crm(stores="all")
PLUGIN = Plugin("shop", offers=(RepairOrder, workshop, size))
OF = (Customer, ContactPoint, CustomerLink, Deal, RepairOrder, Survey)


@pytest.fixture
def crm_plugins() -> Sequence[Any]:
    return [PLUGIN]


def filled(crm: CRM, folder: Path) -> None:
    crm.imports.run(file_of(folder, CUSTOMERS), country="NL")
    crm.imports.run(file_of(folder, DEALS), "deals")
    anna = crm.find(Customer, each(Customer).name == "Anna Jansen")[0]
    crm.add(
        [
            RepairOrder(
                customer=anna.id,
                number="=1+1",
                shop="u",
                bicycle='  "Gazelle", the\nold | one\\ ',
                price=Money("0.10", "USD"),
            ),
            RepairOrder(customer=anna.id, number="-2", shop="u", bicycle="'@cmd", stage="ready"),
        ]
    )
    crm.add(Survey(key="s", title=LocalText.of("Well?", nl="Goed?"), is_anonymous=True))
    crm.replace(
        attrs.evolve(anna, born_on=PartialDate(month=2, day=28), tags=anna.tags | {"a|b", "ה"}, note="line\r\nline")
    )


def bare(record: Record) -> dict[str, Any]:
    stamps = {"version", "created_at", "updated_at"}
    return {f.name: getattr(record, f.name) for f in declaration_of(type(record)).fields if f.name not in stamps}


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".csv.gz"])
def test_an_import_of_an_export_is_the_same(crm: CRM, tmp_path: Path, suffix: str) -> None:
    filled(crm, tmp_path)
    with CRM.open(f"sqlite:///{tmp_path / 'other.db'}", plugins=[PLUGIN], discover=False) as other:
        for of in OF:
            plural = declaration_of(of).plural
            path = tmp_path / f"{plural}{suffix}"
            assert crm.exports.run(plural, path).records == len(crm.find(of))
            assert crm.imports.run(path, plural).unchanged == len(crm.find(of))
            assert other.imports.run(path, plural).rejected == 0
        for of in OF:
            if of is not ContactPoint:
                assert [bare(r) for r in other.find(of)] == [bare(r) for r in crm.find(of)]
        p = each(ContactPoint)
        points = [[(x.customer, x.kind, x.key) for x in one.find(ContactPoint, order=[p.key])] for one in (crm, other)]
        assert points[0] == points[1]
        assert {(x.source, x.value, x.record) for x in other.find(ExternalId)} == {
            (x.source, x.value, x.record) for x in crm.find(ExternalId)
        }


def test_a_condition_says_which(crm: CRM, tmp_path: Path) -> None:
    filled(crm, tmp_path)
    out = io.StringIO()
    where = {"field": "amount", "op": ">", "value": {"value": "5", "currency": "EUR"}}
    assert crm.exports.run("deals", out, where=where, format="json-lines").records == 1
    found = json.loads(out.getvalue())
    assert (found["title"], found["amount"]) == ("A", {"value": "12.50", "currency": "EUR"})
    assert crm.exports.run("deals", io.StringIO(), where=each(Deal).state == "lost").records == 1


def test_cells_are_inert(crm: CRM, tmp_path: Path) -> None:
    filled(crm, tmp_path)
    crm.exports.run("repair-orders", tmp_path / "r.csv")
    text = (tmp_path / "r.csv").read_text(encoding="utf-8")
    assert "'=1+1" in text
    assert "'-2" in text
    assert "''@cmd" in text


def test_what_can_not_be_exported_is_said_and_leaves_no_file(crm: CRM, tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="Did you mean 'deals'"):
        crm.exports.run("daels", tmp_path / "d.csv")
    with pytest.raises(InvalidError, match="stat"):
        crm.exports.run("deals", tmp_path / "d.csv", where={"field": "stat", "op": "==", "value": "x"})
    with pytest.raises(InvalidError, match="can not be written"):
        crm.exports.run("deals", tmp_path / "absent" / "d.csv")
    (tmp_path / "d.csv").write_text("old")

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    crm.add(Deal(title="A"))
    with pytest.raises(KeyboardInterrupt):
        crm.exports.run("deals", tmp_path / "d.csv", progress=stop)
    assert [path.name for path in tmp_path.glob("d.csv*")] == ["d.csv"]
    assert (tmp_path / "d.csv").read_text() == "old"
