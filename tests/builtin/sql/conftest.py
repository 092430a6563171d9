"""A store on a SQLite file, and questions asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmkit.builtin.sql import SqlStore
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
