"""How a transaction begins and ends: our own one on a connection of the pool, or a savepoint in a host's."""

from __future__ import annotations

import itertools
import secrets
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress

from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.resting import Connections
from crmkit.errors import CRMError


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

    def __init__(self, connections: Connections, write: bool) -> None:
        """Take a connection and begin.

        Raises:
            StorageBusy: another writer holds the database, or all connections are in use. StoreError: it can not be reached.
        """
        self.is_writer, self._connections = write, connections
        self.link = self._held = link = connections.take()
        self._driver = driver = link.driver
        database = connections.database
        try:
            if not database.is_begun(driver):
                is_ours = connections.is_ours
                begun = database.begin_on(driver, write=write) if is_ours else database.begin(write=write)
                for text in begun:
                    link.change(text)
        except BaseException as error:
            self.rollback()
            if isinstance(error, CRMError) or not isinstance(error, Exception):
                raise
            raise link.fault(error) from error

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
        self._connections.give(self._held)

    def rollback(self) -> None:
        """Keep nothing. A transaction that the database has ended itself, or a connection that is gone, is no fault."""
        try:
            self._driver.rollback()
        except Exception:  # noqa: BLE001  # whatever it was, nothing is kept: the connection is thrown away
            self._connections.drop(self._held)
            return
        self._connections.give(self._held)


@contextmanager
def aside(connections: Connections) -> Generator[Link]:
    """Give a connection on which every statement is kept at once; it is not used again, so that nothing of it stays."""
    link = connections.connect()
    try:
        link.connection.execution_options(isolation_level="AUTOCOMMIT")
        yield link
    finally:
        connections.drop(link)


@contextmanager
def outside(connections: Connections) -> Generator[Link]:
    """Give a connection outside of any transaction, as it is: for what only asks, and what tidies."""
    link = connections.connect()
    try:
        yield link
    finally:
        link.connection.close()


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
