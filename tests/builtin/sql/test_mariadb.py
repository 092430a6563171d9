"""The SQL store on a MariaDB server keeps the same contract; each test has a schema (a database) of its own."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import pytest
from sqlalchemy import create_engine, text

from crmkit.builtin.sql import SqlStore
from crmkit.builtin.sql.link import DriverLink
from crmkit.errors import InvalidError, OutcomeUnknown, StoreError, TryAgain, UnsupportedError
from crmkit.ports.store import Add, NotApplied, Replace, Store
from crmkit.query import bind, each, find
from crmkit.records import CORE_TYPES, Agent, Customer, Dispatch, Field, Message, Record
from crmkit.testing.store import StoreContract
from tests.builtin.sql.conftest import BINDING, NOW, ask, drop, keep
from tests.builtin.sql.test_upgrade import ANNA, Bicycle, NewBicycle

pytestmark = pytest.mark.mariadb


class TestMariaDB(StoreContract):
    examples = 10

    @pytest.fixture(autouse=True)
    def _schemas(self, mariadb_url: str) -> Iterator[None]:
        self.url, self.schemas = mariadb_url, list[str]()
        yield
        engine = create_engine(self.url.replace("mariadb://", "mariadb+pymysql://"))
        with engine.begin() as connection:
            for (schema,) in connection.execute(text("SELECT schema_name FROM information_schema.schemata")).all():
                if schema.partition("__")[0] in self.schemas:
                    connection.execute(text(f"DROP DATABASE {schema}"))
        engine.dispose()

    def store(self, types: Sequence[type[Record]]) -> Store:
        self.schemas.append(f"t{uuid.uuid4().hex[:12]}")
        return SqlStore.open(self.url, types, schema=self.schemas[-1])


class TestServer:
    """What only a server can do to us; ``any_store`` would run on SQLite too."""

    @pytest.fixture
    def store(self, mariadb_url: str) -> Iterator[Any]:
        schema = f"t{uuid.uuid4().hex[:12]}"
        store: Any = SqlStore.open(mariadb_url, CORE_TYPES, schema=schema)
        store.upgrade()
        yield store
        drop(store, schema)
        store.close()

    def test_two_writers_of_one_record_do_not_lose_each_other_s(self, store):
        """The later one hears that it has read an old one."""
        anna = Customer(name="Anna", version=1)
        keep(store, Add(anna))
        first, second = store.begin(write=True), store.begin(write=True)
        for transaction in (first, second):
            assert transaction.get(Customer, [anna.id])[anna.id].name == "Anna"
        first.write([Replace(attrs.evolve(anna, name="one", version=2), expected=1)])
        first.commit()
        try:
            late = second.write([Replace(attrs.evolve(anna, name="two", version=2), expected=1)])
        except TryAgain:  # from 11.6 on the server says so itself (innodb_snapshot_isolation)
            late = [NotApplied(0, "stale")]
        second.rollback()
        assert late == [NotApplied(0, "stale")]
        assert [one.name for one in ask(store, Customer)] == ["one"]

    def test_a_key_that_somebody_took_meanwhile(self, store):
        """This transaction can not see the other's record: it is to run again."""
        late = store.begin(write=True)
        keep(store, Add(Agent(key="ineke", name="Ineke")))
        with pytest.raises(TryAgain):
            late.write([Add(Agent(key="ineke", name="Another"))])
        late.rollback()
        assert [one.name for one in ask(store, Agent)] == ["Ineke"]

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

    def test_a_lost_connection(self, store):
        """In a statement nothing was kept; while committing nobody knows; the store goes on with another one."""
        lost = store.begin(write=True)
        _end(store, lost)
        with pytest.raises(TryAgain, match="broke"):
            lost.write([Add(Customer(name="Anna"))])
        lost.rollback()
        lost = store.begin(write=True)
        lost.write([Add(Customer(name="Bo"))])
        _end(store, lost)
        with pytest.raises(OutcomeUnknown):
            lost.commit()
        assert list(ask(store, Customer)) == []

    def test_a_server_that_is_not_there(self):
        """Its name is said, its password is not; and nobody is told to run the unit again at once."""
        pytest.importorskip("pymysql")
        with pytest.raises(StoreError, match="can not be reached") as caught:
            SqlStore.open("mariadb://crm:secret@127.0.0.1:1/x", CORE_TYPES).status()
        assert "127.0.0.1" in str(caught.value)
        assert "secret" not in str(caught.value)

    def test_a_code_that_is_too_long(self, store):
        """It is refused, and not cut."""
        with pytest.raises(InvalidError, match="longer"):
            keep(store, Add(Agent(key="x" * 381, name="Ineke")))
        keep(store, Add(Agent(key="x" * 380, name="Ineke")))
        assert [len(one.key) for one in ask(store, Agent)] == [380]

    def test_a_guest_leaves_nothing_when_the_host_rolls_back(self, store):
        """On SQLAlchemy's connection and on the driver's own."""
        engine = create_engine(store._engine.url)
        with engine.connect() as connection:
            begun = connection.begin()
            keep(store.on(connection), Add(Customer(name="Anna")))
            assert len(ask(store.on(connection), Customer)) == 1
            begun.rollback()
        driver: Any = engine.raw_connection()
        keep(store.on(driver.driver_connection), Add(Customer(name="Anna")))
        driver.rollback()
        assert list(ask(store, Customer)) == []
        driver.driver_connection.autocommit(True)
        with pytest.raises(UnsupportedError, match="autocommit"):
            store.on(driver.driver_connection)
        driver.driver_connection.autocommit(False)
        driver.close()
        engine.dispose()

    def test_upgrades_add_columns_indexes_and_search_keys(self, store):
        """As on SQLite: the same steps, in MariaDB's words."""
        new = store.with_types([*CORE_TYPES, Bicycle])
        new.upgrade()
        keep(new, Add(ANNA), Add(Bicycle(customer=ANNA.id, customer_id=ANNA.id, note="Gr\u00fcn")))
        newer = store.with_types([*CORE_TYPES, NewBicycle])
        assert newer.status().behind == {"bicycle"}
        assert newer.upgrade()
        assert newer.upgrade() == newer.status().pending == ()
        b = each(NewBicycle)
        (found,) = ask(newer, NewBicycle, b.note.contains("GRUN"), b.shop == "utrecht")
        assert found.price.amount == 10

    def test_drift_is_found(self, store):
        """A fresh schema has none; what somebody changed by hand is named."""
        size = {Customer: [Field(name="size", kind="text")]}
        store.upgrade(size)
        assert store.check(size) == ()
        with store._engine.begin() as connection:
            place = store.table(Customer).schema
            connection.execute(text(f"ALTER TABLE {place}.customer ADD COLUMN shoe INT, MODIFY country LONGTEXT"))
            connection.execute(text(f"DROP INDEX ix_customer__state ON {place}.customer"))
        found = {(one.what, one.name) for one in store.check(size)}
        assert found == {
            ("extra column", "shoe"),
            ("other type", "country"),
            ("missing index", "ix_customer__state"),
        }

    def test_text_is_ordered_by_code_point(self, store):
        """And a blank at the end counts."""
        names = ["b", "B", "a", "\u00e9", "z", "Z", "\U0001f600", "\uffee", "a "]
        keep(store, *(Add(Customer(name=name)) for name in names))
        c = each(Customer)
        assert [one.name for one in ask(store, Customer, order=[c.name])] == sorted(names)
        assert [one.name for one in ask(store, Customer, c.name == "a")] == ["a"]


@pytest.mark.parametrize("is_new", [True, False], ids=["first", "next"])
def test_an_upgrade_that_is_killed_is_finished_by_the_next(mariadb_url: str, is_new: bool) -> None:
    """At every statement: each of them is kept at once here, and the ledger knows what was begun."""
    types: list[type[Record]] = [Customer] if is_new else [Customer, Bicycle]
    newer: list[type[Record]] = [Customer, NewBicycle]
    killed = 0
    while True:
        schema = f"t{uuid.uuid4().hex[:12]}"
        before: Any = SqlStore.open(mariadb_url, types, schema=schema)
        if not is_new:
            before.upgrade()
        was_killed = _upgrade_killed(mariadb_url, newer, schema, killed)
        after: Any = SqlStore.open(mariadb_url, newer, schema=schema)
        if was_killed and killed and is_new:
            assert after.status().pending
        after.upgrade()
        assert after.status().pending == after.upgrade() == ()
        keep(after, Add(ANNA), Add(NewBicycle(customer=ANNA.id, customer_id=ANNA.id, note="x")))
        assert len(ask(after, NewBicycle)) == 1
        drop(after, schema)
        after.close()
        before.close()
        if not was_killed:
            break
        killed += 1
    assert killed > 5


def _upgrade_killed(url: str, types: Sequence[type[Record]], schema: str, after: int) -> bool:
    """Upgrade in a process that dies after so many changes; say whether it did."""
    child = os.fork()
    if child == 0:
        change, left = DriverLink.change, [after]

        def counted(self: DriverLink, text: str, values: Sequence[Any] = ()) -> int:
            if not left[0]:
                os._exit(9)
            left[0] -= 1
            return change(self, text, values)

        DriverLink.change = counted  # type: ignore[method-assign]  # this process is thrown away
        SqlStore.open(url, types, schema=schema).upgrade()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def _end(store: Any, transaction: Any) -> None:
    with store._engine.connect() as connection:
        connection.execute(text(f"KILL {transaction._link.driver.thread_id()}"))
