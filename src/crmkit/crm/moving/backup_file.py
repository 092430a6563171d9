"""A backup: one packed file of JSON lines that any store can be restored from, with a checksum over all of it.

The first line says what is in it (record types, counts), then come records, page by page, and files in pieces; the last
line is the SHA-256 of all lines before. It is written beside its place and moved there when it is whole.
"""

from __future__ import annotations

import base64
import errno
import functools
import gzip
import hashlib
import io
import json
import os
import tempfile
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final
from uuid import uuid4

from ... import __version__
from ...errors import InvalidError, StorageFull, StoreCorrupt, StoreError
from ...records import LedgerEntry, Record, declaration_of
from ...records.as_json import from_json, to_json
from ...records.ledger import class_from_ledger, declaration_to_json
from .source import Part, Source, whole_types

FORMAT: Final = 1
_CHUNK: Final = 1 << 18
_PACKED: Final = b"\x1f\x8b"
_SQLITE: Final = b"SQLite format 3\0"


# --- writing ---
def write_backup(path: Path, source: Source, progress: Callable[[int], None]) -> Mapping[str, int]:
    """Write a backup of a source; return how many records of each type it holds.

    Raises:
        InvalidError: there is a file of that name. StorageFull, StoreError: it can not be written; nothing is left of it.
    """
    if path.exists():
        raise InvalidError(f"{path.name!r} is there already: name another file.", code="file_exists", field="file")
    new = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        with _writable(new, path) as file:
            counts = _written(file, source, progress)
        new.replace(path)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise (StorageFull if full else StoreError)(
            f"{path.name!r} can not be written: {error.strerror}. Nothing is left of it."
        ) from error
    finally:
        new.unlink(missing_ok=True)
    return counts


@contextmanager
def _writable(new: Path, path: Path) -> Generator[IO[bytes]]:
    with new.open("xb") as raw:
        with gzip.GzipFile(path.name, "wb", compresslevel=3, fileobj=raw, mtime=0) as packed:
            yield io.BufferedWriter(packed, 1 << 16)
        raw.flush()
        os.fsync(raw.fileno())


def _written(file: IO[bytes], source: Source, progress: Callable[[int], None]) -> Mapping[str, int]:
    digest, counts, done = hashlib.sha256(), source.counts(), 0

    def put(data: Mapping[str, Any]) -> None:
        line = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        digest.update(line)
        file.write(line)

    put(_head(source, counts))
    seen: set[bytes] = set()
    for part in source.parts():
        for blob in part.blobs.keys() - seen:
            with part.blobs[blob]() as data:
                _put_blob(put, blob, data)
            seen.add(blob)
        put(
            {
                "t": declaration_of(part.of).name,
                "b": [b.hex() for b in part.blobs],
                "r": [to_json(r) for r in part.records],
            }
        )
        done += len(part.records)
        progress(done)
    file.write(json.dumps({"sha256": digest.hexdigest()}).encode() + b"\n")
    file.flush()
    return counts


def _head(source: Source, counts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "crmkit-backup": FORMAT, "version": __version__, "identity": uuid4().hex, "source": source.identity, "counts": counts,
        "types": [declaration_to_json(declaration_of(of)) for of in source.types],
        "ledger": [to_json(entry) for entry in source.ledger().values()],
    }  # fmt: skip


def _put_blob(put: Callable[[Mapping[str, Any]], None], digest: bytes, data: IO[bytes]) -> None:
    while chunk := data.read(_CHUNK):
        put({"f": digest.hex(), "d": base64.b85encode(chunk).decode()})


# --- reading ---
class BackupFile(Source):
    """A backup. Its whole length is read and compared with its checksum before anything of it is used."""

    def __init__(self, path: Path, known: Sequence[type[Record]]) -> None:
        """Open a backup.

        Args:
            known: the record types that there are; others are built from what the backup says of them.

        Raises:
            InvalidError: it is not there. StoreCorrupt: it is none, is cut off or damaged. StoreError: a newer version wrote it.
        """
        self._path, self.name = path, path.name
        self._head = self._checked()
        if self._head["crmkit-backup"] > FORMAT:
            raise StoreError(
                f"{self.name!r} was written by a newer version of crmkit: use that one.", code="newer_schema"
            )
        self.identity = str(self._head["identity"])
        self._by_name = {declaration_of(of).name: of for of in known}
        for data in self._head["types"]:
            if data["name"] not in self._by_name:
                self._by_name[data["name"]] = class_from_ledger(data, self._by_name)
        kept = {data["name"]: data for data in self._head["types"]}
        self._by_name = {declaration_of(of).name: of for of in whole_types([*self._by_name.values()], kept)}
        self.types = [self._by_name[data["name"]] for data in self._head["types"]]

    def counts(self) -> Mapping[str, int]:
        """See ``Source.counts``."""
        found: Mapping[str, int] = self._head["counts"]
        return found

    def ledger(self) -> Mapping[str, LedgerEntry]:
        """See ``Source.ledger``."""
        return {data["key"]: from_json(LedgerEntry, data) for data in self._head["ledger"]}

    def parts(self, after: Any = None) -> Iterator[Part]:
        """See ``Source.parts``; files stand before the first record that names them."""
        with ExitStack() as left:
            files: dict[bytes, IO[bytes]] = {}
            for number, line in enumerate(self._lines()):
                if after is not None and number <= after:
                    continue
                data = json.loads(line)
                if "f" in data:
                    digest = bytes.fromhex(data["f"])
                    if digest not in files:
                        files[digest] = left.enter_context(tempfile.SpooledTemporaryFile(_CHUNK))
                    files[digest].write(base64.b85decode(data["d"]))
                elif "t" in data:
                    yield self._part(data, files, number)
                    left.close()
                    files = {}

    def _part(self, data: Mapping[str, Any], files: Mapping[bytes, IO[bytes]], number: int) -> Part:
        of = self._by_name[data["t"]]
        blobs = {digest: functools.partial(_begun, file) for digest, file in files.items()}
        return Part(of=of, records=[from_json(of, one) for one in data["r"]], blobs=blobs, at=number)

    def _checked(self) -> dict[str, Any]:
        digest, before = hashlib.sha256(), b""
        head: dict[str, Any] | None = None
        try:
            for line in self._lines():
                if before:
                    digest.update(before)
                head = head if head is not None else json.loads(line)
                before = line
            last = json.loads(before)
        except ValueError as error:
            raise self._no_backup() from error
        if not isinstance(head, dict) or "crmkit-backup" not in head:
            raise self._no_backup()
        if last.get("sha256") != digest.hexdigest():
            raise StoreCorrupt(
                f"{self.name!r} is cut off or damaged: its checksum is wrong. Use another backup.", code="damaged"
            )
        return head

    def _no_backup(self) -> StoreCorrupt:
        takes = "A restore takes a file that `crmkit db backup` wrote"
        if self._begins(_SQLITE):
            return StoreCorrupt(
                f"{self.name!r} is a database of SQLite, and no backup. {takes}; a database is copied by "
                f"`crmkit db copy sqlite:///{self._path} TARGET`, or used where it is by `--store sqlite:///{self._path}`.",
                code="no_backup",
            )
        return StoreCorrupt(f"{self.name!r} is no backup of crmkit. {takes}: name another file.", code="no_backup")

    def _begins(self, mark: bytes) -> bool:
        with self._path.open("rb") as file:
            return file.read(len(mark)) == mark

    def _lines(self) -> Iterator[bytes]:
        try:
            with gzip.open(self._path, "rb") as file:
                yield from file
        except FileNotFoundError as error:
            raise InvalidError(f"There is no file {self.name!r}.", code="no_file", field="file") from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            if not self._begins(_PACKED):
                raise self._no_backup() from error
            raise StoreCorrupt(
                f"{self.name!r} is cut off or damaged ({error}). Use another backup.", code="damaged"
            ) from error
        except OSError as error:
            raise StoreError(f"{self.name!r} can not be read: {error.strerror}.") from error


def _begun(file: IO[bytes]) -> IO[bytes]:
    file.seek(0)
    return file
