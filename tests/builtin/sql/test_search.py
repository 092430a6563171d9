"""A search for a part of a text gives the same answers on every database, with its index and without."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url, text

from crmkit.builtin.memory.store import MemoryStore
from crmkit.builtin.sql import SqlStore
from crmkit.builtin.sql.compile.finding import shape_of
from crmkit.ports.store import Add
from crmkit.query import bind, each, find
from crmkit.records import CORE_TYPES, Customer
from crmkit.records.text import fold
from crmkit.testing.servers.kinds import server_of
from tests.builtin.sql.conftest import BINDING, ask, keep

pytestmark = pytest.mark.postgresql
c = each(Customer)

ANY = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=12)
ODD = st.text(st.sampled_from("%_\\'\"aAàß ıİ你好Ωω\u064a\u06cc\u0640\U0001f600𝔄-"), max_size=8)
WORDS = st.one_of(ANY, ODD, st.sampled_from(["Jansén", "أنّا", "דוד", "ШИРОКОВ", "100 %", "a_b", "C:\\temp"]))


@pytest.fixture(scope="module")
def server(postgresql_url: str) -> Iterator[Any]:
    """A store on a server that has trigrams."""
    store: Any = SqlStore.open(postgresql_url, CORE_TYPES, schema="trigrams")
    store.upgrade()
    notes = store.status().notes
    with _admin(postgresql_url) as admin:
        if not admin.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'").fetchall():
            store.close()
            pytest.skip(f"postgresql: {notes[0]}")
    yield store
    store.close()


@pytest.fixture
def clerks(postgresql_server: str) -> Iterator[Any]:
    """A store of somebody who may not bring trigrams into the database."""
    kind, name = server_of("postgresql"), f"clerk_{secrets.token_hex(4)}"
    url = kind.make_database(postgresql_server, name)
    with _admin(url) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN")
        admin.execute(f"CREATE SCHEMA {name} AUTHORIZATION {name}")
    store: Any = SqlStore.open(make_url(url).set(username=name), CORE_TYPES, schema=name)
    store.upgrade()
    yield store
    store.close()
    kind.drop_database(postgresql_server, name)
    with _admin(postgresql_server) as admin:
        admin.execute(f"DROP ROLE {name}")


def _admin(url: Any) -> Any:
    psycopg: Any = pytest.importorskip("psycopg", exc_type=ImportError)
    return psycopg.connect(make_url(url).render_as_string(hide_password=False), autocommit=True)


def answers(store: Any, names: list[str], needle: str, *, by_index: bool = False) -> list[str]:
    """What is found among these names; nothing is kept."""
    transaction = store.begin(write=True)
    try:
        if by_index:
            transaction._link.change("SET LOCAL enable_seqscan = off")
        transaction.write([Add(Customer(name=name)) for name in names])
        question = bind(find(Customer, c.name.contains(needle)), BINDING)
        return sorted(found.name for found in transaction.find(question))
    finally:
        transaction.rollback()


@st.composite
def searches(draw: st.DrawFn) -> tuple[list[str], str]:
    names = draw(st.lists(WORDS, min_size=1, max_size=5))
    name = draw(st.sampled_from(names))
    start = draw(st.integers(0, len(name)))
    part = name[start : draw(st.integers(start, len(name)))]
    return names, draw(st.one_of(st.just(part), st.just(part.upper()), WORDS))


@pytest.mark.parametrize("kind", ["memory", "sqlite", "server", "clerks"])
def test_a_search_finds_what_has_the_folded_needle_in_it(kind, request, tmp_path):
    """Whatever the letters, and whatever signs a database has for patterns."""
    if kind == "memory":
        store: Any = MemoryStore(CORE_TYPES)
    elif kind == "sqlite":
        store = SqlStore.open(f"sqlite:///{tmp_path / 'crm.db'}", CORE_TYPES)
    else:
        store = request.getfixturevalue(kind)
    store.upgrade()

    @given(searches())
    @example((["a", "%", "a%b"], "%"))
    @example((["axb", "a_b"], "a_b"))
    @example((["a\\b", "ab"], "\\"))
    @settings(max_examples=60)
    def same(search: tuple[list[str], str]) -> None:
        names, needle = search
        expected = sorted(name for name in names if fold(needle) in fold(name))
        assert answers(store, names, needle, by_index=kind == "server") == expected

    same()
    if kind in ("memory", "sqlite"):
        store.close()


def plan_of(store: Any, needle: str) -> str:
    shape, constants = shape_of(bind(find(Customer, c.name.contains(needle)), BINDING), store._catalogue.database)
    asked = store._catalogue.find_statement(shape).statement
    transaction = store.begin(write=False)
    rows = transaction._link.rows(f"EXPLAIN {asked.text}", asked.values(constants))
    transaction.rollback()
    return "\n".join(line for (line,) in rows)


def test_a_server_finds_by_an_index_of_trigrams(server):
    """Among many, three letters are enough."""
    keep(
        server, *(Add(Customer(name=f"{n:x} {secrets.token_hex(40)}")) for n in range(5000)), Add(Customer(name="Anna"))
    )
    with server._ours.engine.begin() as connection:
        connection.execute(text("SELECT gin_clean_pending_list('trigrams.ix_customer__search__name_fold')"))
        connection.execute(text("ANALYZE trigrams.customer"))
    assert "ix_customer__search__name_fold" in plan_of(server, "anna")
    assert [found.name for found in ask(server, Customer, c.name.contains("ANN"))] == ["Anna"]
    with server._ours.engine.begin() as connection:
        connection.execute(text("DELETE FROM trigrams.customer"))


def test_without_trigrams_the_status_says_what_would_help(clerks):
    """And nothing is missing but speed."""
    (note,) = clerks.status().notes
    assert "pg_trgm" in note
    assert "crmkit db upgrade" in note
    assert clerks.status().pending == ()


def test_trigrams_that_come_later_are_used_after_an_upgrade(server, clerks):
    with _admin(
        clerks._ours.engine.url.set(drivername="postgresql", username=server._ours.engine.url.username)
    ) as admin:
        admin.execute("CREATE EXTENSION pg_trgm")
    found = clerks.status()
    assert not any("CREATE EXTENSION" in note for note in found.notes)
    assert any("gin_trgm_ops" in step for step in found.pending)
    clerks.upgrade()
    assert clerks.status().pending == ()


def test_a_check_tells_nothing_where_trigrams_could_be_made(server, clerks):
    """An index that an upgrade would add, once it has the extension, is no drift."""
    owner = clerks._ours.engine.url.set(username=server._ours.engine.url.username).render_as_string(hide_password=False)
    store: Any = SqlStore.open(owner.replace("+psycopg", ""), CORE_TYPES, schema=clerks._catalogue.schema)
    assert any("CREATE EXTENSION" in step for step in store.status().pending)
    assert list(store.check()) == []
    store.close()
    assert list(server.check()) == []


def test_a_database_that_knows_ascii_only_says_what_is_slow(server, postgresql_server):
    """Its trigrams are of Latin letters; the others are found all the same."""
    kind, name = server_of("postgresql"), f"ascii_{secrets.token_hex(4)}"
    with _admin(postgresql_server) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 LC_CTYPE 'C'")
    url = make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)
    store: Any = SqlStore.open(url, CORE_TYPES)
    store.upgrade()
    (note,) = store.status().notes
    assert "LC_CTYPE" in note
    assert answers(store, ["דויד", "Anna"], "ויד", by_index=True) == ["דויד"]
    store.close()
    kind.drop_database(postgresql_server, name)


@pytest.mark.parametrize("nothing", ["", " ", "\t\n", "\u200b", "\u0301"])
def test_what_folds_to_nothing_is_in_every_text(any_store, nothing):
    """As for the memory store; a text that is empty is one, too."""
    assert answers(any_store, ["Anna", "Bo", ""], nothing) == ["", "Anna", "Bo"]
