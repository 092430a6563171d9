"""The folder of a file store: its lock, its journal, its files by digest; an author's files stand beside them."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import uuid4

import attrs

from ..errors import InvalidError, StorageBusy, StorageFull, StoreCorrupt, StoreError
from ..records import Record, declaration_of
from ..records.as_json import from_json, to_json
from .store import Add, Rehome, Remove, Replace, Write

OURS: Final = ".crmkit"
_KINDS: Final[Mapping[str, type[Write]]] = {kind.__name__: kind for kind in (Add, Replace, Remove, Rehome)}
_CHUNK: Final = 1 << 20


@attrs.frozen
class Journal:
    """What was decided and is not certainly in the author's files yet; applying it twice is applying it once."""

    writes: tuple[Write, ...] = ()
    removed: tuple[str, ...] = ()


@attrs.frozen
class Folder:
    """The folder, and ``.crmkit`` in it, which is ours: ``lock``, ``journal``, ``generation``, ``blobs/``."""

    path: Path

    @property
    def ours(self) -> Path:
        """Where the parts that an author does not see are."""
        return self.path / OURS

    # --- one writer at a time, in all processes ---
    @contextmanager
    def locked(self, timeout_s: float) -> Generator[None]:
        """Hold the folder alone.

        Raises:
            StorageBusy: somebody else holds it for longer.
        """
        import fcntl  # not on every system: only who opens such a store needs it

        self.blobs.mkdir(parents=True, exist_ok=True)
        until = time.monotonic() + timeout_s
        with (self.ours / "lock").open("ab") as file:  # closing it gives the lock back, and so does dying
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= until:
                        raise StorageBusy(
                            f"Another writer holds {str(self.path)!r} for more than {timeout_s:g} s: try later."
                        ) from None
                    time.sleep(0.005)
            yield

    # --- what state it is in ---
    def generation(self) -> bytes:
        """Return the name of the state in the author's files; empty: there is none yet."""
        try:
            return (self.ours / "generation").read_bytes()
        except FileNotFoundError:
            return b""

    @property
    def is_settled(self) -> bool:
        """No journal waits."""
        return not (self.ours / "journal").exists()

    def write_journal(self, journal: Journal) -> None:
        """Decide: once this returns, the writes are kept, whatever happens.

        Raises:
            StorageFull: no space is left. StoreError: the folder can not be written. Nothing was kept.
        """
        data = {
            "writes": [
                [type(write).__name__, declaration_of(type(write.record)).name, to_json(write.record)]
                for write in journal.writes
            ],
            "removed": journal.removed,
        }
        with self._written():
            self._put("journal", json.dumps(data).encode())

    @contextmanager
    def _written(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise (StorageFull if full else StoreError)(
                f"{str(self.path)!r} can not be written: {error.strerror}. Nothing of this was kept."
            ) from error

    def read_journal(self, types: Mapping[str, type[Record]]) -> Journal:
        """Return what a process left that died, or whose save failed.

        Raises:
            StoreError: it is of a record type that this store was not opened with. StoreCorrupt: it can not be read.
        """
        if self.is_settled:
            return Journal()
        try:
            data: dict[str, Any] = json.loads((self.ours / "journal").read_bytes())
            if missing := {name for _, name, _ in data["writes"]} - types.keys():
                raise StoreError(
                    f"{str(self.path)!r} waits for writes of {', '.join(sorted(missing))}: open it once with the plugin."
                )
            writes = tuple(_KINDS[kind](from_json(types[name], record)) for kind, name, record in data["writes"])
            return Journal(writes, tuple(data["removed"]))
        except (ValueError, KeyError, TypeError, InvalidError) as error:
            raise StoreCorrupt(f"The journal of {str(self.path)!r} can not be read: restore a backup.") from error

    def settle(self, journal: Journal, since: Mapping[Path, tuple[int, ...]]) -> None:
        """Put the author's files onto the disk, name their state, and give up the journal."""
        for file, stat in self.stats().items():
            if since.get(file) != stat:
                with file.open("rb") as opened:
                    os.fsync(opened.fileno())
        _sync_folder(self.path)
        for name in journal.removed:
            (self.blobs / name).unlink(missing_ok=True)
        self._put("generation", uuid4().hex.encode())
        (self.ours / "journal").unlink(missing_ok=True)

    def stats(self) -> dict[Path, tuple[int, ...]]:
        """Return how the author's files stand, to see which ones change."""
        found: Iterator[Path] = (file for file in self.path.rglob("*") if self.ours not in file.parents)
        stats = ((file, file.stat()) for file in found if file.is_file())
        return {file: (stat.st_ino, stat.st_size, stat.st_mtime_ns) for file, stat in stats}

    def _put(self, name: str, data: bytes) -> None:
        new = self.ours / f"{name}.new"
        with new.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.ours / name)
        _sync_folder(self.ours)

    # --- files by digest ---
    @property
    def blobs(self) -> Path:
        """Where files are kept, each under its digest."""
        return self.ours / "blobs"

    def staged(self, digest: bytes, data: BinaryIO) -> Path:
        """Write bytes beside the kept ones, under a name of their own.

        Raises:
            InvalidError: they have another digest.
        """
        place, found = self.blobs / f"new-{uuid4().hex}", hashlib.sha256()
        with self._written(), place.open("wb") as file:
            while chunk := data.read(_CHUNK):
                found.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if found.digest() != digest:
            place.unlink()
            raise InvalidError(
                "The bytes do not have the digest that was given: take the SHA-256 of all of them.", code="digest"
            )
        return place

    def kept(self, staged: Mapping[bytes, Path | None]) -> Sequence[str]:
        """Keep what was staged, and return the names of what is to be removed."""
        for digest, place in staged.items():
            if place is not None:
                with self._written():
                    place.replace(self.blobs / digest.hex())
        return [digest.hex() for digest, place in staged.items() if place is None]

    def forget(self, places: Iterable[Path | None] | None = None) -> None:
        """Remove staged bytes; without ``places`` all, which only the holder of the lock may do."""
        for place in self.blobs.glob("new-*") if places is None else places:
            if place is not None:
                place.unlink(missing_ok=True)


def _sync_folder(path: Path) -> None:
    """Make names durable, where the system knows how."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
