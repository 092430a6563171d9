"""The steps of an upgrade: what each one says, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Index, MetaData, Table, bindparam, literal_column, select, update
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from crmkit.builtin.sql.columns import default_of, default_values
from crmkit.builtin.sql.dialect import Database, Taken
from crmkit.builtin.sql.indexing import put_all
from crmkit.builtin.sql.layout import Layout, compiled, ddl
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.schema import Found
from crmkit.builtin.sql.searching import search_columns, text_index
from crmkit.builtin.sql.tables import index_name
from crmkit.errors import StoreError
from crmkit.records import Field

_ONE: Final[ColumnElement[Any]] = literal_column("1")
_PAGE: Final = 1000
"""Rows that are folded anew at once."""


@attrs.frozen
class Step:
    """One step: its statement, or a sentence where it is more than one.

    Attributes:
        is_later: it runs after the others were kept, on a connection that keeps each statement at once.
        of: the record type that it is for.
        is_look: it changes nothing, and is done before anything is changed: it raises where the type can not be brought to its declaration.
    """

    text: str
    run: Callable[[Link], object]
    is_later: bool = False
    of: str = ""
    is_look: bool = False


def sentence(text: str, run: Callable[[Link], object]) -> Step:
    """Return a step that a sentence describes."""
    return Step(text, run)


def statement(text: str) -> Step:
    """Return a step that is one statement."""
    return Step(text, lambda link: link.change(text))


def create_table(table: Table, database: Database) -> Step:
    """Create a table, without its indexes."""
    return statement(ddl(CreateTable(table), database))


def create_index(index: Index, database: Database, *, aside: bool = False, written: str = "") -> Step:
    """Create an index.

    Args:
        aside: without a lock, where the database can.
        written: its statement, where it is written already.
    """
    texts = database.index_aside(index) if aside else ()
    is_later = bool(texts)
    texts = texts or (written or ddl(CreateIndex(index), database),)

    def build(link: Link) -> None:
        try:
            for text in texts:
                link.change(text)
        except Taken as error:
            raise StoreError(
                "A value was written twice while its key was made: run `crmkit db upgrade` again, which names the records.",
                code="doubles",
            ) from error

    return Step(texts[-1], build, is_later=is_later)


def custom_index(
    table: Table, field: Field, there: Collection[str], database: Database, *, aside: bool
) -> Iterator[Step]:
    """Create the index of a custom field's values."""
    name = index_name(table.name, ("custom", field.name), unique=False)
    if name in there:
        return
    if texts := database.index_custom(table, field, name):
        yield from map(statement, texts)
        return
    mine = table.to_metadata(MetaData())  # an index becomes its table's, which other stores have too
    value = database.custom(mine.c.custom, field.name, field.kind)
    index = Index(name, database.index_key(value), database.index_key(mine.c.id))
    yield create_index(index, database, aside=aside)


def search_indexes(
    layout: Layout[Any], prefix: str, found: Found, database: Database, *, aside: bool
) -> Iterator[Step]:
    """Create the indexes that serve a search in texts, where the database can have them."""
    make = found.searching.index
    if make is None:
        return
    wanted = search_columns(layout.declaration, prefix)
    missing = [(name, column) for name, column in wanted if name not in found.indexes]
    if missing:
        table = layout.table.to_metadata(MetaData())  # an index becomes its table's: the layout's has the declared ones
        for name, column in missing:
            yield create_index(make(name, table.c[column]), database, aside=aside)


def index_texts(layout: Layout[Any], prefix: str, found: Found, *, is_folded: bool, aside: bool) -> Iterator[Step]:
    """Make the index of trigrams that a store keeps, and put the texts into it that are there.

    Args:
        is_folded: the texts in it are still the right ones.
        aside: the texts are put into it after this transaction, in many.
    """
    index = text_index(layout.declaration, prefix) if found.searching.is_ours else None
    there = found.columns.get(layout.table.name)
    indexes = found.indexes if is_folded or index is None else found.indexes - index.columns.keys()
    if index is None or index.names <= indexes:
        return
    yield from map(statement, index.making(there or (), indexes, found.indexes))
    if there is not None:
        said = f"Put the texts of {layout.declaration.plural} into their index of trigrams."
        yield sentence(said, lambda link: None if aside else put_all(link, index))


def add_column(layout: Layout[Any], field: Field, columns: Sequence[str], database: Database) -> Iterator[Step]:
    """Add the columns of a field, filled with its default."""
    table = layout.table
    if field.required and not field.optional and field.name in columns:
        text = f"See that there is no {layout.declaration.name}: {field.name} has no default."
        yield sentence(text, _refuse_rows(layout, field, database))
    for name in columns:
        written = ddl(CreateColumn(table.c[name]), database)
        yield statement(f"ALTER TABLE {_named(table, database)} ADD COLUMN {written}")
    if field.name in columns and any(table.c[name].server_default is None for name in columns):
        yield from _fill(layout, field, database)


def drop_columns(table: Table, columns: Sequence[str], indexes: Sequence[str], database: Database) -> Iterator[Step]:
    """Drop columns, and before them the indexes that they stand in."""
    for name in indexes:
        yield statement(f"DROP INDEX {database.qualified(table, name)}")
    for name in columns:
        quoted = database.sql.identifier_preparer.quote(name)
        yield statement(f"ALTER TABLE {_named(table, database)} DROP COLUMN {quoted}")


def _named(table: Table, database: Database) -> str:
    return database.sql.identifier_preparer.format_table(table)


def _fill(layout: Layout[Any], field: Field, database: Database) -> Iterator[Step]:
    """Fill a new column whose default the database can not write itself."""
    default = default_of(layout.declaration.of, field)
    if default is None:
        return
    values = default_values(layout.declaration.of, field, database)
    filled: dict[str, Any] = {column: bindparam(f"_{column}") for column in values}
    text = compiled(update(layout.table).values(filled), database).text
    said = f"Fill {layout.declaration.name}.{field.name} with {default!r}."
    yield sentence(said, lambda link: link.change(text, list(values.values())))


def _refuse_rows(layout: Layout[Any], field: Field, database: Database) -> Callable[[Link], None]:
    text = compiled(select(_ONE).select_from(layout.table).limit(_ONE), database).text

    def refuse(link: Link) -> None:
        if link.rows(text):
            raise StoreError(
                f"{layout.declaration.name}.{field.name} is new and required, and there are records without it: give it a default.",
                code="not_additive",
                field=field.name,
            )

    return refuse
