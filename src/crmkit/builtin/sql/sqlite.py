"""The facts of SQLite."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, TypeAlias

from sqlalchemy import ColumnElement, Select, Table, and_, case, cast, func, literal_column, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.types import BLOB, TEXT, BigInteger, Boolean, TypeEngine

from crmkit.builtin.sql.byte_ids import ByteIds
from crmkit.builtin.sql.describing import describe_sqlite, rehearse_sqlite
from crmkit.builtin.sql.dialect import Described, Searching, Taken
from crmkit.builtin.sql.faults import FULL, of_a_value
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.trigrams import asked, why_not
from crmkit.errors import (
    CRMError,
    NewerSchema,
    StorageBusy,
    StorageFull,
    StoreCorrupt,
    StoreError,
    TryAgain,
    UpgradeNeeded,
)
from crmkit.records.fields import Kind
from crmkit.records.times import micros

Column: TypeAlias = ColumnElement[Any]

_NUMBERS: Final = frozenset({"int", "decimal", "instant", "money"})
_BYTES: Final = frozenset({"ref", "digest"})
_COLUMNS: Final = "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND m.rootpage > 0"
_INDEXED: Final = """
SELECT m.name, c.name FROM sqlite_master AS m, pragma_index_info(m.name) AS c
WHERE m.type = 'index' AND m.sql IS NOT NULL AND m.tbl_name = ? AND c.name IS NOT NULL
"""
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_LOW: Final = 0xFFFFFFFF
_STILL_READ: Final = (
    "Somebody reads the database just now: older pages stay in its -wal file until the last program closes it."
)
_NOT_OVERWRITTEN: Final = "Your engine's connections do not overwrite what they free (PRAGMA secure_delete): the bytes are there until a VACUUM."
APPLICATION_ID: Final = 0x43524D6B
"""Stands in the head of our files ("CRMk"), so that we never take another program's for ours."""


class _Compiler(SQLiteCompiler):
    """Writes LIMIT without the OFFSET that SQLAlchemy always adds: it would be one more parameter."""

    def limit_clause(self, select: Any, **kw: Any) -> str:
        return "\n LIMIT " + self.process(select._limit_clause, **kw)


class _Dialect(SQLiteDialect_pysqlite):
    statement_compiler = _Compiler
    supports_statement_cache = True


class SQLite(ByteIds):
    """SQLite, by the driver of Python's own library."""

    name: ClassVar[str] = "sqlite"
    has_schemas: ClassVar[bool] = False
    aborts_on_error: ClassVar[bool] = False

    def __init__(self) -> None:
        self.sql = _Dialect(paramstyle="qmark")

    # --- columns ---
    def type_of(self, kind: Kind) -> TypeEngine[Any]:
        """Return the column type of a kind."""
        if kind in _NUMBERS:
            return BigInteger()
        if kind in _BYTES:
            return BLOB()
        return Boolean(create_constraint=False) if kind == "bool" else TEXT()

    def table_options(self, *, coarse: bool) -> Mapping[str, Any]:
        """A coarse table has no rowid: it would tell the order in which its rows came."""
        return {"sqlite_with_rowid": not coarse}

    # --- expressions ---
    def insert(self, table: Table) -> Any:
        """Return an INSERT that passes over rows whose id or unique key is taken."""
        return insert(table).on_conflict_do_nothing()

    def tail(self, record_id: Column) -> Column:
        """Return the last four bytes of an id."""
        return func.substr(record_id, literal_column("-4"))

    def holds(self, text: Column, needle: Column) -> Column:
        """Return whether the text has the needle in it."""
        return func.instr(text, needle) > literal_column("0")

    def trigrams(self, needle: str) -> str | None:
        """Return what an index of trigrams is asked."""
        return asked(needle)

    def packed(self, kind: Kind, values: Sequence[Any]) -> Any:
        """Ids stand one behind the other; digests, which are of any length, in hexadecimal digits; all else is JSON."""
        if kind == "ref":
            return b"".join(values)
        return json.dumps([value.hex().upper() if kind == "digest" else value for value in values], ensure_ascii=False)

    def among(self, column: Column, kind: Kind, packed: Column) -> Column:
        """Return whether a value is one of those that were packed."""
        if kind == "ref":
            return column.in_(_cut(packed))
        each = func.json_each(packed).table_valued("value")
        return (func.hex(column) if kind == "digest" else column).in_(select(each.c.value))

    def custom(self, column: Column, key: str, kind: Kind) -> Column:
        """Return a custom field's value, NULL where JSON's type is not the kind's.

        A plain key stands in the statement, so that an expression index is found; any other one is bound.
        """
        if not _PLAIN_KEY.fullmatch(key):
            return _odd_custom(column, key, kind)
        path: Column = literal_column(f"'$.\"{key}\"'")
        value: Column = func.json_extract(column, path)
        return case((_is_of(kind, func.json_type(column, path), value), value))

    def ordered(self, value: Column, *, descending: bool) -> Column:
        """NULL is smallest by itself."""
        return value.desc() if descending else value.asc()

    def floor(self, value: Column) -> Column:
        """A cast cuts towards zero."""
        return cast(value, BigInteger())

    def exact_sum(self, value: Column) -> tuple[Sequence[Column], Callable[[Sequence[Any]], int]]:
        """Sum the upper and the lower 32 bits apart: a sum of 64-bit integers overflows."""
        high, low = func.sum(value.op(">>")(literal_column("32"))), func.sum(value.op("&")(literal_column(str(_LOW))))
        return (high, low), lambda halves: ((halves[0] or 0) << 32) + (halves[1] or 0)

    # --- the schema ---
    def searching(self, link: Link, schema: str, *, may_create: bool) -> Searching:
        """The store keeps an index of trigrams, where this SQLite has them."""
        reason = why_not(link)
        return Searching(is_ours=not reason, why_not=reason)

    def tables(self, link: Link, *, schema: str) -> Mapping[str, frozenset[str]]:
        """Return the columns of each table."""
        return link.grouped(_COLUMNS)

    def indexes(self, link: Link, *, schema: str) -> frozenset[str]:
        """Return the names of all indexes; one of trigrams is a virtual table."""
        text = "SELECT name FROM sqlite_master WHERE type = 'index' OR (type = 'table' AND rootpage = 0)"
        return frozenset(name for (name,) in link.rows(text))

    def describe(self, link: Link, schema: str) -> Mapping[str, Described]:
        """Return what its catalogue says of each table."""
        return describe_sqlite(link)

    def rehearse(self, link: Link, texts: Sequence[str]) -> Mapping[str, Described]:
        """Make them in a database in memory."""
        return rehearse_sqlite(self, texts)

    def index_columns(self, link: Link, table: Table) -> Mapping[str, frozenset[str]]:
        """Return the columns of each index that was made by a statement."""
        return link.grouped(_INDEXED, (table.name,))

    def check_identity(self, link: Link, tables: Mapping[str, Any], ledger: str, version: int) -> None:
        """Refuse the file of another program, or of a newer version."""
        ((identity,),) = link.rows("PRAGMA application_id")
        ((made,),) = link.rows("PRAGMA user_version")
        if identity != APPLICATION_ID and (
            identity or (tables and ledger not in tables)
        ):  # ours may hold a company alone
            raise StoreCorrupt(
                f"{link.place} is the database of another program: name another file.", code="other_program"
            )
        if identity == APPLICATION_ID and made > version:
            raise NewerSchema(
                f"{link.place} has the schema {made}, this version of crmkit knows {version}: use a newer one."
            )

    def mark_identity(self, link: Link, version: int) -> None:
        """Write into the head of an empty file whose it is."""
        link.change(f"PRAGMA application_id = {APPLICATION_ID}")
        link.change(f"PRAGMA user_version = {version}")

    def purge(self, link: Link) -> tuple[str, ...]:
        """Write the journal into the file and empty it. Our connections overwrite what they free (``secure_delete``)."""
        ((is_busy, _, _),) = link.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        ((overwrites,),) = link.rows("PRAGMA secure_delete")
        return (*((_STILL_READ,) if is_busy else ()), *(() if overwrites else (_NOT_OVERWRITTEN,)))

    # --- transactions ---
    def begin(self, *, write: bool) -> Sequence[str]:
        """A writer takes the lock at once: a reader that becomes one could lose what it has read."""
        return ("BEGIN IMMEDIATE",) if write else ("BEGIN",)

    def begin_on(self, driver: Any, *, write: bool) -> Sequence[str]:
        """The driver sends it as it is: a cursor of ours around it would take as long as it does."""
        driver.execute(*self.begin(write=write))
        return ()

    def join(self) -> Sequence[str]:
        """The driver begins at the first change only: a savepoint before it would be a transaction of its own."""
        return ("BEGIN IMMEDIATE",)

    def is_begun(self, driver: Any) -> bool:
        """Say whether the connection is in a transaction."""
        return bool(driver.in_transaction)

    def is_autocommit(self, driver: Any) -> bool:
        """Say whether nobody would begin a transaction on this connection."""
        return not driver.in_transaction and driver.isolation_level is None

    def fault(self, error: BaseException, *, committing: bool, place: str) -> CRMError:
        """Return what an error means, by SQLite's own code of it."""
        if isinstance(error, sqlite3.Error):
            return _fault(error, place)
        return of_a_value(error) or StoreError(f"{place} can not serve: {error}")


def _cut(packed: Column) -> Select[Any]:
    """Return the ids that stand one behind the other, as rows."""
    places = (
        select(_literal(1).label("at")).where(func.length(packed) > _literal(0)).cte(recursive=True)
    )  # without a name: a question may have several
    more = select(places.c.at + _literal(16)).where(places.c.at + _literal(16) < func.length(packed))
    places = places.union_all(more)
    return select(func.substr(packed, places.c.at, _literal(16)))


def _is_of(kind: Kind, type_: Column, value: Column) -> Column:
    """Return whether a value of JSON is one of a kind (``records.border.custom_value`` says the same in Python)."""
    if kind == "bool":
        return type_.in_([_text("true"), _text("false")])
    if kind not in _NUMBERS:
        is_text = type_ == _text("text")
        return and_(is_text, _is_day(value)) if kind == "date" else is_text
    is_whole = and_(type_ == _text("integer"), func.typeof(value) == _text("integer"))  # a longer one is a real here
    if kind != "instant":
        return is_whole
    return and_(is_whole, value >= _literal(micros(_FIRST)), value <= _literal(micros(_LAST)))


def _is_day(value: Column) -> Column:
    """``date`` mends what is no date, so that it differs; it must not see words such as ``now``, hence the CASE."""
    no: Column = _literal(0)
    looks_so = and_(value.op("GLOB")(_text("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]")), value >= _text("0001"))
    return case((looks_so, func.date(value, _text("+0 days")) == value), else_=no) == _literal(1)


def _literal(number: int) -> Column:
    return literal_column(str(number))


def _text(word: str) -> Column:
    return literal_column(f"'{word}'")


def _odd_custom(column: Column, key: str, kind: Kind) -> Column:
    each = func.json_each(column).table_valued("key", "value", "type")
    held = (
        select(each.c.value)
        .where(each.c.key == key, _is_of(kind, each.c.type, each.c.value))
        .limit(literal_column("1"))
    )
    return held.scalar_subquery()


def _fault(error: sqlite3.Error, place: str) -> CRMError:
    code = getattr(error, "sqlite_errorcode", 0)
    primary, said = code & 0xFF, str(error)
    if code == sqlite3.SQLITE_BUSY_SNAPSHOT:
        return TryAgain("Another process wrote meanwhile; nothing was kept. Run the whole unit again.")
    if code in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
        return Taken(said)
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StorageBusy(f"{place} is held by another process: try again later.")
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_WRITE:
        return StorageFull(FULL.format(place=place))
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreCorrupt(f"{place} is damaged, or is no database ({said}): restore a backup, or name another file.")
    if primary == sqlite3.SQLITE_READONLY:
        return StoreError(f"{place} can not be written: make the file and its folder writable.", code="read_only")
    if primary == sqlite3.SQLITE_CANTOPEN:
        return StoreError(
            f"{place} can not be opened: its folder must exist, and be readable and writable, for readers keep files beside it too. "
            "Where it is not, copy the file (and its -wal) into one that is.",
            code="can_not_open",
        )
    if said.startswith(("no such table", "no such column")) or " has no column named " in said:
        return UpgradeNeeded(f"{place} has another schema than the declarations ({said}): run `crmkit db upgrade`.")
    return StoreError(f"{place} can not serve ({said}).")
