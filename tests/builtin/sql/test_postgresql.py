"""The SQL store on a PostgreSQL server keeps the same contract; each test has a schema of its own."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import pytest
from sqlalchemy import create_engine, text

from crmkit.builtin.sql import SqlStore
from crmkit.builtin.sql.compile.finding import shape_of
from crmkit.errors import OutcomeUnknown, StorageBusy, StoreError, TryAgain, UnsupportedError
from crmkit.ports.store import Add, Replace, Store
from crmkit.query import bind, each, find
from crmkit.records import CORE_TYPES, Customer, Dispatch, Message, Record
from crmkit.testing.store import StoreContract
from tests.builtin.sql.conftest import BINDING, NOW, ask, keep
from tests.builtin.sql.test_upgrade import ANNA, Bicycle, NewBicycle

pytestmark = pytest.mark.postgresql


class TestPostgreSQL(StoreContract):
    examples = 10

    @pytest.fixture(autouse=True)
    def _schemas(self, postgresql_url: str) -> Iterator[None]:
        pytest.importorskip("psycopg")
        self.url, self.schemas = postgresql_url, list[str]()
        yield
        engine = create_engine(self.url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as connection:
            for (schema,) in connection.execute(text("SELECT nspname FROM pg_namespace")).all():
                if schema.partition("__")[0] in self.schemas:
                    connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        engine.dispose()

    def store(self, types: Sequence[type[Record]]) -> Store:
        self.schemas.append(f"t{uuid.uuid4().hex[:12]}")
        return SqlStore.open(self.url, types, schema=self.schemas[-1])


class TestServer:
    """What only a server can do to us; ``any_store`` would run on SQLite too."""

    @pytest.fixture
    def store(self, postgresql_url: str) -> Iterator[Any]:
        pytest.importorskip("psycopg")
        schema = f"t{uuid.uuid4().hex[:12]}"
        store: Any = SqlStore.open(postgresql_url, CORE_TYPES, schema=schema)
        store.upgrade()
        yield store
        with store._engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        store.close()

    @pytest.mark.parametrize("order", [(), (-each(Customer).id,)])
    def test_a_page_by_id_is_read_from_the_primary_key(self, store, order):
        """Reading everything page by page would sort everything for each page."""
        keep(store, *(Add(Customer(name=f"C{n}")) for n in range(3000)))
        shape, _ = shape_of(bind(find(Customer, order=order, limit=100), BINDING), store._catalogue.database)
        asked = store._catalogue.find_statement(shape).statement
        with store._engine.begin() as connection:
            connection.execute(text(f"ANALYZE {store._catalogue.schema}.customer"))
            plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {asked.text}", (100,)))
        assert "Index Scan" in plan
        assert "Sort" not in plan

    def test_two_writers_of_one_record_do_not_lose_each_other_s(self, store):
        """The later one runs again."""
        anna = Customer(name="Anna", version=1)
        keep(store, Add(anna))
        first, second = store.begin(write=True), store.begin(write=True)
        for transaction in (first, second):
            assert transaction.get(Customer, [anna.id])[anna.id].name == "Anna"
        first.write([Replace(attrs.evolve(anna, name="one", version=2), expected=1)])
        first.commit()
        with pytest.raises(TryAgain):
            second.write([Replace(attrs.evolve(anna, name="two", version=2), expected=1)])
        second.rollback()
        assert [one.name for one in ask(store, Customer)] == ["one"]

    def test_two_workers_do_not_claim_the_same(self, store):
        """A second claim passes over what the first one holds, and does not wait for it."""
        m = [Message(key=str(n), channel="log", address="x") for n in range(4)]
        keep(store, *map(Add, m), *(Add(Dispatch(message=one.id, channel="log", due_at=NOW)) for one in m))
        question = bind(find(Dispatch, each(Dispatch).lease_until.is_missing), BINDING)
        workers = [store.begin(write=True) for _ in range(2)]
        claimed = [worker.claim(question, 2, NOW) for worker in workers]
        for worker in workers:
            worker.commit()
        assert len({one.id for found in claimed for one in found}) == 4

    def test_many_workers_claim_each_once(self, store):
        """Four that claim at the same time, some of each other's way, until there is nothing left."""
        m = [Message(key=str(n), channel="log", address="x") for n in range(120)]
        keep(store, *map(Add, m), *(Add(Dispatch(message=one.id, channel="log", due_at=NOW)) for one in m))
        question = bind(find(Dispatch, each(Dispatch).lease_until.is_missing), BINDING)
        claimed: list[Any] = []

        def work() -> None:
            while True:
                worker = store.begin(write=True)
                try:
                    found = worker.claim(question, 7, NOW)
                    worker.commit()
                except TryAgain:  # what it saw as free was claimed and given free of its lock meanwhile
                    worker.rollback()
                    continue
                claimed.extend(one.id for one in found)
                if not found:
                    return

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(claimed) == len(set(claimed)) == 120

    def test_claims_that_wait_for_each_other_are_found(self, store):
        """The control: the same rows are taken where those that are locked are not passed over."""
        one = Message(key="1", channel="log", address="x")
        keep(store, Add(one), Add(Dispatch(message=one.id, channel="log", due_at=NOW)))
        question = bind(find(Dispatch, each(Dispatch).lease_until.is_missing), BINDING)
        store._catalogue.database.lock_rows = " FOR UPDATE OF t0"
        first, second = store.begin(write=True), store.begin(write=True)
        assert len(first.claim(question, 1, NOW)) == 1
        second._link.change("SET LOCAL lock_timeout = 200")
        with pytest.raises(StorageBusy):
            second.claim(question, 1, NOW)
        second.rollback()
        first.rollback()

    def test_after_one_loss_the_other_connections_are_asked(self, store):
        """A server that was restarted costs one unit, and not one for each connection that lay in the pool."""
        used = [store.begin(write=True) for _ in range(3)]
        pids = [transaction._link.rows("SELECT pg_backend_pid()")[0][0] for transaction in used]
        for transaction in used:
            transaction.rollback()
        engine = create_engine(store._engine.url)
        with engine.connect() as other:
            for pid in pids:
                other.execute(text(f"SELECT pg_terminate_backend({pid}, 5000)"))
        engine.dispose()
        lost = store.begin(write=True)
        with pytest.raises(TryAgain):
            lost.write([Add(Customer(name="Anna"))])
        lost.rollback()
        kept = [store.begin(write=True) for _ in range(3)]
        for transaction in kept:
            transaction.write([Add(Customer(name="Bo"))])
            transaction.commit()

    def test_a_lost_connection(self, store):
        """In a statement nothing was kept; while committing nobody knows; the store goes on with another one."""
        lost = store.begin(write=True)
        _terminate(store, lost)
        with pytest.raises(TryAgain, match="broke"):
            lost.write([Add(Customer(name="Anna"))])
        lost.rollback()
        lost = store.begin(write=True)
        lost.write([Add(Customer(name="Bo"))])
        _terminate(store, lost)
        with pytest.raises(OutcomeUnknown):
            lost.commit()
        assert list(ask(store, Customer)) == []

    def test_a_server_that_is_not_there(self):
        """Its name is said, its password is not; and nobody is told to run the unit again at once."""
        pytest.importorskip("psycopg")
        with pytest.raises(StoreError, match="can not be reached") as caught:
            SqlStore.open("postgresql://crm:secret@127.0.0.1:1/x", CORE_TYPES).status()
        assert "127.0.0.1" in str(caught.value)
        assert "secret" not in str(caught.value)

    def test_a_guest_leaves_nothing_when_the_host_rolls_back(self, store, postgresql_url):
        """On SQLAlchemy's connection and on the driver's own."""
        engine = create_engine(store._engine.url)
        with engine.connect() as connection:
            begun = connection.begin()
            keep(store.on(connection), Add(Customer(name="Anna")))
            assert len(ask(store.on(connection), Customer)) == 1
            begun.rollback()
        assert list(ask(store, Customer)) == []
        driver: Any = engine.raw_connection()
        keep(store.on(driver.driver_connection), Add(Customer(name="Anna")))
        driver.rollback()
        assert list(ask(store, Customer)) == []
        driver.driver_connection.autocommit = True
        with pytest.raises(UnsupportedError, match="autocommit"):
            store.on(driver.driver_connection)
        driver.driver_connection.autocommit = False
        driver.close()
        engine.dispose()

    def test_upgrades_add_columns_indexes_and_search_keys(self, store):
        """As on SQLite: the same steps, in PostgreSQL's words."""
        new = store.with_types([*CORE_TYPES, Bicycle])
        new.upgrade()
        keep(new, Add(ANNA), Add(Bicycle(customer=ANNA.id, customer_id=ANNA.id, note="Grün")))
        newer = store.with_types([*CORE_TYPES, NewBicycle])
        assert newer.status().behind == {"bicycle"}
        assert newer.upgrade()
        assert newer.upgrade() == newer.status().pending == ()
        b = each(NewBicycle)
        (found,) = ask(newer, NewBicycle, b.note.contains("GRUN"), b.shop == "utrecht")
        assert found.price.amount == 10

    def test_text_is_ordered_by_code_point(self, store):
        names = ["b", "B", "a", "é", "z", "Z", "\U0001f600", "\uffee"]
        keep(store, *(Add(Customer(name=name)) for name in names))
        assert [one.name for one in ask(store, Customer, order=[each(Customer).name])] == sorted(names)


def _terminate(store: Any, transaction: Any) -> None:
    ((pid,),) = transaction._link.rows("SELECT pg_backend_pid()")
    with store._engine.connect() as other:
        other.execute(text(f"SELECT pg_terminate_backend({pid}, 5000)"))
