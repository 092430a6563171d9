"""The facts of MariaDB, by PyMySQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, TypeAlias, cast

from sqlalchemy import Column as TableColumn
from sqlalchemy import ColumnElement, Dialect, Table, and_, case, func, insert, literal_column, make_url, select
from sqlalchemy import cast as sql_cast
from sqlalchemy import column as table_column
from sqlalchemy.dialects.mysql import BINARY, CHAR, LONGBLOB, LONGTEXT, VARBINARY, VARCHAR
from sqlalchemy.types import BigInteger, Boolean, Numeric, TypeEngine

from crmkit.builtin.sql.byte_ids import ByteIds
from crmkit.builtin.sql.days import is_day
from crmkit.builtin.sql.describing import describe_mariadb, rehearse_mariadb
from crmkit.builtin.sql.dialect import Described, Searching
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.mariadb_faults import fault_of, refusal_of
from crmkit.builtin.sql.tables import custom_column_name
from crmkit.errors import CRMError
from crmkit.records import Field
from crmkit.records.fields import Kind
from crmkit.records.times import micros

Column: TypeAlias = ColumnElement[Any]
COLLATION: Final = "utf8mb4_nopad_bin"
"""Equal and ordered by code point; a blank at the end counts."""
LONGEST_CODE: Final = 380
"""Characters: two codes and an id are one key of InnoDB (3,072 bytes, four for each character)."""
_KEY_BYTES: Final = 3072
_BEGINNING: Final = 190
"""Characters of a text that are indexed where not all of it can be."""
_NUMBERS: Final = frozenset({"int", "decimal", "instant", "money"})
_CODES: Final = frozenset({"code", "any_ref", "date", "partial_date", "wall_time"})
_SIZES: Final[Mapping[str, int]] = {"BINARY": 16, "VARBINARY": 255, "BIGINT": 8, "BOOLEAN": 1}
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "instant": (micros(datetime.min.replace(tzinfo=UTC)), micros(datetime.max.replace(tzinfo=UTC))),
}
_INT64: Final = (-(2**63), 2**63 - 1)
_NO_TRIGRAMS: Final = "A search by a part of a word reads every row: MariaDB has no index for it."
_IN_TRANSACTION: Final = 1
"""The flag SERVER_STATUS_IN_TRANS of the protocol."""
_TURN_S: Final = 60
_HERE: Final = "COALESCE(NULLIF(%s, ''), DATABASE())"
_TABLES: Final = f"SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = {_HERE}"  # noqa: S608  # our own words
_INDEXES: Final = f"SELECT DISTINCT index_name FROM information_schema.statistics WHERE table_schema = {_HERE}"  # noqa: S608  # our own words
_INDEXED: Final = f"SELECT index_name, column_name FROM information_schema.statistics WHERE table_schema = {_HERE} AND table_name = %s"  # noqa: S608  # our own words
_SCHEMA: Final = "SELECT 1 FROM information_schema.schemata WHERE schema_name = %s"
_SCHEMAS_WITH: Final = "SELECT table_schema, column_name FROM information_schema.columns WHERE table_name = %s"
_STAYS: Final = (
    "MariaDB keeps old versions of rows until its purge has run, and all of it in its binary log while that is kept."
)


class MariaDB(ByteIds):
    """MariaDB 10.11 and later. A schema is what it calls a database; statements that change a table are kept at once."""

    name: ClassVar[str] = "mariadb"
    lock_rows: ClassVar[str] = " FOR UPDATE SKIP LOCKED"
    aborts_on_error: ClassVar[bool] = False
    keeps_at_once: ClassVar[bool] = True
    longest_name: ClassVar[int] = 64
    indexes_columns_only: ClassVar[bool] = True

    def __init__(self) -> None:
        make = cast("Callable[..., Dialect]", make_url("mariadb+pymysql://").get_dialect())
        self.sql = make(paramstyle="format")
        self.sql.server_version_info = (10, 11, 0)  # the oldest one: what is written for it, a newer one reads

    # --- columns ---
    def type_of(self, kind: Kind) -> TypeEngine[Any]:
        """Return the column type of a kind; what stands in keys has a length."""
        if kind in _NUMBERS:
            return BigInteger()
        made: dict[str, TypeEngine[Any]] = {"ref": BINARY(16), "digest": VARBINARY(255), "bool": Boolean()}
        if kind in made:
            return made[kind]
        return VARCHAR(LONGEST_CODE, collation=COLLATION) if kind in _CODES else LONGTEXT(collation=COLLATION)

    def bytes_type(self) -> TypeEngine[Any]:
        """Return the column type of a piece of a file."""
        return LONGBLOB()

    def table_options(self, *, coarse: bool) -> Mapping[str, Any]:
        """Rows lie in the order of their ids; those of a coarse table are random."""
        return {"mariadb_engine": "InnoDB", "mariadb_charset": "utf8mb4", "mariadb_collate": COLLATION}

    def index_options(self, columns: Sequence[TableColumn[Any]], *, unique: bool) -> Mapping[str, Any]:
        """A plain index holds the beginnings of texts, as much of them as a key has room for."""
        if unique:
            return {}
        sizes = {
            column.name: _SIZES.get(type(column.type).__name__.upper(), 8) for column in columns if not _is_text(column)
        }
        texts = [column.name for column in columns if _is_text(column)]
        room = (_KEY_BYTES - sum(sizes.values())) // 4 // len(texts) if texts else 0
        return {"mariadb_length": {name: min(room, _BEGINNING) for name in texts}} if texts else {}

    # --- expressions ---
    def insert(self, table: Table) -> Any:
        """Return a plain INSERT: one row that is taken fails it whole, and nothing else of the transaction."""
        return insert(table)

    def tail(self, record_id: Column) -> Column:
        """Return the last four bytes of an id."""
        return func.substr(record_id, literal_column("13"))

    def holds(self, text: Column, needle: Column) -> Column:
        """Return whether the text has the needle in it."""
        return func.locate(needle, text) > literal_column("0")

    def packed(self, kind: Kind, values: Sequence[Any]) -> Any:
        """A list is JSON; bytes stand in it in hexadecimal digits."""
        return json.dumps([value.hex() if isinstance(value, bytes) else value for value in values], ensure_ascii=False)

    def among(self, column: Column, kind: Kind, packed: Column) -> Column:
        """Return whether a value is one of those that were packed."""
        is_number = kind in _NUMBERS or kind == "bool"
        type_ = "BIGINT" if is_number else f"LONGTEXT CHARACTER SET utf8mb4 COLLATE {COLLATION}"
        one = func.json_table(packed, literal_column(f"'$[*]' COLUMNS (v {type_} PATH '$')")).table_valued("v")
        return column.in_(select(func.unhex(one.c.v) if kind in ("ref", "digest") else one.c.v))

    def custom(self, column: Column, key: str, kind: Kind) -> Column:
        """Return a custom field's value, NULL where JSON's type is not the kind's. The key stands in the statement, quoted."""
        found = func.json_extract(column, _quoted("$." + json.dumps(key, ensure_ascii=False)))
        type_ = func.json_type(found)
        if kind == "bool":
            return case((type_ == _word("BOOLEAN"), found == _word("true")))
        if kind not in _NUMBERS:
            value = func.json_unquote(found).collate(COLLATION)
            is_text = type_ == _word("STRING")
            return (
                case((is_text, case((is_day(value, _looks_like_a_day(value)), value))))
                if kind == "date"
                else case((is_text, value))
            )
        low, high = _RANGES.get(kind, _INT64)
        is_whole = and_(type_ == _word("INTEGER"), found.op("REGEXP")(_word("^-?[0-9]{1,19}$")))
        number = sql_cast(found, Numeric(20, 0))
        fits = number.between(_number(low), _number(high))
        return case((is_whole, case((fits, sql_cast(found, BigInteger())))))

    def ordered(self, value: Column, *, descending: bool) -> Column:
        """NULL is smallest by itself."""
        return value.desc() if descending else value.asc()

    def real(self, value: Column) -> Column:
        """What a float takes part in is one; a cast of it is none here."""
        return value * literal_column("1e0")

    def floor(self, value: Column) -> Column:
        """Return the whole part."""
        return sql_cast(func.floor(value), BigInteger())

    def exact_sum(self, value: Column) -> tuple[Sequence[Column], Callable[[Sequence[Any]], int]]:
        """Sums of 64-bit integers are exact numbers here."""
        return [func.sum(value)], lambda found: int(found[0] or 0)

    # --- the schema ---
    def here(self, link: Link) -> str:
        """Return the database of the connection: a server's databases are everybody's, so what is beside is named after it."""
        ((found,),) = link.rows("SELECT DATABASE()")
        return found or ""

    def schemas_with(self, link: Link, table: str) -> Mapping[str, frozenset[str]]:
        """Return the columns of the tables of this name, by database, of those that the user may see."""
        return link.grouped(_SCHEMAS_WITH, (table,))

    def prepare(self, link: Link, schema: str) -> Sequence[str]:
        """Return what makes the schema of the tables, where it is not there."""
        if not schema or link.rows(_SCHEMA, (schema,)):
            return ()
        return (f"CREATE DATABASE {self.sql.identifier_preparer.quote_schema(schema)}",)

    def tables(self, link: Link, *, schema: str) -> Mapping[str, frozenset[str]]:
        """Return the columns of each table; none where there is no such schema."""
        return link.grouped(_TABLES, (schema,))

    def indexes(self, link: Link, *, schema: str) -> frozenset[str]:
        """Return the names of the indexes of a schema; each has that of its table in it."""
        return frozenset(name for (name,) in link.rows(_INDEXES, (schema,)))

    def searching(self, link: Link, schema: str, *, may_create: bool) -> Searching:
        """Its own indexes of texts know whole words only."""
        return Searching(why_not=_NO_TRIGRAMS)

    def describe(self, link: Link, schema: str) -> Mapping[str, Described]:
        """Return what the database says of its tables."""
        return describe_mariadb(link, schema)

    def rehearsal_schema(self, schema: str) -> str:
        """A temporary table is in a schema as others are, and stands before one of its name there."""
        return schema

    def rehearse(self, link: Link, texts: Sequence[str]) -> Mapping[str, Described]:
        """Make them as temporary tables, which no transaction ends for."""
        return rehearse_mariadb(link, texts)

    def index_columns(self, link: Link, table: Table) -> Mapping[str, frozenset[str]]:
        """Return the columns of each index."""
        return link.grouped(_INDEXED, (table.schema or "", table.name))

    def qualified(self, table: Table, index: str) -> str:
        """An index is named with its table."""
        preparer = self.sql.identifier_preparer
        return f"{preparer.quote(index)} ON {preparer.format_table(table)}"

    def index_custom(self, table: Table, field: Field, index: str) -> Sequence[str]:
        """Add a column that is worked out when it is read, and index it: of a text its beginning."""
        preparer = self.sql.identifier_preparer
        place, column = preparer.format_table(table), preparer.quote(custom_column_name(field.name, field.kind))
        is_text = field.kind not in _NUMBERS and field.kind not in ("bool", "date")
        type_ = self.type_of("text" if is_text else field.kind).compile(dialect=self.sql)
        value = self.custom(table_column("custom"), field.name, field.kind).compile(dialect=self.sql)
        key = f"{column}({_BEGINNING})" if is_text else column
        return (
            f"ALTER TABLE {place} ADD COLUMN IF NOT EXISTS {column} {type_} AS ({value}) VIRTUAL",
            f"CREATE INDEX {preparer.quote(index)} ON {place} ({key}, {preparer.quote('id')})",
        )

    def upgrading(self, schema: str) -> Sequence[str]:
        """Take turns by a lock of the session, until ``upgraded``."""
        return (f"SELECT GET_LOCK({self._turn(schema)}, {_TURN_S})",)

    def upgraded(self, schema: str) -> Sequence[str]:
        """Let the next one upgrade."""
        return (f"SELECT RELEASE_LOCK({self._turn(schema)})",)

    def _turn(self, schema: str) -> str:
        return f"CONCAT('crmkit ', {_in_quotes(schema)}, ' ', COALESCE(DATABASE(), ''))"

    def purge(self, link: Link) -> tuple[str, ...]:
        """Say what the server still has: tidying it up is its administrator's."""
        return (_STAYS,)

    # --- transactions ---
    def begin(self, *, write: bool) -> Sequence[str]:
        """Return what makes reads see one state, that of this moment."""
        access = "READ WRITE" if write else "READ ONLY"
        return (
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            f"START TRANSACTION WITH CONSISTENT SNAPSHOT, {access}",
        )

    def join(self) -> Sequence[str]:
        """Nothing: without autocommit a savepoint is part of the transaction, and a host's would not outlive our beginning."""
        return ()

    def is_begun(self, driver: Any) -> bool:
        """Say whether the connection is in a transaction, as the server last said; mysqlclient, of a host, has to ask."""
        said = getattr(driver, "server_status", None)
        return bool(said & _IN_TRANSACTION) if said is not None else _asked(driver)

    def is_autocommit(self, driver: Any) -> bool:
        """Say whether nobody would begin a transaction on this connection."""
        return bool(driver.get_autocommit()) and not self.is_begun(driver)

    def refusal(self, error: BaseException, place: str) -> CRMError | None:
        """Return why the server gave no connection."""
        return refusal_of(error, place=place)

    def fault(self, error: BaseException, *, committing: bool, place: str) -> CRMError:
        """Return what an error means, by its number."""
        return fault_of(error, committing=committing, place=place)


def _asked(driver: Any) -> bool:
    with closing(driver.cursor()) as cursor:
        cursor.execute("SELECT @@in_transaction")
        return bool(cursor.fetchone()[0])


def _is_text(column: TableColumn[Any]) -> bool:
    return isinstance(column.type, VARCHAR | LONGTEXT | CHAR)


def _quoted(text: str) -> Column:
    return literal_column(_in_quotes(text))


def _in_quotes(text: str) -> str:
    """Return a text as it stands in a statement: backslashes count there."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _word(text: str) -> Column:
    return literal_column(f"'{text}'")


def _number(value: int) -> Column:
    return literal_column(str(value))


def _looks_like_a_day(text: Column) -> Column:
    return and_(func.char_length(text) == _number(10), text.op("REGEXP")(_word("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")))
