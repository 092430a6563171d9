"""One connection to the database, as the store uses it: statements as text, rows as plain tuples, errors as ours.

On our own engine, and on hosts without SQLAlchemy (Django), statements go to the driver; on a host's connection of
SQLAlchemy they go through it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from crmkit.builtin.sql.dialect import Copy, Database
from crmkit.errors import CRMError, StoreError, UnsupportedError

Row = tuple[Any, ...]
BATCH: Final = 500
"""Rows that are read at once: few enough to stay in the processor's caches while they become records."""


class Link(ABC):
    """Statements on one connection.

    Attributes:
        database: the facts of the database.
        place: the database by name, for messages; no password in it.
    """

    __slots__ = ("database", "place")

    def __init__(self, database: Database, place: str) -> None:
        self.database = database
        self.place = place

    @abstractmethod
    def batches(self, text: str, values: Sequence[Any] = (), size: int = BATCH) -> Iterator[list[Row]]:
        """Yield the rows of a question, so many at a time."""

    def rows(self, text: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a question."""
        return [row for batch in self.batches(text, values) for row in batch]

    def grouped(self, text: str, values: Sequence[Any] = ()) -> dict[str, frozenset[str]]:
        """Return the second column of a question's rows by the first one."""
        found: dict[str, set[str]] = {}
        for key, value in self.rows(text, values):
            found.setdefault(key, set()).add(value)
        return {key: frozenset(values) for key, values in found.items()}

    @abstractmethod
    def change(self, text: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; return how many rows it touched."""

    @abstractmethod
    def change_many(self, text: str, rows: Iterable[Row]) -> int:
        """Run a statement for each row of parameters; return how many rows they touched in all."""

    def add_many(self, text: str, copy: Copy | None, rows: Iterable[Row]) -> int:
        """Write rows by an INSERT, or by what the database has for many; return how many were written."""
        return self.change_many(text, rows)

    @abstractmethod
    def execute(self, statement: Any) -> Any:
        """Run a statement of SQLAlchemy; return its result."""

    @property
    @abstractmethod
    def driver(self) -> Any:
        """The driver's own connection."""

    def fault(self, error: BaseException, *, committing: bool = False) -> CRMError:
        """Return an error of the driver as one of ours; the cause is kept by ``raise ... from``."""
        return fault_of(error, self.database, self.place, committing=committing)


def fault_of(error: BaseException, database: Database, place: str, *, committing: bool = False) -> CRMError:
    """Return an error of the driver, or of SQLAlchemy around it, as one of ours."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return database.fault(error.orig, committing=committing, place=place)
    if isinstance(error, SQLAlchemyError):
        return StoreError(f"{place} can not serve ({error}).")
    return database.fault(error, committing=committing, place=place)


class AlchemyLink(Link):
    """Statements through a connection of SQLAlchemy: a host sees them in its logs and events."""

    __slots__ = ("connection",)

    def __init__(self, connection: Connection, database: Database, place: str) -> None:
        super().__init__(database, place)
        self.connection = connection

    def batches(self, text: str, values: Sequence[Any] = (), size: int = BATCH) -> Iterator[list[Row]]:
        """Yield the rows of a question."""
        try:
            result = self.connection.exec_driver_sql(text, tuple(values))
            assert result.cursor is not None  # a question has one
            while rows := cast("list[Row]", result.cursor.fetchmany(size)):
                yield rows
            result.close()
        except Exception as error:
            raise self.fault(error) from error

    def change(self, text: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; return how many rows it touched."""
        try:
            return self.connection.exec_driver_sql(text, tuple(values)).rowcount
        except Exception as error:
            raise self.fault(error) from error

    def change_many(self, text: str, rows: Iterable[Row]) -> int:
        """Run a statement for each row of parameters; return how many rows they touched in all."""
        try:
            return self.connection.exec_driver_sql(text, list(rows)).rowcount
        except CRMError:  # a row that can not be made
            raise
        except Exception as error:
            raise self.fault(error) from error

    def execute(self, statement: Any) -> Any:
        """Run a statement of SQLAlchemy; return its result."""
        try:
            return self.connection.execute(statement)
        except Exception as error:
            raise self.fault(error) from error

    @property
    def driver(self) -> Any:
        """The driver's own connection."""
        return self.connection.connection.dbapi_connection


class DriverLink(Link):
    """Statements through cursors of the driver: SQLAlchemy's results cost more than the statements (measured: 3x)."""

    __slots__ = ("_alchemy", "_driver")

    def __init__(self, driver: Any, database: Database, place: str, connection: Connection | None = None) -> None:
        """``connection``: SQLAlchemy's, on the same connection of the driver, where there is one."""
        super().__init__(database, place)
        self._driver = driver
        self._alchemy = connection

    def batches(self, text: str, values: Sequence[Any] = (), size: int = BATCH) -> Iterator[list[Row]]:
        """Yield the rows of a question."""
        cursor = self._cursor()
        try:
            cursor.execute(text, values)
            while rows := cursor.fetchmany(size):
                yield rows
        except Exception as error:
            raise self.fault(error) from error
        finally:
            cursor.close()

    def rows(self, text: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a question."""
        cursor = self._cursor()
        try:
            cursor.execute(text, values)
            return list(cast("Sequence[Row]", cursor.fetchall()))
        except Exception as error:
            raise self.fault(error) from error
        finally:
            cursor.close()

    def _cursor(self) -> Any:
        """Return a cursor; a connection that is known to be gone has none."""
        try:
            return self._driver.cursor()
        except Exception as error:
            raise self.fault(error) from error

    def change(self, text: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; return how many rows it touched."""
        return self._run("execute", text, values)

    def change_many(self, text: str, rows: Iterable[Row]) -> int:
        """Run a statement for each row of parameters; return how many rows they touched in all."""
        return self._run("executemany", text, rows)

    def _run(self, how: str, text: str, values: Iterable[Any]) -> int:
        cursor = self._cursor()
        try:
            getattr(cursor, how)(text, values)
            return int(cursor.rowcount)
        except CRMError:  # a row that can not be made
            raise
        except Exception as error:
            raise self.fault(error) from error
        finally:
            cursor.close()

    def add_many(self, text: str, copy: Copy | None, rows: Iterable[Row]) -> int:
        """Write rows by an INSERT, or by what the database has for many; return how many were written."""
        if copy is None or not hasattr(self._driver, "pipeline"):  # psycopg 2 of a host
            return self.change_many(text, rows)
        cursor = self._cursor()
        try:
            with cursor.copy(copy.text) as sent:
                sent.set_types(copy.types)
                for row in rows:
                    sent.write_row(row)
            return int(cursor.rowcount)
        except CRMError:  # a row that can not be made
            raise
        except Exception as error:
            raise self.fault(error) from error
        finally:
            cursor.close()

    def execute(self, statement: Any) -> Any:
        """Run a statement of SQLAlchemy; return its result.

        Raises:
            UnsupportedError: the host's connection is not SQLAlchemy's.
        """
        return AlchemyLink(self.connection, self.database, self.place).execute(statement)

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's connection.

        Raises:
            UnsupportedError: the host's connection is not SQLAlchemy's.
        """
        if self._alchemy is None:
            raise UnsupportedError("This host's connection is not SQLAlchemy's: ask with crmkit.query.")
        return self._alchemy

    @property
    def driver(self) -> Any:
        """The driver's own connection."""
        return self._driver
