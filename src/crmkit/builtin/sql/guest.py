"""A guest in a host's transaction: on SQLAlchemy's connection, on Django's, or on the driver's own."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from crmkit.builtin.sql.boundary import Boundary, Guest, names
from crmkit.builtin.sql.databases import HOSTS_MARIADB
from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.link import AlchemyLink, DriverLink, Link, fault_of
from crmkit.errors import CRMError, InvalidError, StoreError, UnsupportedError

_PLACE: Final = "the host's database"


def visit(connection: Any, database: Database) -> Callable[[bool], Boundary]:
    """Return what begins a guest's transactions on a connection.

    Raises:
        InvalidError: it is no connection, or one of another database. UnsupportedError: it is in autocommit. StoreError: it is closed.
    """
    with _usable(database):
        link = _link(connection, database)
        _join(link)
    marks = names()

    def begin(write: bool) -> Boundary:
        with _usable(database):
            _join(link)
        return Guest(link, marks, write=write)

    return begin


@contextmanager
def _usable(database: Database) -> Generator[None]:
    """Tell what a host's connection can not do as an error of ours."""
    try:
        yield
    except CRMError:
        raise
    except Exception as error:
        if isinstance(error, DBAPIError):
            raise fault_of(error, database, _PLACE) from error
        raise StoreError(
            "The host's connection is closed, or can not be used any more: give on() one that is open, in a transaction.",
            code="connection",
        ) from error


def _link(connection: Any, database: Database) -> Link:
    if isinstance(connection, Connection):
        _same(_name_of(connection.dialect.name, connection.dialect, "is_mariadb"), database)
        return AlchemyLink(connection, database, _PLACE)
    if hasattr(connection, "in_atomic_block") and hasattr(connection, "vendor"):
        if not connection.in_atomic_block:
            raise _autocommit("enter transaction.atomic()")
        _same(_name_of(connection.vendor, connection, "mysql_is_mariadb"), database)
        connection.ensure_connection()
        return DriverLink(connection.connection, database, _PLACE)
    if hasattr(connection, "cursor"):
        return DriverLink(connection, database, _PLACE)
    raise InvalidError(
        f"{type(connection).__name__} is no connection: give SQLAlchemy's, Django's, or the driver's.",
        code="connection",
    )


def _name_of(name: str, told: Any, says: str) -> str:
    """Return our name of a database that a host has a name of its own for; the server has told which of two it is."""
    return "mariadb" if name == HOSTS_MARIADB and getattr(told, says) else name


def _same(name: str, database: Database) -> None:
    if name == HOSTS_MARIADB:
        raise InvalidError("The connection is to MySQL, and crmkit speaks to MariaDB instead.", code="connection")
    if name != database.name:
        raise InvalidError(f"The connection is to {name}, this store speaks to {database.name}.", code="connection")


def _join(link: Link) -> None:
    """See that the host's transaction has begun; where the driver would begin it later, at the first change, begin it now.

    Without that, the end of our savepoint would end the transaction on SQLite, and keep what the host may still roll back.
    """
    database = link.database
    if isinstance(link, AlchemyLink) and not link.connection.in_transaction():
        link.connection.begin()
    if database.is_autocommit(link.driver):
        raise _autocommit("begin one")
    if not database.is_begun(link.driver):
        for text in database.join():
            link.change(text)


def _autocommit(hint: str) -> UnsupportedError:
    return UnsupportedError(
        f"The host's connection is in no transaction (autocommit): {hint} first.", code="autocommit"
    )
