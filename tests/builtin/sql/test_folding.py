"""Search keys of texts that are there already: made in many transactions on a server, so that nobody waits for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from crmkit.builtin.sql import folding
from crmkit.ports.store import Add, Replace
from crmkit.query import each
from crmkit.records import CORE_TYPES
from crmkit.records.text import fold
from tests.builtin.sql.conftest import SERVERS, ask, keep
from tests.builtin.sql.test_upgrade import ANNA, Bicycle, NewBicycle

COUNT: Final = 7
IMPATIENT: Final = {
    "postgresql": "SET lock_timeout = 300",
    "mariadb": "SET innodb_lock_wait_timeout = 1, lock_wait_timeout = 1",
}
b = each(NewBicycle)


@pytest.fixture
def new(server: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A store whose newer declaration searches in a text of which some are there, and which folds two at a time."""
    monkeypatch.setattr(folding, "_PAGE", 2)
    old = server.with_types([*CORE_TYPES, Bicycle])
    old.upgrade()
    bicycles = [Bicycle(customer=ANNA.id, customer_id=ANNA.id, note=f"Grün {n}", version=1) for n in range(COUNT)]
    keep(old, Add(ANNA), *map(Add, bicycles))
    made = server.with_types([*CORE_TYPES, NewBicycle])
    made.bicycles = bicycles
    return made


def at_each_fold(monkeypatch: pytest.MonkeyPatch, act: Callable[[int], None]) -> None:
    """Call this with a number whenever a text is folded."""
    calls = iter(range(10**6))

    def slowly(value: str) -> str:
        act(next(calls))
        return fold(value)

    monkeypatch.setattr(folding, "fold", slowly)


def found(store: Any) -> list[str]:
    return [one.note for one in ask(store, NewBicycle, b.note.contains("GRUN"))]


@pytest.fixture
def older_code(server: Any) -> Iterator[Callable[[int], None]]:
    """What reads all bicycles, and writes one that was folded before the one of a number, without the patience to wait for anybody."""
    engine = create_engine(server._ours.engine.url)
    schema = server._catalogue.schema

    def act(n: int) -> None:
        with engine.begin() as other:
            other.execute(text(IMPATIENT[engine.dialect.name]))
            notes = other.execute(text(f"SELECT note FROM {schema}.bicycle ORDER BY id")).scalars().all()
            assert len(notes) == COUNT
            values = {"note": notes[(n - 3) % COUNT]}
            other.execute(text(f"UPDATE {schema}.bicycle SET version = version + 1 WHERE note = :note"), values)

    yield act
    engine.dispose()


def test_nobody_waits_while_texts_are_folded(new, older_code, monkeypatch):
    """Others read and write each row of the table, at any moment."""
    at_each_fold(monkeypatch, older_code)
    assert "Fold bicycle.note anew." in new.upgrade()
    assert new.status().pending == ()
    assert found(new) == [f"Grün {n}" for n in range(COUNT)]
    assert {one.version for one in ask(new, NewBicycle)} == {2}


@pytest.mark.parametrize("server", SERVERS[:1], indirect=True)
def test_the_control_lets_others_wait(new, older_code, monkeypatch):
    """All in one transaction, as within a host's on PostgreSQL: others come to the end of their patience. MariaDB keeps each statement anyway."""
    new._beside = None
    at_each_fold(monkeypatch, older_code)
    with pytest.raises(DBAPIError):
        new.upgrade()


def test_what_was_broken_off_is_an_open_step_that_an_upgrade_finishes(new, server, monkeypatch):
    """Also where older code, which does not search in that text, has upgraded in between."""

    def stop(n: int) -> None:
        if n == 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        at_each_fold(broken, stop)
        with pytest.raises(KeyboardInterrupt):
            new.upgrade()
    assert found(new) == [f"Grün {n}" for n in range(4)]
    assert [step for step in new.status().pending if "Fold" in step] == ["Fold bicycle.note anew."]
    older = server.with_types([*CORE_TYPES, Bicycle])
    older.upgrade()
    assert older.status().pending == ()
    assert "Fold bicycle.note anew." in new.status().pending
    assert "Fold bicycle.note anew." in server.with_types([*CORE_TYPES, NewBicycle]).upgrade()
    assert found(new) == [f"Grün {n}" for n in range(COUNT)]
    assert new.status().pending == new.upgrade() == ()


def test_a_text_that_is_changed_meanwhile_keeps_its_own_key(new, monkeypatch):
    """It was read, is changed by newer code with a key of its own, and then the old key comes too late."""
    first = new.bicycles[0]

    def change(n: int) -> None:
        if n == 1:
            values = {**attrs.asdict(first, recurse=False), "note": "Blauw", "version": 2}
            values["id"] = values.pop("_id")
            keep(new, Replace(NewBicycle(**values), expected=1))

    at_each_fold(monkeypatch, change)
    new.upgrade()
    assert [one.id for one in ask(new, NewBicycle, b.note.contains("blauw"))] == [first.id]
    assert found(new) == [f"Grün {n}" for n in range(1, COUNT)]
