"""What all parts of the store contract stand on: an empty store with its schema, and short ways to write and read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import pytest

from ...ports.store import Add, Capability, NotApplied, Store, Transaction, Write
from ...query import Binding
from ...records import Record
from ..contract import Contract
from ..specimens import SPECIMENS, custom_fields

R = TypeVar("R", bound=Record)
NOW: Final = datetime(2026, 3, 29, 1, tzinfo=UTC)
BINDING: Final = Binding(now=NOW, zone=ZoneInfo("Europe/Amsterdam"), currency="EUR", custom=custom_fields)


class OpenedContract(Contract, ABC):
    """See ``StoreContract``."""

    @abstractmethod
    def store(self, types: Sequence[type[Record]]) -> Store:
        """Return a new, empty store for these record types, without a schema yet; each call another place."""

    @pytest.fixture
    def opened(self) -> Iterator[Store]:
        """A new store that has its schema."""
        made = self.store(SPECIMENS)
        made.upgrade()
        yield made
        made.close()


@contextmanager
def writing(store: Store) -> Generator[Transaction]:
    """A transaction that is committed at the end, or rolled back where the body raises."""
    transaction = store.begin(write=True)
    try:
        yield transaction
    except BaseException:
        transaction.rollback()
        raise
    transaction.commit()


@contextmanager
def passing(store: Store, *, write: bool = False) -> Generator[Transaction]:
    """A transaction of which nothing is kept."""
    transaction = store.begin(write=write)
    try:
        yield transaction
    finally:
        transaction.rollback()


def kept(store: Store, *writes: Write | Record) -> list[NotApplied]:
    """Write in one transaction (a record alone is added), commit it, and return the answers."""
    with writing(store) as transaction:
        return transaction.write([Add(write) if isinstance(write, Record) else write for write in writes])


def read(store: Store, record: R) -> R | None:
    """Return the record as the store has it now; None where it has it not."""
    with passing(store) as transaction:
        return transaction.get(type(record), [record.id]).get(record.id)


def needs(store: Store, capability: Capability) -> None:
    """Skip the test where the store does not declare the capability."""
    if capability not in store.capabilities:
        pytest.skip(f"{type(store).__name__} does not declare {capability!r}")


def answers(found: Sequence[NotApplied]) -> list[tuple[Any, ...]]:
    """Return answers without the holder, which a store need not know."""
    return [(answer.index, answer.reason, answer.key) for answer in found]
