"""The databases that are measured: a file, and a PostgreSQL of our own on a disk, which keeps what it has acknowledged."""

from __future__ import annotations

import importlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from crmkit.builtin.sql import SqlStore
from crmkit.records import CORE_TYPES, Record
from crmkit.testing.servers import Unavailable
from crmkit.testing.servers.shared import server


@attrs.frozen
class Base:
    """One database, open both ways.

    Attributes:
        name: its kind.
        url: where it is.
        mark: how its driver writes a parameter.
    """

    name: str
    url: str
    mark: str

    def store(self, *types: type[Record], **options: Any) -> Any:
        """Return a store of ours on it, of the core's record types and these."""
        return SqlStore.open(self.url, [*CORE_TYPES, *types], options=options)

    def raw(self, *, prepares: bool = False) -> Any:
        """Return a connection of the driver; on a server statements are prepared only where that is asked for, as ours are."""
        if self.name == "sqlite":
            made = sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None)
            for pragma in ("synchronous = FULL", "secure_delete = ON", "cache_size = -16384", "temp_store = MEMORY"):
                made.execute(f"PRAGMA {pragma}")
            return made
        connection: Any = importlib.import_module("psycopg").connect(self.url)
        connection.prepare_threshold = 3 if prepares else None
        return connection


@contextmanager
def postgresql() -> Iterator[Base | None]:
    """Run a server for the measurements, from what the machine has; None where it has none."""
    folder = Path(tempfile.mkdtemp(prefix="crmkit-"))
    folder.chmod(0o711)
    try:
        with server("postgresql", folder) as url:
            yield Base("postgresql", url, "%s")
    except (Unavailable, ModuleNotFoundError) as error:
        print(f"no PostgreSQL: {error}", flush=True)
        yield None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def sqlite() -> Iterator[Base]:
    """A file."""
    with tempfile.TemporaryDirectory(prefix="crmkit-") as folder:
        yield Base("sqlite", f"sqlite:///{folder}/crm.db", "?")
