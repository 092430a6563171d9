"""Connections between two transactions: SQLAlchemy's pool checks, resets and hands over for longer than a small question takes."""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable
from typing import Final
from weakref import WeakValueDictionary

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.link import DriverLink, fault_of
from crmkit.builtin.sql.sqlite_engine import has_no_limit
from crmkit.errors import StorageBusy, StoreError, TryAgain

_MOST: Final = 5


class Connections:
    """The connections of an engine: one that has ended its transaction waits here for the next one, where the pool has no limit.

    Where it has one (servers, a database in memory), each goes back to the pool, and to whoever waits there.
    """

    def __init__(self, engine: Engine, database: Database, place: str, *, is_ours: bool) -> None:
        self.engine, self.database, self.place, self.is_ours = engine, database, place, is_ours
        self._resting: deque[DriverLink] = deque()
        self._is_closed = self._is_forking = False
        self._keeps = is_ours and has_no_limit(engine)
        if is_ours:
            _in_use()[id(self)] = self

    def take(self) -> DriverLink:
        """Return a connection that is in no transaction.

        Raises:
            StorageBusy: all are in use. StoreError: the database can not be reached.
        """
        try:
            return self._resting.pop()
        except IndexError:
            pass  # none waits; an error of what comes now has nothing to do with that
        return self.connect()

    def connect(self) -> DriverLink:
        """Return one from the pool. See ``take``."""
        connection = self._connected()
        return DriverLink(connection.connection.dbapi_connection, self.database, self.place, connection)

    def _connected(self) -> Connection:
        try:
            return self.engine.connect()
        except PoolTimeout as error:
            raise StorageBusy(f"All connections to {self.place} are in use: try again later.") from error
        except Exception as error:
            cause = getattr(error, "orig", None) or error
            fault = self.database.refusal(cause, self.place) or fault_of(error, self.database, self.place)
            if isinstance(fault, TryAgain):  # what could not be reached will not be there a moment later
                fault = StoreError(
                    f"{self.place} can not be reached: see that the server runs and that its name is right."
                )
            raise fault from error

    def give(self, link: DriverLink) -> None:
        """Take back a connection whose transaction has ended."""
        if self._keeps and len(self._resting) < _MOST and not link.connection.in_transaction():
            self._resting.append(link)
            if self._is_closed or self._is_forking:  # before, or by another thread meanwhile
                self._let_go()
        else:
            if self.is_ours:
                self.database.end_on(link.driver)
            if self._is_closed:
                link.connection.detach()  # the pool has forgotten it
            link.connection.close()

    def drop(self, link: DriverLink) -> None:
        """Use a connection no more: it is gone, or not as others expect it."""
        link.connection.invalidate()
        link.connection.close()

    def close(self) -> None:
        """Close those that are in no transaction; the others are closed when theirs ends."""
        self._is_closed = True
        self._let_go()
        self.engine.dispose()

    def _let_go(self) -> None:
        while True:
            try:
                link = self._resting.pop()
            except IndexError:  # perhaps another thread let the last one go, or took it
                return
            link.connection.close()

    # --- processes that fork ---
    def before_fork(self) -> None:
        """Close those to a file: the locks of a process are not its child's, which would write into a log that others remove."""
        self._is_forking = True
        self._let_go()

    def after_fork(self) -> None:
        """Let connections wait again, in the process that was there."""
        self._is_forking = False

    def in_child(self) -> None:
        """Leave those to a server to the process that has opened them. A database in memory is the child's own from now on."""
        self._is_forking = False
        if self.engine.dialect.name != "sqlite":
            self.engine.dispose(close=False)


@functools.cache
def _in_use() -> WeakValueDictionary[int, Connections]:
    """Return all of the process, which are told when it forks: that is the interpreter's to remember, for as long as it runs."""
    ours = WeakValueDictionary[int, Connections]()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=functools.partial(_each, ours, Connections.before_fork),
            after_in_parent=functools.partial(_each, ours, Connections.after_fork),
            after_in_child=functools.partial(_each, ours, Connections.in_child),
        )
    return ours


def _each(ours: WeakValueDictionary[int, Connections], do: Callable[[Connections], None]) -> None:
    for found in ours.valuerefs():
        connections = found()
        if connections is not None:
            do(connections)
