"""Transactions on tables in memory: a copy of what is touched, and a list of what to take back."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO, Final, TypeVar, cast
from uuid import UUID

import attrs

from ...errors import InvalidError, NotFoundError, StoreError, UnsupportedError
from ...query import And, Compare, Condition, Evaluator, FieldStep, Find, Page, Path, Tallied, Tally, tally
from ...records import Declaration, LedgerEntry, Record, declaration_of
from ..store import Add, NotApplied, Remove, Replace, Transaction, Write
from .rows import Space, Table, as_type, keyed, rebuilt

R = TypeVar("R", bound=Record)


_NOBODY: Final = UUID(int=0)


def equalities(where: Condition | None) -> Mapping[str, Any]:
    """Return what the records that a condition holds for must have in their own fields."""
    parts = where.parts if isinstance(where, And) else () if where is None else (where,)
    return {
        str(part.path): part.value
        for part in parts
        if isinstance(part, Compare) and part.op == "==" and _is_own_constant(part)
    }


def _is_own_constant(part: Compare) -> bool:
    step = part.path._steps[0]
    return (
        len(part.path._steps) == 1
        and isinstance(step, FieldStep)
        and not isinstance(part.value, Path)
        and part.value is not None
    )


@attrs.define
class Undo:
    """How to take back one write: the record (or blob) that was there before."""

    name: str
    key: Any
    before: Any


class TableTransaction(Transaction):
    """One transaction on tables in memory. See ``Transaction``."""

    def __init__(self, space: Space, types: Mapping[str, type[Record]], *, is_writer: bool) -> None:
        self._space, self._types, self._is_writer = space, types, is_writer
        self._tables, self._blobs = dict(space.tables), dict(space.blobs)
        self._copied: set[str] = set()
        self._done: list[Undo] = []
        self._is_over = False

    # --- what an evaluation asks of us ---
    def lookup(self, of: type[Record], record_id: UUID) -> Record | None:
        """Return one record, or None."""
        table = self._table(of)
        found = table.rows.get(record_id)
        return found if found is None or table.of is of else as_type(of, found)

    def candidates(self, of: type[Record]) -> Sequence[Record]:
        """Return all records of a type."""
        table = self._table(of)
        rows: Iterable[Record] = table.rows.values()
        return tuple(rows if table.of is of else (as_type(of, record) for record in rows))

    # --- reading ---
    def get(self, of: type[R], ids: Sequence[UUID]) -> dict[UUID, R]:
        """Return the records that are there. See ``Transaction.get``."""
        found = ((record_id, self.lookup(of, record_id)) for record_id in ids)
        return {record_id: cast("R", record) for record_id, record in found if record is not None}

    def find(self, question: Find[R]) -> Page[R]:
        """Return the page that a bound question asks for. See ``Transaction.find``."""
        return Evaluator(self).find(question, self._narrowed(question))

    def _narrowed(self, question: Find[R]) -> Sequence[R] | None:
        """Return the records that can answer a question which names an id or a whole unique key; None: any can."""
        table, given = self._table(question.of), equalities(question.where)
        found = given.get("id")
        for key, holder in table.keys.items():
            if found is None and key not in table.doubled and given.keys() >= set(key):
                found = holder.get(tuple(given[name] for name in key), _NOBODY)
        return None if found is None else tuple(self.get(question.of, [found]).values())

    def tally(self, question: Tally) -> list[Tallied]:
        """Return the cells of a bound tally. See ``Transaction.tally``."""
        return tally(Evaluator(self), question, self.candidates(question.of))

    # --- writing ---
    def write(self, writes: Sequence[Write]) -> list[NotApplied]:
        """Apply a sequence in order. See ``Transaction.write``."""
        self._writer()
        answers = (self._write(index, write) for index, write in enumerate(writes))
        return [answer for answer in answers if answer is not None]

    def _write(self, index: int, write: Write) -> NotApplied | None:
        record, table = write.record, self._writable(type(write.record))
        there = table.rows.get(record.id)
        if isinstance(write, Add):
            if there is not None:
                return NotApplied(index, "present", ("id",), record.id)
        elif there is None:
            is_done = isinstance(write, Remove) and write.expected is None
            return None if is_done else NotApplied(index, "gone")
        elif write.expected is not None and there.version != write.expected:
            return NotApplied(index, "stale")
        taken = None if isinstance(write, Remove) else table.taken(record, there)
        if taken is not None:
            return NotApplied(index, "present", *taken)
        self._put(table, record.id, None if isinstance(write, Remove) else record)
        return None

    def _put(self, table: Table, record_id: UUID, record: Record | None) -> None:
        before = table.put(record_id, record)
        self._done.append(Undo(declaration_of(table.of).name, record_id, before))

    def claim_keys(self, of: type[Record]) -> None:
        """Make the claims of the records of a type anew: it has other unique keys than when they were written."""
        table = self._writable(of)
        self._tables[declaration_of(of).name] = keyed(of, table)

    def note(self, key: str, value: Any) -> None:
        """Keep a value in the ledger."""
        table = self._writable(LedgerEntry)
        holder = table.keys["key",].get((key,))
        entry = LedgerEntry(key=key, value=value)
        if holder is not None:
            entry = attrs.evolve(cast("LedgerEntry", table.rows[holder]), value=value)
        self._put(table, entry.id, entry)

    def claim(self, question: Find[R], limit: int, until: datetime) -> list[R]:
        """Lease records of an operational type. See ``Transaction.claim``."""
        self._writer()
        declaration = declaration_of(question.of)
        if declaration.mode != "operational" or not {"lease_until", "fence"} <= declaration.by_name.keys():
            raise InvalidError(
                f"A {declaration.name} can not be claimed: it is no operational type with lease_until and fence."
            )
        claimed: list[R] = [_leased(record, until) for record in self.find(attrs.evolve(question, limit=limit))]
        table = self._writable(question.of)
        for record in claimed:
            self._put(table, record.id, record)
        return claimed

    # --- savepoints and the end ---
    def mark(self) -> object:
        """Return a savepoint. See ``Transaction.mark``."""
        self._running()
        return len(self._done)

    def undo_to(self, mark: object) -> None:
        """Undo what was written since a savepoint. See ``Transaction.undo_to``."""
        self._running()
        while len(self._done) > cast("int", mark):
            undo = self._done.pop()
            if undo.name:
                self._tables[undo.name].put(undo.key, undo.before)
            else:
                self._put_back(undo.key, undo.before)

    def _put_back(self, digest: bytes, data: bytes | None) -> None:
        if data is None:
            self._blobs.pop(digest, None)
        else:
            self._blobs[digest] = data

    def commit(self) -> None:
        """Make the writes visible. See ``Transaction.commit``."""
        self._running()
        if self._is_writer:
            self._keep_or_end()
            self._space.tables, self._space.blobs = self._tables, self._blobs
        self._end()

    def _keep_or_end(self) -> None:
        try:
            self._keep()
        except BaseException:
            self.rollback()
            raise

    def _keep(self) -> None:
        """Make the writes outlive the process; a place that is memory alone has nothing to do."""

    def changes(self) -> Iterator[Write]:
        """Yield what became of each record that was written, once: what committing will make visible."""
        first: dict[tuple[str, Any], Record | None] = {}
        for undo in self._done:
            if undo.name:
                first.setdefault((undo.name, undo.key), undo.before)
        for (name, key), before in first.items():
            now = self._tables[name].rows.get(key)
            if now is None and before is not None:
                yield Remove(before)
            elif now is not None and now is not before:
                yield Add(now) if before is None else Replace(now)

    def rollback(self) -> None:
        """Keep nothing. See ``Transaction.rollback``."""
        if not self._is_over:
            self._end()

    def _end(self) -> None:
        self._is_over = True
        if self._is_writer:
            self._space.lock.release()

    # --- blobs ---
    def put_blob(self, digest: bytes, data: BinaryIO) -> None:
        """Keep bytes under their SHA-256. See ``Transaction.put_blob``."""
        self._writer()
        held = data.read()
        if hashlib.sha256(held).digest() != digest:
            raise InvalidError(
                "The bytes do not have the digest that was given: take the SHA-256 of all of them.", code="digest"
            )
        self._done.append(Undo("", digest, self._blobs.get(digest)))
        self._blobs[digest] = held

    def open_blob(self, digest: bytes) -> BinaryIO:
        """Return the bytes kept under a digest. See ``Transaction.open_blob``."""
        self._running()
        if digest not in self._blobs:
            raise NotFoundError(f"No file is kept under the digest {digest.hex()}.")
        return io.BytesIO(self._blobs[digest])

    def remove_blob(self, digest: bytes) -> None:
        """Remove the bytes kept under a digest. See ``Transaction.remove_blob``."""
        self._writer()
        self._done.append(Undo("", digest, self._blobs.pop(digest, None)))

    # --- tables ---
    def _running(self) -> None:
        if self._is_over:
            raise StoreError("This transaction is over: begin another one.", code="over")

    def _writer(self) -> None:
        self._running()
        if not self._is_writer:
            raise UnsupportedError("This transaction may only read: begin one with write=True.")

    def _table(self, of: type[Record]) -> Table:
        self._running()
        declaration = self._known(of)
        return self._tables.get(declaration.name) or Table.for_type(of)

    def _writable(self, of: type[Record]) -> Table:
        declaration = self._known(of)
        if declaration.name not in self._copied:
            table = self._tables.get(declaration.name)
            self._tables[declaration.name] = Table.for_type(of) if table is None else rebuilt(of, table)
            self._copied.add(declaration.name)
        return self._tables[declaration.name]

    def _known(self, of: type[Record]) -> Declaration:
        declaration = declaration_of(of)
        if self._types.get(declaration.name) is not of:
            raise InvalidError(
                f"The store does not know the record type {declaration.name!r}: open it with {of.__name__}.",
                code="unknown_type",
            )
        return declaration


def _leased(record: Any, until: datetime) -> Any:
    return attrs.evolve(record, lease_until=until, fence=record.fence + 1)
