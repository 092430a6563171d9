"""Tables in memory: the records of one type, who holds its unique keys, and the records of one company."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

import attrs

from ...records import Record, declaration_of
from ...records.building import builder

R = TypeVar("R", bound=Record)
Holder = dict[tuple[Any, ...], UUID]
"""Who has a unique key: its values -> the id of the record."""


@attrs.define
class Table:
    """The records of one type, and who holds its unique keys.

    Attributes:
        doubled: keys that were not unique yet when records were kept: one of several is their holder.
    """

    of: type[Record]
    rows: dict[UUID, Record] = attrs.field(factory=dict[UUID, Record])
    keys: dict[tuple[str, ...], Holder] = attrs.field(factory=dict[tuple[str, ...], Holder])
    doubled: set[tuple[str, ...]] = attrs.field(factory=set[tuple[str, ...]])

    @classmethod
    def for_type(cls, of: type[Record]) -> Table:
        return cls(of, {}, {key: {} for key in declaration_of(of).unique})

    def copy(self) -> Table:
        return Table(
            self.of, self.rows.copy(), {key: holder.copy() for key, holder in self.keys.items()}, self.doubled.copy()
        )

    def taken(self, record: Record, before: Record | None = None) -> tuple[tuple[str, ...], UUID] | None:
        """Return the unique key of the record that another one has, and who it is; what it had before is no new claim."""
        for key, holder in self.keys.items():
            values = _key_values(record, key)
            is_kept = before is not None and values == _key_values(before, key)
            found = None if values is None or is_kept else holder.get(values)
            if found is not None and found != record.id:
                return key, found
        return None

    def put(self, record_id: UUID, record: Record | None) -> Record | None:
        """Keep a record in the place of the one with this id (None: keep none), and return that one."""
        before = self.rows.pop(record_id, None) if record is None else self.rows.get(record_id)
        for key, holder in self.keys.items():
            if (
                before is not None
                and (values := _key_values(before, key)) is not None
                and holder.get(values) == record_id
            ):
                del holder[values]
            values = None if record is None else _key_values(record, key)
            if values is not None and holder.setdefault(values, record_id) != record_id:
                self.doubled.add(key)
        if record is not None:
            self.rows[record_id] = record
        return before


def standing_twice(key: tuple[str, ...], records: Iterable[Record]) -> list[list[UUID]]:
    """Return the ids of the records that have the same values of a key, as lists, each of more than one."""
    found: dict[tuple[Any, ...], list[UUID]] = {}
    for record in records:
        if (values := _key_values(record, key)) is not None:
            found.setdefault(values, []).append(record.id)
    return [sorted(ids) for ids in found.values() if len(ids) > 1]


def _key_values(record: Record, key: tuple[str, ...]) -> tuple[Any, ...] | None:
    """Return the values of a unique key; None where a part is missing, for then it claims nothing."""
    values = tuple(getattr(record, name) for name in key)
    return None if None in values else values


@attrs.define
class Space:
    """The records of one company; ``tables`` and ``blobs`` are replaced at a commit and never changed."""

    tables: Mapping[str, Table] = attrs.field(factory=dict[str, Table])
    blobs: Mapping[bytes, bytes] = attrs.field(factory=dict[bytes, bytes])
    lock: threading.Lock = attrs.field(factory=threading.Lock)


@attrs.define
class Place:
    """All companies of one place."""

    spaces: dict[str, Space] = attrs.field(factory=dict[str, Space])
    lock: threading.Lock = attrs.field(factory=threading.Lock)

    def space(self, name: str) -> Space:
        with self.lock:
            return self.spaces.setdefault(name, Space())


def rebuilt(of: type[Record], table: Table) -> Table:
    return table.copy() if table.of is of else keyed(of, table)


def keyed(of: type[Record], table: Table) -> Table:
    """Return a table with the claims of its records made anew."""
    made = Table.for_type(of)
    for record_id, record in table.rows.items():
        made.put(record_id, as_type(of, record))
    return made


def as_type(of: type[R], record: Record) -> R:
    """Return a record as one of another class that declares the same type (a class built from the ledger, or the other way)."""
    names = [field.name for field in declaration_of(of).fields if hasattr(record, field.name)]
    return builder(of, names)([getattr(record, name) for name in names])
