"""A guest in a host's transaction: the host alone decides what is kept."""

from __future__ import annotations

from typing import Annotated

import attrs
import pytest
from sqlalchemy import create_engine, event, make_url, text

from crmkit.builtin.sql import SqlStore
from crmkit.errors import StoreError, UnsupportedError
from crmkit.ports.store import Add, Remove
from crmkit.query import each
from crmkit.records import CORE_TYPES, Code, Customer, Field, Id, Owner, Record
from tests.builtin.sql.conftest import SERVERS, ask, keep
from tests.builtin.sql.test_upgrade import ANNA, Bicycle, NewBicycle

c = each(Customer)


@attrs.frozen(kw_only=True)
class OneShop(Record, name="bicycle", plural="bicycles", unique=[("shop",)]):
    """The next release of a bicycle, with a new field that at most one record can have as it is."""

    customer: Annotated[Id[Customer], Owner(on_erase="remove")]
    shop: Code = "utrecht"


def names(store):
    return [found.name for found in ask(store, Customer, order=[c.name])]


def beginning(url):
    """An engine as SQLAlchemy's documentation sets it up, so that transactions are the host's in full."""
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def connect(driver, record):
        driver.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection):
        connection.exec_driver_sql("BEGIN")

    return engine


CLEARED = {
    "postgresql": ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"),
    "mariadb": ("DROP DATABASE {database}", "CREATE DATABASE {database}"),
}

WHERE_INDEXED = {"mariadb": " ON crm_customer"}
"""What else names the index that is dropped."""


def host_engine(request, url):
    """An engine of a host on a server, or on a file: as SQLAlchemy makes it, or as its documentation sets it up."""
    if request.param not in CLEARED:
        return (beginning if request.param == "beginning" else create_engine)(url)
    driver = {"postgresql": "psycopg", "mariadb": "pymysql"}[request.param]
    made = make_url(request.getfixturevalue(f"{request.param}_url"))
    return create_engine(made.set(drivername=f"{request.param}+{driver}"))


@pytest.fixture(params=["plain", "beginning", *SERVERS])
def engine(request, url):
    """A host's engine on its database, in which it has a table."""
    engine = host_engine(request, url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE orders (n INTEGER)"))
    yield engine
    with engine.begin() as connection:  # the next test finds it empty
        for statement in CLEARED.get(request.param, ()):
            connection.execute(text(statement.format(database=engine.url.database)))
    engine.dispose()


@pytest.fixture
def guest_of(engine):
    """A store of ours on the same database, by its URL."""
    store = SqlStore.open(engine.url.render_as_string(hide_password=False), CORE_TYPES, prefix="crm_")
    store.upgrade()
    yield store
    store.close()


def orders(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM orders")).scalar_one()


class TestOnSQLAlchemy:
    @pytest.fixture
    def store(self, guest_of):
        return guest_of

    @pytest.mark.parametrize("first", ["host", "guest"])
    def test_the_host_s_rollback_leaves_nothing(self, store, engine, first):
        """Whoever wrote first: without a transaction of the driver our savepoint's end would keep everything."""
        with engine.connect() as connection:
            begun = connection.begin()
            if first == "host":
                connection.execute(text("INSERT INTO orders VALUES (1)"))
            assert keep(store.on(connection), Add(Customer(name="Anna"))) == []
            assert names(store.on(connection)) == ["Anna"]
            if first == "guest":
                connection.execute(text("INSERT INTO orders VALUES (1)"))
            begun.rollback()
        assert (names(store), orders(engine)) == ([], 0)

    def test_the_host_s_commit_keeps_both(self, store, engine):
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO orders VALUES (1)"))
            keep(store.on(connection), Add(Customer(name="Anna")))
        assert (names(store), orders(engine)) == (["Anna"], 1)

    def test_a_guest_s_rollback_leaves_what_the_host_wrote(self, store, engine):
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO orders VALUES (1)"))
            guest = store.on(connection)
            transaction = guest.begin(write=True)
            transaction.write([Add(Customer(name="Anna"))])
            transaction.rollback()
            keep(guest, Add(Customer(name="Bo")))
        assert (names(store), orders(engine)) == (["Bo"], 1)

    @pytest.mark.parametrize("first", ["host", "guest"])
    def test_a_host_s_savepoint_outlives_the_guest(self, store, engine, first):
        """Also where nothing was sent before it, so that no driver says yet that a transaction has begun."""
        with engine.connect() as connection:
            begun = connection.begin()
            if first == "host":
                connection.execute(text("INSERT INTO orders VALUES (1)"))
            mark = connection.begin_nested()
            assert names(store.on(connection)) == []
            keep(store.on(connection), Add(Customer(name="Anna")))
            mark.rollback()
            assert names(store.on(connection)) == []
            keep(store.on(connection), Add(Customer(name="Bo")))
            begun.commit()
        assert (names(store), orders(engine)) == (["Bo"], int(first == "host"))

    def test_savepoints_nest_in_the_guest_s(self, store, engine):
        with engine.begin() as connection:
            outer = store.on(connection).begin(write=True)
            outer.write([Add(Customer(name="Anna"))])
            mark = outer.mark()
            inner = store.on(connection).begin(write=True)
            inner.write([Add(Customer(name="Bo"))])
            inner.forget(inner.mark())
            inner.commit()
            outer.undo_to(mark)
            outer.commit()
        assert names(store) == ["Anna"]

    def test_autocommit_is_refused(self, store, engine):
        engine = create_engine(engine.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection, pytest.raises(UnsupportedError, match="autocommit"):
            store.on(connection)
        engine.dispose()

    def test_a_closed_connection_is_told(self, store, engine):
        """Before it is a guest's, and after; also one whose transaction can not go on."""
        connection = engine.connect()
        guest = store.on(connection)
        connection.close()
        for use in (lambda: store.on(connection), lambda: guest.begin(write=False)):
            with pytest.raises(StoreError, match="closed") as caught:
                use()
            assert caught.value.code == "connection"
        with engine.connect() as connection:
            guest = store.on(connection)
            connection.invalidate()
            with pytest.raises(StoreError):
                guest.begin(write=False)

    def test_a_guest_upgrades_within_the_host_s_transaction(self, engine):
        """Its tables go with a rollback, where the database can; the host's file is not marked as ours."""
        house = SqlStore.open(engine.dialect.name, CORE_TYPES, prefix="crm_")
        if not house._catalogue.database.keeps_at_once:
            with engine.connect() as connection:
                begun = connection.begin()
                assert house.on(connection).upgrade()
                begun.rollback()
                assert house.on(connection).status().is_absent
                connection.rollback()
        with engine.begin() as connection:
            assert house.on(connection).upgrade()
            keep(house.on(connection), Add(Customer(name="Anna")))
            assert connection.execute(text("SELECT name FROM crm_customer")).scalar_one() == "Anna"
            if engine.dialect.name == "sqlite":
                assert connection.execute(text("PRAGMA application_id")).scalar_one() == 0
        with engine.connect() as connection:
            assert house.on(connection).status().pending == ()
            assert names(house.on(connection)) == ["Anna"]

    def test_a_guest_upgrades_what_is_behind(self, engine):
        """At its first try, also where each change of a table is kept at once."""
        kept = Bicycle(customer=ANNA.id, customer_id=ANNA.id, note="kept")
        for types in ([Customer, Bicycle], [Customer, NewBicycle]):
            house = SqlStore.open(engine.dialect.name, types, prefix="crm_")
            with engine.begin() as connection:
                assert house.on(connection).upgrade()
                if Bicycle in types:
                    keep(house.on(connection), Add(ANNA), Add(kept))
        with engine.connect() as connection:
            guest = house.on(connection)
            assert guest.status().pending == ()
            assert [(one.note, one.shop) for one in ask(guest, NewBicycle)] == [("kept", "utrecht")]

    def test_an_upgrade_that_fails_says_why(self, engine):
        """In the middle, after a change of a table; what the next one finds, it can go on with."""
        house = SqlStore.open(engine.dialect.name, [Customer, Bicycle], prefix="crm_")
        bicycles = [Bicycle(customer=ANNA.id, customer_id=ANNA.id, note=note) for note in "ab"]
        with engine.begin() as connection:
            house.on(connection).upgrade()
            keep(house.on(connection), Add(ANNA), *map(Add, bicycles))
        newer = house.with_types([Customer, OneShop])
        with pytest.raises(StoreError, match="known by its shop") as caught, engine.begin() as connection:
            newer.on(connection).upgrade()
        assert caught.value.params["record_type"] == "bicycle"
        with engine.begin() as connection:
            keep(house.on(connection), Remove(bicycles[0]))
            assert newer.on(connection).upgrade()
            assert newer.on(connection).status().pending == ()

    def test_a_check_makes_nothing_and_ends_nothing(self, store, engine):
        """The host's transaction and savepoint are as they were, and so are its tables; what was changed by hand is found."""
        size = {Customer: [Field(name="size", kind="int", optional=True, indexed=True)]}
        store.upgrade(size)
        with engine.begin() as connection:
            connection.execute(text("DROP INDEX ix_crm_customer__owner" + WHERE_INDEXED.get(engine.dialect.name, "")))
        sent = []
        with engine.connect() as connection:
            begun = connection.begin()
            connection.execute(text("INSERT INTO orders VALUES (1)"))
            mark = connection.begin_nested()
            keep(store.on(connection), Add(Customer(name="Anna")))
            event.listen(engine, "before_cursor_execute", lambda *said: sent.append(said[2]))
            drifts = store.on(connection).check(size)
            assert [(one.table, one.name, one.what) for one in drifts] == [
                ("crm_customer", "ix_crm_customer__owner", "missing index")
            ]
            mark.rollback()
            assert names(store.on(connection)) == []
            assert connection.execute(text("SELECT count(*) FROM orders")).scalar_one() == 1
            begun.rollback()
        assert (names(store), orders(engine)) == ([], 0)
        assert [one for one in sent if one.startswith(("CREATE DATABASE", "CREATE TABLE", "USE ", "DROP TABLE"))] == []

    @pytest.mark.mariadb
    @pytest.mark.parametrize("engine", ["mariadb"], indirect=True)
    def test_a_transaction_that_an_upgrade_has_ended_is_begun_again(self, engine):
        """Where the driver would not: the host is in one as before, and what it rolls back now is not kept."""
        house = SqlStore.open("mariadb", CORE_TYPES, prefix="crm_")
        driver = engine.raw_connection()
        driver.dbapi_connection.autocommit(True)
        driver.dbapi_connection.begin()
        assert house.on(driver.dbapi_connection).upgrade()
        keep(house.on(driver.dbapi_connection), Add(Customer(name="Anna")))
        driver.dbapi_connection.rollback()
        driver.dbapi_connection.begin()
        assert names(house.on(driver.dbapi_connection)) == []
        driver.invalidate()


class TestOnAnEngine:
    def test_a_host_s_engine_is_used_as_it_is(self, tmp_path):
        """Our tables stand beside the host's under a prefix; nothing of the file is changed but by them."""
        engine = create_engine(f"sqlite:///{tmp_path / 'host.db'}")
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE customer (n INTEGER)"))
        with pytest.raises(Exception, match="prefix="):
            SqlStore.open(engine, CORE_TYPES).upgrade()
        store = SqlStore.open(engine, CORE_TYPES, prefix="crm_")
        store.upgrade()
        keep(store, Add(Customer(name="Anna")))
        assert names(store) == ["Anna"]
        store.close()
        with engine.begin() as connection:
            assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "delete"
            assert connection.execute(text("PRAGMA application_id")).scalar_one() == 0
        engine.dispose()
