"""What differs from database to database, in one class for each: types, functions, how a transaction begins, what an error means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import attrs
from sqlalchemy import Column, ColumnElement, Dialect, Double, Index, Table, cast
from sqlalchemy.types import TypeEngine

from crmkit.errors import CRMError, StoreError
from crmkit.records import Field
from crmkit.records.fields import Kind

if TYPE_CHECKING:
    from crmkit.builtin.sql.link import Link


class Taken(StoreError):
    """A statement would have broken a unique key; never leaves this store."""


@attrs.frozen
class Copy:
    """How many rows are written at once, where a database has more for that than an INSERT.

    Attributes:
        text: the statement.
        types: the type of each column, as its driver calls it.
    """

    text: str
    types: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Searching:
    """How an index can serve a search for a part of a text.

    Attributes:
        before: the statements that have to come before the first such index.
        index: makes one by its name, on a column of folded text; None: the database has none.
        is_ours: the store keeps one of its own, see ``trigrams``.
        why_not: why not, or not for every text, and what would help.
    """

    before: tuple[str, ...] = ()
    index: Callable[[str, ColumnElement[Any]], Index] | None = None
    is_ours: bool = False
    why_not: str = ""


@attrs.frozen
class Described:
    """A table as the database itself describes it.

    Attributes:
        columns: name -> its type.
        indexes: name -> what it is on.
        rules: name -> what it is: triggers, constraints and the like, of which we make none.
    """

    columns: dict[str, str] = attrs.field(factory=dict[str, str])
    indexes: dict[str, str] = attrs.field(factory=dict[str, str])
    rules: dict[str, str] = attrs.field(factory=dict[str, str])


class Database(ABC):
    """The facts of one database.

    Attributes:
        name: SQLAlchemy's name of it.
        sql: the dialect that statements are compiled with; its parameters are positional.
        batch: how many ids one look-up asks for at once.
        has_schemas: a table's name may be led by a schema's.
        common_schema: the schema that is everybody's; what stands beside its tables is not named after it.
        longest_name: how many bytes a schema's name may have.
        lock_rows: what a claim's SELECT ends in, so that no other claim takes the same rows.
        smallest_id: what all ids are greater than.
        aborts_on_error: after a failed statement nothing but a rollback (to a savepoint) is possible.
        indexes_columns_only: an indexed custom field needs a column of its own, see ``index_custom``.
        keeps_at_once: a statement that changes a table ends the transaction, and is kept.
    """

    name: ClassVar[str]
    sql: Dialect
    batch: ClassVar[int] = 500
    has_schemas: ClassVar[bool] = True
    common_schema: ClassVar[str] = ""
    longest_name: ClassVar[int] = 63
    lock_rows: ClassVar[str] = ""
    aborts_on_error: ClassVar[bool] = True
    keeps_at_once: ClassVar[bool] = False
    indexes_columns_only: ClassVar[bool] = False
    smallest_id: ClassVar[Any]

    # --- columns ---
    @abstractmethod
    def type_of(self, kind: Kind) -> TypeEngine[Any]:
        """Return the column type of a kind."""

    @abstractmethod
    def id_kept(self, value: UUID) -> Any:
        """Return an id as the database keeps it."""

    def bytes_kept(self, value: bytes, kind: str) -> Any:
        """Return the bytes of an id or digest as the database keeps them."""
        return self.id_kept(UUID(bytes=value)) if kind == "ref" else value

    @property
    @abstractmethod
    def id_source(self) -> str:
        """How generated code writes the id ``{v}`` as the database keeps it."""

    @property
    @abstractmethod
    def id_made(self) -> Callable[[Any], UUID] | None:
        """How an id that the database keeps becomes a UUID; None where its driver makes them."""

    @abstractmethod
    def table_options(self, *, coarse: bool) -> Mapping[str, Any]:
        """Return what SQLAlchemy's Table is told beside its columns."""

    def bytes_type(self) -> TypeEngine[Any]:
        """Return the column type of a piece of a file."""
        return self.type_of("digest")

    def index_options(self, columns: Sequence[Column[Any]], *, unique: bool) -> Mapping[str, Any]:
        """Return what SQLAlchemy's Index is told beside its columns."""
        return {}

    def index_key(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return a column as an index orders it: missing is smallest."""
        return column

    # --- expressions ---
    @abstractmethod
    def insert(self, table: Table) -> Any:
        """Return an INSERT of all columns that passes over rows whose id or unique key is taken, or fails as ``Taken``."""

    def copy(self, table: Table, columns: Sequence[str]) -> Copy | None:
        """Return how many rows of a table are written at once; None where it is by INSERT. A taken key fails it whole."""
        return None

    @abstractmethod
    def holds(self, text: ColumnElement[Any], needle: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return whether the text has the needle in it, by code points."""

    def contains(self, folded: ColumnElement[Any], needle: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return whether a folded text has the needle in it, as an index for that is asked."""
        return self.holds(folded, needle)

    def trigrams(self, needle: str) -> str | None:
        """Return what an index that the store keeps is asked for a folded needle; None where it can not be asked."""
        return None

    @abstractmethod
    def packed(self, kind: Kind, values: Sequence[Any]) -> Any:
        """Return many values, as their column keeps them, as one parameter for ``among``."""

    @abstractmethod
    def among(self, column: ColumnElement[Any], kind: Kind, packed: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return whether a value is one of those that were packed."""

    @abstractmethod
    def custom(self, column: ColumnElement[Any], key: str, kind: Kind) -> ColumnElement[Any]:
        """Return the value of a custom field, NULL where there is none of that kind; fit for an index."""

    def index_custom(self, table: Table, field: Field, index: str) -> Sequence[str]:
        """Return the statements that index a custom field by a column of its own; none where expressions can be indexed.

        The column is called as ``tables.custom_column_name`` says; questions then name it.
        """
        return ()

    @abstractmethod
    def ordered(self, value: ColumnElement[Any], *, descending: bool) -> ColumnElement[Any]:
        """Return the key to order by, NULL smallest."""

    def real(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return a number as a float of 64 bits."""
        kind: TypeEngine[Any] = Double()
        return cast(value, kind)

    @abstractmethod
    def floor(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the whole part of a number that is not negative."""

    @abstractmethod
    def exact_sum(
        self, value: ColumnElement[Any]
    ) -> tuple[Sequence[ColumnElement[Any]], Callable[[Sequence[Any]], int]]:
        """Return columns, and how their values make the exact sum of 64-bit integers."""

    def comparable(
        self, value: ColumnElement[Any], kind: str
    ) -> tuple[ColumnElement[Any], Callable[[Any], Any] | None]:
        """Return what has a least and a greatest value in the place of a value, and what makes the value of it again."""
        return value, None

    def tail(self, record_id: ColumnElement[Any]) -> ColumnElement[Any] | None:
        """Return the last four bytes of an id; None where the database can not tell."""
        return None

    # --- the schema ---
    @abstractmethod
    def tables(self, link: Link, *, schema: str) -> Mapping[str, frozenset[str]]:
        """Return the columns of each table of a schema."""

    @abstractmethod
    def indexes(self, link: Link, *, schema: str) -> frozenset[str]:
        """Return the names of the indexes of a schema."""

    @abstractmethod
    def describe(self, link: Link, schema: str) -> Mapping[str, Described]:
        """Return each table of a schema as the database describes it, without what an index's or a table's place is called."""

    @abstractmethod
    def rehearse(self, link: Link, texts: Sequence[str]) -> Mapping[str, Described]:
        """Return the tables that statements make, described as ``describe`` does, without making one that stays or that others see.

        Args:
            texts: ``CREATE TABLE``, ``CREATE INDEX`` and ``ALTER TABLE``, for tables of ``rehearsal_schema``.
        """

    def rehearsal_schema(self, schema: str) -> str:
        """Return the schema by which tables are named that are made only to be described."""
        return ""

    @abstractmethod
    def index_columns(self, link: Link, table: Table) -> Mapping[str, frozenset[str]]:
        """Return the columns that each index of a table names."""

    def searching(self, link: Link, schema: str, *, may_create: bool) -> Searching:
        """Return how an index can serve a search; ``may_create``: the database is ours to change."""
        return Searching()

    def here(self, link: Link) -> str:
        """Return the schema of the tables whose names are led by none; empty where there is none."""
        return ""

    def schemas_with(self, link: Link, table: str) -> Mapping[str, frozenset[str]]:
        """Return the columns of the tables of this name, by schema."""
        return {}

    def is_reserved(self, schema: str) -> bool:
        """Say whether a schema is the database's own, or everybody's."""
        return False

    def prepare(self, link: Link, schema: str) -> Sequence[str]:
        """Return the statements that come before the first table."""
        return ()

    def index_aside(self, index: Index) -> Sequence[str]:
        """Return the statements that build an index while others write, each of them kept at once; none where it can not."""
        return ()

    def upgrading(self, schema: str) -> Sequence[str]:
        """Return what an upgrade in a transaction of ours begins with: upgrades take turns, and wait for no lock for long."""
        return ()

    def upgraded(self, schema: str) -> Sequence[str]:
        """Return what an upgrade in a transaction of ours ends with, also one that failed."""
        return ()

    def qualified(self, table: Table, index: str) -> str:
        """Return an index's name as the statement that drops it writes it."""
        return self.sql.identifier_preparer.quote(index)

    def check_identity(self, link: Link, tables: Mapping[str, Any], ledger: str, version: int) -> None:
        """Refuse a file that is another program's, or was made by a newer version.

        Raises:
            StoreCorrupt, NewerSchema: as it says.
        """
        return

    def mark_identity(self, link: Link, version: int) -> None:
        """Mark an empty file as ours, with the version of its schema."""
        return

    def purge(self, link: Link) -> tuple[str, ...]:
        """Take out of the database's files what an erasure left in them; return what stays for now. See ``Store.purge``."""
        return ()

    # --- transactions ---
    @abstractmethod
    def begin(self, *, write: bool) -> Sequence[str]:
        """Return the statements that begin a transaction."""

    def begin_on(self, driver: Any, *, write: bool) -> Sequence[str]:
        """Begin a transaction on a connection of ours, as far as its driver can; return the statements that do the rest."""
        return self.begin(write=write)

    def end_on(self, driver: Any) -> None:
        """Let the driver forget what it was told for the transaction that has ended."""
        return

    @abstractmethod
    def join(self) -> Sequence[str]:
        """Return what begins a host's transaction that its driver has not begun, before our savepoint would."""

    @abstractmethod
    def is_begun(self, driver: Any) -> bool:
        """Say whether the driver's connection is in a transaction of the database."""

    @abstractmethod
    def is_autocommit(self, driver: Any) -> bool:
        """Say whether the driver's connection keeps every statement at once."""

    def refusal(self, error: BaseException, place: str) -> CRMError | None:
        """Return what it means that a server, which was reached, gives no connection; None where that is no more than ``fault`` says."""
        return None

    @abstractmethod
    def fault(self, error: BaseException, *, committing: bool, place: str) -> CRMError:
        """Return what an error of the driver means to a caller."""
