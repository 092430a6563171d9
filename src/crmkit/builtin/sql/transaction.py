"""One transaction on a SQL store: reads, writes in runs of one kind, savepoints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, BinaryIO, TypeVar, cast
from uuid import UUID

from crmkit.builtin.sql.blobs import Blobs
from crmkit.builtin.sql.boundary import Boundary
from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.claiming import claim
from crmkit.builtin.sql.compile.finding import FindStatement, shape_of
from crmkit.builtin.sql.indexing import put
from crmkit.builtin.sql.layout import Layout
from crmkit.builtin.sql.pausing import collector_paused
from crmkit.builtin.sql.tallying import count
from crmkit.builtin.sql.writing import Writer
from crmkit.errors import CRMError, StoreError, TryAgain, UnsupportedError
from crmkit.ports.store import Find, NotApplied, Page, Record, Tallied, Tally, Transaction, Write

R = TypeVar("R", bound=Record)


class SqlTransaction(Transaction):
    """One transaction on a SQL store. See ``Transaction``."""

    def __init__(self, catalogue: Catalogue, boundary: Boundary) -> None:
        self._catalogue = catalogue
        self._boundary = boundary
        self._link = boundary.link
        self._marks = 0
        self._is_over = False
        self._is_broken = False
        self._written: dict[type[Record], int] = {}

    # --- reading ---
    def get(self, of: type[R], ids: Sequence[UUID]) -> dict[UUID, R]:
        """Return the records that are there. See ``Transaction.get``."""
        self._running()
        layout, database = self._catalogue.layout(of), self._catalogue.database
        found: list[R] = []
        for start in range(0, len(ids), database.batch):
            kept = _padded([database.id_kept(record_id) for record_id in ids[start : start + database.batch]])
            asked = self._catalogue.get_statement(of, len(kept))
            for rows in self._link.batches(asked.text, asked.values(kept)):
                found += layout.decode(rows)
        return {cast("UUID", record.id): record for record in found}

    def find(self, question: Find[R]) -> Page[R]:
        """Return the page that a bound question asks for. See ``Transaction.find``."""
        self._running()
        layout = self._catalogue.layout(question.of)
        shape, constants = shape_of(question, self._catalogue.database)
        found = self._catalogue.find_statement(shape)
        values = found.statement.values(constants)
        if question.limit is None:
            return Page(self._all(layout, found, values))
        rows = self._link.rows(found.statement.text, values)
        next_ = found.cursor(rows[question.limit - 1]) if len(rows) > question.limit else None
        return Page(tuple(layout.decode(rows[: question.limit])), next_)

    def follow(self, question: Find[Any], reference: str) -> Page[Any]:
        """Return the records that those of a page name, in one question. See ``Transaction.follow``."""
        self._running()
        target = self._catalogue.layout(question.of).declaration.by_name[reference].target
        way = (("to", reference, target, None),)
        shape, constants = shape_of(question, self._catalogue.database, way)
        found = self._catalogue.find_statement(shape)
        rows = self._link.rows(found.statement.text, found.statement.values(constants))
        next_ = None
        if question.limit is not None and len(rows) > question.limit:
            del rows[question.limit :]
            next_ = found.cursor(rows[-1])
        return Page(tuple(self._catalogue.layout(target).decode(_each_once(rows))), next_)

    def _all(self, layout: Layout[R], found: FindStatement, values: Sequence[Any]) -> tuple[R, ...]:
        """Return the records of all rows, made while more rows are read."""
        records: list[R] = []
        with collector_paused():
            for rows in self._link.batches(found.statement.text, values):
                records += layout.decode(rows)
        return tuple(records)

    def tally(self, question: Tally) -> list[Tallied]:
        """Return the cells of a bound tally. See ``Transaction.tally``."""
        self._running()
        self._catalogue.layout(question.of)
        return count(self._catalogue, self._link, question)

    # --- writing ---
    def write(self, writes: Sequence[Write]) -> list[NotApplied]:
        """Apply a sequence in order. See ``Transaction.write``."""
        self._writing()
        if self._catalogue.texts:
            for write in writes:
                of = type(write.record)
                self._written[of] = self._written.get(of, 0) + 1
        try:
            return Writer(self._catalogue, self._link).write(writes)
        except (StoreError, TryAgain):
            self._is_broken = True  # the database may have ended it, and the next write would be kept alone
            raise

    def claim(self, question: Find[R], limit: int, until: datetime) -> list[R]:
        """Lease records of an operational type. See ``Transaction.claim``."""
        self._writing()
        return claim(self._catalogue, self._link, question, limit, until)

    # --- savepoints and the end ---
    def mark(self) -> object:
        """Return a savepoint. See ``Transaction.mark``."""
        self._running()
        self._marks += 1
        name = f"{self._boundary.name}_{self._marks}"
        self._link.change(f"SAVEPOINT {name}")
        return name

    def undo_to(self, mark: object) -> None:
        """Undo what was written since a savepoint. See ``Transaction.undo_to``."""
        self._running()
        self._link.change(f"ROLLBACK TO SAVEPOINT {mark}")
        self._link.change(f"RELEASE SAVEPOINT {mark}")

    def forget(self, mark: object) -> None:
        """Give a savepoint back. See ``Transaction.forget``."""
        self._running()
        self._link.change(f"RELEASE SAVEPOINT {mark}")

    def commit(self) -> None:
        """Make the writes durable and visible. See ``Transaction.commit``."""
        self._running()
        if self._written:
            self._index()
        self._is_over = True
        self._boundary.commit()

    def _index(self) -> None:
        """Put texts into their index, now and then, where few were written: who writes many is not kept waiting."""
        try:
            for index in self._catalogue.due(self._written):
                put(self._link, index)
        except CRMError:
            self.rollback()
            raise

    def rollback(self) -> None:
        """Keep nothing. See ``Transaction.rollback``."""
        if not self._is_over:
            self._is_over = True
            self._boundary.rollback()

    # --- blobs ---
    def put_blob(self, digest: bytes, data: BinaryIO) -> None:
        """Keep bytes under their SHA-256. See ``Transaction.put_blob``."""
        self._writing()
        self._blobs().put(digest, data)

    def open_blob(self, digest: bytes) -> BinaryIO:
        """Return the bytes kept under a digest. See ``Transaction.open_blob``."""
        self._running()
        return self._blobs().open(digest)

    def remove_blob(self, digest: bytes) -> None:
        """Remove the bytes kept under a digest. See ``Transaction.remove_blob``."""
        self._writing()
        self._blobs().remove(digest)

    def _blobs(self) -> Blobs:
        return Blobs(self._catalogue, self._link)

    def execute(self, statement: Any) -> Any:
        """Run a statement of SQLAlchemy on the store's tables. See ``Transaction.execute``."""
        self._running()
        return self._link.execute(statement)

    def _running(self) -> None:
        if self._is_over:
            raise StoreError("This transaction is over: begin another one.", code="over")
        if self._is_broken:
            raise StoreError(
                "A write of this transaction failed, and nothing of it can be kept: begin another one.", code="over"
            )

    def _writing(self) -> None:
        self._running()
        if not self._boundary.is_writer:
            raise UnsupportedError("This transaction may only read: begin one with write=True.")


def _each_once(rows: Sequence[Any]) -> Sequence[Any]:
    """Return one row of each id; none of those that found no record."""
    ids = {row[0] for row in rows}
    if len(ids) == len(rows) and None not in ids:
        return rows
    return list({row[0]: row for row in rows if row[0] is not None}.values())


def _padded(values: list[Any]) -> list[Any]:
    """Fill up to a power of two with the last one, so that look-ups of about the same size share a statement."""
    return values + [values[-1]] * ((1 << (len(values) - 1).bit_length()) - len(values))
