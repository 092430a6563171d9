"""Where records come from when all of them are moved: a store, in one snapshot, or a backup."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Final

import attrs

from ...errors import NotFoundError, StoreError, UnsupportedError
from ...ports.store import Store, Transaction
from ...query import Find, Tally, count
from ...records import CORE_TYPES, LedgerEntry, Record, declaration_of
from ...records.ledger import with_kept_fields

PAGE: Final = 1000
"""Records that are read, and kept, together."""


@attrs.frozen(kw_only=True)
class Part:
    """Some records of one type, in the order of their ids, with the files that they name.

    Attributes:
        blobs: what gives the bytes of each file, by digest.
        at: where the next part begins, as JSON: for the same source only.
    """

    of: type[Record]
    records: Sequence[Record] = ()
    blobs: Mapping[bytes, Callable[[], IO[bytes]]] = attrs.field(factory=dict[bytes, Any])
    at: Any = None


class Source(ABC):
    """All that a CRM keeps, to be read once or again."""

    name: str
    """For messages."""
    identity: str
    """What two readings of the same source have in common."""
    types: Sequence[type[Record]]

    @abstractmethod
    def counts(self) -> Mapping[str, int]:
        """Return how many records there are of each type, the ledger's apart."""

    @abstractmethod
    def ledger(self) -> Mapping[str, LedgerEntry]:
        """Return what the store knows of itself, by key."""

    @abstractmethod
    def parts(self, after: Any = None) -> Iterator[Part]:
        """Yield everything, type by type, each by id; the ledger apart.

        Args:
            after: the ``at`` of the last part that is not wanted any more.
        """


def whole_types(types: Sequence[type[Record]], kept: Mapping[str, Mapping[str, Any]]) -> list[type[Record]]:
    """Return record types with all fields that are kept of them, also those that only another release of their plugin declares.

    Args:
        kept: what is kept of each declaration, by name.

    Raises:
        StoreError: a type of the core has fields that this version does not know.
    """
    known = {declaration_of(of).name: of for of in types}
    for name, of in tuple(known.items()):
        known[name] = with_kept_fields(of, kept[name], known) if name in kept else of
        if known[name] is not of and of in CORE_TYPES:
            raise StoreError(
                f"What is kept of {declaration_of(of).plural} is of a newer version of crmkit: use that one, so that nothing is lost.",
                code="newer_schema",
            )
    return list(known.values())


class StoreSource(Source):
    """A store, read in one transaction: whoever writes meanwhile changes nothing of what is read."""

    def __init__(self, store: Store, types: Sequence[type[Record]], name: str) -> None:
        """Begin to read.

        Raises:
            StoreError: nothing is kept there.
        """
        if store.status().is_absent:
            raise StoreError(f"{name} keeps nothing yet: there is nothing to move.", code="nothing_there")
        self.name = name
        self._tx = store.begin(write=False)
        try:
            self._ledger = {entry.key: entry for entry in self._tx.find(Find(of=LedgerEntry))}
            kept = {key[5:]: entry.value for key, entry in self._ledger.items() if key.startswith("type:")}
            whole = whole_types(types, kept)
        except BaseException:
            self._tx.rollback()
            raise
        if whole != list(types):
            self._tx.rollback()
            self._tx = store.with_types(whole).begin(write=False)
        self.types = [of for of in whole if of is not LedgerEntry]
        self.identity = str(min(entry.id for key, entry in self._ledger.items() if key.startswith("type:")))

    def close(self) -> None:
        """End the snapshot."""
        self._tx.rollback()

    def counts(self) -> Mapping[str, int]:
        """See ``Source.counts``."""
        return {declaration_of(of).name: counted(self._tx, of) for of in self.types}

    def ledger(self) -> Mapping[str, LedgerEntry]:
        """See ``Source.ledger``."""
        return self._ledger

    def parts(self, after: Any = None) -> Iterator[Part]:
        """See ``Source.parts``."""
        begun, cursor = after or (None, None)
        waiting = begun is not None
        for of in self.types:
            name = declaration_of(of).name
            if waiting and name != begun:
                continue
            waiting, at = False, cursor if name == begun else ""
            while at is not None:
                page = self._tx.find(Find(of=of, limit=PAGE, after=at or None))
                at = page.next
                if page:
                    yield Part(of=of, records=tuple(page), blobs=self._blobs(of, page), at=[name, at])

    def _blobs(self, of: type[Record], records: Sequence[Record]) -> dict[bytes, Callable[[], IO[bytes]]]:
        """Return the files of records: what a digest names, where the store has bytes of it."""
        names = [field.name for field in declaration_of(of).fields if field.kind == "digest"]
        found: dict[bytes, Callable[[], IO[bytes]]] = {}
        for digest in {getattr(record, name) for record in records for name in names} - {None}:
            with suppress(NotFoundError, UnsupportedError):
                self._tx.open_blob(digest).close()
                found[bytes(digest)] = functools.partial(self._tx.open_blob, bytes(digest))
        return found


def counted(tx: Transaction, of: type[Record]) -> int:
    """Return how many records of a type there are."""
    n: int = tx.tally(Tally(of=of, components={"n": count()}))[0].n
    return n


def by_pages(tx: Transaction, of: type[Record]) -> Iterator[Record]:
    """Yield the records of a type, by id."""
    after: str | None = None
    while True:
        page = tx.find(Find(of=of, limit=PAGE, after=after))
        yield from page
        after = page.next
        if after is None:
            return
