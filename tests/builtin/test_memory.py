"""The memory store; what every store must do is in the contract suite."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crmkit.builtin.memory import MemoryStore
from crmkit.errors import InvalidError, StorageBusy, UnsupportedError
from crmkit.ports.store import Add
from crmkit.records import CORE_TYPES, Customer, Record
from crmkit.testing.store import StoreContract


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


class TestContract(StoreContract):
    """The memory store is what a store must be."""

    def store(self, types: Sequence[type[Record]]) -> MemoryStore:
        return MemoryStore(types)
