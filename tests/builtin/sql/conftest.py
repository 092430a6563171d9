"""A store on a SQLite file, and questions asked of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
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
from crmkit.records import CORE_TYPES

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
BINDING = Binding(now=NOW, zone=ZoneInfo("Europe/Amsterdam"), currency="EUR")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'crm.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Any]:
    store = SqlStore.open(url, CORE_TYPES)
    store.upgrade()
    yield store
    store.close()


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
    """A store on each database; a schema of its own on a server."""
    yield from opened(url if request.param == "sqlite" else request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A store on each server, in a schema of its own."""
    yield from opened(request.getfixturevalue(f"{request.param}_url"))


def opened(place: str) -> Iterator[Any]:
    """Yield a store with its tables; on a server in a schema of its own, which is dropped."""
    schema = "" if place.startswith("sqlite") else f"t{uuid.uuid4().hex[:12]}"
    store: Any = SqlStore.open(place, CORE_TYPES, schema=schema)
    store.upgrade()
    yield store
    if schema:
        drop(store, schema)
    store.close()
