"""Values that stand twice under a key that is to be unique: looked for before an upgrade changes anything."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, and_, func, literal_column, select

from crmkit.builtin.sql.columns import default_values, id_of
from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.layout import Layout, compiled
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.steps import Step, sentence
from crmkit.builtin.sql.tables import column_names, index_name
from crmkit.records.doubles import doubles

_ONE: Final[ColumnElement[Any]] = literal_column("1")
_MANY: Final[ColumnElement[Any]] = literal_column("50")
"""Values, and records, that are named at most."""


def no_doubles(
    layout: Layout[Any], there: Collection[str], indexes: Collection[str], database: Database
) -> Iterator[Step]:
    """See that new unique keys find no two records with the same values.

    Args:
        there: the columns that the table has; one that it has not yet will have its default in every row.
        indexes: those that are there.
    """
    declaration = layout.declaration
    for key in declaration.unique:
        columns = [column for name in key for column in column_names(declaration, name)]
        if index_name(layout.table.name, columns, unique=True) in indexes or _is_missing(layout, key, there, database):
            continue
        look = _Look(layout, key, [column for column in columns if column in there], database)
        said = f"See that no two {declaration.plural} have the same {' and '.join(key)}."
        yield attrs.evolve(sentence(said, look), is_look=True)


def _is_missing(layout: Layout[Any], key: tuple[str, ...], there: Collection[str], database: Database) -> bool:
    """Whether a part of the key will have no value in any record that is there."""
    declaration = layout.declaration
    new = [declaration.by_name[name] for name in key if column_names(declaration, name)[0] not in there]
    return any(None in default_values(declaration.of, field, database).values() for field in new)


@attrs.frozen
class _Look:
    layout: Layout[Any]
    key: tuple[str, ...]
    columns: list[str]
    database: Database

    def __call__(self, link: Link) -> None:
        ((count,),) = link.rows(self._text(self._count()))
        if count:
            rows = link.rows(self._text(self._some()))
            groups = [[id_of(row[-1]) for row in group] for _, group in groupby(rows, lambda row: row[:-1])]
            raise doubles(self.layout.declaration, self.key, int(count), groups)

    def _text(self, statement: Any) -> str:
        return compiled(statement, self.database).text

    def _count(self) -> Any:
        if self.columns:
            return select(func.count()).select_from(self._groups().subquery("doubles"))
        rows = select(_ONE.label("one")).select_from(self.layout.table).limit(literal_column("2")).subquery("two")
        return select(func.count() > _ONE).select_from(rows)

    def _groups(self) -> Any:
        columns = [self.layout.table.c[name] for name in self.columns]
        there = select(*columns).where(and_(*(column.is_not(None) for column in columns)))
        return there.group_by(*columns).having(func.count() > _ONE)

    def _some(self) -> Any:
        """Ask for records that have the same values, those of one value behind each other."""
        table = self.layout.table
        columns = [table.c[name] for name in self.columns]
        asked = select(*columns, table.c.id).order_by(*columns, table.c.id).limit(_MANY)
        if not columns:
            return asked
        some = self._groups().order_by(*columns).limit(_MANY).subquery("doubles")
        return asked.join(some, and_(*(column == some.c[column.name] for column in columns)))
