"""Bringing everything of a source into a store: in batches, each kept with how far it is; killed anywhere, it goes on there.

A ledger's entry ``copy`` stands in the store as long as it is not whole: nobody opens it as a CRM meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, zip_longest
from typing import Any, BinaryIO, Final, cast

import attrs

from ...errors import ConflictError, StoreError
from ...ports.snapshot import SnapshotStore
from ...ports.store import Add, Remove, Replace, Store, Transaction, Write
from ...query import Find
from ...records import (
    Counter,
    Cursor,
    Field,
    KeptField,
    KeptPipeline,
    KeptStage,
    LedgerEntry,
    LogEntry,
    Operation,
    Record,
    Unit,
    declaration_of,
    new_id,
)  # fmt: skip
from ...records.ledger import COMPANY, FOLD_AGAIN, FOLDING
from ...records.values import FrozenMap
from .source import PAGE, Part, Source, by_pages

Told = Callable[[int], None]
MARK: Final = "copy"
_OF_THE_STORE: Final = frozenset({MARK, COMPANY, "schema", "fold", "open"})
_OF_TYPES: Final = ("type:", FOLDING, FOLD_AGAIN)
_DEFINING: Final = frozenset({KeptPipeline, KeptStage, KeptField, Unit, LogEntry, Operation, Cursor, Counter})
"""What a CRM has before anybody used it: definitions, and the log of how they came there."""


@attrs.frozen(kw_only=True)
class Moved:
    """What was moved, and compared record by record with where it came from.

    Attributes:
        counts: records by type.
        records: their sum. blobs: files.
        resumed: it went on where it had been interrupted.
    """

    source: str
    target: str
    counts: Mapping[str, int]
    blobs: int = 0
    resumed: bool = False
    seconds: float = 0.0

    @property
    def records(self) -> int:
        """How many records there are."""
        return sum(self.counts.values())

    def __str__(self) -> str:
        return f"{self.records:,} records and {self.blobs:,} files, compared one by one"


class Filling:
    """One move of a source into a store."""

    def __init__(self, store: Store, source: Source, name: str, progress: Told) -> None:
        """``name``: of the target, for messages. ``progress`` is told how many records were kept or compared."""
        self._store, self._source, self._name, self._progress = store, source, name, progress
        self._began, self._done, self._blobs = time.monotonic(), 0, 0

    def run(self, indexes: Mapping[type[Record], Sequence[Field]], *, replace: bool) -> Moved:
        """Fill the store.

        Args:
            indexes: custom fields that want one.
            replace: what is there goes.

        Raises:
            ConflictError: there is something in the store.
            StoreError: it differs from its source afterwards; the store is closed to everybody until it is filled anew.
        """
        if self._store.status().is_absent or self._store.status().pending:
            self._store.upgrade(indexes)
        mark = self._begun(replace=replace)
        is_resumed = mark.value["at"] is not None
        mark = self._cleared(mark)
        self._copied(mark)
        counts = self._compared(mark)
        with self._writing() as tx:
            self._kept(tx, [Remove(mark)])
        return Moved(
            source=self._source.name, target=self._name, counts=counts, blobs=self._blobs, resumed=is_resumed,
            seconds=time.monotonic() - self._began,
        )  # fmt: skip

    # --- beginning ---
    def _begun(self, *, replace: bool) -> LedgerEntry:
        """Return the mark: of this move, begun now or before."""
        with self._reading() as tx:
            found = [entry for entry in tx.find(Find(of=LedgerEntry)) if entry.key == MARK]
        if found and found[0].value["source"] == self._source.identity and not replace:
            return found[0]
        if not replace:
            self._refuse_used(is_half=bool(found))
        value = {"source": self._source.identity, "state": "clearing", "at": None, "blobs": 0}
        mark = LedgerEntry(id=found[0].id if found else new_id(), key=MARK, value=value)
        with self._writing() as tx:
            self._kept(tx, [Replace(mark) if found else Add(mark)])
        return mark

    def _refuse_used(self, *, is_half: bool) -> None:
        if is_half:
            raise ConflictError(
                f"{self._name} holds the half of another source: replace it (--replace, replace=True), or name another place.",
                code="half_copied",
            )
        with self._reading() as tx:
            used = [of for of in self._source.types if of not in _DEFINING and tx.find(Find(of=of, limit=1))]
        if used:
            raise ConflictError(
                f"{self._name} is not empty (it has a {declaration_of(used[0]).name}): replace what is there (--replace, replace=True), or name another place.",
                code="not_empty",
            )

    def _cleared(self, mark: LedgerEntry) -> LedgerEntry:
        """Remove all records but the ledger's that are there already."""
        if mark.value["state"] != "clearing":
            self._done, self._blobs = mark.value["done"], mark.value["blobs"]
            return mark
        for of in self._source.types:
            while self._removed(of):
                pass
        with self._writing() as tx:
            return self._stands(tx, mark, {"state": "copying", "at": None, "blobs": 0, "done": 0})

    def _removed(self, of: type[Record]) -> int:
        with self._writing() as tx:
            return self._kept(tx, [Remove(record) for record in tx.find(Find(of=of, limit=PAGE))])

    # --- copying ---
    def _copied(self, mark: LedgerEntry) -> None:
        parts = self._source.parts(mark.value["at"])
        if isinstance(self._store, SnapshotStore):  # it writes all of a file anew at each commit
            with self._writing() as tx:
                for part in parts:
                    self._part(tx, mark, part)
        else:
            for part in parts:
                with self._writing() as tx:
                    self._part(tx, mark, part)
        with self._writing() as tx:
            self._kept(tx, list(self._entries(tx)))

    def _part(self, tx: Transaction, mark: LedgerEntry, part: Part) -> None:
        self._kept(tx, [Add(record) for record in part.records])
        for digest, opened in part.blobs.items():
            with opened() as data:
                tx.put_blob(digest, cast("BinaryIO", data))
            self._blobs += 1
        self._done += len(part.records)
        self._stands(tx, mark, {"state": "copying", "at": part.at, "blobs": self._blobs, "done": self._done})
        self._progress(self._done)

    def _entries(self, tx: Transaction) -> Iterator[Write]:
        """Yield the writes that give the ledger what the source knows of its data; of its own schema each store knows itself."""
        there = {entry.key: entry for entry in tx.find(Find(of=LedgerEntry))}
        for key, entry in self._source.ledger().items():
            if key.startswith(_OF_TYPES) or key in _OF_THE_STORE:
                continue
            yield Replace(attrs.evolve(entry, id=there[key].id)) if key in there else Add(entry)

    # --- comparing ---
    def _compared(self, mark: LedgerEntry) -> dict[str, int]:
        """Compare both sides, record by record; return the counts."""
        counts = dict.fromkeys((declaration_of(of).name for of in self._source.types), 0)
        with self._reading() as tx:
            theirs = chain.from_iterable(part.records for part in self._source.parts())
            ours = chain.from_iterable(by_pages(tx, of) for of in self._source.types)
            for one, other in zip_longest(theirs, ours):
                if one != other:
                    break
                counts[_name_of(one)] += 1
                self._done += 1
                if not self._done % PAGE:
                    self._progress(self._done)
            else:
                return counts
        with self._writing() as other_tx:
            self._stands(other_tx, mark, {"state": "clearing", "at": None, "blobs": 0, "done": 0})
        name = _name_of(one if one is not None else other)
        raise StoreError(
            f"{self._name} has another {name} than {self._source.name}: was that written to meanwhile? Stop its writers, and begin again.",
            code="copy_differs", params={"type": name},
        )  # fmt: skip

    # --- transactions ---
    def _stands(self, tx: Transaction, mark: LedgerEntry, value: Mapping[str, Any]) -> LedgerEntry:
        now = attrs.evolve(mark, value=FrozenMap({"source": self._source.identity, **value}))
        self._kept(tx, [Replace(now)])
        return now

    def _kept(self, tx: Transaction, writes: Sequence[Write]) -> int:
        for answer in tx.write(writes):
            record = writes[answer.index].record
            raise StoreError(
                f"{self._name} can not keep a {_name_of(record)} of {self._source.name} ({answer.reason}).",
                code="copy_conflict",
            )
        return len(writes)

    @contextmanager
    def _reading(self) -> Generator[Transaction]:
        tx = self._store.begin(write=False)
        try:
            yield tx
        finally:
            tx.rollback()

    @contextmanager
    def _writing(self) -> Generator[Transaction]:
        tx = self._store.begin(write=True)
        try:
            yield tx
            tx.commit()
        finally:
            tx.rollback()


def _name_of(record: Any) -> str:
    of: type[Record] = record.__class__
    return declaration_of(of).name
