"""The facts of PostgreSQL, by psycopg."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Index, Table, and_, case, cast, func, literal_column
from sqlalchemy.dialects.postgresql import BYTEA, JSON, insert
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.elements import ColumnClause, Grouping
from sqlalchemy.types import BigInteger, Boolean, Integer, Numeric, Text, TypeEngine

from crmkit.builtin.sql.days import is_day
from crmkit.builtin.sql.describing import describe_postgresql, rehearse_postgresql
from crmkit.builtin.sql.dialect import Copy, Database, Described, Searching
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.postgresql_faults import fault_of, refusal_of
from crmkit.builtin.sql.postgresql_search import contains, searching
from crmkit.errors import CRMError
from crmkit.records.fields import Kind
from crmkit.records.times import micros

Column: TypeAlias = ColumnElement[Any]
_NUMBERS: Final = frozenset({"int", "decimal", "instant", "money"})
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "instant": (micros(datetime.min.replace(tzinfo=UTC)), micros(datetime.max.replace(tzinfo=UTC))),
}
_INT64: Final = (-(2**63), 2**63 - 1)
_TABLES: Final = """
SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relnamespace = COALESCE(NULLIF(%s, '')::text, current_schema())::regnamespace
AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
"""
_INDEXES: Final = """
SELECT c.relname FROM pg_class AS c JOIN pg_index AS i ON i.indexrelid = c.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = COALESCE(NULLIF(%s, '')::text, current_schema()) AND i.indisvalid
"""
_INDEXED: Final = """
SELECT c.relname, a.attname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_class AS t ON t.oid = i.indrelid
JOIN pg_namespace AS n ON n.oid = t.relnamespace JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey)
WHERE n.nspname = COALESCE(NULLIF(%s, '')::text, current_schema()) AND t.relname = %s AND NOT i.indisprimary
"""
_SCHEMAS_WITH: Final = """
SELECT n.nspname, a.attname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relname = %s AND c.relkind IN ('r', 'p') AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
"""
_LOCK_TIMEOUT_S: Final = 3
"""How long an upgrade waits for a table that others use: while it waits, everybody else waits behind it."""
_COPIED: Final[Mapping[type[TypeEngine[Any]], str]] = {
    BigInteger: "int8", Boolean: "bool", BYTEA: "bytea", Text: "text", UUID_TYPE: "uuid",
}  # fmt: skip
_REPEATABLE_READ: Final = 3
"""As the driver numbers it, which is not there where no server is used."""
_SCHEMA: Final = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
_STAYS: Final = "PostgreSQL keeps old versions of rows until VACUUM (autovacuum does it in time), values in its statistics until ANALYZE, and all of it in the WAL and its archive."


class PostgreSQL(Database):
    """PostgreSQL 13 and later."""

    name: ClassVar[str] = "postgresql"
    common_schema: ClassVar[str] = "public"
    lock_rows: ClassVar[str] = " FOR UPDATE OF t0 SKIP LOCKED"
    smallest_id: ClassVar[Any] = UUID(int=0)

    def __init__(self) -> None:
        self.sql = PGDialect_psycopg(paramstyle="format")  # type: ignore[no-untyped-call]  # SQLAlchemy types it not

    # --- columns ---
    def type_of(self, kind: Kind) -> TypeEngine[Any]:
        """Return the column type of a kind; text is equal and ordered by code point."""
        if kind in _NUMBERS:
            return BigInteger()
        made: dict[str, TypeEngine[Any]] = {"ref": UUID_TYPE(), "digest": BYTEA(), "bool": Boolean()}
        return made.get(kind) or Text(collation="C")

    def id_kept(self, value: UUID) -> UUID:
        """The driver takes ids as they are."""
        return value

    @property
    def id_source(self) -> str:
        """How generated code writes the id."""
        return "{v}"

    @property
    def id_made(self) -> None:
        """The driver has made them."""
        return None

    def table_options(self, *, coarse: bool) -> Mapping[str, Any]:
        """A table's rows have no order here that could be told."""
        return {}

    def index_key(self, column: Column) -> Column:
        """Missing is smallest in an index too, so that it serves every order."""
        bare = column if isinstance(column, ColumnClause) else Grouping(column)
        return bare.asc().nulls_first()

    # --- expressions ---
    def insert(self, table: Table) -> Any:
        """Return an INSERT that passes over rows whose id or unique key is taken."""
        return insert(table).on_conflict_do_nothing()

    def copy(self, table: Table, columns: Sequence[str]) -> Copy:
        """Rows are sent as they are kept (measured: half the time of INSERTs that the driver pipelines)."""
        quoted = self.sql.identifier_preparer
        names = ", ".join(map(quoted.quote, columns))
        types = tuple(_COPIED[table.c[name].type.__class__] for name in columns)
        return Copy(f"COPY {quoted.format_table(table)} ({names}) FROM STDIN (FORMAT BINARY)", types)

    def tail(self, record_id: Column) -> Column:
        """Return the last four bytes of an id."""
        return func.substr(func.uuid_send(record_id), literal_column("13"))

    def holds(self, text: Column, needle: Column) -> Column:
        """Return whether the text has the needle in it."""
        return func.strpos(text, needle) > literal_column("0")

    def contains(self, folded: Column, needle: Column) -> Column:
        """Return whether a folded text has the needle in it, in the words that its index serves."""
        return contains(folded, needle)

    def packed(self, kind: Kind, values: Sequence[Any]) -> Any:
        """A list is an array."""
        return list(values)

    def among(self, column: Column, kind: Kind, packed: Column) -> Column:
        """Return whether a value is one of an array's."""
        return column == func.any(packed)

    def custom(self, column: Column, key: str, kind: Kind) -> Column:
        """Return a custom field's value, NULL where JSON's type is not the kind's. The key stands in the statement, quoted."""
        name: Column = literal_column("'" + key.replace("'", "''") + "'")
        document = cast(column, JSON())
        text = func.json_object_field_text(document, name)
        type_ = func.json_typeof(func.json_object_field(document, name))
        if kind == "bool":
            return case((type_ == _word("boolean"), cast(text, Boolean())))
        if kind not in _NUMBERS:
            is_text = type_ == _word("string")
            value = cast(text, Text()).collate("C")
            return (
                case((is_text, case((is_day(text, text.op("~")(_word("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))), value))))
                if kind == "date"
                else case((is_text, value))
            )
        low, high = _RANGES.get(kind, _INT64)
        is_whole = and_(type_ == _word("number"), text.op("~")(_word("^-?[0-9]+$")))
        number = cast(text, Numeric())
        fits = and_(number >= _number(low), number <= _number(high))
        return case((is_whole, case((fits, cast(text, BigInteger())))))

    def ordered(self, value: Column, *, descending: bool) -> Column:
        """NULL would be greatest."""
        return value.desc().nulls_last() if descending else value.asc().nulls_first()

    def floor(self, value: Column) -> Column:
        """Return the whole part."""
        return cast(func.floor(value), BigInteger())

    def exact_sum(self, value: Column) -> tuple[Sequence[Column], Callable[[Sequence[Any]], int]]:
        """Sums of 64-bit integers are exact numbers here."""
        return [func.sum(value)], lambda found: int(found[0] or 0)

    def comparable(self, value: Column, kind: str) -> tuple[Column, Callable[[Any], Any] | None]:
        """Ids, bytes and truth values have no least one: their text or number has."""
        if kind == "ref":
            return cast(value, Text()).collate("C"), UUID
        if kind == "digest":
            return func.encode(value, _word("hex")).collate("C"), bytes.fromhex
        return (cast(value, Integer()), None) if kind == "bool" else (value, None)

    # --- the schema ---
    def searching(self, link: Link, schema: str, *, may_create: bool) -> Searching:
        """Trigrams are an extension, which may be missing."""
        return searching(link, self.sql, schema, may_create=may_create)

    def here(self, link: Link) -> str:
        """Return the first schema of the search path that is there."""
        ((found,),) = link.rows("SELECT current_schema()")
        return found or ""

    def schemas_with(self, link: Link, table: str) -> Mapping[str, frozenset[str]]:
        """Return the columns of the tables of this name, by schema."""
        return link.grouped(_SCHEMAS_WITH, (table,))

    def is_reserved(self, schema: str) -> bool:
        """``public`` is where a CRM is of which nothing else was said."""
        return schema in (self.common_schema, "information_schema") or schema.startswith("pg_")

    def prepare(self, link: Link, schema: str) -> Sequence[str]:
        """Return what makes the schema of the tables, where it is not there."""
        if not schema or link.rows(_SCHEMA, (schema,)):
            return ()
        return (f"CREATE SCHEMA {self.sql.identifier_preparer.quote_schema(schema)}",)

    def tables(self, link: Link, *, schema: str) -> Mapping[str, frozenset[str]]:
        """Return the columns of each table; none where there is no such schema."""
        if schema and not link.rows(_SCHEMA, (schema,)):
            return {}
        return link.grouped(_TABLES, (schema,))

    def indexes(self, link: Link, *, schema: str) -> frozenset[str]:
        """Return the names of the indexes of a schema; what a build that was broken off has left is none."""
        return frozenset(name for (name,) in link.rows(_INDEXES, (schema,)))

    def describe(self, link: Link, schema: str) -> Mapping[str, Described]:
        """Return what its catalogue says of each table."""
        return describe_postgresql(link, schema)

    def rehearse(self, link: Link, texts: Sequence[str]) -> Mapping[str, Described]:
        """Make them in the temporary schema of the connection, within its transaction."""
        return rehearse_postgresql(link, texts)

    def index_columns(self, link: Link, table: Table) -> Mapping[str, frozenset[str]]:
        """Return the columns of each index."""
        return link.grouped(_INDEXED, (table.schema or "", table.name))

    def index_aside(self, index: Index) -> Sequence[str]:
        """Build it concurrently; what a build that was broken off has left under its name goes first."""
        table = index.table
        assert table is not None  # an index of ours has one
        drop = f"DROP INDEX CONCURRENTLY IF EXISTS {self.qualified(table, str(index.name))}"
        index.dialect_kwargs["postgresql_concurrently"] = True
        return drop, " ".join(str(CreateIndex(index).compile(dialect=self.sql)).split())

    def upgrading(self, schema: str) -> Sequence[str]:
        """Take turns by a lock that ends with the transaction; see what the one before has done."""
        turn = int.from_bytes(hashlib.sha256(f"crmkit {schema}".encode()).digest()[:7], "big")
        return (
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
            f"SELECT pg_advisory_xact_lock({turn})",
            f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT_S}s'",
        )

    def qualified(self, table: Table, index: str) -> str:
        """An index is named with its schema."""
        quoted = self.sql.identifier_preparer.quote(index)
        return f"{self.sql.identifier_preparer.quote_schema(table.schema)}.{quoted}" if table.schema else quoted

    def purge(self, link: Link) -> tuple[str, ...]:
        """Say what the server still has: tidying it up is its administrator's."""
        return (_STAYS,)

    # --- transactions ---
    def begin(self, *, write: bool) -> Sequence[str]:
        """Return what makes reads see one state; the driver begins by itself."""
        access = "READ WRITE" if write else "READ ONLY"
        return (f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, {access}",)

    def begin_on(self, driver: Any, *, write: bool) -> Sequence[str]:
        """The driver says it all with its BEGIN: one way to the server and back less."""
        driver.isolation_level, driver.read_only = _REPEATABLE_READ, not write
        return ()

    def end_on(self, driver: Any) -> None:
        """The next one to use the connection says itself what it wants."""
        driver.isolation_level = driver.read_only = None

    def join(self) -> Sequence[str]:
        """The driver begins before our savepoint, in the host's own way."""
        return ()

    def is_begun(self, driver: Any) -> bool:
        """Say whether the connection is in a transaction."""
        return bool(driver.info.transaction_status.value)

    def is_autocommit(self, driver: Any) -> bool:
        """Say whether nobody would begin a transaction on this connection."""
        return bool(driver.autocommit) and not self.is_begun(driver)

    def refusal(self, error: BaseException, place: str) -> CRMError | None:
        """Return why the server gave no connection."""
        return refusal_of(error, place=place)

    def fault(self, error: BaseException, *, committing: bool, place: str) -> CRMError:
        """Return what an error means, by its SQLSTATE."""
        return fault_of(error, committing=committing, place=place)


def _word(text: str) -> Column:
    return literal_column(f"'{text}'")


def _number(value: int) -> Column:
    return literal_column(str(value))
