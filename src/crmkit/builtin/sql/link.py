"""One connection to the database, as the store uses it: statements as text, rows as plain tuples, errors as ours.

A link to SQLAlchemy's connection goes through it, so that a host sees the statements in its own logs and events. A
link to a driver's connection is for hosts that have no SQLAlchemy (Django).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from crmkit.builtin.sql.dialect import Database
from crmkit.errors import CRMError, StoreError, UnsupportedError

Row = tuple[Any, ...]


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
    def rows(self, text: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a question."""

    @abstractmethod
    def change(self, text: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; return how many rows it touched."""

    @abstractmethod
    def change_many(self, text: str, rows: Sequence[Row]) -> int:
        """Run a statement for each row of parameters; return how many rows they touched in all."""

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
    """Statements through a connection of SQLAlchemy."""

    __slots__ = ("connection",)

    def __init__(self, connection: Connection, database: Database, place: str) -> None:
        super().__init__(database, place)
        self.connection = connection

    def rows(self, text: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a question."""
        try:
            result = self.connection.exec_driver_sql(text, tuple(values))
            assert result.cursor is not None  # a question has one
            rows = cast("list[Row]", result.cursor.fetchall())
            result.close()
        except Exception as error:
            raise self.fault(error) from error
        return rows

    def change(self, text: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; return how many rows it touched."""
        try:
            return self.connection.exec_driver_sql(text, tuple(values)).rowcount
        except Exception as error:
            raise self.fault(error) from error

    def change_many(self, text: str, rows: Sequence[Row]) -> int:
        """Run a statement for each row of parameters; return how many rows they touched in all."""
        try:
            return self.connection.exec_driver_sql(text, list(rows)).rowcount
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
    """Statements through a cursor of the driver."""

    __slots__ = ("_driver",)

    def __init__(self, driver: Any, database: Database, place: str) -> None:
        super().__init__(database, place)
        self._driver = driver

    def rows(self, text: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a question."""
        cursor = self._driver.cursor()
        try:
            cursor.execute(text, tuple(values))
            rows: list[Row] = cursor.fetchall()
        except Exception as error:
            raise self.fault(error) from error
        finally:
            cursor.close()
        return rows

    def change(self, text: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; return how many rows it touched."""
        cursor = self._driver.cursor()
        try:
            cursor.execute(text, tuple(values))
            return int(cursor.rowcount)
        except Exception as error:
            raise self.fault(error) from error
        finally:
            cursor.close()

    def change_many(self, text: str, rows: Sequence[Row]) -> int:
        """Run a statement for each row of parameters; return how many rows they touched in all."""
        cursor = self._driver.cursor()
        try:
            cursor.executemany(text, list(rows))
            return int(cursor.rowcount)
        except Exception as error:
            raise self.fault(error) from error
        finally:
            cursor.close()

    def execute(self, statement: Any) -> Any:
        """A driver takes no statement of SQLAlchemy."""
        raise UnsupportedError("This host's connection is not SQLAlchemy's: ask with crmkit.query.")

    @property
    def driver(self) -> Any:
        """The driver's own connection."""
        return self._driver
