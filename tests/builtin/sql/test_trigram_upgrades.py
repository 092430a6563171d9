"""The index of trigrams comes to databases that are there, while others work; what is broken off or broken is brought up."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import Annotated, Any

import attrs
import pytest

from crmkit.builtin.sql import SqlStore, trigrams
from crmkit.builtin.sql.link import DriverLink
from crmkit.ports.store import Add, Remove, Replace
from crmkit.query import each
from crmkit.records import CORE_TYPES, Customer, NotPersonal, Record, Searchable
from tests.builtin.sql.conftest import ask, keep
from tests.builtin.sql.texts import named, plan_of, strays, waits

c = each(Customer)
pytestmark = pytest.mark.usefixtures("small_batches")


def without(monkeypatch: pytest.MonkeyPatch, url: str) -> Any:
    """A store as an older SQLite has it, on a place of its own."""
    with monkeypatch.context() as older:
        older.setattr(trigrams, "_SINCE", (99, 0))
        store: Any = SqlStore.open(url, CORE_TYPES)
        store.upgrade()
        keep(store, *(Add(Customer(version=1, name=f"Anna {n}")) for n in range(10)))
        (note,) = store.status().notes
        assert "FTS5" in note
        assert store.status().pending == ()
        assert len(named(store, "anna")) == 10
        assert "VIRTUAL" not in plan_of(store, c.name.contains("anna"))
    return store


def test_an_upgrade_brings_the_index_to_a_database_that_has_none(url, monkeypatch):
    """While a process that knows nothing of it goes on writing."""
    old = without(monkeypatch, url)
    new: Any = SqlStore.open(url, CORE_TYPES)
    assert any("VIRTUAL TABLE" in step for step in new.status().pending)
    assert len(named(new, "anna")) == 10
    done = new.upgrade()
    assert "Put the texts of customers into their index of trigrams." in done
    assert (new.status().pending, new.status().notes, waits(new), tuple(new.check())) == ((), (), 0, ())
    assert "VIRTUAL TABLE INDEX" in plan_of(new, c.name.contains("anna"))
    (first, second, *_) = ask(old, Customer)
    keep(old, Add(Customer(version=1, name="Annabel")), Remove(first))
    keep(old, Replace(attrs.evolve(second, version=2, name="Bert"), expected=1))
    assert len(named(new, "anna")) == len(named(old, "anna")) == 9
    assert named(new, "bert") == ["Bert"]
    assert new.upgrade() == ()
    assert (waits(new), strays(new)) == (0, 0)
    assert len(named(new, "anna")) == 9
    old.close()
    new.close()


def test_a_guest_brings_it_in_the_host_s_own_transaction(url, monkeypatch):
    without(monkeypatch, url).close()
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as host:
        host.execute("BEGIN IMMEDIATE")
        guest = SqlStore.open("sqlite", CORE_TYPES).on(host)
        guest.upgrade()
        assert waits(guest) == 0
        assert len(named(guest, "anna")) == 10
        assert guest.tend() == 0
        host.rollback()
        assert not host.execute("SELECT 1 FROM sqlite_master WHERE name LIKE '%search%'").fetchall()


def test_a_guest_uses_and_keeps_the_index_that_is_there(store, url):
    """Also where nothing was opened before: it looks when it comes."""
    made = Customer(version=1, name="Anna Jansen")
    keep(store, Add(made))
    store.tend()
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as host:
        host.execute("BEGIN IMMEDIATE")
        guest = SqlStore.open("sqlite", CORE_TYPES).on(host)
        assert "VIRTUAL TABLE INDEX" in plan_of(guest, c.name.contains("anna"))
        keep(guest, Remove(made))
        assert strays(guest) == 0
        host.commit()


def test_what_waits_long_is_told(store, monkeypatch):
    monkeypatch.setattr("crmkit.builtin.sql.searching.BATCH", 3)
    assert store.status().notes == ()
    keep(store, *(Add(Customer(name=f"Anna {n}")) for n in range(4)))
    (note,) = store.status().notes
    assert "customer" in note
    assert "crmkit work" in note
    store.tend()
    assert store.status().notes == ()


def test_an_index_that_somebody_dropped_is_missed_and_made_anew(store):
    keep(store, Add(Customer(name="Anna Jansen")))
    store.tend()
    transaction = store.begin(write=True)
    transaction._link.change("DROP TABLE customer__search__name_fold")
    transaction._link.change("DROP INDEX ix_customer__search_version")
    transaction.commit()
    found = {(one.table, one.name, one.what) for one in store.check()}
    assert found == {
        ("customer", "customer__search__name_fold", "missing index"),
        ("customer", "ix_customer__search_version", "missing index"),
    }
    assert store.status().pending
    store.upgrade()
    assert not list(store.check())
    assert named(store, "jansen") == ["Anna Jansen"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the worker is killed in children")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_worker_that_dies_loses_no_text(store, url):
    """Killed before each of its statements: what is found stays the same, and the next one brings the index up."""
    keep(store, *(Add(Customer(version=1, name=f"Anna {n}")) for n in range(4)))
    store.close()
    dies_at, is_dead = 0, True
    while is_dead:
        is_dead = died(url, dies_at)
        again: Any = SqlStore.open(url, CORE_TYPES)
        again.status()
        assert len(named(again, "anna")) == 4
        again.close()
        dies_at += 1
    assert dies_at > 10
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as db:
        assert db.execute("SELECT count(*) FROM customer WHERE search_doc IS NULL").fetchone() == (0,)
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def died(url: str, dies_at: int) -> bool:
    """Let a child tend the store until it dies before a statement; say whether it did."""
    child = os.fork()
    if child == 0:
        count = iter(range(dies_at))
        try:
            store: Any = SqlStore.open(url, CORE_TYPES)
            store.status()

            def boundary() -> None:
                if next(count, None) is None:
                    os._exit(9)

            for name in ("rows", "_run"):
                setattr(DriverLink, name, _guarded(getattr(DriverLink, name), boundary))
            store.tend()
            os._exit(0)
        finally:
            os._exit(70)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


def _guarded(call: Any, boundary: Any) -> Any:
    def guarded(*args: Any) -> Any:
        boundary()
        return call(*args)

    return guarded


def test_a_text_that_was_changed_by_hand_costs_no_write(store):
    """Its document is another one, which the index refuses to take out: it is made anew."""
    made = [Customer(version=1, name=name) for name in ("Jo", "Jan", "Anna")]
    keep(store, *map(Add, made))
    store.tend()
    transaction = store.begin(write=True)
    transaction._link.change(
        "UPDATE customer SET name = 'long ago', name_fold = 'long long long ago' WHERE name <> 'Anna'"
    )
    transaction.commit()
    assert keep(store, Replace(attrs.evolve(made[1], version=2, name="Janneke"), expected=1)) == []
    assert named(store, "jann") == ["Janneke"]
    assert len(named(store, "long ago")) == 1
    store.tend()
    assert (waits(store), strays(store)) == (0, 0)
    assert named(store, "anna") == ["Anna"]


def thing(**names: bool) -> Any:
    """A record type with these texts, each of them searched."""
    kinds = {name: Annotated[str, NotPersonal(), Searchable()] for name in names}
    made = type("Thing", (Record,), {"__annotations__": kinds, **dict.fromkeys(names, "")}, shared=True)
    return attrs.frozen(kw_only=True)(made)


def test_a_field_that_is_dropped_takes_its_index_along(url):
    """And one that is new brings its own; the texts of the others stay found."""
    one = thing(title=True, label=True)
    store: Any = SqlStore.open(url, [one])
    store.upgrade()
    keep(store, Add(one(version=1, title="Gazelle", label="Tour de ville")))
    store.tend()
    narrow: Any = SqlStore.open(url, [thing(title=True)])
    narrow.upgrade()
    done = narrow.drop_fields(narrow._catalogue.types["thing"], ["label"])
    assert 'DROP TABLE "thing__search__label_fold"' in done
    of = narrow._catalogue.types["thing"]
    assert [found.title for found in ask(narrow, of, each(of).title.contains("zelle"))] == ["Gazelle"]
    narrow.upgrade()
    assert not list(narrow.check())
    keep(narrow, Add(of(version=1, title="Batavus")))
    narrow.tend()
    store.close()
    wide: Any = SqlStore.open(url, [one])
    wide.upgrade()
    for needle in ("zelle", "batav"):
        assert len(ask(wide, one, each(one).title.contains(needle))) == 1
    keep(
        wide,
        Replace(
            attrs.evolve(ask(wide, one, each(one).title.contains("batav"))[0], version=2, label="Stad"), expected=1
        ),
    )
    wide.tend()
    assert len(ask(wide, one, each(one).label.contains("stad"))) == 1
    assert not list(wide.check())
    wide.close()
    narrow.close()
