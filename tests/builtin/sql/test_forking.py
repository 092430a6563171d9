"""A process that forks after its store was used: parent and child go on, and nothing is lost between them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from crmkit.builtin.sql import SqlStore
from crmkit.ports.store import Add
from crmkit.records import Agent, Customer
from tests.builtin.sql.conftest import ask, keep

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


class Child:
    """A process of its own that does some work when it is told to."""

    def __init__(self, work: Callable[[], object]) -> None:
        waiting, self._go = os.pipe()
        self._id = os.fork()
        if self._id == 0:
            code = 70
            try:
                os.read(waiting, 1)
                work()
                code = 0
            finally:
                os._exit(code)
        os.close(waiting)

    def work(self) -> int:
        """Let it work; return how it ended."""
        os.write(self._go, b"!")
        os.close(self._go)
        return os.waitstatus_to_exitcode(os.waitpid(self._id, 0)[1])


def open_store(url: str) -> Any:
    store = SqlStore.open(url, [Customer])
    store.upgrade()
    return store


@pytest.mark.parametrize("opens", [False, True], ids=["the same store", "a store of its own"])
def test_what_a_child_keeps_in_a_file_is_there_when_others_have_closed_it(url: str, opens: bool) -> None:
    """SQLite's locks are a process's own: by a connection of its parent it would hold none, and its log would be removed."""
    store = open_store(url)
    keep(store, Add(Customer(name="Anna")))

    def add() -> None:
        own = open_store(url) if opens else store
        assert len(ask(own, Customer)) == 2
        keep(own, Add(Customer(name="Bo")))

    child = Child(add)
    store.close()
    other = open_store(url)
    keep(other, Add(Customer(name="Cleo")))
    assert child.work() == 0
    keep(other, Add(Customer(name="Dirk")))
    other.close()
    after = open_store(url)
    assert {record.name for record in ask(after, Customer)} == {"Anna", "Bo", "Cleo", "Dirk"}
    after.close()


def test_connections_to_a_file_wait_again_after_a_fork(url: str) -> None:
    """In parent and child."""
    store = open_store(url)

    def add() -> None:
        keep(store, Add(Customer(name="Bo")))
        assert len(store._ours._resting) == 1

    assert Child(add).work() == 0
    assert not store._ours._resting
    assert len(ask(store, Customer)) == 1
    assert len(store._ours._resting) == 1
    store.close()


def test_a_database_in_memory_is_there_for_both() -> None:
    store = open_store("sqlite://")
    keep(store, Add(Customer(name="Anna")))
    assert Child(lambda: keep(store, Add(Customer(name="Bo")))).work() == 0
    assert [record.name for record in ask(store, Customer)] == ["Anna"]
    store.close()


def test_parent_and_child_have_connections_of_their_own(server: Any) -> None:
    def connection() -> int:
        transaction = server.begin(write=False)
        text = {"postgresql": "SELECT pg_backend_pid()", "mariadb": "SELECT CONNECTION_ID()"}
        ((found,),) = transaction._link.rows(text[transaction._link.database.name])
        transaction.rollback()
        return int(found)

    def add() -> None:
        assert connection() != before
        keep(server, Add(Agent(key="bo", name="Bo")))

    before = connection()
    assert Child(add).work() == 0
    assert connection() == before
    assert [record.name for record in ask(server, Agent)] == ["Bo"]
