"""A search on SQLite asks an index of trigrams that the store keeps itself, and its answers are those of reading every row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmkit.builtin.sql import SqlStore, indexing, sqlite, trigrams
from crmkit.errors import InvalidError
from crmkit.ports.store import Add, Remove, Replace
from crmkit.query import each
from crmkit.records import CORE_TYPES, Answer, Customer, new_id
from crmkit.records.text import fold
from tests.builtin.sql.conftest import BINDING, ask, keep
from tests.builtin.sql.texts import named, number, plan_of, strays, view, waits

c = each(Customer)
pytestmark = pytest.mark.usefixtures("small_batches")

TEXTS = (
    "שלום עולם",
    "בְּרֵאשִׁית",
    "أنّا كارنينا",
    "یادگیری ماشین",
    "كتاب جديد",
    "ﷺ ligature ﬁancée ǆ",
    "👩\u200d👩\u200d👧 family 🏳️\u200d🌈",
    "\U0001d504\U0001d505\U0001d506 fraktur",
    'say "AND" OR NOT near(a b)',
    '"""',
    "name_fold : x* ^y + z - {q}",
    "it's 100 % _done_ \\ now",
    "a\ufffeb\uffffc",
    "ﬀﬀﬀ",
    "aaaaaaaa",
    "x" * 20_000 + "needle" + "y" * 20_000,
)


# --- the needle ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("needle", "asked"),
    [
        ("ab", None),
        ("", None),
        ("abc", '"abc"'),
        ("abcd", '"abc" AND "bcd"'),
        ("abcdef", '"abc" AND "def"'),
        ('a"b', '"a""b"'),
        ("aaaa", '"aaa"'),
    ],
)
def test_an_index_is_asked_for_trigrams(needle, asked):
    assert trigrams.asked(needle) == asked


def test_a_long_needle_is_asked_for_by_some_of_its_trigrams():
    assert (trigrams.asked("".join(map(chr, range(0x4E00, 0x5E00)))) or "").count(" AND ") <= 14


@pytest.mark.parametrize("is_indexed", [False, True])
def test_every_part_of_odd_texts_is_found(store, is_indexed):
    """Letters of all kinds, words that mean something to FTS5, quotes, and a text of 40,000 characters."""
    keep(store, *(Add(Customer(name=text)) for text in TEXTS))
    if is_indexed:
        assert store.tend() == len(TEXTS)
        assert waits(store) == 0
    for text in TEXTS:
        parts = {
            text,
            text.upper(),
            text[:3],
            text[-3:],
            text[1:6],
            text[2:],
            text[len(text) // 2 - 2 : len(text) // 2 + 3],
        }
        for part in parts:
            assert named(store, part) == sorted(other for other in TEXTS if fold(part) in fold(other)), part


def test_a_needle_that_no_text_can_hold_is_refused_before_it_is_asked(store):
    with pytest.raises(InvalidError, match=r"U\+0000"):
        named(store, "abc\x00def")


# --- what happens to texts ---------------------------------------------------------------------------------------------------
NAMES = st.sampled_from(["Anna Jansen", "Anneke", "Jan", "Hannah", "annanna", "דוד לוי", "x" * 40, "Jo"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "change", "keep", "twice", "remove", "tend", "undo", "old", "upgrade"]),
        st.integers(0, 9),
        NAMES,
    ),
    max_size=14,
)


@pytest.fixture(scope="module")
def memory() -> Iterator[Any]:
    store: Any = SqlStore.open("sqlite://", CORE_TYPES)
    store.upgrade()
    yield store
    store.close()


@settings(max_examples=60, deadline=None)
@example([("add", 0, "Jan"), ("upgrade", 0, ""), ("old", 1, "Jo"), ("upgrade", 0, "")])
@example([("add", 0, "Jo"), ("upgrade", 0, ""), ("old", 1, "Anna Jansen"), ("change", 0, "Jan")])
@given(steps=STEPS)
def test_answers_are_exact_at_any_moment(memory, steps):
    """Whatever is added, changed, removed, indexed or rolled back, by this code or by one that knows no index."""
    store, old = memory, view(memory)
    clear(store)
    store.upgrade()
    there: dict[Any, Customer] = {}
    for step, n, name in steps:
        one = list(there.values())[n % len(there)] if there else None
        if step == "tend":
            store.tend()
        elif step == "upgrade":
            store.upgrade()
            assert (waits(store), strays(store)) == (0, 0)
        elif step == "undo":
            transaction = store.begin(write=True)
            transaction.write([Remove(one)] if one else [Add(Customer(name=name))])
            transaction.rollback()
        else:
            there |= done(
                old if step == "old" else store,
                ("add", "change", "remove")[n % 3] if step == "old" else step,
                one,
                name,
            )
        if step == "remove" or (step == "old" and n % 3 == 2):
            there.pop(one.id if one else None, None)
        for needle in ("ann", "jan", "nna jan", "דוד", "xxx", name):
            expected = sorted(customer.name for customer in there.values() if fold(needle) in fold(customer.name))
            assert named(store, needle) == expected
    if not any(step == "old" for step, _, _ in steps):
        assert strays(store) == 0


def clear(store: Any) -> None:
    keep(store, *(Remove(one) for one in ask(store, Customer)))


def done(store: Any, step: str, one: Customer | None, name: str) -> dict[Any, Customer]:
    """Write one step; return the records that there are by it."""
    if one is None or step == "add":
        made = Customer(version=1, name=name)
        assert keep(store, Add(made)) == []
        return {made.id: made}
    if step == "remove":
        assert keep(store, Remove(one, expected=one.version)) == []
        return {}
    text = {"name": name} if step != "keep" else {"country": "NL"}
    changed = attrs.evolve(one, version=one.version + 1, **text)
    writes = [Replace(changed, expected=one.version)]
    if step == "twice":  # two writes of one record in one run
        again = attrs.evolve(changed, version=changed.version + 1, name=name + " " + one.name)
        writes, changed = [*writes, Replace(again, expected=changed.version)], again
    assert keep(store, *writes) == []
    return {one.id: changed}


def test_a_text_that_stays_keeps_its_place(store):
    """Other fields change as often as they like."""
    made = Customer(version=1, name="Anna Jansen", note="likes blue")
    keep(store, Add(made))
    store.tend()
    keep(store, Replace(attrs.evolve(made, version=2, country="NL"), expected=1))
    assert (waits(store), strays(store)) == (0, 0)
    assert named(store, "jansen") == ["Anna Jansen"]
    assert number(store, "SELECT max(removed) FROM search_index") == 0


def test_a_change_that_is_refused_loses_nothing(store):
    made = Customer(version=1, name="Anna Jansen")
    keep(store, Add(made))
    store.tend()
    stale = attrs.evolve(made, version=9, name="Someone else")
    (answer,) = keep(store, Replace(stale, expected=8))
    assert answer.reason == "stale"
    assert named(store, "jansen") == ["Anna Jansen"]
    store.tend()
    assert (waits(store), strays(store)) == (0, 0)
    assert named(store, "jansen") == ["Anna Jansen"]


@pytest.mark.parametrize("tidy", ["tend", "purge", "upgrade"])
@pytest.mark.parametrize("how", ["removed", "blanked", "removed by older code"])
def test_a_text_that_was_erased_is_on_the_disk_no_more(store, url, how, tidy):
    """Not in the index either: a trigram of letters that nobody else uses."""
    other = [Add(Customer(version=1, name=f"Anna {n}")) for n in range(20)]
    made = Customer(version=1, name="ξψωξ ψψψ")
    keep(store, *other, Add(made))
    store.tend()
    is_blanked, is_old = how == "blanked", how.endswith("older code")
    blank = Replace(attrs.evolve(made, version=2, name="-"), expected=1)
    keep(view(store) if is_old else store, blank if is_blanked else Remove(made))
    assert "ξ".encode() in parts(url)
    getattr(store, "purge" if is_old else tidy)()
    assert "ξ".encode() not in parts(url)
    assert "ψ".encode() not in parts(url)
    assert len(named(store, "anna")) == 20


def parts(url: str) -> bytes:
    """All that the indexes keep."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as db:
        return b"".join(block for (block,) in db.execute("SELECT block FROM customer__search__name_fold_data"))


def test_little_by_little_a_store_keeps_its_index_up(store, monkeypatch):
    """Without a worker; a batch at the end of one transaction in so many."""
    monkeypatch.setattr("crmkit.builtin.sql.catalogue._WORTH", 5)
    monkeypatch.setattr(indexing.put, "__defaults__", (1000,))
    for n in range(11):
        keep(store, Add(Customer(name=f"Anna {n}")))
    assert waits(store) == 1
    keep(store, *(Add(Customer(name=f"Bert {n}")) for n in range(60)))
    assert waits(store) == 61


def test_versions_are_not_needed_where_texts_never_change(store):
    """An append-only record has none."""
    a = each(Answer)
    made = Answer(response=new_id(), survey_type="nps", text="Wonderful service", answered_at=BINDING.now)
    keep(store, Add(made))
    store.tend()
    assert [one.id for one in ask(store, Answer, a.text.contains("ful serv"))] == [made.id]
    keep(store, Replace(attrs.evolve(made, text="")))
    assert not list(ask(store, Answer, a.text.contains("ful serv")))


# --- where it is asked --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "condition",
    [
        c.name.contains("anna"),
        c.name.contains("anna") | c.note.contains("blue"),
        c.name.contains("anna") & (c.country == "NL"),
    ],
)
def test_no_row_is_read_but_those_of_the_index_and_those_that_wait(store, condition):
    plan = plan_of(store, condition)
    assert "VIRTUAL TABLE INDEX" in plan
    assert "SCAN t0" not in plan
    assert "SCAN s USING INDEX ix_customer__search_version" in plan


def test_two_letters_read_every_row(store):
    assert "VIRTUAL" not in plan_of(store, c.name.contains("an"))


def test_this_sqlite_has_it():
    """Otherwise all of this tests nothing."""
    assert sqlite.asked is trigrams.asked
    assert sqlite3.sqlite_version_info >= (3, 34)
