"""Files, kept in chunks under the SHA-256 of their bytes."""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO, Final, cast

from sqlalchemy import Column, Integer, MetaData, PrimaryKeyConstraint, Table, bindparam, delete, insert, select

from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.layout import compiled
from crmkit.builtin.sql.link import Link
from crmkit.errors import InvalidError, NotFoundError

CHUNK: Final = 256 * 1024
"""Bytes of one row."""


def blob_table(database: Database, *, prefix: str, schema: str) -> Table:
    """Return the table of chunks."""
    return Table(
        f"{prefix}blob_chunk",
        MetaData(),
        Column("digest", database.type_of("digest"), nullable=False),
        Column("n", Integer(), nullable=False, autoincrement=False),
        Column("data", database.bytes_type(), nullable=False),
        PrimaryKeyConstraint("digest", "n"),
        schema=schema or None,
    )


class Blobs:
    """The files of a store, on one connection."""

    def __init__(self, catalogue: Catalogue, link: Link) -> None:
        table = blob_table(catalogue.database, prefix=catalogue.prefix, schema=catalogue.schema)
        place = (table.c.digest == bindparam("d")) & (table.c.n == bindparam("i"))
        self._link = link
        self._read = compiled(select(table.c.data).where(place), catalogue.database).text
        self._write = compiled(insert(table), catalogue.database).text
        self._remove = compiled(delete(table).where(table.c.digest == bindparam("d")), catalogue.database).text

    def put(self, digest: bytes, data: BinaryIO) -> None:
        """Keep bytes; the same ones twice are kept once.

        Raises:
            InvalidError: they have another digest. What was written of them is undone.
        """
        if self.chunk(digest, 0) is not None:
            return
        self._link.change("SAVEPOINT crmkit_blob")
        seen, n = hashlib.sha256(), 0
        while (chunk := data.read(CHUNK)) or n == 0:
            seen.update(chunk)
            self._link.change(self._write, (digest, n, chunk))
            n += 1
        is_right = seen.digest() == digest
        if not is_right:
            self._link.change("ROLLBACK TO SAVEPOINT crmkit_blob")
        self._link.change("RELEASE SAVEPOINT crmkit_blob")
        if not is_right:
            raise InvalidError(
                "The bytes do not have the digest that was given: take the SHA-256 of all of them.", code="digest"
            )

    def open(self, digest: bytes) -> BinaryIO:
        """Return the bytes as a stream, to be read while the transaction lasts.

        Raises:
            NotFoundError: there are none.
        """
        if self.chunk(digest, 0) is None:
            raise NotFoundError(f"No file is kept under the digest {digest.hex()}.")
        return cast("BinaryIO", io.BufferedReader(_Chunks(self, digest), CHUNK))

    def remove(self, digest: bytes) -> None:
        """Remove the bytes, if they are there."""
        self._link.change(self._remove, (digest,))

    def chunk(self, digest: bytes, n: int) -> bytes | None:
        """Return one chunk, or None."""
        rows = self._link.rows(self._read, (digest, n))
        return bytes(rows[0][0]) if rows else None


class _Chunks(io.RawIOBase):
    """The chunks of one file, one after the other."""

    def __init__(self, blobs: Blobs, digest: bytes) -> None:
        self._blobs, self._digest = blobs, digest
        self._next, self._rest = 0, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what io passes
        if not self._rest:
            self._rest = self._blobs.chunk(self._digest, self._next) or b""
            self._next += 1
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)
