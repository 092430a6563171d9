"""What a CRM shows of moving: ``backup``, ``restore_backup``, ``copy``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from ..._work import House
from ...errors import InvalidError, UnsupportedError
from ...ports.store import Store
from ...records import CORE_TYPES
from ..opening import Options, Place, build_house, load_plugins, options_of, settle, store_class
from ..tenancy import options_for
from ..upgrading import indexed
from .backup_file import BackupFile, write_backup
from .filling import Filling, Moved
from .source import Source, StoreSource

Told = Callable[[int], None]


class Moving(ABC):
    """Moving everything: record types of plugins that are gone, the log, files, external ids, and what waits."""

    __slots__ = ()

    @property
    @abstractmethod
    def house(self) -> House:
        """What all units share."""

    @property
    @abstractmethod
    def store(self) -> Store:
        """The store."""

    def backup(self, path: Path | str, *, progress: Told | None = None) -> Mapping[str, int]:
        """Write everything that is kept into one file, as it is at this moment, while others go on writing.

        Args:
            path: the file; there must be none yet.
            progress: is told how many records are written.

        Returns:
            How many records of each type it holds.

        Raises:
            InvalidError: there is such a file. StorageFull, StoreError: it can not be written; nothing is left of it.
        """
        source = StoreSource(self.store, self.house.types, "the CRM")
        try:
            return write_backup(Path(path), source, progress or _nobody)
        finally:
            source.close()

    @staticmethod
    def restore_backup(
        path: Path | str,
        url: str,
        *,
        schema: str = "",
        prefix: str = "",
        tenant: str = "",
        replace: bool = False,
        progress: Told | None = None,
        **options: Any,
    ) -> Moved:
        """Restore a backup into a store, and compare what is there with it, record by record.

        A restore that is interrupted goes on by the same call; until it is whole, nobody opens the store as a CRM.

        Args:
            path: the file.
            url: the store: ``sqlite:///crm.db``; it is created where it is not there.
            schema, prefix: where its tables are, beside others.
            tenant: the company of it that is filled, and made where it is not there; empty: none of them.
            replace: what is in the store goes.
            progress: is told how many records are kept, then how many compared.
            options: those of ``CRM.open``.

        Raises:
            StoreCorrupt: the file is no backup, is cut off or damaged; the store was not touched.
            ConflictError: there is something in the store.
        """
        made = _of_company(options_of(options), tenant)
        types = load_plugins(made).types
        target = Place(url=url, schema=schema, prefix=prefix, company=tenant)
        return _filled(BackupFile(Path(path), (*CORE_TYPES, *types)), target, made, replace, progress)

    @staticmethod
    def copy(
        source: str,
        target: str,
        *,
        source_schema: str = "",
        source_prefix: str = "",
        source_tenant: str = "",
        schema: str = "",
        prefix: str = "",
        tenant: str = "",
        replace: bool = False,
        progress: Told | None = None,
        **options: Any,
    ) -> Moved:
        """Copy everything from one store to another one, of any kind, and compare both, record by record.

        One that is interrupted goes on by the same call; until it is whole, nobody opens the target as a CRM. Who writes
        to the source meanwhile is told of at the end: stop the writers first.

        Args:
            source, target: their URLs.
            source_schema, source_prefix: where the tables of the source are, beside others.
            source_tenant: the company of it that is copied; empty: none of them.
            schema, prefix, tenant: the same of the target; a company is made where it is not there.
            replace: what is in the target goes.
            progress: is told how many records are kept, then how many compared.
            options: those of ``CRM.open``.

        Raises:
            ConflictError: there is something in the target. NotFoundError: the source has no such company.
            StoreError: there is no source, or the target differs from it afterwards.
        """
        made = _of_company(options_of(options), tenant)
        old = Place(url=source, schema=source_schema, prefix=source_prefix, company=source_tenant, must_exist=True)
        new = Place(url=target, schema=schema, prefix=prefix, company=tenant)
        if attrs.evolve(old, must_exist=False) == new:
            raise InvalidError("A store can not be copied into itself: name another target.", code="same_store")
        with _opened(old, made) as read:
            return _filled(read, new, made, replace, progress)


def _nobody(done: int) -> None:
    return None


@contextmanager
def _opened(place: Place, options: Options) -> Generator[StoreSource]:
    """Read a store in one snapshot, with the record types that only its ledger knows."""
    loaded = load_plugins(options)
    house = build_house(options, loaded, _no_face)
    opened = place.open(options, loaded, house.types)
    try:
        settled, _ = settle(house, opened, create=False)
        source = StoreSource(settled, house.types, place_shown(place))
        try:
            yield source
        finally:
            source.close()
    finally:
        opened.close()


def _filled(source: Source, place: Place, options: Options, replace: bool, progress: Told | None) -> Moved:
    loaded = load_plugins(options)
    name = place_shown(place)
    if "durable" not in store_class(loaded, place.url).capabilities:
        raise UnsupportedError(f"{name} keeps nothing for later: name a store that does.", code="not_durable")
    store = place.open(options, loaded, source.types)
    indexes = indexed(build_house(options, loaded, _no_face), source.types)
    try:
        return Filling(store, source, name, progress or _nobody).run(indexes, replace=replace)
    finally:
        store.close()


def _no_face(unit: Any) -> Any:
    return unit


def _of_company(options: Options, name: str) -> Options:
    """Return the options of the company that is filled: what is said of it in the project."""
    return options_for(options, name) if name else options


def place_shown(place: Place) -> str:
    """Return where a place is, and which company of it is meant."""
    return url_shown(place.url) + (f", company {place.company}" if place.company else "")


def url_shown(url: str) -> str:
    """Return a URL without its password."""
    head, mark, rest = url.partition("://")
    who, at, place = rest.rpartition("@")
    return f"{head}{mark}{who.partition(':')[0]}{at}{place}" if at else url
