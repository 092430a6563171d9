"""A guest on the driver's own connection, on Django's, and on one whose host calls MariaDB by another name."""

from __future__ import annotations

import secrets
import sqlite3
import subprocess
import sys
import textwrap

import pytest
from sqlalchemy import create_engine

from crmkit.builtin.sql import SqlStore
from crmkit.errors import InvalidError, StoreError, UnsupportedError
from crmkit.ports.store import Add
from crmkit.query import each
from crmkit.records import CORE_TYPES, Customer
from tests.builtin.sql.conftest import ask, keep


def names(store):
    return [found.name for found in ask(store, Customer, order=[each(Customer).name])]


class Silent:
    """A connection of PyMySQL that does not say what the server has said of its transaction."""

    def __init__(self, pooled):
        self.pooled = pooled

    def __getattr__(self, name):
        if name == "server_status":
            raise AttributeError(name)
        return getattr(self.pooled.dbapi_connection, name)


class OnMySQL:
    """As Django's connection to a server of MySQL."""

    vendor, in_atomic_block, mysql_is_mariadb = "mysql", True, False


class TestOnMariaDB:
    @pytest.fixture
    def engine(self, mariadb_url):
        engine = create_engine(mariadb_url.replace("mariadb:", "mariadb+pymysql:"))
        yield engine
        engine.dispose()

    @pytest.fixture
    def store(self, mariadb_url):
        """A store on the same database, by its URL; its database goes with the server."""
        store = SqlStore.open(mariadb_url, CORE_TYPES, prefix=f"crm{secrets.token_hex(3)}_")
        store.upgrade()
        yield store
        store.close()

    @pytest.mark.mariadb
    def test_a_host_may_call_it_mysql(self, store, engine):
        """SQLAlchemy has two names for it, Django only this one; what the server is, it says itself."""
        other = create_engine(engine.url.set(drivername="mysql+pymysql"))
        house = SqlStore.open("mysql", CORE_TYPES, prefix=store._catalogue.prefix)
        with other.begin() as connection:
            for guest in (house.on(connection), store.on(connection)):
                keep(guest, Add(Customer(name="Anna")))
        other.dispose()
        assert names(store) == ["Anna", "Anna"]

    @pytest.mark.mariadb
    def test_a_driver_that_does_not_say_whether_it_has_begun_is_asked(self, store, engine):
        """mysqlclient is one."""
        driver = Silent(engine.raw_connection())
        with pytest.raises(AttributeError):
            _ = driver.server_status
        keep(store.on(driver), Add(Customer(name="Anna")))
        driver.rollback()
        assert names(store) == []
        driver.autocommit(True)
        with pytest.raises(UnsupportedError, match="autocommit"):
            store.on(driver)
        driver.begin()
        keep(store.on(driver), Add(Customer(name="Bo")))
        driver.commit()
        assert names(store) == ["Bo"]
        driver.pooled.invalidate()


class TestOnADriver:
    def test_a_rollback_of_the_driver_s_connection_leaves_nothing(self, store, tmp_path):
        connection = sqlite3.connect(tmp_path / "crm.db")
        keep(store.on(connection), Add(Customer(name="Anna")))
        connection.rollback()
        assert names(store) == []
        keep(store.on(connection), Add(Customer(name="Bo")))
        connection.commit()
        assert names(store) == ["Bo"]
        connection.close()

    def test_autocommit_is_refused(self, store, tmp_path):
        connection = sqlite3.connect(tmp_path / "crm.db", isolation_level=None)
        with pytest.raises(UnsupportedError, match="autocommit"):
            store.on(connection)
        connection.execute("BEGIN")
        keep(store.on(connection), Add(Customer(name="Anna")))
        connection.execute("ROLLBACK")
        assert names(store) == []
        connection.close()

    def test_a_closed_connection_is_told(self, store, tmp_path):
        connection = sqlite3.connect(tmp_path / "crm.db")
        guest = store.on(connection)
        connection.close()
        with pytest.raises(StoreError, match="give on"):
            guest.begin(write=False)
        with pytest.raises(StoreError, match="give on"):
            store.on(connection)

    @pytest.mark.parametrize("name", ["mariadb", "mysql", "sqlite"])
    def test_mysql_is_refused(self, name):
        """Nobody has tried it."""
        with pytest.raises(InvalidError, match="to MySQL, and crmkit speaks to MariaDB") as caught:
            SqlStore.open(name, CORE_TYPES).on(OnMySQL())
        assert caught.value.code == "connection"

    @pytest.mark.parametrize("url", ["mysql://root@localhost/crm", "mysql+pymysql://root@localhost/crm"])
    def test_a_url_says_that_it_is_mariadb(self, url):
        for place in (url, create_engine("mysql+pymysql://root@localhost/crm")):
            with pytest.raises(InvalidError, match="where the server is a MariaDB, write mariadb:"):
                SqlStore.open(place, CORE_TYPES)

    def test_what_is_no_connection_is_refused(self, store):
        with pytest.raises(InvalidError, match="no connection"):
            store.on(object())


DJANGO = """
    import sys
    from django.conf import settings
    settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}})
    import django
    django.setup()
    from django.db import connection, transaction
    from crmkit.builtin.sql import SqlStore
    from crmkit.errors import UnsupportedError
    from crmkit.ports.store import Add
    from crmkit.records import CORE_TYPES, Customer

    house = SqlStore.open("sqlite", CORE_TYPES)

    def write(name):
        tx = house.on(connection).begin(write=True)
        tx.write([Add(Customer(name=name))])
        tx.commit()

    def count():
        with connection.cursor() as cursor:
            return cursor.execute("SELECT count(*) FROM customer").fetchone()[0]

    try:
        house.on(connection)
    except UnsupportedError as error:
        print("refused" if "atomic" in str(error) else error)
    try:
        with transaction.atomic():
            write("lost")
            with transaction.atomic():
                write("lost too")
            assert count() == 2
            raise ZeroDivisionError
    except ZeroDivisionError:
        print(count())
    with transaction.atomic():
        write("kept")
        try:
            with transaction.atomic():
                write("lost")
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
    print(count())
"""


def test_on_django_s_connection_a_rollback_leaves_nothing(store, tmp_path):
    """Inside ``atomic`` only, nested or not."""
    pytest.importorskip("django")
    run = [sys.executable, "-c", textwrap.dedent(DJANGO), str(tmp_path / "crm.db")]
    assert subprocess.run(run, capture_output=True, check=True, text=True).stdout.split() == ["refused", "0", "1"]
