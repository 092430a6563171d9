"""What growing asks of the schema and of every statement, read from the catalogue and from the log of statements, not believed."""

from __future__ import annotations

import random
import re
from typing import Any
from uuid import UUID

import attrs
import pytest
from sqlalchemy import text

from crmkit import CRM, Customer, Money, TryAgain
from crmkit._work.feed import number, read_feed
from crmkit.builtin.sql.transaction import SqlTransaction
from crmkit.query import each
from crmkit.records import Deal, LogEntry, declaration_of
from crmkit.records import Unit as UnitRecord
from tests.crm import statements
from tests.crm.machines import SECOND, First, Second

SQL = ("sqlite", "postgresql")


@pytest.fixture
def crm_plugins() -> list[object]:
    return [SECOND]


def day(crm: CRM) -> None:
    """A day's work: every kind of write and question that there is."""
    anna = crm.customers.put(("shop", "1"), name="Anna Jansen", email="anna@example.nl")
    bert = crm.customers.add(name="Bert de Wit", email="bert@example.nl")
    crm.customers.change(anna, name="Anna de Wit")
    deal = crm.deals.open(anna, title="Gazelle", amount=Money("1249", "EUR"))
    crm.deals.win(deal)
    crm.interactions.record(anna, channel="phone", subject="called")
    machines = crm.add([Second(customer=anna.id, title=f"Gazelle {n}") for n in range(5)])
    crm.replace(attrs.evolve(machines[0], maker="Gazelle"))
    crm.remove(machines[1])
    crm.messages.queue(anna, channel="letter", text="hello", key="1", address="Canal 1, Delft")
    crm.customers.merge(anna, bert)
    assert crm.customers.find("wit")
    d = each(Deal)
    assert crm.find(Deal, d.customer.name.contains("anna"), order=[-d.amount])
    crm.interactions.timeline(anna)
    crm.deals.board()
    crm.history.of(deal)
    crm.work()


def rows(crm: CRM, asked: str, **values: Any) -> list[Any]:
    transaction = crm.store.begin(write=False)
    try:
        return list(transaction.execute(text(asked).bindparams(**values)))
    finally:
        transaction.rollback()


# --- rule 1: ids are ours ------------------------------------------------------------------------------------------------
@pytest.mark.crm(stores=SQL)
def test_no_sequence_no_trigger_no_function_and_no_default_that_makes_a_number(crm: CRM):
    """By the catalogue: ids are 16 bytes that we made; nothing in the database makes or changes a value."""
    day(crm)
    schema = crm.store._catalogue.schema
    if not schema:
        kinds = {kind for (kind,) in rows(crm, "SELECT DISTINCT type FROM sqlite_master")}
        assert kinds == {"table", "index"}
        assert not rows(
            crm, "SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%' OR sql LIKE '%GENERATED%'"
        )
        for of in crm.house.types:
            name = declaration_of(of).name
            assert {tuple(row) for row in rows(crm, f"SELECT DISTINCT typeof(id), length(id) FROM {name}")} <= {
                ("blob", 16)
            }
        return
    place = {"s": schema}
    of_schema = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :s"
    assert {row[0] for row in rows(crm, f"SELECT DISTINCT c.relkind::text {of_schema}", **place)} == {"r", "i"}
    assert not rows(crm, f"SELECT tgname FROM pg_trigger WHERE tgrelid IN (SELECT c.oid {of_schema})", **place)
    assert not rows(
        crm, "SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = :s", **place
    )
    columns = rows(
        crm,
        "SELECT column_name, data_type, column_default, is_identity, is_generated FROM information_schema.columns WHERE table_schema = :s",
        **place,
    )
    assert {row[1] for row in columns if row[0] == "id"} == {"uuid"}
    assert not [row for row in columns if row[3] != "NO" or row[4] != "NEVER" or "(" in (row[2] or "")]


@pytest.mark.crm(stores=SQL)
def test_ids_are_time_ordered_and_made_before_anything_is_asked(crm: CRM):
    """Version 7 of each record of the day, and in the order in which they were made."""
    day(crm)
    found = [record.id for of in crm.house.types if declaration_of(of).mode == "mutable" for record in crm.find(of)]
    assert {one.version for one in found} == {7}
    one, other = First(customer=found[0], title="a"), First(customer=found[0], title="b")
    assert one.id < other.id


# --- rule 2: every record type has its place ----------------------------------------------------------------------------------
@pytest.mark.crm(stores=SQL)
def test_every_record_type_is_placed(crm: CRM):
    """Shared, or with a customer_id that an index leads with; nothing owned by a customer is kept without it."""
    day(crm)
    transaction = crm.store.begin(write=False)
    described = crm.store._catalogue.database.describe(transaction._link, crm.store._catalogue.schema)
    transaction.rollback()
    for of in crm.house.types:
        declaration = declaration_of(of)
        assert declaration.belongs in ("owner", "shared", "itself")
        if declaration.belongs == "shared":
            continue
        table = described[declaration.name]
        assert "customer_id" in table.columns, declaration.name
        assert any(re.match(r"(UNIQUE )?\(customer_id\b", on) for on in table.indexes.values()), declaration.name
        if declaration.direct and declaration.owner is not None and not declaration.owner.optional:
            assert all(record.customer_id is not None for record in crm.find(of)), declaration.name


# --- rule 6: no session state, compare-and-swap -----------------------------------------------------------------------------------
def opened(request: pytest.FixtureRequest, store: str, **more: Any) -> CRM:
    """A CRM whose connections are made now, so that all they are told is seen."""
    url = f"sqlite:///{request.getfixturevalue('tmp_path') / 'crm.db'}"
    if store == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    return CRM.open(url, plugins=[SECOND], discover=False, **more)


@pytest.mark.parametrize("store", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_statements_leave_nothing_in_a_session(request, monkeypatch, store):
    """From the creation to the end of the day: what a pooler between us could mix up is in no statement."""
    with (
        statements.logged(monkeypatch) as log,
        opened(request, store, schema="day" if store == "postgresql" else "") as crm,
    ):
        day(crm)
        crm.upgrade()
        if store == "postgresql":
            assert rows(crm, "SELECT count(*) FROM pg_prepared_statements") == [(0,)]
            assert rows(
                crm, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            ) == [(0,)]
    assert len(log) > 300
    assert list(statements.keeping_state(log)) == []
    changes = [text for text in log if re.match(r"UPDATE \S*machine\b", text)]
    assert changes
    assert all(re.search(r"WHERE \S*id = .* AND \S*version = ", text) for text in changes)


@pytest.mark.parametrize(
    "planted",
    [
        "SET search_path TO acme",
        "LISTEN news",
        "PREPARE p AS SELECT 1",
        "SELECT pg_advisory_lock(7)",
        "SELECT nextval('ids')",
        "CREATE TRIGGER t",
    ],
)
def test_a_statement_that_does_is_found(planted):
    assert list(statements.keeping_state([planted, "SET TRANSACTION READ ONLY", "SET LOCAL lock_timeout = '3s'"])) == [
        planted
    ]


# --- rule 7: a unit can be run again from its start --------------------------------------------------------------------------------
@pytest.mark.parametrize("store", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_every_unit_may_be_run_again(request, monkeypatch, store):
    """Each commit of the day is refused once, as a node that is lost does: the day comes out as without."""
    commit, refused = SqlTransaction.commit, []

    def lost_once(self: Any) -> None:
        refused.append(self)
        if len(refused) % 2:
            self.rollback()
            raise TryAgain("the node is lost")
        commit(self)

    with opened(request, store, schema="again" if store == "postgresql" else "", pause=lambda _: None) as crm:
        monkeypatch.setattr(SqlTransaction, "commit", lost_once)
        day(crm)
        monkeypatch.setattr(SqlTransaction, "commit", commit)
        assert len(crm.find(Second)) == 4
        assert len(crm.find(Deal)) == 1
        assert [event.name for event in crm.history.of(crm.find(Deal)[0])].count("deal.won") == 1
        assert len({(entry.record_id, entry.record_version, entry.name) for entry in crm.find(LogEntry)}) == len(
            crm.find(LogEntry)
        )
    assert len(refused) > 20


# --- rule 9: a company is a schema ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("store", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_no_statement_of_one_company_names_the_other_s_tables(request, monkeypatch, store):
    """Two companies work side by side; each statement names the tables of the one whose day it is, by their whole name."""
    mark = "." if store == "postgresql" else "__"
    with opened(request, store, schema="firm" if store == "postgresql" else "") as crm:
        names = [declaration_of(of).name for of in crm.house.types]
        company = {name: f"firm__{name}" if store == "postgresql" else name for name in ("acme", "bolt")}
        crm.tenant("bolt").customers.add(name="Bolt's own")
    for name, other in (("acme", "bolt"), ("bolt", "acme")):
        with (
            statements.logged(monkeypatch) as log,
            opened(request, store, schema="firm" if store == "postgresql" else "") as crm,
        ):
            view = crm.tenant(name)
            log.clear()
            day(view)
            view.upgrade()
        assert len(log) > 100
        assert not [text for text in log if company[other] in text]
        assert list(statements.outside(log, names, lambda table, name=name: f"{company[name]}{mark}{table}")) == []
    with opened(request, store, schema="firm" if store == "postgresql" else "") as crm:
        assert crm.tenant("bolt").customers.find("bolt's")
        assert not crm.tenant("acme").customers.find("bolt's")
        assert not crm.find(Customer)


def test_a_statement_that_names_another_place_is_found():
    log = [
        "SELECT 1 FROM customer",
        "UPDATE bolt.deal SET a = 1",
        'DELETE FROM "acme"."customer"',
        "INSERT INTO bolt__deal VALUES (1)",
    ]
    assert list(statements.outside(log, ["customer", "deal"], lambda of: f"acme.{of}")) == [
        "customer",
        "bolt.deal",
        "bolt__deal",
    ]


# --- eight writers ---------------------------------------------------------------------------------------------------------------------
@pytest.mark.crm(stores=("sqlite", "postgresql", "mariadb"))
def test_eight_writers_that_commit_in_any_order_lose_no_event_for_any_subscriber(crm: CRM, clock: Any):
    """Readers of three rhythms see each change once; the reader that keeps the last id seen loses what was committed late."""
    chance, count = random.Random(7), 0
    places: list[Any] = [(0, 2**31)] * 3
    told: list[list[Any]] = [[], [], []]
    are_open = bool(crm.store._catalogue.schema)  # on SQLite one writes at a time: each begins when it commits
    number(crm.runner)
    last, by_id = UUID(int=0), set[UUID]()

    def read(reader: int) -> None:
        number(crm.runner)
        found, *after = crm.runner.run(lambda unit: read_feed(unit.tx, *places[reader], ["customer"], 1000))
        told[reader] += [one.entry.record_id for one in found]
        places[reader] = tuple(after)

    for _ in range(6):
        units = [crm.runner.unit(write=True) for _ in range(8)]
        for unit in units if are_open else ():
            unit.add(Customer(name="early"))
        chance.shuffle(units)
        for unit in units:
            if not are_open:
                unit.add(Customer(name="early"))
            unit.finish()
            count += 1
            for reader in range(3):
                if count % (reader * 3 + 1) == 0:
                    read(reader)
            for found in crm.find(UnitRecord, each(UnitRecord).id > last, order=[each(UnitRecord).id]):
                last = found.id
                by_id.add(found.id)
        clock.advance(minutes=1)
    everybody = {customer.id for customer in crm.find(Customer)}
    assert len(everybody) == 48
    for reader in range(3):
        read(reader)
        assert len(told[reader]) == 48
        assert set(told[reader]) == everybody
    changes = {entry.unit for entry in crm.find(LogEntry, each(LogEntry).record_type == "customer")}
    assert len(by_id & changes) < 48, "the control must lose what was committed late"
