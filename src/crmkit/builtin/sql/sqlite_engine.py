"""Our own engine on a SQLite file: what its connections are told. A host's engine is never touched."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Engine, NullPool, QueuePool, create_engine, event

from crmkit.builtin.sql.sqlite import APPLICATION_ID
from crmkit.errors import InvalidError

_PRAGMAS: Final = (
    "synchronous = FULL",
    "foreign_keys = OFF",
    "secure_delete = ON",
    "cache_size = -16384",
    "temp_store = MEMORY",
)


def sqlite_engine(url: URL, *, busy_timeout_s: float) -> Engine:
    """Return an engine on a file, or on a database in memory that all of its users share, one after the other."""
    if url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise InvalidError(
            f"{url.drivername!r} is no driver that the SQL store knows: write sqlite:///crm.db.", code="url"
        )
    one: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0, "pool_timeout": busy_timeout_s}
    engine = create_engine(
        url.set(drivername="sqlite"),
        **(one if _is_memory(url) else {"poolclass": NullPool}),  # a file's wait elsewhere (``resting.py``)
        hide_parameters=True,
        connect_args={"timeout": busy_timeout_s, "check_same_thread": False},
    )
    event.listen(engine, "do_connect", _connected)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "close", _tidy)
    return engine


def _connected(_: Any, __: Any, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Open a file on media that can only be read as one that nobody changes; any other is opened as always (None).

    Its readers write too, into files beside it: where nothing can be written, nobody else can have changed it either.
    """
    path = Path(str(arguments[0]))
    if not is_on_read_only_media(path) or (path.with_name(f"{path.name}-wal").exists()):
        return None
    told: dict[str, Any] = {**options, "uri": True}
    opened: sqlite3.Connection = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", **told)
    return opened


def is_on_read_only_media(path: Path) -> bool:
    """Whether a file is there, on a file system on which nobody can write."""
    try:
        return path.is_file() and bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except (OSError, AttributeError):  # a system without it
        return False


def _is_memory(url: URL) -> bool:
    return url.database in (None, "", ":memory:")


def has_no_limit(engine: Engine) -> bool:
    """Say whether one of our engines opens as many connections as are asked for: one that is held keeps nobody waiting."""
    return engine.dialect.name == "sqlite" and not _is_memory(engine.url)


def _prepare(driver: Any, _: Any) -> None:
    driver.isolation_level = None  # we begin and end transactions ourselves
    for pragma in _PRAGMAS:
        driver.execute(f"PRAGMA {pragma}")
    (identity,) = driver.execute("PRAGMA application_id").fetchone()
    (pages,) = driver.execute("PRAGMA page_count").fetchone()
    (mode,) = driver.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal" and (pages == 0 or identity == APPLICATION_ID):  # what is not ours is not changed
        try:
            driver.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError:
            return  # a read-only file, or another process is just doing it: both journals are safe


def _tidy(driver: Any, _: Any) -> None:
    """Let the planner learn how the columns' values are spread, where that has changed: a few hundred rows are looked at."""
    try:
        driver.execute("PRAGMA analysis_limit = 400")
        driver.execute("PRAGMA busy_timeout = 0")
        driver.execute("PRAGMA optimize")
    except sqlite3.Error:
        return  # a file that is read only, busy or gone needs no statistics
