"""A store on a SQLite file, and questions asked of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from crmkit.builtin.sql import SqlStore, indexing
from crmkit.query import Binding, bind, find
from crmkit.records import CORE_TYPES, Record
from crmkit.testing.servers.ready import Ready

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
BINDING = Binding(now=NOW, zone=ZoneInfo("Europe/Amsterdam"), currency="EUR")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'crm.db'}"


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Iterator[Any]:
    yield from opened(request, "sqlite")


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever waits for its index of trigrams is worth a batch, and a batch is small."""
    monkeypatch.setattr(indexing, "LEAST", 1)
    monkeypatch.setattr(indexing, "BATCH", 3)
    monkeypatch.setattr(indexing.put, "__defaults__", (3,))


def keep(store: Any, *writes: Any) -> list[Any]:
    """Apply writes in a transaction of their own."""
    transaction = store.begin(write=True)
    try:
        answers = transaction.write(writes)
    except BaseException:
        transaction.rollback()
        raise
    transaction.commit()
    return answers


def ask(store: Any, of: Any, *conditions: Any, **more: Any) -> Any:
    """Ask in a transaction of its own."""
    transaction = store.begin(write=False)
    try:
        return transaction.find(bind(find(of, *conditions, **more), BINDING))
    finally:
        transaction.rollback()


DROP = {
    "postgresql": ("SET lock_timeout = '5s'", "DROP SCHEMA {schema} CASCADE"),
    "mariadb": ("SET lock_wait_timeout = 5", "DROP DATABASE {schema}"),
}


def drop(store: Any, schema: str) -> None:
    """Drop the schema of a test; what one that failed still holds is left to the end of the server."""
    with suppress(DBAPIError), store._ours.engine.begin() as connection:
        for statement in DROP[store._catalogue.database.name]:
            connection.execute(text(statement.format(schema=schema)))


SERVERS = tuple(pytest.param(name, marks=getattr(pytest.mark, name)) for name in DROP)


@pytest.fixture(params=["sqlite", *SERVERS])
def any_store(request: pytest.FixtureRequest, url: str) -> Iterator[Any]:
    """A store on each database; on a server one of its own."""
    yield from opened(request, request.param)


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A store on each server, in a database of its own."""
    yield from opened(request, request.param)


def opened(request: pytest.FixtureRequest, kind: str, types: Sequence[type[Record]] = CORE_TYPES) -> Iterator[Any]:
    """Yield a store with its tables: in a copy of a database in which they were made once."""
    ready: Ready = request.getfixturevalue(f"{kind}_ready")
    schema = "crm" if kind == "postgresql" else ""

    def make(url: str) -> None:
        store: Any = SqlStore.open(url, types, schema=schema)
        store.upgrade()
        store.close()

    at = request.getfixturevalue("url").removeprefix("sqlite:///") if kind == "sqlite" else ""
    with ready.copy(tuple(types), make, at=at) as url:
        store: Any = SqlStore.open(url, types, schema=schema)
        store.status()
        yield store
        store.close()
