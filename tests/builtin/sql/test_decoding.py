"""Rows that are read together: a value that was made for one of them is another's only where that has the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest

from crmkit.builtin.sql import SqlStore
from crmkit.ports.store import Add
from crmkit.query import each
from crmkit.records import AnyRef, Customer, Digest, LocalText, Money, PartialDate, WallTime, declaration_of, new_id
from crmkit.records.values import frozen
from crmkit.testing.specimens import Specimen
from tests.builtin.sql.conftest import NOW, ask, keep


@pytest.fixture
def specimens(url: str) -> Iterator[Any]:
    store = SqlStore.open(url, [Customer, Specimen])
    store.upgrade()
    yield store
    store.close()


def full(n: int) -> Specimen:
    """Return one that has a value in each field, of two for each."""
    who = new_id()
    return Specimen(
        customer=who,
        customer_id=who,
        custom={"n": n},
        source="s",
        number=n,
        text=f"text {n}",
        code=f"code {n}",
        choice=("one", "two")[n],
        whole=n,
        part=Decimal(n) / 2,
        price=Money(n + 1, ("EUR", "JPY")[n]),
        yes=bool(n),
        day=NOW.date() + timedelta(n),
        about=PartialDate(2020 + n),
        at=NOW + timedelta(n),
        until=NOW - timedelta(n),
        wall=WallTime(NOW.replace(tzinfo=None), ("Europe/Amsterdam", "Asia/Tokyo")[n]),
        label=LocalText.of(f"label {n}"),
        tags=frozenset({f"tag {n}"}),
        other=new_id(),
        subject=AnyRef("deal", new_id()),
        data=frozen({"n": n}),
        digest=Digest(bytes([n]) * 32),
    )


def read(store: Any) -> list[Specimen]:
    return list(ask(store, Specimen, order=[each(Specimen).number]))


def test_neighbours_keep_their_own_values(any_store: Any) -> None:
    """Alike, different or none, of each kind, and in each order."""
    store = any_store.with_types([Customer, Specimen])
    store.upgrade()
    of = {"a": full(0), "b": full(1), "-": Specimen()}
    assert all(getattr(of["a"], field.name) is not None for field in declaration_of(Specimen).own_fields)
    records = [attrs.evolve(of[one], id=new_id(), number=n) for n, one in enumerate("aab-b--ab")]
    keep(store, *map(Add, records))
    assert read(store) == records


@pytest.mark.parametrize(
    "values",
    [
        [{"a": 1}, {"b": 2.5}, {"c": None, "d": True}],
        [{"a": 1}, {"b": 2}, {"a": 1}],
        [{"a": 1}, None, {"b": 2}],
        [None, {"a": 1}, None],
        [{"a": [1, [2]]}, {"b": 2}],
        [{"a": {"b": {}}}, {"b": 2}],
        [{"a": "["}, {"b": "{"}, {"c": "},{"}],
        [{"a": {}}, 1],
        ["{", {}, "}"],
        [[], {}],
        [1, "1", 1.5, False],
        [{}, {}],
    ],
    ids=str,
)
def test_json_beside_other_json_is_its_own_and_firm(specimens: Any, values: list[Any]) -> None:
    """All of a column are parsed in one go."""
    records = [Specimen(number=n, data=frozen(value)) for n, value in enumerate(values)]
    keep(specimens, *map(Add, records))
    found = read(specimens)
    assert [(type(one.data), one.data) for one in found] == [(type(one.data), one.data) for one in records]
    assert list(map(hash, found)) == list(map(hash, records))  # a mapping that could be changed has none
