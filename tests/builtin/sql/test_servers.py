"""What every server can do to us: other writers, workers and hosts, connections that are ended, and how it orders text."""

from __future__ import annotations

import threading
from typing import Any, Final

import attrs
import pytest
from sqlalchemy import create_engine, make_url, text

from crmkit.builtin.sql import SqlStore
from crmkit.builtin.sql.postgresql_faults import refusal_of
from crmkit.errors import OutcomeUnknown, StoreError, TryAgain, UnsupportedError
from crmkit.ports.store import Add, NotApplied, Replace
from crmkit.query import bind, each, find
from crmkit.records import CORE_TYPES, Agent, Customer, Dispatch, Message
from tests.builtin.sql.conftest import BINDING, NOW, SERVERS, ask, keep
from tests.builtin.sql.test_upgrade import ANNA, Bicycle, NewBicycle

OWN_ID: Final = {"postgresql": "SELECT pg_backend_pid()", "mariadb": "SELECT CONNECTION_ID()"}
END: Final = {"postgresql": "SELECT pg_terminate_backend({}, 5000)", "mariadb": "KILL {}"}
THERE: Final = "SELECT 1 FROM information_schema.processlist"


def id_of(transaction: Any) -> int:
    """How the server calls the connection of a transaction."""
    ((found,),) = transaction._link.rows(OWN_ID[transaction._link.database.name])
    return int(found)


def end(server: Any, *connections: int) -> None:
    """End connections, as the server's keeper would, and see them gone: MariaDB does not wait for that."""
    name, engine = server._catalogue.database.name, create_engine(server._ours.engine.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as other:
        for one in connections:
            other.execute(text(END[name].format(one)))
            while name == "mariadb" and other.execute(text(f"{THERE} WHERE id = {one}")).all():
                pass
    engine.dispose()


def test_two_writers_of_one_record_do_not_lose_each_other_s(server):
    """The later one runs again, or hears that it has read an old one."""
    anna = Customer(name="Anna", version=1)
    keep(server, Add(anna))
    first, second = server.begin(write=True), server.begin(write=True)
    for transaction in (first, second):
        assert transaction.get(Customer, [anna.id])[anna.id].name == "Anna"
    first.write([Replace(attrs.evolve(anna, name="one", version=2), expected=1)])
    first.commit()
    try:
        late = second.write([Replace(attrs.evolve(anna, name="two", version=2), expected=1)])
    except TryAgain:  # PostgreSQL, and MariaDB from 11.6 on, say so themselves
        late = [NotApplied(0, "stale")]
    second.rollback()
    assert late == [NotApplied(0, "stale")]
    assert [one.name for one in ask(server, Customer)] == ["one"]


def test_a_key_that_somebody_took_meanwhile(server):
    """This transaction can not see the other's record: it is to run again."""
    late = server.begin(write=True)
    assert late.get(Customer, [Customer(name="x").id]) == {}
    keep(server, Add(Agent(key="ineke", name="Ineke")))
    with pytest.raises(TryAgain):
        late.write([Add(Agent(key="ineke", name="Another"))])
    late.rollback()
    assert [one.name for one in ask(server, Agent)] == ["Ineke"]


def test_two_workers_do_not_claim_the_same(server):
    """A second claim passes over what the first one holds, and does not wait for it."""
    m = [Message(key=str(n), channel="log", address="x") for n in range(4)]
    keep(server, *map(Add, m), *(Add(Dispatch(message=one.id, channel="log", due_at=NOW)) for one in m))
    question = bind(find(Dispatch, each(Dispatch).lease_until.is_missing), BINDING)
    workers = [server.begin(write=True) for _ in range(2)]
    claimed = [worker.claim(question, 2, NOW) for worker in workers]
    for worker in workers:
        worker.commit()
    assert len({one.id for found in claimed for one in found}) == 4


def test_many_workers_claim_each_once(server):
    """Four that claim at the same time, some of each other's way, until there is nothing left."""
    m = [Message(key=str(n), channel="log", address="x") for n in range(120)]
    keep(server, *map(Add, m), *(Add(Dispatch(message=one.id, channel="log", due_at=NOW)) for one in m))
    question = bind(find(Dispatch, each(Dispatch).lease_until.is_missing), BINDING)
    claimed: list[Any] = []

    def work() -> None:
        while True:
            worker = server.begin(write=True)
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


def test_after_one_loss_the_other_connections_are_asked(server):
    """A server that was restarted costs one unit, and not one for each connection that lay in the pool."""
    used = [server.begin(write=True) for _ in range(3)]
    ids = [id_of(transaction) for transaction in used]
    for transaction in used:
        transaction.rollback()
    end(server, *ids)
    with pytest.raises(TryAgain):  # MariaDB's begins with a statement, PostgreSQL's with its first one
        server.begin(write=True).write([Add(Customer(name="Anna"))])
    kept = [server.begin(write=True) for _ in range(3)]
    for transaction in kept:
        transaction.write([Add(Customer(name="Bo"))])
        transaction.commit()


def test_a_lost_connection(server):
    """In a statement nothing was kept; while committing nobody knows; the store goes on with another one."""
    lost = server.begin(write=True)
    end(server, id_of(lost))
    with pytest.raises(TryAgain, match="broke"):
        lost.write([Add(Customer(name="Anna"))])
    lost.rollback()
    lost = server.begin(write=True)
    lost.write([Add(Customer(name="Bo"))])
    end(server, id_of(lost))
    with pytest.raises(OutcomeUnknown):
        lost.commit()
    assert list(ask(server, Customer)) == []


@pytest.mark.parametrize(("scheme", "driver"), [("postgresql", "psycopg"), ("mariadb", "pymysql")])
def test_a_server_that_is_not_there(scheme, driver):
    """Its name is said, its password is not; and nobody is told to run the unit again at once."""
    pytest.importorskip(driver)
    with pytest.raises(StoreError, match="can not be reached") as caught:
        SqlStore.open(f"{scheme}://crm:secret@127.0.0.1:1/x", CORE_TYPES).status()
    assert "127.0.0.1" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", SERVERS)
@pytest.mark.parametrize(
    ("part", "code", "said"),
    [
        ("database", "no_database", "no such database"),
        ("username", "denied", "user and the password"),
        ("password", "denied", "user and the password"),
    ],
)
def test_a_server_that_refuses_says_why(request, scheme, part, code, said):
    """A database that is not there, a user or password that is wrong: what to look at is said; the password is not."""
    if (scheme, part) == ("postgresql", "password"):
        pytest.skip("the server of the tests asks nobody for one: see the next test")
    url = make_url(request.getfixturevalue(f"{scheme}_url")).set(**{part: "secret"})
    store = SqlStore.open(url.render_as_string(hide_password=False), CORE_TYPES)
    with pytest.raises(StoreError, match=said) as caught:
        store.status()
    store.close()
    assert caught.value.code == code
    assert ("secret" in str(caught.value)) is (part != "password")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('FATAL:  password authentication failed for user "crm"', "denied"),
        ("fe_sendauth: no password supplied", "denied"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "crm", database "crm", no encryption', "denied"),
        ('FATAL:  permission denied for database "crm"', "denied"),
        ("connection refused", None),
    ],
)
def test_what_postgresql_says_of_a_connection_that_it_refuses(said, code):
    """Its driver has no number for it."""
    refused = refusal_of(RuntimeError(f"connection to server failed: {said}"), place="db")
    assert (refused and refused.code) == code


def test_a_guest_leaves_nothing_when_the_host_rolls_back(server):
    """On SQLAlchemy's connection and on the driver's own."""
    engine = create_engine(server._ours.engine.url)
    with engine.connect() as connection:
        begun = connection.begin()
        keep(server.on(connection), Add(Customer(name="Anna")))
        assert len(ask(server.on(connection), Customer)) == 1
        begun.rollback()
    assert list(ask(server, Customer)) == []
    driver: Any = engine.raw_connection()
    keep(server.on(driver.driver_connection), Add(Customer(name="Anna")))
    driver.rollback()
    assert list(ask(server, Customer)) == []
    engine.dialect.set_isolation_level(driver.driver_connection, "AUTOCOMMIT")
    with pytest.raises(UnsupportedError, match="autocommit"):
        server.on(driver.driver_connection)
    engine.dialect.reset_isolation_level(driver.driver_connection)
    driver.close()
    engine.dispose()


def test_upgrades_add_columns_indexes_and_search_keys(server):
    """As on SQLite: the same steps, in the server's words."""
    new = server.with_types([*CORE_TYPES, Bicycle])
    new.upgrade()
    keep(new, Add(ANNA), Add(Bicycle(customer=ANNA.id, customer_id=ANNA.id, note="Grün")))
    newer = server.with_types([*CORE_TYPES, NewBicycle])
    assert newer.status().behind == {"bicycle"}
    assert newer.upgrade()
    assert newer.upgrade() == newer.status().pending == ()
    b = each(NewBicycle)
    (found,) = ask(newer, NewBicycle, b.note.contains("GRUN"), b.shop == "utrecht")
    assert found.price.amount == 10


def test_text_is_ordered_by_code_point(server):
    """And a blank at the end counts."""
    names = ["b", "B", "a", "é", "z", "Z", "\U0001f600", "\uffee", "a "]
    keep(server, *(Add(Customer(name=name)) for name in names))
    c = each(Customer)
    assert [one.name for one in ask(server, Customer, order=[c.name])] == sorted(names)
    assert [one.name for one in ask(server, Customer, c.name == "a")] == ["a"]


def test_a_connection_that_is_known_to_be_lost(server):
    """What is still asked of it, a savepoint's end too, is told as the loss is; the pool gets it back."""
    lost = server.begin(write=True)
    mark = lost.mark()
    end(server, id_of(lost))
    for ask_it in (lambda: lost.get(Customer, [ANNA.id]), lambda: lost.undo_to(mark)):
        with pytest.raises(TryAgain):
            ask_it()
    lost.rollback()
    assert server._ours.engine.pool.checkedout() == 0
