"""A store whose author knows how to load all records and how to save some: everything else is here.

Records are held in memory. A transaction is decided by a journal that reaches the disk whole; then the author's ``save``
is called, and repeated from the journal where the process died or the save failed. Several processes may use one folder:
writers take turns, and everybody reads again what another one changed.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Final, Self
from urllib.parse import unquote

from ..errors import CRMError, InvalidError, NotFoundError, StorageBusy, StoreCorrupt, StoreError, UnsupportedError
from ..records import CORE_TYPES, LedgerEntry, Record, declaration_of
from .folder import Folder, Journal
from .lifetime import since
from .store import Capability, Remove, Write
from .tables import Space, Table, TableStore, TableTransaction, Undo

_log = logging.getLogger("crmkit.store")
_ABSENT: Final = object()


@since("1.0")
class SnapshotStore(TableStore):
    """Give ``scheme``, ``load`` and ``save``.

    Attributes:
        folder: where the author's files are; it holds a folder ``.crmkit`` too, with the lock, the journal and kept files.
        types: the record types, the ledger's among them.
    """

    capabilities = frozenset[Capability]({"durable", "concurrent_writers", "blobs"})

    def __init__(
        self, folder: Path, types: Sequence[type[Record]] = CORE_TYPES, *, busy_timeout_s: float = 10.0
    ) -> None:
        super().__init__(types)
        self.folder, self.types = Path(folder), tuple(dict.fromkeys((*types, LedgerEntry)))
        self._busy_timeout_s, self._files = busy_timeout_s, Folder(Path(folder))
        self._space, self._keeper, self._seen = Space(), self, b""
        self._is_fresh = False

    @abstractmethod
    def load(self) -> Iterable[Record]:
        """Return all records of ``types`` that were saved; none where nothing was. It is called once, before any ``save``."""

    @abstractmethod
    def save(self, writes: Sequence[Write]) -> None:
        """Keep each record, or remove it (``Remove``); no record comes twice.

        It may be called again with the same writes, after it was broken off anywhere: then by a new instance, which has
        loaded what there is. So what stands in one file must be there whole, old or new.
        """

    @classmethod
    def open(
        cls,
        url: Any,
        types: Sequence[type[Record]],
        *,
        schema: str = "",
        prefix: str = "",
        options: Mapping[str, Any] | None = None,
    ) -> Self:
        """Return the store of a folder: ``SCHEME:///srv/crm``, or ``SCHEME:crm`` below the working folder. See ``Store.open``."""
        scheme, colon, rest = str(url).partition(":")
        path = unquote(rest.removeprefix("//"))
        if not (colon and path and scheme in ((cls.scheme,) if isinstance(cls.scheme, str) else cls.scheme)):
            raise InvalidError(f"{str(url)!r} names no folder: write '{cls.scheme}:///srv/crm'.", code="url")
        if schema or prefix:
            raise UnsupportedError(f"{cls.__name__} has no schema and no prefix: use another folder.")
        if Path(path).exists() and not Path(path).is_dir():
            raise StoreError(f"{path!r} is no folder: name another one.")
        return cls(Path(path), types, **(options or {}))

    @classmethod
    def is_there(cls, url: Any) -> bool:
        """Whether the folder is there. See ``Store.is_there``."""
        return Path(unquote(str(url).partition(":")[2].removeprefix("//"))).is_dir()

    def with_types(self, types: Sequence[type[Record]]) -> Self:
        """Return the same folder with other record types. See ``Store.with_types``."""
        return type(self)(self.folder, types)

    def begin(self, *, write: bool) -> SnapshotTransaction:
        """Begin a transaction on the newest state. See ``Store.begin``."""
        with ExitStack() as held:
            if write:
                self._hold(held)
            self._refresh(is_held=write)
            return SnapshotTransaction(self, self._space, self._types, held.pop_all() if write else None)

    def _hold(self, held: ExitStack) -> None:
        if not self._space.lock.acquire(timeout=self._busy_timeout_s):
            raise StorageBusy(
                f"Another writer holds {str(self.folder)!r} for more than {self._busy_timeout_s:g} s: try later."
            )
        held.callback(self._space.lock.release)
        try:
            held.enter_context(self._files.locked(self._busy_timeout_s))
        except OSError as error:
            raise StoreError(f"{str(self.folder)!r} can not be written: {error.strerror}.") from error

    # --- what others did ---
    def _refresh(self, *, is_held: bool) -> None:
        """Read again what is not what we know: at the first use, after another process, after a save that failed."""
        if self._is_fresh and self._files.is_settled and self._seen == self._files.generation():
            return
        if not self._files.ours.exists():
            return  # nothing was ever kept here, and looking makes nothing
        with ExitStack() as held:
            if not is_held:
                held.enter_context(self._files.locked(self._busy_timeout_s))
            self._reload(is_writer=is_held)

    def _reload(self, *, is_writer: bool) -> None:
        keeper, before = type(self)(self.folder, self.types), self._files.stats()
        tables, journal = keeper.loaded(), self._files.read_journal(self._types)
        _apply(tables, journal.writes)
        self._is_fresh = True
        if not self._files.is_settled:
            try:
                self._saved(keeper, journal, before)
            except StoreError:
                if is_writer:
                    raise
                self._is_fresh = False  # it is known what stands here; whoever writes must mend it first
        self._files.forget()
        self._space.tables, self._keeper, self._seen = tables, keeper, self._files.generation()

    def loaded(self) -> dict[str, Table]:
        """Return all records, as tables.

        Raises:
            StoreCorrupt: they can not be read. StoreError: the folder can not.
        """
        try:
            return _tables(self.load())
        except OSError as error:
            raise StoreError(f"{str(self.folder)!r} can not be read: {error.strerror}.") from error
        except Exception as error:
            raise StoreCorrupt(
                f"{str(self.folder)!r} can not be loaded: {type(error).__name__}. Mend its files, or restore a backup."
            ) from error

    # --- committing ---
    def keep(self, journal: Journal) -> None:
        """Decide a transaction and save it. A save that fails is repeated by a new instance; what was decided stays."""
        self._files.write_journal(journal)
        self._is_fresh = False  # whatever breaks off from here, the next one begins anew
        try:
            self._saved(self._keeper, journal, self._files.stats())
        except CRMError as error:
            _log.warning(
                "a save failed and is repeated", extra={"folder": str(self.folder), "reason": str(error.__cause__)}
            )
        else:
            self._seen, self._is_fresh = self._files.generation(), True

    def _saved(self, keeper: SnapshotStore, journal: Journal, before: Mapping[Path, tuple[int, ...]]) -> None:
        try:
            keeper.save(journal.writes)
            self._files.settle(journal, before)
        except Exception as error:
            raise StoreError(
                f"{str(self.folder)!r} could not be saved ({type(error).__name__}): nothing is lost, the writes wait in its journal."
                " Make room, or mend the store, and open it again."
            ) from error


class SnapshotTransaction(TableTransaction):
    """A transaction on a folder. See ``Transaction``."""

    def __init__(
        self, store: SnapshotStore, space: Space, types: Mapping[str, type[Record]], held: ExitStack | None
    ) -> None:
        super().__init__(space, types, is_writer=held is not None)
        self._store, self._held, self._files = store, held, Folder(store.folder)
        self._staged: dict[bytes, Any] = {}

    def _keep(self) -> None:
        removed = self._files.kept(self._staged)
        self._staged.clear()
        writes = tuple(self.changes())
        if writes or removed:
            self._store.keep(Journal(writes, tuple(removed)))

    def _end(self) -> None:
        self._is_over = True
        self._files.forget(self._staged.values())
        if self._held is not None:
            self._held.close()

    # --- files ---
    def put_blob(self, digest: bytes, data: BinaryIO) -> None:
        """Keep bytes under their SHA-256. See ``Transaction.put_blob``."""
        self._writer()
        self._stage(digest, self._files.staged(digest, data))

    def remove_blob(self, digest: bytes) -> None:
        """Remove the bytes kept under a digest. See ``Transaction.remove_blob``."""
        self._writer()
        self._stage(digest, None)

    def _stage(self, digest: bytes, place: Path | None) -> None:
        self._done.append(Undo("", digest, self._staged.get(digest, _ABSENT)))
        self._staged[digest] = place

    def _put_back(self, digest: bytes, data: Any) -> None:
        if data is _ABSENT:
            self._staged.pop(digest, None)
        else:
            self._staged[digest] = data

    def open_blob(self, digest: bytes) -> BinaryIO:
        """Return the bytes kept under a digest, as a stream. See ``Transaction.open_blob``."""
        self._running()
        place = self._staged.get(digest, self._files.blobs / digest.hex())
        try:
            if place is not None:
                opened: BinaryIO = place.open("rb")
                return opened
        except FileNotFoundError:
            pass
        raise NotFoundError(f"No file is kept under the digest {digest.hex()}.")


def _tables(records: Iterable[Record]) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    for record in records:
        _table(tables, record).put(record.id, record)
    return tables


def _apply(tables: dict[str, Table], writes: Iterable[Write]) -> None:
    for write in writes:
        _table(tables, write.record).put(write.record.id, None if isinstance(write, Remove) else write.record)


def _table(tables: dict[str, Table], record: Record) -> Table:
    name = declaration_of(type(record)).name
    return tables.setdefault(name, Table.for_type(type(record)))
