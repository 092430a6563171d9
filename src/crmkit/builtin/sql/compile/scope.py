"""One subject of a statement: its table, the tables reached over references, and the conditions on them."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.sql.selectable import NamedFromClause
from sqlalchemy.types import TypeEngine

from crmkit.builtin.sql.compile.pairs import compare, scaled_pair
from crmkit.builtin.sql.compile.shape import Shape
from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.tables import column_names, custom_column_name
from crmkit.builtin.sql.trigrams import TextIndex
from crmkit.records import Record, declaration_of
from crmkit.records.fields import Kind

Column: TypeAlias = ColumnElement[Any]


class Tables(ABC):
    """The tables that a statement reads."""

    @abstractmethod
    def source(self, of: type[Record]) -> FromClause:
        """Return what questions on a record type read."""

    @abstractmethod
    def custom_columns(self, of: type[Record]) -> frozenset[str]:
        """Return those columns of it that hold custom fields, see ``custom_column_name``."""

    @abstractmethod
    def text_index(self, of: type[Record]) -> TextIndex | None:
        """Return the index of trigrams of its texts; None where there is none."""


def slot(number: int, kind: TypeEngine[Any] | None = None) -> Column:
    """Return the parameter that stands for a constant; without a type it takes that of what it is compared with."""
    return bindparam(f"p{number}", type_=kind)


class Scope:
    """A record type as the subject of a SELECT; what the conditions reach is joined to it as they are written.

    Attributes:
        of: the record type.
        alias: its table in this statement.
    """

    def __init__(self, of: type[Record], tables: Tables, database: Database, outer: Scope | None = None) -> None:
        self.of = of
        self.database = database
        self._tables = tables
        self._outer = outer
        self._count: Iterator[int] = outer._count if outer else itertools.count()
        self._joined: dict[Shape, tuple[type[Record], NamedFromClause[Any]]] = {}
        self._joins: list[tuple[NamedFromClause[Any], Column]] = []
        self.alias = self._new_alias(of)

    def _new_alias(self, of: type[Record]) -> NamedFromClause[Any]:
        return self._tables.source(of).alias(f"t{next(self._count)}")

    # --- FROM ---
    @property
    def source(self) -> FromClause:
        """The table with all that was joined to it so far."""
        made: FromClause = self.alias
        for alias, on in self._joins:
            made = made.outerjoin(alias, on)
        return made

    @property
    def aliases(self) -> list[NamedFromClause[Any]]:
        """The tables that a subquery may name: this scope's and those around it."""
        mine = [self.alias, *(alias for alias, _ in self._joins)]
        return [*mine, *(self._outer.aliases if self._outer else ())]

    # --- paths ---
    def columns(self, path: Shape) -> tuple[Column, ...]:
        """Return the columns at which a path ends: two of money, one of anything else."""
        of, alias = self._end(path)
        last = path[-1]
        if last[0] == "field":
            return tuple(alias.c[name] for name in column_names(declaration_of(of), last[1]))
        if last[0] == "fold":
            return (alias.c[f"{last[1]}_fold"],)
        if last[0] == "custom":
            return (self._custom(of, alias, last[1], last[2]),)
        return (alias.c.id,)

    def _end(self, path: Shape) -> tuple[type[Record], NamedFromClause[Any]]:
        """Return the record type and table at which a path ends."""
        of, alias = self.of, self.alias
        for length, step in enumerate(path, start=1):
            if step[0] in ("to", "latest"):
                of, alias = self._reached(path[:length], of, alias)
        return of, alias

    def _custom(self, of: type[Record], alias: NamedFromClause[Any], key: str, kind: Kind) -> Column:
        name = custom_column_name(key, kind)
        if name in self._tables.custom_columns(of):
            return literal_column(f"{alias.name}.{self.database.sql.identifier_preparer.quote(name)}")
        return self.database.custom(alias.c.custom, key, kind)

    def reached(self, way: Shape) -> NamedFromClause[Any]:
        """Return the table that a reference of the subject leads to."""
        return self._reached(way, self.of, self.alias)[1]

    def column(self, path: Shape) -> Column:
        """Return the first column of a path: of money the minor units."""
        return self.columns(path)[0]

    def _reached(
        self, way: Shape, of: type[Record], alias: NamedFromClause[Any]
    ) -> tuple[type[Record], NamedFromClause[Any]]:
        """Return the record type and table that a way reaches, joined once."""
        if way not in self._joined:
            step = way[-1]
            self._joined[way] = self._follow(step, of, alias) if step[0] == "to" else self._latest(step, alias)
        return self._joined[way]

    def _follow(
        self, step: Shape, of: type[Record], alias: NamedFromClause[Any]
    ) -> tuple[type[Record], NamedFromClause[Any]]:
        _, name, target, guard = step
        (column,) = column_names(declaration_of(of), name)
        reached = self._new_alias(target)
        on: Column = reached.c.id == alias.c[column]
        if guard is not None:
            on = and_(on, self._about(target, reached, guard))
        self._joins.append((reached, on))
        return target, reached

    def _about(self, of: type[Record], reached: NamedFromClause[Any], guard: Shape) -> Column:
        """Return a condition on a joined record; one that reaches further is asked of the record by its id."""
        inner = Scope(of, self._tables, self.database, self)
        held = inner.where(guard)
        return exists(inner.select(inner.alias.c.id).where(inner.alias.c.id == reached.c.id, held).correlate(reached))

    def _latest(self, step: Shape, alias: NamedFromClause[Any]) -> tuple[type[Record], NamedFromClause[Any]]:
        _, of, field, where, by, _ = step
        inner = Scope(of, self._tables, self.database, self)
        (name,) = column_names(declaration_of(of), field)
        conditions = [inner.alias.c[name] == alias.c.id, *([inner.where(where)] if where is not None else [])]
        keys = [self.database.ordered(key, descending=True) for key in reversed(inner.columns(by))]
        last = self.database.ordered(inner.alias.c.id, descending=True)
        asked = inner.select(inner.alias.c.id).where(*conditions).order_by(*keys, last).limit(literal_column("1"))
        reached = self._new_alias(of)
        self._joins.append((reached, reached.c.id == asked.correlate(alias).scalar_subquery()))
        return of, reached

    def select(self, *columns: Any) -> Any:
        """Return a SELECT from what is joined by now: write the conditions first."""
        return select(*columns).select_from(self.source)

    # --- conditions ---
    def where(self, shape: Shape) -> Column:
        """Return a condition; NULL counts as false."""
        kind = shape[0]
        if kind in ("and", "or"):
            return self._balanced(and_ if kind == "and" else or_, shape[1])
        if kind in ("true", "false"):
            return true() if kind == "true" else false()
        if kind == "not":
            leaf = shape[1]
            if leaf[0] == "missing":
                return self.column(leaf[1]).is_not(None)
            return ~self.where(leaf) if leaf[0] == "has" else self.where(leaf).is_not(true())
        return self._leaf(shape)

    def _balanced(self, join: Callable[..., Column], parts: Sequence[Shape]) -> Column:
        """Join many parts as a tree: databases limit how deep an expression may be."""
        if len(parts) <= 50:
            return join(*map(self.where, parts))
        half = len(parts) // 2
        return join(self._balanced(join, parts[:half]).self_group(), self._balanced(join, parts[half:]).self_group())

    def _leaf(self, shape: Shape) -> Column:
        match shape:
            case ("cmp", path, op, number):
                return compare(self.column(path), op, slot(number))
            case ("missing", path):
                return self.column(path).is_(None)
            case ("money", path, op, currency, number):
                return self._money(path, op, currency, number)
            case ("in", path, numbers):
                return self.column(path).in_([slot(number) for number in numbers])
            case ("among", path, kind, number):
                return self.database.among(self.column(path), kind, slot(number))
            case ("range", path, start, end):
                column = self.column(path)
                return column >= slot(start) if end is None else (column >= slot(start)) & (column < slot(end))
            case ("holds", path, number, trigrams):
                return self._holds(path, slot(number), trigrams)
            case ("pair", left, op, right, kind, mine, theirs):
                return self._pair(left, op, right, kind, mine, theirs)
            case ("has", of, field, where, n):
                return self._has(of, field, where, n)
            case _:
                raise AssertionError(shape)

    def _holds(self, path: Shape, needle: Column, trigrams: int | None) -> Column:
        """Return whether a text has the needle in it; an index of ours chooses the rows that are looked at."""
        if path[-1][0] != "fold":
            return self.database.holds(self.column(path), needle)
        text: Any = self.column(path)
        held = self.database.contains(text, needle)
        index = self._tables.text_index(self._end(path)[0])
        if index is None or trigrams is None or text.name not in index.columns.values():
            return held
        return and_(index.chosen(text.table.c.id, text.name, slot(trigrams)), held)

    def _money(self, path: Shape, op: str, currency: int, number: int | None) -> Column:
        minor, code = self.columns(path)
        same = code == slot(currency)
        if number is None:
            return same if op == "any" else false()
        return and_(compare(minor, op, slot(number)), same)

    def _pair(self, left: Shape, op: str, right: Shape, kind: str, mine: int, theirs: int) -> Column:
        (a, *a_currency), (b, *b_currency) = self.columns(left), self.columns(right)
        if kind == "money":
            return and_(compare(a, op, b), a_currency[0] == b_currency[0])
        return scaled_pair(a, mine, op, b, theirs)

    def _has(self, of: type[Record], field: str, where: Shape | None, n: int | None) -> Column:
        inner = Scope(of, self._tables, self.database, self)
        (name,) = column_names(declaration_of(of), field)
        conditions = [inner.alias.c[name] == self.alias.c.id, *([inner.where(where)] if where is not None else [])]
        if n is None:
            return exists(inner.select(inner.alias.c.id).where(*conditions).correlate(self.alias))
        counted = inner.select(func.count()).where(*conditions).correlate(self.alias)
        return counted.scalar_subquery() >= slot(n)  # type: ignore[no-any-return]  # a comparison is a column
