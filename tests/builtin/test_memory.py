"""The memory store; what every store must do is in the contract suite."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crmkit.builtin.memory import MemoryStore
from crmkit.errors import InvalidError, StorageBusy, UnsupportedError
from crmkit.ports.store import Add
from crmkit.query import each, find
from crmkit.records import CORE_TYPES, Customer, Record
from crmkit.testing.specimens import SPECIMENS, Specimen
from crmkit.testing.store import StoreContract
from crmkit.testing.store.opened import writing


def test_it_is_opened_by_its_url() -> None:
    store = MemoryStore.open("memory:", CORE_TYPES)
    assert store.status().is_absent
    with pytest.raises(InvalidError, match="memory:"):
        MemoryStore.open("memory:elsewhere", CORE_TYPES)
    with pytest.raises(UnsupportedError):
        MemoryStore.open("memory:", CORE_TYPES, prefix="x_")


def test_a_second_writer_waits_and_then_gives_up() -> None:
    store = MemoryStore(busy_timeout_s=0.0)
    first = store.begin(write=True)
    with pytest.raises(StorageBusy):
        store.begin(write=True)
    first.rollback()
    store.begin(write=True).commit()


def test_a_reader_keeps_the_state_that_was_committed_when_it_began() -> None:
    store, anna = MemoryStore(), Customer(name="Anna")
    before = store.begin(write=False)
    writer = store.begin(write=True)
    writer.write([Add(anna)])
    meanwhile = store.begin(write=False)
    writer.commit()
    assert before.get(Customer, [anna.id]) == meanwhile.get(Customer, [anna.id]) == {}
    assert store.begin(write=False).get(Customer, [anna.id]) == {anna.id: anna}


def test_a_question_that_names_an_id_or_a_unique_key_looks_at_one_record() -> None:
    """And at all of its conditions."""
    store, s = MemoryStore(SPECIMENS), each(Specimen)
    many = [Specimen(source="s", number=n, whole=n) for n in range(5)]
    with writing(store) as transaction:
        transaction.write([Add(one) for one in many])
        found = {
            s.id == many[2].id: [2],
            (s.id == many[2].id) & (s.whole > 2): [],
            (s.id == many[2].id) & (s.id == many[3].id): [],
            (s.source == "s") & (s.number == 3): [3],
            (s.source == "s") & (s.number == 3) & (s.whole == 4): [],
            (s.source == "s") & (s.number == 9): [],
            (s.source == "s") & ~(s.number == 3): [0, 1, 2, 4],
            (s.source == "s") & (s.number == s.whole): [0, 1, 2, 3, 4],
        }
        for condition, numbers in found.items():
            assert [one.number for one in transaction.find(find(Specimen, condition, order=[s.number]))] == numbers


class TestContract(StoreContract):
    """The memory store is what a store must be."""

    def store(self, types: Sequence[type[Record]]) -> MemoryStore:
        return MemoryStore(types)
