"""Many who work at once: nothing is lost, a race is reported or run again, and who reads waits for nobody."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest
from sqlalchemy import Engine, create_engine, text

from crmkit import CRM, ConflictError, Customer, TryAgain
from crmkit.errors import StorageBusy
from crmkit.ports.store import Replace
from crmkit.query import count, each
from crmkit.records import LogEntry

IS_PROOF = os.environ.get("CRMKIT_TEST_PROOF") == "1"
WORKERS = 8
EDITS = 1000 if IS_PROOF else 25


@attrs.frozen
class Place:
    """A store of a test's own; every process opens it anew."""

    url: str
    schema: str = ""

    def opened(self) -> CRM:
        return CRM.open(self.url, schema=self.schema, discover=False, environ={})


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return Place(f"sqlite:///{tmp_path / 'crm.db'}")
    return server_place(request)


def server_place(request: pytest.FixtureRequest) -> Place:
    return Place(request.getfixturevalue("postgresql_url"), f"t{secrets.token_hex(6)}")


# --- eight edit one customer ---------------------------------------------------------------------------------------------
def edit(crm: CRM, anna: UUID) -> None:
    """Add one to what is read: an edit that overwrites another shows in the sum."""
    found = crm.get(Customer, anna)
    crm.customers.change(found, note=str(int(found.note) + 1))


def edit_blindly(crm: CRM, anna: UUID) -> None:
    """The wrong design: no version is compared."""
    found = crm.get(Customer, anna)
    transaction = crm.runner.store.begin(write=True)
    transaction.write([Replace(attrs.evolve(found, note=str(int(found.note) + 1)))])
    transaction.commit()


def work(place: Place, anna: UUID, how: Callable[[CRM, UUID], None], told: Path) -> None:
    """One process: count what was applied, and what was reported."""
    applied = refused = 0
    with place.opened() as crm:
        for _ in range(EDITS):
            try:
                how(crm, anna)
                applied += 1
            except (ConflictError, TryAgain):
                refused += 1
    told.write_text(json.dumps([applied, refused]))


def worked(place: Place, anna: UUID, how: Callable[[CRM, UUID], None], folder: Path) -> tuple[int, int]:
    """Let eight processes work; return how many edits were applied, and how many reported."""
    children = []
    for n in range(WORKERS):
        child = os.fork()
        if child == 0:
            code = 70
            try:
                work(place, anna, how, folder / f"{n}.json")
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * WORKERS
    told = [json.loads((folder / f"{n}.json").read_text()) for n in range(WORKERS)]
    return sum(applied for applied, _ in told), sum(refused for _, refused in told)


def begun(place: Place) -> UUID:
    with place.opened() as crm:
        return crm.customers.add(name="Anna", note="0").id


@pytest.mark.proof
def test_eight_who_edit_one_customer_lose_nothing(place: Place, tmp_path: Path) -> None:
    """Each edit is applied, once and in the log, or is a reported conflict."""
    anna = begun(place)
    applied, refused = worked(place, anna, edit, tmp_path)
    print(f"{place.url.partition(':')[0]}: {WORKERS} x {EDITS} edits: {applied} applied, {refused} reported")
    assert applied + refused == WORKERS * EDITS
    with place.opened() as crm:
        found = crm.get(Customer, anna)
        assert (int(found.note), found.version - 1) == (applied, applied)
        e = each(LogEntry)
        changes = crm.find(LogEntry, e.record_id == anna, e.name == "customer.changed", limit=None)
        assert sorted(int(entry.values["note"][1]) for entry in changes) == list(range(1, applied + 1))
    assert applied >= WORKERS


def test_the_wrong_design_loses_edits(place: Place, tmp_path: Path) -> None:
    """The control: the same edits without a version."""
    anna = begun(place)
    applied, _ = worked(place, anna, edit_blindly, tmp_path)
    with place.opened() as crm:
        assert int(crm.get(Customer, anna).note) < applied


# --- deadlocks -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[CRM]:
    with server_place(request).opened() as crm:
        yield crm


def crossing(crm: CRM, run: Callable[[Callable[[Any], None]], object]) -> list[Exception]:
    """Two units that take two customers in opposite order, each having the first when it asks for the second."""
    anna, bo = (crm.customers.add(name=name).id for name in ("Anna", "Bo"))
    both = threading.Barrier(2)
    failed: list[Exception] = []

    def in_order(mine: str, first: UUID, second: UUID) -> None:
        tries: list[int] = []

        def both_customers(tx: Any) -> None:
            tries.append(1)
            tx.customers.change(tx.get(Customer, first), note=f"{tx.get(Customer, first).note}{mine}")
            if len(tries) == 1:
                both.wait(timeout=60)
            tx.customers.change(tx.get(Customer, second), note=f"{tx.get(Customer, second).note}{mine}")

        try:
            run(both_customers)
        except TryAgain as error:
            failed.append(error)

    threads = [threading.Thread(target=in_order, args=args) for args in (("a", anna, bo), ("b", bo, anna))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = {"".join(sorted(crm.get(Customer, one).note)) for one in (anna, bo)}
    assert done == {"ab"} if not failed else done in ({"a"}, {"b"})
    return failed


@pytest.mark.postgresql
def test_a_deadlock_is_run_again(server: CRM) -> None:
    """The one whom the server ended begins anew, and both are done."""
    assert crossing(server, server.run) == []


@pytest.mark.postgresql
def test_a_deadlock_in_an_explicit_transaction_is_told(server: CRM) -> None:
    """The control: what is not run again ends in TryAgain, for the reason that is meant."""

    def once(work: Callable[[Any], None]) -> None:
        with server.transaction() as tx:
            work(tx)

    (error,) = crossing(server, once)
    assert getattr(error.__cause__, "sqlstate", "") == "40P01"


# --- readers -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def engine(place: Place) -> Iterator[Engine]:
    """Connections to the same place that wait for no lock for long."""
    is_file = place.url.startswith("sqlite")
    engine = create_engine(
        place.url.replace("postgresql:", "postgresql+psycopg:"),
        connect_args={"timeout": 0.2} if is_file else {"options": "-c lock_timeout=200"},
    )
    yield engine
    engine.dispose()


@pytest.fixture
def impatient(place: Place, engine: Engine) -> Iterator[CRM]:
    """A CRM on them."""
    begun(place)
    with CRM.open(engine=engine, schema=place.schema, discover=False, environ={}) as crm:
        yield crm


def read(crm: CRM) -> tuple[int, int]:
    (cell,) = crm.tally(Customer, n=count())
    return len(crm.find(Customer, each(Customer).name.contains("ann"), limit=None)), cell.n


def test_who_reads_is_not_held_up_by_a_bulk_import(place: Place, impatient: CRM) -> None:
    """While thousands of records are written and not yet kept, a reader sees what was there before, at once."""
    with place.opened() as writing:
        with writing.transaction() as tx:
            tx.add([Customer(name=f"Anna {n}") for n in range(3000)])
            assert read(impatient) == (1, 1)
        assert read(impatient) == (3001, 3001)


def test_a_store_that_locks_its_readers_out_is_found(place: Place, impatient: CRM, engine: Engine) -> None:
    """The control: the same reader, and a writer who takes all for itself."""
    if not place.schema:
        engine.dispose()
        holder = sqlite3.connect(str(engine.url.database), isolation_level=None)
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageBusy):
            read(impatient)
        holder.close()
        return
    with engine.begin() as connection:
        connection.execute(text(f"LOCK TABLE {place.schema}.customer IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(StorageBusy):
            read(impatient)
