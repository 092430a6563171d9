"""Connections between two transactions: a file's wait where the next one finds them, others go back to the pool."""

import sqlite3
import threading

import pytest
from sqlalchemy import create_engine

from crmkit.builtin.sql import SqlStore
from crmkit.errors import StoreError
from crmkit.ports.store import Add
from crmkit.records import Customer


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
def test_closing_closes_those_that_wait_and_the_others_when_they_end(url, waits):
    store = open_store(url)
    transaction = store.begin(write=False)
    driver = transaction._link.driver
    for end in (transaction.rollback, store.close)[:: 1 if waits else -1]:
        end()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        driver.execute("SELECT 1")


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
