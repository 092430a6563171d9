"""The steps of an upgrade: what each one says, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Index, Table, bindparam, literal_column, select, update
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable
from sqlalchemy.sql import ClauseElement

from crmkit.builtin.sql.columns import default_of, default_values
from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.layout import Layout, compiled
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.tables import index_name
from crmkit.errors import StoreError
from crmkit.records import Field
from crmkit.records.text import fold

_ONE: Final[ColumnElement[Any]] = literal_column("1")
_PAGE: Final = 1000
"""Rows that are folded anew at once."""


@attrs.frozen
class Step:
    """One step: its statement, or a sentence where it is more than one."""

    text: str
    run: Callable[[Link], object]


def sentence(text: str, run: Callable[[Link], object]) -> Step:
    """Return a step that a sentence describes."""
    return Step(text, run)


def _ddl(element: ClauseElement, database: Database) -> str:
    return " ".join(compiled(element, database).text.split())


def statement(text: str) -> Step:
    """Return a step that is one statement."""
    return Step(text, lambda link: link.change(text))


def create_table(table: Table, database: Database) -> Step:
    """Create a table, without its indexes."""
    return statement(_ddl(CreateTable(table), database))


def create_index(index: Index, database: Database) -> Step:
    """Create an index."""
    return statement(_ddl(CreateIndex(index), database))


def custom_index(table: Table, field: Field, there: Collection[str], database: Database) -> Iterator[Step]:
    """Create the index of a custom field's values."""
    name = index_name(table.name, ("custom", field.name), unique=False)
    if name in there:
        return
    value = database.custom(table.c.custom, field.name, field.kind)
    made = _ddl(CreateIndex(Index(name, database.index_key(value), database.index_key(table.c.id))), database)
    yield statement(made)


def add_column(layout: Layout[Any], field: Field, columns: Sequence[str], database: Database) -> Iterator[Step]:
    """Add the columns of a field, filled with its default; the fold of a text that was there is made."""
    table = layout.table
    for name in columns:
        written = _ddl(CreateColumn(table.c[name]), database)
        yield statement(f"ALTER TABLE {database.sql.identifier_preparer.format_table(table)} ADD COLUMN {written}")
    if field.name not in columns:
        yield from refold(layout, database, [field])
        return
    yield from _fill(layout, field, database)


def _fill(layout: Layout[Any], field: Field, database: Database) -> Iterator[Step]:
    default = default_of(layout.declaration.of, field)
    name = layout.declaration.name
    if default is None:
        if field.required and not field.optional:
            yield sentence(
                f"Check that there is no {name}: {field.name} has no default.", _refuse_rows(layout, field, database)
            )
        return
    values = default_values(layout.declaration.of, field, database)
    filled: dict[str, Any] = {column: bindparam(f"_{column}") for column in values}
    text = compiled(update(layout.table).values(filled), database).text
    yield sentence(f"Fill {name}.{field.name} with {default!r}.", lambda link: link.change(text, list(values.values())))


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


def refold(layout: Layout[Any], database: Database, fields: Sequence[Field]) -> Iterator[Step]:
    """Make the search keys of these fields anew."""
    for field in fields:
        if field.searchable:
            yield sentence(f"Fold {layout.declaration.name}.{field.name} anew.", _folder(layout.table, field, database))


def _folder(table: Table, field: Field, database: Database) -> Callable[[Link], None]:
    text: ColumnElement[Any] = table.c[field.columns[0]]
    folded = field.columns[1]
    asked = select(table.c.id, text).where(table.c.id > bindparam("_after"), text.is_not(None)).order_by(table.c.id)
    page = compiled(asked.limit(literal_column(str(_PAGE))), database).text
    keep = compiled(
        update(table).values({folded: bindparam("_fold")}).where(table.c.id == bindparam("_id")), database
    ).text

    def run(link: Link) -> None:
        after = database.smallest_id
        while rows := link.rows(page, (after,)):
            link.change_many(keep, [(fold(value), record_id) for record_id, value in rows])
            after = rows[-1][0]

    return run
