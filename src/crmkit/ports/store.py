"""The Store port: where records are kept.

A store answers bound questions (``crmkit.query``) with the meaning fixed there, and applies writes in transactions.
It knows record types by their declarations alone. It is atomic, or read-only; what it can do beyond the required
methods it declares in ``capabilities``, and the contract suite tests what it declares.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Literal, TypeAlias, TypeVar
from uuid import UUID

import attrs

from ..errors import UnsupportedError
from ..query import Find, Page, Tallied, Tally
from ..records import Field, Record, declaration_of, short_id
from ..records.as_json import from_json, to_json
from .lifetime import since

if TYPE_CHECKING:
    from .snapshot import SnapshotStore

__all__ = [
    "Add", "Capability", "Drift", "Field", "Find", "Line", "NotApplied", "Page", "Record", "Remove", "Replace", "Rehome", "Schema", "SnapshotStore", "Store", "Tallied",
    "Tally", "Transaction", "Write", "from_json", "to_json",
]  # fmt: skip
R = TypeVar("R", bound=Record)
Capability = Literal["guest", "select", "concurrent_writers", "durable", "tenants", "prefix", "blobs"]
"""What a store can do beyond the required methods: ``guest`` (``on``), ``select`` (``execute``), ``concurrent_writers`` (threads
and processes write to one place, in turn or at once), ``durable`` (what was committed outlives the process), ``tenants``,
``prefix`` (of its tables), ``blobs``."""


@attrs.frozen
class Add:
    """Keep a new record. A taken id or unique key is answered; ``if_absent``: the caller expects it, and a store may make it cheap."""

    record: Record
    if_absent: bool = False


@attrs.frozen
class Replace:
    """Keep ``record`` in the place of the one with its id, if that one still has the version ``expected`` (None: whatever it has)."""

    record: Record
    expected: int | None = None


@attrs.frozen
class Remove:
    """Remove the record with this id, if it still has the version ``expected`` (None: whatever it has, and also where it is gone already)."""

    record: Record
    expected: int | None = None


@attrs.frozen
class Rehome:
    """As Replace, but its customer changes too: ``record`` has the new ``customer_id``. A store may have to move the row."""

    record: Record
    expected: int | None = None


Write: TypeAlias = Add | Replace | Remove | Rehome


@attrs.frozen
class NotApplied:
    """A write of a sequence that was not applied; all others were.

    Attributes:
        index: its place in the sequence.
        reason: ``present`` (a record with this id, or with this unique key, is there), ``stale`` (another version), ``gone`` (no such record).
        key: the unique key that is taken: its field names; ``("id",)`` for the id.
        holder: the id of the record that has it, where known.
    """

    index: int
    reason: Literal["present", "stale", "gone"]
    key: tuple[str, ...] = ()
    holder: UUID | None = None


@since("1.0")
class Transaction(ABC):
    """One transaction: reads see one state of the store, writes become visible to others all at once, at ``commit``."""

    @abstractmethod
    def get(self, of: type[R], ids: Sequence[UUID]) -> dict[UUID, R]:
        """Return the records that are there, by id."""

    @abstractmethod
    def find(self, question: Find[R]) -> Page[R]:
        """Return the page that a bound question asks for; without a limit, all."""

    def follow(self, question: Find[Any], reference: str) -> Page[Any]:
        """Return the records that those of a page name by a field, in the page's order, each once; ``next`` is the page's.

        As it stands it asks twice; a store that can join does better.
        """
        page = self.find(question)
        target: type[Record] = declaration_of(question.of).by_name[reference].target
        ids = dict.fromkeys(getattr(record, reference) for record in page)
        ids.pop(None, None)
        found = self.get(target, list(ids))
        return Page(tuple(found[one] for one in ids if one in found), page.next)

    def ids_called(self, of: type[Record], short: str) -> list[UUID]:
        """Return the ids of a record type that people write so: their last six base-32 characters, in small letters. As it stands, all are read."""
        return [record.id for record in stream(self, Find(of=of)) if short_id(record.id) == short]

    @abstractmethod
    def tally(self, question: Tally) -> list[Tallied]:
        """Return the cells of a bound tally that hold a record, in the order of their keys (missing first); without keys, one cell."""

    @abstractmethod
    def write(self, writes: Sequence[Write]) -> list[NotApplied]:
        """Apply a sequence, in order, and answer with what could not be applied.

        Raises:
            InvalidError: a record is not of the store's types.
            TryAgain: the database asks for the whole transaction again; nothing may follow but ``rollback``.
            StorageFull, StorageBusy: nothing may follow but ``rollback``.
        """

    @abstractmethod
    def claim(self, question: Find[R], limit: int, until: datetime) -> list[R]:
        """Lease up to ``limit`` records of an operational type that the question finds and nobody holds.

        A record is free when its ``lease_until`` is missing or not after the ``now`` that the caller's question compares
        it with: the question says so itself. Each claimed record gets ``lease_until=until`` and ``fence + 1``, and is
        returned so. Two transactions never claim the same record.
        """

    @abstractmethod
    def mark(self) -> object:
        """Return a savepoint."""

    @abstractmethod
    def undo_to(self, mark: object) -> None:
        """Undo what was written since the savepoint; the savepoint is spent."""

    def forget(self, mark: object) -> None:
        """The savepoint is not needed any more: what was written since stays part of the transaction."""
        return

    @abstractmethod
    def commit(self) -> None:
        """Make the writes durable and visible; the transaction is over.

        Raises:
            TryAgain: nothing was kept. OutcomeUnknown: the connection broke meanwhile.
        """

    @abstractmethod
    def rollback(self) -> None:
        """Keep nothing; the transaction is over. Never raises for a transaction that the database has ended itself."""

    def put_blob(self, digest: bytes, data: BinaryIO) -> None:
        """Keep bytes under their SHA-256; the same bytes twice are kept once."""
        raise UnsupportedError(f"{type(self).__name__} keeps no files.")

    def open_blob(self, digest: bytes) -> BinaryIO:
        """Return the bytes kept under a digest, as a stream."""
        raise UnsupportedError(f"{type(self).__name__} keeps no files.")

    def remove_blob(self, digest: bytes) -> None:
        """Remove the bytes kept under a digest, if they are there."""
        raise UnsupportedError(f"{type(self).__name__} keeps no files.")

    def execute(self, statement: Any) -> Any:
        """Run a statement of SQLAlchemy on the store's own tables; the capability ``select``."""
        raise UnsupportedError(f"{type(self).__name__} takes no SQL: ask with crmkit.query.")


@attrs.frozen(kw_only=True)
class Line:
    """How far the data of the core, or of a plugin, is on its line of versions.

    Attributes:
        name: the plugin; empty for the core.
        at: the version that it has reached.
        dropped: the last version whose fields were dropped.
        types: names of the record types that are kept for the plugin.
        operation: of the step that is open; None where none is.
        failed: why it did not come further; empty where it did.
        knows: the version that the installed plugin knows; None where the plugin is not there.
        steps: what an upgrade would run.
        waits: what is dropped when a person says that no older version runs any more.
    """

    name: str
    at: int = 0
    dropped: int = 0
    types: tuple[str, ...] = ()
    operation: UUID | None = None
    failed: str = ""
    knows: int | None = attrs.field(default=None, eq=False)
    steps: tuple[str, ...] = attrs.field(default=(), eq=False)
    waits: tuple[str, ...] = attrs.field(default=(), eq=False)

    @property
    def called(self) -> str:
        """Its name for people."""
        return self.name or "core"


@attrs.frozen(kw_only=True)
class Schema:
    """How the schema in the database stands to the declarations.

    Attributes:
        is_absent: there is no schema of crmkit yet.
        pending: what an upgrade would do, a statement or sentence each; empty: nothing.
        behind: names of record types that are newer declared than kept: their writes raise UpgradeNeeded.
        refused: names of record types that an upgrade can not bring to their declaration -> why, and what to do.
        notes: what is slower here than it could be, and what would help: a sentence or two each.
        unknown: names of record types that are kept without a declaration (their plugin is gone): name -> what the ledger says.
        lines: how far the data of each plugin is; a store leaves it empty, ``CRM.status`` fills it.
    """

    is_absent: bool = False
    pending: tuple[str, ...] = ()
    behind: frozenset[str] = frozenset()
    refused: Mapping[str, str] = attrs.field(factory=dict[str, str])
    notes: tuple[str, ...] = ()
    unknown: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict[str, Mapping[str, Any]])
    lines: tuple[Line, ...] = ()


@since("1.0")
@attrs.frozen(kw_only=True)
class Drift:
    """Something in the database that is not as it was made: changed by hand, or by another program.

    Attributes:
        table, name: where: the table, and its column, index, trigger or constraint; ``name`` is empty for the table itself.
        what: in a few words (``missing column``, ``other type``, ``extra index``).
        found, wanted: what is there, and what should be; empty where there is nothing to tell.
        remedy: what to do about it, a sentence.
        is_harmless: answers stay right: it may be left as it is.
    """

    table: str
    what: str
    name: str = ""
    found: str = ""
    wanted: str = ""
    remedy: str = ""
    is_harmless: bool = False


@since("1.0")
class Store(ABC):
    """One place where records are kept.

    Class facts:
        scheme: what its URLs begin with (``sqlite``, ``memory``, ``jsonl``), or several of them.
        capabilities: what it can do beyond the required methods.
    """

    scheme: ClassVar[str | tuple[str, ...]] = ""
    capabilities: ClassVar[frozenset[Capability]] = frozenset()

    @classmethod
    @abstractmethod
    def open(
        cls, url: Any, types: Sequence[type[Record]], *, schema: str = "", prefix: str = "", options: Mapping[str, Any] | None = None
    ) -> Store:  # fmt: skip
        """Return a store for these record types. Opens what it needs, creates no schema.

        Args:
            url: a URL of its scheme, or (SQL) an engine of the host.
            schema, prefix: where its tables are, for stores with that capability.

        Raises:
            InvalidError: the URL can not be read. StoreError: the place can not be opened.
        """

    @classmethod
    def is_there(cls, url: Any) -> bool:
        """Whether something is at a URL already, as far as that is seen without opening it; else opening begins it."""
        return True

    @abstractmethod
    def begin(self, *, write: bool) -> Transaction:
        """Begin a transaction; ``write=False`` may only read.

        Raises:
            StorageBusy: another writer holds the store too long. StoreError: it can not be reached.
        """

    @property
    def upgrade_commits(self) -> bool:
        """Whether ``upgrade`` commits the transaction of the host whose guest this store is: then nothing is upgraded unasked."""
        return False

    @abstractmethod
    def status(self) -> Schema:
        """Compare what is kept with the declarations of the store's types.

        Raises:
            NewerSchema, StoreCorrupt: it can not be used.
        """

    def foresee(self, custom_indexes: Mapping[type[Record], Sequence[Field]] | None = None) -> Schema:
        """Return what ``status`` does, and what else an upgrade would do or find in its way; it may read every record.

        As it stands it is ``status``.
        """
        return self.status()

    @abstractmethod
    def upgrade(self, custom_indexes: Mapping[type[Record], Sequence[Field]] | None = None) -> tuple[str, ...]:
        """Bring the schema to the declarations, with the ledger's entries (``type:NAME``); return what was done, as in ``Schema.pending``.

        Raises:
            StoreError: a record type can not be brought to its declaration: ``params["record_type"]`` names it, and nothing
                was done.
        """

    def tend(self, *, limit_s: float | None = None) -> int:
        """Do what was put off, such as bringing indexes up to what was written; return for how many records.

        Answers are the same before and after. After ``limit_s`` seconds nothing new is begun; without it, all of it is done.
        """
        return 0

    def check(self, custom_indexes: Mapping[type[Record], Sequence[Field]] | None = None) -> tuple[Drift, ...]:
        """Return what is not as an upgrade has made it; what an upgrade is still due to do is told by ``status``. As it stands, nothing."""
        return ()

    def drop_fields(self, of: type[Record], names: Sequence[str]) -> tuple[str, ...]:
        """Drop what is kept of fields that are no longer declared, and their entries in the ledger; return what was done.

        What is not there (any more) is passed over. As it stands it does nothing: a store that keeps records as they are
        declared has nothing to drop.

        Raises:
            StoreError: a field is still declared.
        """
        return ()

    def purge(self) -> tuple[str, ...]:
        """After an erasure: take out of the place what removed and changed records left behind, as far as that can be done at once.

        As it stands it does nothing: for stores that leave nothing behind.

        Returns:
            What stays for now, and how it goes, a sentence or two each.
        """
        return ()

    def with_types(self, types: Sequence[type[Record]]) -> Store:
        """Return the same place with other record types (those of the ledger too)."""
        raise UnsupportedError(f"{type(self).__name__} can not take other record types.")

    def on(self, connection: Any) -> Store:
        """Return this store as a guest on a host's open transaction; the capability ``guest``.

        Its transactions are savepoints of the host's; they never commit, roll back or close it.
        """
        raise UnsupportedError(f"{type(self).__name__} can not be a guest on a host's connection.")

    def tenant(self, name: str) -> Store:
        """Return the store of one company beside the others in the same place; the capability ``tenants``."""
        raise UnsupportedError(f"{type(self).__name__} keeps one company only.")

    def tenants(self) -> tuple[str, ...]:
        """Return the names of the companies that there are beside this one, sorted; the capability ``tenants``."""
        raise UnsupportedError(f"{type(self).__name__} can not tell which companies it keeps.")

    def close(self) -> None:
        """Give back what was opened."""
        return


def stream(transaction: Transaction, question: Find[R], page_size: int = 1000) -> Iterator[R]:
    """Yield all records that a question finds, page after page by keyset, so that memory does not grow."""
    page = transaction.find(attrs.evolve(question, limit=page_size))
    yield from page
    while page.next is not None:
        page = transaction.find(attrs.evolve(question, limit=page_size, after=page.next))
        yield from page


def __getattr__(name: str) -> Any:
    if name == "SnapshotStore":  # it is made of what stands above
        return importlib.import_module("crmkit.ports.snapshot").SnapshotStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
