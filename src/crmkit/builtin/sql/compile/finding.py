"""Questions that find records: from a bound question to a statement, and from its rows to a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

import attrs
from sqlalchemy import ColumnElement, and_, or_

from crmkit.builtin.sql.compile.pairs import compare
from crmkit.builtin.sql.compile.scope import Scope, Tables, slot
from crmkit.builtin.sql.compile.shape import Shape, Shaper, ends_of
from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.layout import Compiled, Row, compiled
from crmkit.errors import InvalidError
from crmkit.query import Find, cursor_of, keys_of
from crmkit.records import Record, declaration_of

R = TypeVar("R", bound=Record)
Column: TypeAlias = ColumnElement[Any]
_ID: Final[Shape] = (("field", "id"),)


class FindShape(
    NamedTuple
):  # no attrs class: it is made, hashed and compared for each question (measured: less than half of the time)
    """All of a question but its constants; two that are equal have one statement.

    Attributes:
        keys: the order: path, its kind, whether it descends, whether its place in the cursor is missing (None: no cursor).
        limit: the slot of how many rows are asked for.
        follow: the way to the record that is read in the place of the one that is found.
    """

    of: type[Record]
    where: Shape | None
    keys: tuple[tuple[Shape, str, bool], ...]
    after: tuple[int | None, ...] | None
    limit: int | None
    follow: Shape | None = None


def shape_of(question: Find[Any], database: Database, follow: Shape | None = None) -> tuple[FindShape, list[Any]]:
    """Return the shape of a question, and its constants.

    Raises:
        InvalidError: it is not bound, or its cursor is none of it.
    """
    shaper = Shaper(database)
    where = shaper.where(question.where)
    keys = [(shaper.path(key.path), ends_of(key.path).kind, key.descending) for key in question.order]
    if not keys or keys[-1][0] != _ID:
        keys.append((_ID, "ref", question.id_descending))
    after = None if question.after is None else _after(question.after, keys, shaper)
    limit = None if question.limit is None else shaper.slot(question.limit + 1)
    return FindShape(question.of, where, tuple(keys), after, limit, follow), shaper.slots


def _width(kind: str) -> int:
    return 2 if kind == "money" else 1


def _after(cursor: str, keys: Sequence[tuple[Shape, str, bool]], shaper: Shaper) -> tuple[int | None, ...]:
    """Return the slots of a cursor's values, one per column of the order; None where the value is missing."""
    written = keys_of(cursor, sum(_width(kind) for _, kind, _ in keys))
    kinds = [kind for _, kind, _ in keys for _ in range(_width(kind))]
    values = [_cursor_value(value, kind, shaper.database) for value, kind in zip(written, kinds, strict=True)]
    return tuple(None if value is None else shaper.slot(value) for value in values)


_NUMBERS: Final = frozenset({"int", "decimal", "instant"})


def _cursor_value(value: Any, kind: str, database: Database) -> Any:
    """Return a cursor's value as the database compares it.

    Raises:
        InvalidError: it is none of this kind.
    """
    fits = value is None or (
        isinstance(value, int)
        if kind in _NUMBERS
        else isinstance(value, str | int if kind in ("money", "bool") else str)
    )
    if not fits:
        raise InvalidError(f"{value!r} is no place in an order of {kind}: use the `next` of a page.", code="cursor")
    if value is None or kind not in ("ref", "digest"):
        return bool(value) if kind == "bool" and value is not None else value
    try:
        return database.bytes_kept(bytes.fromhex(value), kind)
    except ValueError:
        raise InvalidError(f"{value!r} is no id: use the `next` of a page.", code="cursor") from None


@attrs.frozen
class FindStatement:
    """The statement of a shape.

    Attributes:
        statement: its text and parameters; a row begins with the record's columns, the order's may follow.
        places: where the order's columns stand in a row.
    """

    statement: Compiled
    places: tuple[int, ...]

    def cursor(self, row: Row) -> str:
        """Return the cursor after a row."""
        return cursor_of([_written(row[place]) for place in self.places])


def _written(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return value.hex()
    return value.hex if isinstance(value, UUID) else value


def _order(keys: Sequence[_Key], own_id: Any, database: Database) -> list[Any]:
    """Return the order. The id alone is never missing, and is told as the primary key has it: else each page would be sorted anew."""
    if len(keys) == 1 and keys[0].column is own_id:
        return [own_id.desc() if keys[0].descending else own_id.asc()]
    return [database.ordered(key.column, descending=key.descending) for key in keys]


def compile_find(shape: FindShape, columns: Sequence[str], tables: Tables, database: Database) -> FindStatement:
    """Return the statement of a shape; ``columns`` are the record's, in the order of its row."""
    scope = Scope(shape.of, tables, database)
    where = None if shape.where is None else scope.where(shape.where)
    there = _certain(shape)
    keys = [
        _Key(column, descending, path in there)
        for path, _, descending in shape.keys
        for column in reversed(scope.columns(path))
    ]
    read = scope.alias if shape.follow is None else scope.reached(shape.follow)
    mine = [read.c[name] for name in columns]
    more = [key.column for key in keys if not any(key.column is own for own in mine)]
    statement = scope.select(*mine, *(column.label(f"k{n}") for n, column in enumerate(more)))
    if where is not None:
        statement = statement.where(where)
    if shape.after is not None:
        statement = statement.where(_is_after(keys, shape.after))
    statement = statement.order_by(*_order(keys, scope.alias.c.id, database))
    if shape.limit is not None:
        statement = statement.limit(slot(shape.limit))
    selected = [*mine, *more]
    places = tuple(next(n for n, one in enumerate(selected) if one is key.column) for key in keys)
    return FindStatement(compiled(statement, database), places)


class _Key(NamedTuple):
    """One column of an order; ``is_there``: it is missing in none of the rows that are asked for."""

    column: Column
    descending: bool
    is_there: bool


def _certain(shape: FindShape) -> set[Shape]:
    """Return the paths at which every row that is asked for has a value: required fields, and what a condition says."""
    fields = declaration_of(shape.of).by_name.values()
    found: set[Shape] = {(("field", field.name),) for field in fields if not field.optional}
    where = shape.where or ("and", ())
    for part in where[1] if where[0] == "and" else (where,):
        if part[0] in ("cmp", "money", "in", "among", "range"):
            found.add(part[1])
        elif part[0] == "not" and part[1][0] == "missing":
            found.add(part[1][1])
    return found


def _is_after(keys: Sequence[_Key], places: Sequence[int | None]) -> Column:
    """Return whether a row comes after a place: greater in the first key, or equal there and after it in the rest."""
    key, place = keys[0], places[0]
    beyond = _beyond(key, place)
    if len(keys) == 1:
        return beyond
    equal = key.column.is_(None) if place is None else compare(key.column, "==", slot(place))
    after = or_(beyond, and_(equal, _is_after(keys[1:], places[1:])))
    if place is None or (key.descending and not key.is_there):
        return after
    # The same once more as a range: an index is entered at the place, and not read from its beginning.
    return and_(compare(key.column, "<=" if key.descending else ">=", slot(place)), after)


def _beyond(key: _Key, place: int | None) -> Column:
    column = key.column
    if place is None:  # missing is smallest: nothing lies below it, everything else above it
        return column.is_(None) & column.is_not(None) if key.descending else column.is_not(None)
    if not key.descending:
        return compare(column, ">", slot(place))
    below = compare(column, "<", slot(place))
    return below if key.is_there else or_(below, column.is_(None))
