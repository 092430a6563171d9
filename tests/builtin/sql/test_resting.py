"""Connections between two transactions: a file's wait where the next one finds them, others go back to the pool."""

import sqlite3
import threading
from collections import deque

import pytest
from sqlalchemy import create_engine, select

from crmkit.builtin.sql import SqlStore
from crmkit.errors import StoreError
from crmkit.ports.store import Add
from crmkit.records import Customer
from tests.builtin.sql.conftest import ask, keep


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'crm.db'}"


def open_store(url, **options):
    store = SqlStore.open(url, [Customer], options=options)
    store.upgrade()
    return store


def driver_of(store):
    transaction = store.begin(write=False)
    driver = transaction._link.driver
    transaction.rollback()
    return driver


def test_the_next_transaction_has_the_same_connection(url):
    store = open_store(url)
    assert driver_of(store) is driver_of(store)
    one, other = store.begin(write=False), store.begin(write=False)
    assert one._link.driver is not other._link.driver
    one.rollback()
    other.rollback()
    store.close()


def test_no_more_than_a_few_wait(url):
    store = open_store(url)
    many = [store.begin(write=False) for _ in range(20)]
    for transaction in many:
        transaction.rollback()
    assert len(store._ours._resting) == 5
    store.close()


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("is_file", [True, False])
def test_closing_closes_those_that_wait_and_the_others_when_they_end(url, is_file, waits):
    store = open_store(url if is_file else "sqlite://")
    transaction = store.begin(write=False)
    driver = transaction._link.driver
    for end in (transaction.rollback, store.close)[:: 1 if waits else -1]:
        end()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        driver.execute("SELECT 1")


@pytest.mark.parametrize("does", ["close", "before_fork"])
def test_none_waits_where_another_thread_lets_them_go_meanwhile(url, does):
    """It has let go those that waited a moment before this one."""
    store = open_store(url)
    connections, transaction = store._ours, store.begin(write=False)

    class Meanwhile(deque):
        def append(self, link):
            getattr(connections, does)()
            super().append(link)

    connections._resting = Meanwhile()
    transaction.rollback()
    assert not connections._resting
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        transaction._link.driver.execute("SELECT 1")
    store.close()


def test_two_threads_may_let_the_last_one_go(url):
    """The one that comes too late has nothing to do, and its caller hears nothing."""
    store = open_store(url)
    driver_of(store)

    class Meanwhile(deque):
        def pop(self):
            if self:
                super().pop().connection.close()  # by the other one
            return super().pop()

    store._ours._resting = Meanwhile(store._ours._resting)
    store.close()
    assert not store._ours._resting


def test_none_waits_while_the_process_forks(url):
    store = open_store(url)
    transaction = store.begin(write=False)
    store._ours.before_fork()
    transaction.rollback()
    assert not store._ours._resting
    store._ours.after_fork()
    assert driver_of(store) is driver_of(store)
    store.close()


def test_a_result_that_a_host_has_read_in_part_holds_no_later_transaction_back(url):
    """Its connection would go on seeing what was there then, and could not write."""
    store, other = open_store(url), open_store(url)
    keep(store, *(Add(Customer(name=name)) for name in ("Anna", "Bo", "Cleo")))
    transaction = store.begin(write=False)
    result = transaction.execute(select(store.table(Customer)))
    assert result.fetchone()
    transaction.rollback()
    keep(other, Add(Customer(name="Dirk")))
    assert len(ask(store, Customer)) == 4
    keep(store, Add(Customer(name="Eva")))
    assert len(ask(other, Customer)) == 5
    for one in (store, other):
        one.close()


def test_what_a_broken_transaction_leaves_is_not_used_again(url):
    store = open_store(url)
    transaction = store.begin(write=True)
    driver = transaction._link.driver
    driver.close()
    with pytest.raises(StoreError):
        transaction.write([Add(Customer(name="Ada"))])
    transaction.rollback()
    assert driver_of(store) is not driver
    store.close()


def test_a_connection_of_a_host_goes_back_to_its_pool(url):
    open_store(url).close()
    engine = create_engine(url)
    store = SqlStore.open(engine, [Customer])
    driver_of(store)
    assert engine.pool.checkedout() == 0
    assert not store.begin(write=False)._boundary._connections._resting
    engine.dispose()


def test_a_database_in_memory_is_handed_to_whoever_waits():
    store = open_store("sqlite://", busy_timeout_s=20)
    first = store.begin(write=True)
    first.write([Add(Customer(name="Ada"))])
    found = []

    def ask():
        transaction = store.begin(write=False)
        found.append(transaction._link.driver)
        transaction.rollback()

    waiting = threading.Thread(target=ask)
    waiting.start()
    first.commit()
    waiting.join(10)
    assert found == [driver_of(store)]
    store.close()
