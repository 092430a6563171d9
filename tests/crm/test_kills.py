"""A process that dies at any statement of any migration leaves the old schema, the new one, or an open step that `upgrade` finishes.

The migration runs in a child that is forked from this process and ends without a word before its n-th statement, for every n. Then older
code opens the database and reads; newer code upgrades; what there is at the end is compared with a fresh install, and each
record counts how often a step has seen it. The control keeps a batch and the place to go on from in two transactions.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import psycopg
import pytest
from sqlalchemy import Engine, event, make_url

from crmkit import CRM, Plugin, UpgradeNeeded, step
from crmkit._work import stepping
from crmkit.query import each
from crmkit.records import text as texts
from tests.crm.machines import FIRST, SEARCHED, THIRD, First, Searched, Second, Third
from tests.proofs import sized

DEAD, COUNT = 9, 7
pytestmark = [
    pytest.mark.once(each=3),
    pytest.mark.proof,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="migrations are killed in children"),
    # the child runs on alone and ends by os._exit: it takes no lock that a thread of this process may hold
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


@step(Second, to=1)
def count_up(machine: Second) -> Second:
    """Count; it is seen where that is done twice."""
    return attrs.evolve(machine, maker="Gazelle", splits=machine.splits + 1)


SECOND = Plugin("machines", offers=(Second, count_up))


# --- places: a file, or a database on a server; each is copied for every death ------------------------------------------
class Files:
    """Places that are SQLite files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder, 0

    def new(self, like: str = "") -> str:
        self.made += 1
        made = self.folder / f"crm{self.made}.db"
        if like and self._file(like).exists():
            shutil.copy(self._file(like), made)
        return f"sqlite:///{made}"

    def drop(self, place: str) -> None:
        for file in self.folder.glob(f"{self._file(place).name}*"):
            file.unlink()

    def shape(self, place: str) -> Any:
        """Every column and every index, as SQLite itself tells them; not the defaults, which are for older code."""
        with contextlib.closing(sqlite3.connect(self._file(place))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            columns = connection.execute(
                "SELECT m.name, c.name, c.type, c.\"notnull\", c.pk FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
            ).fetchall()
            return sorted(map(str, columns)), sorted(
                connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql > ''").fetchall()
            )

    def die(self, boundary: Callable[[], None]) -> None:
        """In a child: call the boundary before every statement."""
        event.listen(Engine, "connect", lambda driver, _: driver.set_trace_callback(lambda _: boundary()))

    def _file(self, place: str) -> Path:
        return Path(place.removeprefix("sqlite:///"))


class Databases:
    """Places that are databases of one server."""

    def __init__(self, url: str) -> None:
        self.url, self.made = make_url(url), set[str]()

    def _run(self, text: str) -> None:
        with psycopg.connect(self.url.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(text)  # type: ignore[call-overload]  # names are our own

    def new(self, like: str = "") -> str:
        name = f"crmkit_{secrets.token_hex(6)}"
        self.made.add(name)
        self._run(f"CREATE DATABASE {name} TEMPLATE {make_url(like).database if like else 'template0'}")
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, place: str) -> None:
        name = make_url(place).database
        self.made.discard(str(name))
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def shape(self, place: str) -> Any:
        """Every column and every index, as PostgreSQL itself tells them; an invalid index is told apart."""
        with psycopg.connect(place) as connection:
            columns = connection.execute(
                "SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns"
                " WHERE table_schema = 'public'"
            ).fetchall()
            indexes = connection.execute(
                "SELECT pg_get_indexdef(i.indexrelid), i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
                " WHERE c.relnamespace = 'public'::regnamespace"
            ).fetchall()
            return sorted(map(str, columns)), sorted(map(str, indexes))

    def die(self, boundary: Callable[[], None]) -> None:
        """In a child: call the boundary before every statement and every commit."""
        for of, names in ((psycopg.Cursor, ("execute", "executemany", "copy")), (psycopg.Connection, ("commit",))):
            for name in names:
                setattr(of, name, _guarded(getattr(of, name), boundary))


def _guarded(call: Callable[..., Any], boundary: Callable[[], None]) -> Callable[..., Any]:
    def guarded(*args: Any, **more: Any) -> Any:
        boundary()
        return call(*args, **more)

    return guarded


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "sqlite":
        yield Files(tmp_path)
        return
    made = Databases(request.getfixturevalue("postgresql_url"))
    yield made
    for name in made.made.copy():
        made.drop(made.url.set(database=name).render_as_string(hide_password=False))


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stepping, "BATCH", 3)


def opened(place: str, *plugins: Plugin) -> CRM:
    return CRM.open(place, plugins=plugins, discover=False, environ={})


def filled(place: str) -> None:
    with opened(place, FIRST) as crm:
        anna = crm.customers.add(name="Anna Jansen")
        crm.add([First(customer=anna.id, title=f"Gazelle {n}") for n in range(COUNT)])


def migrated(
    places: Any, place: str, plugin: Plugin, dies_at: int, prepare: Callable[[], None] = lambda: None
) -> tuple[bool, int]:
    """Upgrade in a child that dies before a statement; return whether it came to its end, and its statements until then."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        count = [0]

        def boundary() -> None:
            if count[0] == dies_at:
                os.write(write, str(count[0]).encode())
                os._exit(DEAD)
            count[0] += 1

        code = 70
        try:
            prepare()
            places.die(boundary)
            with opened(place, plugin) as crm:
                crm.upgrade(contract=True)
            os.write(write, str(count[0]).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as told:
        statements = told.read()
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in (0, DEAD)
    return ended == 0, int(statements)


def deaths(
    places: Any, before: str, plugin: Plugin, every: int, brief: int = 0, since: int = 0, **more: Any
) -> Iterator[str]:
    """Yield the place after each death, copied from what was before; every one at full size, else each so-many-th (``brief``: see ``sized``)."""
    at, is_done = since, False
    while not is_done:
        place = places.new(before)
        is_done, statements = migrated(places, place, plugin, at, **more)
        assert statements == at or (is_done and statements < at)
        yield place
        places.drop(place)
        at += sized(full=1, default=every, brief=brief or 2 * every + 1)


def fresh(places: Any, *plugins: Plugin) -> Any:
    place = places.new()
    with opened(place, *plugins):
        pass
    shape = places.shape(place)
    places.drop(place)
    return shape


# --- every migration -----------------------------------------------------------------------------------------------------
def test_creation(places):
    """Whoever opens it next finds nothing, or all: an absent schema is created, as ever."""
    whole = fresh(places, FIRST)
    for place in deaths(places, places.new(), FIRST, every=193):
        with opened(place, FIRST) as crm:
            crm.upgrade()
            assert crm.status().pending == ()
            anna = crm.customers.add(name="Anna")
            crm.add(First(customer=anna.id, title="Gazelle 1"))
        assert places.shape(place) == whole


def test_columns_indexes_and_a_step(places):
    """Older code reads all the time and writes; the step has seen each record once."""
    before, whole = places.new(), fresh(places, SECOND)
    filled(before)
    for place in deaths(places, before, SECOND, every=31):
        with opened(place, FIRST) as old:
            assert {m.title for m in old.find(First)} == {f"Gazelle {n}" for n in range(COUNT)}
            (anna,) = old.customers.find("anna")
            old.customers.change(anna, name="Anna de Wit")
        with opened(place, SECOND) as new:
            new.upgrade()
            (line,) = [line for line in new.status().lines if line.name == "machines"]
            assert (line.at, line.operation, line.failed, new.status().pending) == (1, None, "", ())
            assert sorted(m.splits for m in new.find(Second)) == [1] * COUNT
            assert {m.maker for m in new.find(Second)} == {"Gazelle"}
        assert places.shape(place) == whole


def test_dropped_fields(places):
    """The last part: columns go with their indexes, in one transaction with what the ledger says of them."""
    before = places.new()
    filled(before)
    with opened(before, SECOND) as crm:
        crm.upgrade()
    for place in deaths(places, before, THIRD, every=31):
        with opened(place, SECOND) as old:
            assert len(old.find(Second)) == COUNT
            with contextlib.suppress(UpgradeNeeded):
                old.add(Second(customer=old.customers.find("anna")[0].id, title="late"))
        with opened(place, THIRD) as new:
            new.upgrade(contract=True)
            assert new.status().pending == ()
            assert {m.splits for m in new.find(Third)} <= {0, 1}
        assert not any("'title'" in column and "'machine'" in column for column in places.shape(place)[0])


def test_an_older_core(places, monkeypatch):
    """Search keys of another version are made anew, a file gets its index of them, and new record types of the core are added."""
    before = places.new()
    with monkeypatch.context() as older:
        for module in ("planning", "upgrading", "folding"):
            older.setattr(f"crmkit.builtin.sql.{module}.FOLD_VERSION", texts.FOLD_VERSION - 1)
        older.setattr("crmkit.builtin.sql.trigrams._SINCE", (99, 0))  # a SQLite without trigrams
        older.setattr(
            "crmkit._plugins.loaded.CORE_TYPES", tuple(of for of in _core() if of.__name__ not in ("Rate", "Cost"))
        )
        filled(before)
    whole = fresh(places, FIRST)
    for place in deaths(places, before, FIRST, every=67):
        with opened(place, FIRST) as crm:
            crm.upgrade()
            assert crm.status().pending == ()
            assert [customer.name for customer in crm.customers.find("jansen")] == ["Anna Jansen"]
        assert places.shape(place) == whole


def test_a_text_that_is_searched_in_since_now(places, monkeypatch):
    """Its search keys are made in batches; each of them is there in the end, and the ledger has forgotten it."""
    monkeypatch.setattr("crmkit.builtin.sql.folding._PAGE", 2)
    before = places.new()
    filled(before)
    whole = fresh(places, SEARCHED)
    for place in deaths(places, before, SEARCHED, every=31):
        with opened(place, FIRST) as old:
            assert len(old.find(First)) == COUNT
            old.customers.change(old.customers.find("anna")[0], name="Anna de Wit")
        with opened(place, SEARCHED) as new:
            new.upgrade()
            assert new.status().pending == ()
            assert len(new.find(Searched, each(Searched).title.contains("GAZELLE"))) == COUNT
        assert places.shape(place) == whole


def _core() -> Any:
    from crmkit.records import CORE_TYPES

    return CORE_TYPES


# --- the control ------------------------------------------------------------------------------------------------------------
def keep_apart() -> None:
    """The wrong design: a batch is kept, and then, in a transaction of its own, the place to go on from."""
    run = stepping.Runner.run
    batch = stepping._batch

    def apart(self: Any, work: Any, key: Any = None) -> Any:
        if key is not batch:
            return run(self, work, key)
        kept: list[Any] = []

        def only_records(unit: Any) -> Any:
            replace = unit.replace

            def held(record: Any, **more: Any) -> Any:
                if isinstance(record, stepping.Operation):
                    kept.append(record)
                    return record
                return replace(record, **more)

            unit.replace = held
            return work(unit)

        done = run(self, only_records, "apart")
        for operation in kept:
            run(self, lambda unit: unit.to_write().write([stepping.Replace(operation)]), "place")  # noqa: B023  # run at once
        return done

    stepping.Runner.run = apart  # type: ignore[method-assign]  # of a process that lives for this alone


def test_a_place_that_is_kept_apart_is_found(tmp_path):
    """Somewhere a batch was kept and its place was not: it is done again, and the records tell."""
    places = Files(tmp_path)
    before = places.new()
    filled(before)
    _, statements = migrated(places, places.new(before), SECOND, 10**9, prepare=keep_apart)
    for place in deaths(places, before, SECOND, every=3, brief=3, since=statements - 55, prepare=keep_apart):
        with opened(place, SECOND) as new:
            new.upgrade()
            if max(m.splits for m in new.find(Second)) > 1:
                return
    pytest.fail("the wrong design was not found")
