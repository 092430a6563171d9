"""How a transaction begins and ends: our own one on a connection of the pool, or a savepoint in a host's."""

from __future__ import annotations

import itertools
import secrets
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.link import DriverLink, Link, fault_of
from crmkit.errors import CRMError, StorageBusy, StoreError, TryAgain


class Boundary(ABC):
    """The ends of one transaction.

    Attributes:
        link: the connection that it runs on.
        is_writer: it may write.
        name: what the names of its savepoints begin with.
    """

    link: Link
    is_writer: bool
    name: str = "crmkit"

    def go_bare(self) -> None:
        """Expect statements that the database keeps at once, with all before them; called before anything is written."""
        return

    @abstractmethod
    def commit(self) -> None:
        """Keep what was written."""

    @abstractmethod
    def rollback(self) -> None:
        """Keep nothing; raises nothing."""


class Own(Boundary):
    """A transaction of ours, on a connection of the pool."""

    def __init__(self, engine: Engine, database: Database, place: str, *, write: bool, is_ours: bool) -> None:
        """Take a connection and begin.

        Raises:
            StorageBusy: another writer holds the database, or all connections are in use. StoreError: it can not be reached.
        """
        self.is_writer, self._is_ours = write, is_ours
        self._connection = _connected(engine, database, place)
        self._driver: Any = self._connection.connection.dbapi_connection
        self.link = DriverLink(self._driver, database, place, self._connection)
        try:
            if not database.is_begun(self._driver):
                begun = database.begin_on(self._driver, write=write) if is_ours else database.begin(write=write)
                for text in begun:
                    self.link.change(text)
        except BaseException:
            self.rollback()
            raise

    def commit(self) -> None:
        """Keep what was written.

        Raises:
            TryAgain: nothing was kept. OutcomeUnknown: nobody knows.
        """
        try:
            self._driver.commit()
        except Exception as error:
            self.rollback()
            raise self.link.fault(error, committing=True) from error
        self._close()

    def rollback(self) -> None:
        """Keep nothing. A transaction that the database has ended itself, or a connection that is gone, is no fault."""
        try:
            self._driver.rollback()
        except Exception:  # noqa: BLE001  # whatever it was, nothing is kept: the connection is thrown away
            self._connection.invalidate()
            self._connection.close()
            return
        self._close()

    def _close(self) -> None:
        if self._is_ours:
            self.link.database.end_on(self._driver)
        self._connection.close()


@contextmanager
def aside(engine: Engine, database: Database, place: str) -> Generator[Link]:
    """Give a connection on which every statement is kept at once; it is not used again, so that nothing of it stays."""
    connection = _connected(engine, database, place)
    try:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        yield DriverLink(connection.connection.dbapi_connection, database, place, connection)
    finally:
        connection.invalidate()
        connection.close()


@contextmanager
def outside(engine: Engine, database: Database, place: str) -> Generator[Link]:
    """Give a connection outside of any transaction, as it is: for what only asks, and what tidies."""
    connection = _connected(engine, database, place)
    try:
        yield DriverLink(connection.connection.dbapi_connection, database, place, connection)
    finally:
        connection.close()


def _connected(engine: Engine, database: Database, place: str) -> Connection:
    try:
        return engine.connect()
    except PoolTimeout as error:
        raise StorageBusy(f"All connections to {place} are in use: try again later.") from error
    except Exception as error:
        cause = getattr(error, "orig", None) or error
        fault = database.refusal(cause, place) or fault_of(error, database, place)
        if isinstance(fault, TryAgain):  # what could not be reached will not be there a moment later
            fault = StoreError(f"{place} can not be reached: see that the server runs and that its name is right.")
        raise fault from error


class Guest(Boundary):
    """A savepoint in the transaction of a host, which alone commits or rolls back."""

    def __init__(self, link: Link, names: Iterator[str], *, write: bool) -> None:
        """Begin a savepoint, in the host's transaction."""
        self.link = link
        self.is_writer = write
        self.name = next(names)
        self._is_bare = False
        link.change(f"SAVEPOINT {self.name}")

    def go_bare(self) -> None:
        """Go on without the savepoint, which would not outlive such a statement."""
        self.link.change(f"RELEASE SAVEPOINT {self.name}")
        self._is_bare = True

    def commit(self) -> None:
        """What was written is the host's to keep."""
        if self._is_bare:
            self._begin_again()
        else:
            self.link.change(f"RELEASE SAVEPOINT {self.name}")

    def rollback(self) -> None:
        """Undo what was written; a host's transaction that is over has undone it already."""
        with suppress(CRMError):
            if self._is_bare:
                self._begin_again()
            else:
                self.link.change(f"ROLLBACK TO SAVEPOINT {self.name}")
                self.link.change(f"RELEASE SAVEPOINT {self.name}")

    def _begin_again(self) -> None:
        """Give the host a transaction where its own has ended and its driver, in autocommit, begins none."""
        if self.link.database.is_autocommit(self.link.driver):
            self.link.change("START TRANSACTION")


def names() -> Iterator[str]:
    """Yield names for the savepoints of one guest; MariaDB ends an older savepoint, of another guest, whose name is used again."""
    guest = secrets.token_hex(4)
    return (f"crmkit_guest_{guest}_{n}" for n in itertools.count(1))
