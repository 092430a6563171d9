"""All that is worked out once per record type: its table, the statements on it, and the code that writes and reads its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import InvalidOperation
from functools import cached_property
from typing import Any, Generic, TypeVar

import attrs
from sqlalchemy import ColumnElement, Table, bindparam, delete, select, update
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql import ClauseElement

from crmkit.builtin.sql.columns import SCOPE, Kept, kept
from crmkit.builtin.sql.decoding import decoder
from crmkit.builtin.sql.dialect import Copy, Database
from crmkit.builtin.sql.tables import column_names, make_table
from crmkit.errors import InvalidError
from crmkit.records import Declaration, Record, declaration_of
from crmkit.records.building import slot_of

R = TypeVar("R", bound=Record)
Row = tuple[Any, ...]


@attrs.frozen
class Compiled:
    """A statement's text, and where its parameters come from.

    Attributes:
        slots: for each parameter the number of its constant (see ``compile.scope.slot``), or -1 where it is fixed.
        fixed: the values of those that are, by their place.
    """

    text: str
    slots: tuple[int, ...] = ()
    fixed: Mapping[int, Any] = attrs.field(factory=dict[int, Any])

    def values(self, constants: Sequence[Any]) -> Row:
        """Return the parameters, in their order."""
        if self.fixed:
            return tuple(self.fixed[n] if slot < 0 else constants[slot] for n, slot in enumerate(self.slots))
        return tuple([constants[slot] for slot in self.slots])


def compiled(statement: ClauseElement, database: Database) -> Compiled:
    """Return a statement as text with positional parameters."""
    made = statement.compile(dialect=database.sql)
    names: Sequence[str] = getattr(made, "positiontup", None) or ()
    slots = tuple(int(name[1:]) if name[0] == "p" and name[1:].isdigit() else -1 for name in names)
    params = dict(made.params or {})
    return Compiled(str(made), slots, {n: params[names[n]] for n, slot in enumerate(slots) if slot < 0})


def ddl(element: ClauseElement, database: Database) -> str:
    """Return a statement on the schema as one line of text."""
    return " ".join(compiled(element, database).text.split())


class Layout(Generic[R]):
    """A record type in one place; statements are compiled when they are first used.

    Attributes:
        columns: all columns, in the order of a row that is written.
        read: those that are read; a search key is not.
        indexes: those of the declaration, by name.
        has_version: its records are changed by compare-and-swap.
    """

    def __init__(self, of: type[R], database: Database, *, prefix: str, schema: str) -> None:
        self.declaration: Declaration = declaration_of(of)
        self.database = database
        self.table: Table = make_table(self.declaration, database, prefix=prefix, schema=schema)
        self.indexes = tuple(sorted(self.table.indexes, key=lambda index: str(index.name)))
        parts = [kept(field, database) for field in self.declaration.stored]
        self.columns = tuple(column for part in parts for column in part.columns)
        self.read = tuple(column for part in parts for column in part.columns[: part.width])
        self.has_version = "version" in self.columns
        self._of, self._parts = of, parts

    @cached_property
    def encode(self) -> Callable[[R], Row]:
        """From a record to a row that is written."""
        return _encoder(self._of, self._parts)

    @cached_property
    def decode(self) -> Callable[[Sequence[Row]], list[R]]:
        """From rows that are read to records; what stands behind a record in its row is passed over."""
        return decoder(self._of, self.declaration, self._parts)

    def row(self, record: R) -> Row:
        """Return a record as a row.

        Raises:
            InvalidError: a value is not of its field's kind, or does not fit its column.
        """
        try:
            return self.encode(record)
        except (TypeError, ValueError, AttributeError, OverflowError, InvalidOperation) as error:
            name = self.declaration.name
            raise InvalidError(
                f"The {name} {record.id} can not be kept ({error}): a field has a value of another kind."
            ) from error

    # --- statements ---
    @cached_property
    def create(self) -> str:
        """The CREATE TABLE, without its indexes."""
        return ddl(CreateTable(self.table), self.database)

    @cached_property
    def create_indexes(self) -> Mapping[str, str]:
        """The CREATE INDEX of each of its indexes, by the index's name."""
        return {str(index.name): ddl(CreateIndex(index), self.database) for index in self.indexes}

    @cached_property
    def insert(self) -> str:
        """The INSERT that passes over taken rows; its parameters are a row."""
        return self._text(self.database.insert(self.table))

    @cached_property
    def copy(self) -> Copy | None:
        """How many rows are written at once, where that is not the INSERT."""
        return self.database.copy(self.table, self.columns)

    @cached_property
    def replace(self) -> str:
        """The UPDATE; its parameters are a row without its id, and the id."""
        return self._text(update(self.table).values(self._values).where(self._this))

    @cached_property
    def replace_version(self) -> str:
        """The UPDATE that compares the version; after the id comes the version."""
        return self._text(update(self.table).values(self._values).where(self._this, self._this_version))

    @cached_property
    def remove(self) -> str:
        """The DELETE; its parameter is the id."""
        return self._text(delete(self.table).where(self._this))

    @cached_property
    def remove_version(self) -> str:
        """The DELETE that compares the version; after the id comes the version."""
        return self._text(delete(self.table).where(self._this, self._this_version))

    @cached_property
    def presence(self) -> str:
        """The SELECT that has a row where there is a record with the id that is its parameter."""
        return self._text(select(self.table.c.id).where(self._this))

    @cached_property
    def everything(self) -> str:
        """The SELECT of all rows."""
        return self._text(select(*(self.table.c[name] for name in self.read)))

    @cached_property
    def look_up(self) -> Mapping[tuple[str, ...], tuple[tuple[int, ...], str]]:
        """For each unique key the places of its columns in a row, and the SELECT of the id that has it."""
        return {key: self.looked_up(key) for key in self.declaration.unique}

    def looked_up(self, key: tuple[str, ...]) -> tuple[tuple[int, ...], str]:
        """Return what ``look_up`` has of a unique key, for any fields."""
        names = [column for name in key for column in column_names(self.declaration, name)]
        has_it = (self.table.c[name] == bindparam(f"_{name}") for name in names)
        return tuple(map(self.columns.index, names)), self._text(select(self.table.c.id).where(*has_it))

    @property
    def _values(self) -> dict[str, Any]:
        return {name: bindparam(name) for name in self.columns if name != "id"}

    @property
    def _this(self) -> ColumnElement[bool]:
        return self.table.c.id == bindparam("_id")

    @property
    def _this_version(self) -> ColumnElement[bool]:
        return self.table.c.version == bindparam("_version")

    def _text(self, statement: ClauseElement) -> str:
        return compiled(statement, self.database).text


def _encoder(of: type[R], parts: Iterable[Kept]) -> Callable[[R], Row]:
    attributes = {attribute.alias: slot_of(attribute.name) for attribute in attrs.fields(of)}
    values = [source.format(v=f"r.{attributes[part.field.name]}") for part in parts for source in part.sources]
    scope = dict(SCOPE)
    exec(f"def encode(r):\n    return ({', '.join(values)},)", scope)  # noqa: S102  # our own source, as attrs writes __init__
    encode: Callable[[R], Row] = scope["encode"]
    return encode
