"""A company's place is never that of its parent, of the database itself, or of another host on the same server."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from crmkit import CRM
from crmkit.builtin.sql import SqlStore
from crmkit.errors import InvalidError, NotFoundError, UnsupportedError
from crmkit.ports.store import Add
from crmkit.records import CORE_TYPES, Customer
from tests.builtin.sql.conftest import ask, keep

DRIVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}
MAKE = {"postgresql": "CREATE SCHEMA", "mariadb": "CREATE DATABASE"}
DROP = {"postgresql": "DROP SCHEMA IF EXISTS {} CASCADE", "mariadb": "DROP DATABASE IF EXISTS `{}`"}


def engine_of(url: str) -> Any:
    kind, rest = url.split("://", 1)
    return create_engine(f"{DRIVERS[kind]}://{rest}")


def base_of(url: str, name: str) -> str:
    """Return the URL of another database of the server; empty: of none."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def looking_into(url: str, schema: str) -> str:
    """Return the URL whose connections look into a schema first."""
    looking = {"options": f"-csearch_path={schema}"}
    return make_url(url).update_query_dict(looking).render_as_string(hide_password=False)


class Server:
    """A server on which hosts have their own places: databases, or schemas that their connections look into first."""

    def __init__(self, url: str) -> None:
        self.url, self.kind, self.stores = url, url.partition(":")[0], []
        self.engine, self.mark = engine_of(url), f"h{secrets.token_hex(4)}"

    def host(self, name: str) -> tuple[Any, str]:
        """Return a store of a host of that name, and where it is; nothing is said of it but by the URL."""
        place = f"{self.mark}_{name}"
        self.change(f"{MAKE[self.kind]} {place}")
        url = base_of(self.url, place) if self.kind == "mariadb" else looking_into(self.url, place)
        return self.open(url), place

    def open(self, url: Any, **where: str) -> Any:
        store: Any = SqlStore.open(url, CORE_TYPES, **where)
        self.stores.append(store)
        return store

    def change(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement))

    def schemas(self) -> set[str]:
        with self.engine.connect() as connection:
            return set(connection.execute(text("SELECT schema_name FROM information_schema.schemata")).scalars())

    def close(self) -> None:
        for store in self.stores:
            store.close()
        for schema in self.schemas():
            if schema.startswith(self.mark):
                self.change(DROP[self.kind].format(schema))
        self.engine.dispose()


@pytest.fixture(params=[pytest.param(name, marks=getattr(pytest.mark, name)) for name in DRIVERS])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    made = Server(request.getfixturevalue(f"{request.param}_url"))
    yield made
    made.close()


@pytest.fixture
def postgresql(postgresql_url: str) -> Iterator[Server]:
    made = Server(postgresql_url)
    yield made
    made.close()


@pytest.fixture
def mariadb(mariadb_url: str) -> Iterator[Server]:
    made = Server(mariadb_url)
    yield made
    made.close()


def holding(store: Any, name: str) -> Any:
    """Return the store, with a customer of that name alone."""
    store.upgrade()
    keep(store, Add(Customer(name=name)))
    return store


def names(store: Any) -> list[str]:
    return [found.name for found in ask(store, Customer)]


def test_two_hosts_with_a_company_of_the_same_name(server):
    """Neither sees the other's, and a company that is called as another host has nothing of that."""
    (one, place), (two, other) = server.host("one"), server.host("two")
    holding(one, "of one")
    holding(two, "of two")
    mine, theirs = holding(one.tenant("cross"), "of one's"), holding(two.tenant("cross"), "of two's")
    assert (names(mine), names(theirs)) == (["of one's"], ["of two's"])
    assert {f"{place}__cross", f"{other}__cross"} <= server.schemas()
    for named in (place, other):
        assert names(holding(one.tenant(named), "new")) == ["new"]
    assert (names(one), names(two)) == (["of one"], ["of two"])


@pytest.mark.mariadb
def test_the_server_s_own_databases_are_nobody_s(mariadb):
    store, place = mariadb.host("one")
    for name in ("mysql", "sys"):
        assert names(holding(store.tenant(name), "x")) == ["x"]
    assert {f"{place}__mysql", f"{place}__sys"} <= mariadb.schemas()
    with mariadb.engine.connect() as connection:
        inside = text(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = 'mysql' AND table_name = 'customer'"
        )
        assert connection.execute(inside).all() == []


@pytest.mark.mariadb
def test_a_connection_without_a_database(mariadb):
    """A company can not be named after it; after a schema it can."""
    with pytest.raises(UnsupportedError, match=r"open the CRM with schema=") as caught:
        mariadb.open(base_of(mariadb.url, "")).tenant("acme")
    assert caught.value.code == "tenant"
    schema = f"{mariadb.mark}_named"
    assert names(holding(mariadb.open(base_of(mariadb.url, ""), schema=schema).tenant("acme"), "x")) == ["x"]
    assert f"{schema}__acme" in mariadb.schemas()


@pytest.mark.postgresql
@pytest.mark.parametrize("name", ["public", "pg_x", "pg_catalog", "information_schema"])
@pytest.mark.parametrize("schema", ["", "public"])
def test_a_company_in_public_is_not_called_as_what_is_there(postgresql, name, schema):
    store = postgresql.open(postgresql.url, schema=schema)
    with pytest.raises(InvalidError, match=r"can not name a company: .* is the database's own") as caught:
        store.tenant(name)
    assert caught.value.code == "tenant"


@pytest.mark.postgresql
def test_public_is_the_same_place_whether_it_is_named_or_not(postgresql):
    said, unsaid = (postgresql.open(postgresql.url, schema=schema) for schema in ("public", ""))
    name = postgresql.mark
    assert names(holding(unsaid.tenant(name), "x")) == names(said.tenant(name)) == ["x"]


def test_a_name_that_the_database_would_cut(server):
    """Two that differ at their ends alone would be one."""
    longest = {"postgresql": 63, "mariadb": 64}[server.kind]
    schema = server.mark.ljust(longest - 6, "x")
    store = server.open(server.url, schema=schema)
    assert names(holding(store.tenant("acme"), "x")) == ["x"]
    assert f"{schema}__acme" in server.schemas()
    with pytest.raises(InvalidError, match=f"longer than the database allows .{longest}.") as caught:
        store.tenant("acmee")
    assert caught.value.code == "tenant"


def test_a_guest_s_company_is_named_after_the_host_s_place(server):
    """A store for guests only knows it on a connection."""
    _, place = server.host("one")
    bare: Any = SqlStore.open(server.kind, CORE_TYPES)
    with pytest.raises(UnsupportedError, match=r"use on\(connection\)"):
        bare.tenant("acme")
    use = {"postgresql": f"SET search_path = {place}", "mariadb": f"USE {place}"}[server.kind]
    with server.engine.connect() as connection:
        connection.execute(text(use))
        own = bare.on(connection).tenant("acme")
        assert own.table(Customer).schema == f"{place}__acme"
        connection.rollback()


@pytest.mark.mariadb
def test_a_database_with_a_quote_in_its_name(mariadb):
    place = f"{mariadb.mark} o'neil"
    mariadb.change(f"CREATE DATABASE `{place}`")
    store = mariadb.open(base_of(mariadb.url, place))
    assert names(holding(store.tenant("acme"), "x")) == ["x"]
    assert f"{place}__acme" in mariadb.schemas()


@pytest.mark.mariadb
def test_a_guest_makes_no_company_where_that_would_commit_the_host_s_work(mariadb):
    """It is told how it is made; one that is there is the guest's as ever."""
    url = base_of(mariadb.url, mariadb.host("one")[1])
    mariadb.engine.dispose()
    engine = engine_of(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE orders (n INTEGER)"))
    with CRM.open(engine, discover=False, prefix="crm_") as crm:
        before = mariadb.schemas()
        for house in (crm, CRM.embedded("mariadb", discover=False, prefix="crm_")):
            with engine.connect() as connection:
                connection.execute(text("INSERT INTO orders VALUES (1)"))
                guest = house.on(connection)
                with pytest.raises(UnsupportedError, match="crmkit --tenant acme db upgrade") as caught:
                    guest.tenant("acme")
                assert caught.value.code == "tenant_outside"
                with pytest.raises(NotFoundError):
                    guest.tenant("acme", create=False)
                connection.rollback()
                assert connection.execute(text("SELECT count(*) FROM orders")).scalar_one() == 0
            assert mariadb.schemas() == before
        crm.tenant("acme")
        for ends, there in (("rollback", []), ("commit", ["Anna"])):
            with engine.connect() as connection:
                crm.on(connection).tenant("acme").customers.add(name="Anna")
                getattr(connection, ends)()
            assert [one.name for one in crm.tenant("acme").find(Customer)] == there
    engine.dispose()
