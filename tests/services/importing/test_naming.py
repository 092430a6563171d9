"""Rows that nothing in them names: the same file again finds its own records, and equal rows stay as many as they are."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from crmkit import CRM, Customer, Deal, ExternalId, Interaction, Purchase
from crmkit.query import each
from crmkit.services.importing.naming import Counted
from crmkit.services.importing.runs import ImportStopped

pytestmark = pytest.mark.crm(store="memory")
NAMES = "name,tier\nAnna,\nBo,\nAnna,\nAnna,gold\n"


def file_of(folder: Path, text: str, name: str = "till.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("size", [1, 2, 100])
def test_the_same_file_again_adds_nothing(crm: CRM, tmp_path: Path, size: int) -> None:
    path = file_of(tmp_path, NAMES)
    assert crm.imports.run(path, batch_size=size).added == 4
    again = crm.imports.run(path, batch_size=100)
    assert (again.added, again.unchanged) == (0, 4)
    assert Counter(c.name for c in crm.find(Customer)) == {"Anna": 3, "Bo": 1}
    grown = crm.imports.run(file_of(tmp_path, NAMES + "Cor,\nAnna,\n"))
    assert (grown.added, grown.unchanged) == (2, 4)


def test_another_file_is_about_others(crm: CRM, tmp_path: Path) -> None:
    crm.imports.run(file_of(tmp_path, NAMES))
    assert crm.imports.run(file_of(tmp_path, NAMES, "april.csv")).added == 4


def test_rows_that_name_themselves_get_no_other_name(crm: CRM, tmp_path: Path) -> None:
    crm.imports.run(file_of(tmp_path, "external_id,email,name\n1,,Anna\n,b@example.nl,Bo\n,,Cor\n"))
    assert sorted(x.source for x in crm.find(ExternalId)) == ["customers", "rows:till.csv"]


def test_deals_purchases_and_interactions(crm: CRM, tmp_path: Path) -> None:
    crm.customers.put(("customers", "1"), name="Anna")
    for of, kind, text in (
        ("deals", Deal, "customer,title\n1,Bell\n1,Bell\n"),
        ("purchases", Purchase, "customer,placed_at\n1,2026-01-01\n1,2026-01-01\n"),
        ("interactions", Interaction, "customer,channel,direction,body,occurred_at\n1,phone,in,Hello,2026-01-01\n1,phone,in,Hello,2026-01-01\n"),
    ):  # fmt: skip
        path = file_of(tmp_path, text, f"{of}.csv")
        assert crm.imports.run(path, of=of).added == 2
        again = crm.imports.run(path, of=of)
        assert (again.added, again.unchanged, len(crm.find(kind))) == (0, 2, 2)


def test_an_interrupted_import_counts_on(crm: CRM, tmp_path: Path) -> None:
    path = file_of(tmp_path, "name\n" + "Anna\n" * 10)

    def stop(done: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(ImportStopped):
        crm.imports.run(path, batch_size=2, progress=stop)
    result = crm.imports.run(path, batch_size=2)
    assert (result.added, result.unchanged) == (10, 0)
    assert len({x.value for x in crm.find(ExternalId, each(ExternalId).source == "rows:till.csv")}) == 10


def test_numbers_are_counted_exactly() -> None:
    chance, counted, seen = random.Random(3), Counted(), Counter[int]()
    for _ in range(60_000):
        number = chance.choice((0, 1 << 63, chance.getrandbits(14), chance.getrandbits(64)))
        seen[number or 1] += 1
        assert counted.count(number) == seen[number or 1]
