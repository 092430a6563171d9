"""The databases that the SQL store speaks to, and our own engines on them. A host's engine is never touched."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.pinging import Pinging
from crmkit.builtin.sql.sqlite import SQLite
from crmkit.builtin.sql.sqlite_engine import sqlite_engine
from crmkit.errors import InvalidError, nearest


def _postgresql() -> Database:
    from crmkit.builtin.sql.postgresql import PostgreSQL  # its dialect is loaded where it is spoken

    return PostgreSQL()


def _mariadb() -> Database:
    from crmkit.builtin.sql.mariadb import MariaDB  # its dialect is loaded where it is spoken

    return MariaDB()


DATABASES: Final[Mapping[str, Callable[[], Database]]] = {
    "sqlite": SQLite,
    "postgresql": _postgresql,
    "mariadb": _mariadb,
}

HOSTS_MARIADB: Final = "mysql"
"""What Django, and SQLAlchemy by the other of its two names, call MariaDB: as they call MySQL."""


@functools.cache
def _facts(name: str) -> Database:
    """They never change: all stores on a database have the same, and with them what follows from them (``prepared``)."""
    return DATABASES[name]()


def database_named(name: str) -> Database:
    """Return the facts of a database.

    Raises:
        InvalidError: the store does not speak to it.
    """
    if name == HOSTS_MARIADB:
        raise InvalidError(
            "The SQL store speaks to MariaDB, and not to MySQL: where the server is a MariaDB, write mariadb://... "
            "(of an engine: mariadb+pymysql://...).",
            code="url",
        )
    if name not in DATABASES:
        hint = nearest(name, DATABASES)
        raise InvalidError(f"The SQL store does not speak to {name!r}: use {', '.join(DATABASES)}.{hint}", code="url")
    return _facts(name)


def engine_of(url: Any, options: Mapping[str, Any]) -> Engine:
    """Return an engine of ours on a URL; nothing is opened yet.

    Raises:
        InvalidError: it is no URL, or one of a database or driver that the store does not speak to.
    """
    try:
        made = make_url(url)
    except (SQLAlchemyError, TypeError, AttributeError) as error:
        raise InvalidError(f"{url!r} is no database URL: write one such as sqlite:///crm.db.", code="url") from error
    name = made.get_backend_name()
    database_named(name)
    return _ENGINES[name](made, options)


def _postgresql_engine(url: URL, options: Mapping[str, Any]) -> Engine:
    if url.drivername not in ("postgresql", "postgresql+psycopg"):
        raise InvalidError(
            f"{url.drivername!r} is no driver that the SQL store knows: write postgresql://...", code="url"
        )
    try:
        made = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_timeout=_patience_s(options),
            hide_parameters=True,
            # Unless told that it is safe, nothing that a pooler between us could mix up.
            connect_args={"prepare_threshold": 3 if options.get("prepared_statements") else None},
        )
    except ModuleNotFoundError as error:
        raise InvalidError("PostgreSQL needs its driver: pip install 'crmkit[postgresql]'.", code="driver") from error
    Pinging(made)
    return made


def _patience_s(options: Mapping[str, Any]) -> float:
    return float(options.get("busy_timeout_s", 10))


def _mariadb_engine(url: URL, options: Mapping[str, Any]) -> Engine:
    if url.drivername not in ("mariadb", "mariadb+pymysql"):
        raise InvalidError(f"{url.drivername!r} is no driver that the SQL store knows: write mariadb://...", code="url")
    try:
        made = create_engine(
            url.set(drivername="mariadb+pymysql").update_query_dict({"charset": "utf8mb4"}),
            pool_timeout=_patience_s(options),
            hide_parameters=True,
            connect_args={"init_command": _STRICT},
        )
    except ModuleNotFoundError as error:
        raise InvalidError("MariaDB needs its driver: pip install 'crmkit[mariadb]'.", code="driver") from error
    Pinging(made)
    return made


_STRICT: Final = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION'"
"""A value that does not fit is an error, and is not cut."""


def place_of(url: URL) -> str:
    """Return a database by name, for messages: the file, or the URL without its password."""
    return url.database or "the database in memory" if url.get_backend_name() == "sqlite" else url.render_as_string()


_ENGINES: Final[Mapping[str, Callable[[URL, Mapping[str, Any]], Engine]]] = {
    "sqlite": lambda url, options: sqlite_engine(url, busy_timeout_s=_patience_s(options)),
    "postgresql": _postgresql_engine,
    "mariadb": _mariadb_engine,
}
