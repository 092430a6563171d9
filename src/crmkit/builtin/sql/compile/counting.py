"""Tallies: the shape of one, and the statements that count it.

One statement groups the records by the keys and counts what one row per cell can hold. What is kept by currency (money)
is counted in a statement of its own, and so is each quantile, from ranks within the cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import attrs
from sqlalchemy import ColumnElement, Double, Subquery, and_, case, func, literal_column, or_, select

from crmkit.builtin.sql.columns import reader
from crmkit.builtin.sql.compile.measures import Measured, at_quantile, measured, value_columns
from crmkit.builtin.sql.compile.scope import Scope, Tables, slot
from crmkit.builtin.sql.compile.shape import Shape, Shaper, ends_of
from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.layout import Compiled, compiled
from crmkit.errors import UnsupportedError
from crmkit.query import Bucket, Component, Difference, Key, Path, Product, Tally
from crmkit.records import Record
from crmkit.records.times import micros

Column: TypeAlias = ColumnElement[Any]
KeyReader: TypeAlias = tuple[int, Callable[..., Sequence[Any]] | None]
_ONE: Final[Column] = literal_column("1")


class Part(NamedTuple):
    """The shape of one component.

    Attributes:
        of: ``("path", path, kind, places)``, ``("difference" | "product", left, right, kind, places, places)``, or None.
        q: the slot of a quantile's place.
    """

    measure: str
    of: Shape | None
    where: Shape | None
    q: int | None

    @property
    def is_money(self) -> bool:
        """It is measured in each currency apart."""
        return self.of is not None and self.of[0] == "path" and self.of[2] == "money" and self.measure != "distinct"


class TallyShape(NamedTuple):
    """All of a tally but its constants; see ``FindShape``.

    Attributes:
        keys: ``("key", path, kind, places)`` or ``("bucket", path, slots of the edges)``.
        last: the paths of ``one_per`` and of what it is the last by.
    """

    of: type[Record]
    where: Shape | None
    keys: tuple[Shape, ...]
    last: tuple[Shape, Shape] | None
    parts: tuple[Part, ...]


def shape_of_tally(question: Tally, database: Database) -> tuple[TallyShape, list[Any]]:
    """Return the shape of a tally, and its constants."""
    shaper = Shaper(database)
    where = shaper.where(question.where)
    keys = tuple(_key(key, shaper) for key in question.by)
    parts = tuple(_part(component, shaper) for component in question.components.values())
    return TallyShape(question.of, where, keys, _last(question, shaper), parts), shaper.slots


def _key(key: Key, shaper: Shaper) -> Shape:
    if isinstance(key, Bucket):
        return ("bucket", shaper.path(key.path), tuple(shaper.slot(micros(edge)) for edge in key.edges))
    ends = ends_of(key)
    return ("key", shaper.path(key), ends.kind, ends.places)


def _last(question: Tally, shaper: Shaper) -> tuple[Shape, Shape] | None:
    if question.one_per is None:
        return None
    by = question.one_per_by
    if by is None:
        by = next(key.path for key in question.by if isinstance(key, Bucket))
    return shaper.path(question.one_per), shaper.path(by)


def _part(component: Component, shaper: Shaper) -> Part:
    where = shaper.where(component.where)
    q = shaper.slot(component.q) if component.measure == "quantile" else None
    return Part(component.measure, _expression(component.of, shaper), where, q)


def _expression(of: Path | Difference | Product | None, shaper: Shaper) -> Shape | None:
    if of is None:
        return None
    if isinstance(of, Path):
        ends = ends_of(of)
        return ("path", shaper.path(of), ends.kind, ends.places)
    left, right = ends_of(of.left), ends_of(of.right)
    numbers = {"int", "decimal"} if isinstance(of, Product) or left.kind != "instant" else {"instant"}
    if not {left.kind, right.kind} <= numbers:
        raise UnsupportedError(f"{of.left} and {of.right} have no difference or product that can be counted.")
    name = "product" if isinstance(of, Product) else "difference"
    return (name, shaper.path(of.left), shaper.path(of.right), left.kind, left.places, right.places)


# --- statements ---
@attrs.frozen
class Counting:
    """One statement of a tally.

    Attributes:
        keys: for each key how many columns it has, and how they are read; None where they are the number of a period.
        width: how many columns they have together; then comes the currency, where it is of money.
        parts: of the tally's components those that it counts: their places, and how their columns are read.
    """

    statement: Compiled
    keys: tuple[KeyReader, ...]
    width: int
    is_money: bool
    parts: Mapping[int, Measured]


def compile_tally(shape: TallyShape, tables: Tables, database: Database) -> list[Counting]:
    """Return the statements of a tally; the first one finds all of its cells.

    Where all but the money is counts, they are counted by currency too, and added up: one statement less.
    """
    plain, money = _plain(shape), list(_by_money(shape))
    if money and all(shape.parts[n].measure == "count" for n in plain):
        money[0] += plain
        made = []
    else:
        made = [_grouped(shape, plain, tables, database, is_money=False)]
    made += [_grouped(shape, places, tables, database, is_money=True) for places in money]
    made += [_ranked(shape, n, tables, database) for n, part in enumerate(shape.parts) if part.measure == "quantile"]
    return made


def _plain(shape: TallyShape) -> list[int]:
    return [n for n, part in enumerate(shape.parts) if part.measure != "quantile" and not part.is_money]


def _by_money(shape: TallyShape) -> Iterator[list[int]]:
    money = [n for n, part in enumerate(shape.parts) if part.is_money and part.measure != "quantile"]
    for of in dict.fromkeys(shape.parts[n].of for n in money):
        yield [n for n in money if shape.parts[n].of == of]


def _grouped(
    shape: TallyShape, places: Sequence[int], tables: Tables, database: Database, *, is_money: bool
) -> Counting:
    base = _Base(shape, places, tables, database)
    groups = [*base.keys, *([base.values[places[0]][1]] if is_money else [])]
    made = {n: measured(shape.parts[n].measure, shape.parts[n].of, base.values[n], database) for n in places}
    columns = [column for one in made.values() for column in one.columns]
    statement = select(*_labelled(groups), *(columns or [func.count()])).select_from(base.table).where(*base.conditions)
    return Counting(
        compiled(statement.group_by(*groups), database), _readers(shape, database), len(base.keys), is_money, made
    )


def _ranked(shape: TallyShape, place: int, tables: Tables, database: Database) -> Counting:
    part = shape.parts[place]
    assert part.of is not None  # a quantile has a value, and a place
    assert part.q is not None
    base = _Base(shape, [place], tables, database)
    values = base.values[place]
    groups = [*base.keys, *([values[1]] if part.is_money else [])]
    number = values[0]
    partition = groups or None
    ranks = (
        select(
            *_labelled(groups),
            number.label("v"),
            func.row_number().over(partition_by=partition, order_by=number).label("rank"),
            func.count().over(partition_by=partition).label("n"),
        )
        .select_from(base.table)
        .where(*base.conditions, number.is_not(None))
        .subquery("r")
    )
    low = database.floor((ranks.c.n - _ONE) * slot(part.q, Double())) + _ONE
    statement = select(*ranks.c).where(or_(ranks.c.rank == low, ranks.c.rank == low + _ONE))
    reading = at_quantile(part.of)
    keys = _readers(shape, database)
    return Counting(compiled(statement, database), keys, len(base.keys), part.is_money, {place: reading})


def _readers(shape: TallyShape, database: Database) -> tuple[KeyReader, ...]:
    made = [
        (1, None) if key[0] == "bucket" else (2 if key[2] == "money" else 1, reader(key[2], key[3], database))
        for key in shape.keys
    ]
    return tuple(made)


def _labelled(columns: Sequence[Column]) -> list[Any]:
    return [column.label(f"x{n}") for n, column in enumerate(columns)]


class _Base:
    """The records that a tally is about, each with its keys and the values that are measured, as a table.

    Attributes:
        conditions: what still has to hold of a row: that it is the last one.
    """

    def __init__(self, shape: TallyShape, places: Sequence[int], tables: Tables, database: Database) -> None:
        scope = Scope(shape.of, tables, database)
        where = [] if shape.where is None else [scope.where(shape.where)]
        keys: list[Column] = []
        for key in shape.keys:
            columns, conditions = _key_columns(key, scope)
            keys += columns
            where += conditions
        values = {n: _values(shape.parts[n], scope) for n in places}
        named = {f"k{n}": column for n, column in enumerate(keys)}
        named |= {f"v{n}_{m}": column for n, columns in values.items() for m, column in enumerate(columns)}
        last = _last_columns(shape.last, keys, scope) if shape.last else {}
        chosen = [column.label(name) for name, column in {**named, **last}.items()] or [_ONE.label("one")]
        self.table: Subquery = scope.select(*chosen).where(*where).subquery("b")
        self.keys: list[Column] = [self.table.c[f"k{n}"] for n in range(len(keys))]
        self.values = {n: [self.table.c[f"v{n}_{m}"] for m in range(len(columns))] for n, columns in values.items()}
        self.conditions = [or_(self.table.c.rank == _ONE, self.table.c.per.is_(None))] if shape.last else []


def _key_columns(key: Shape, scope: Scope) -> tuple[list[Column], list[Column]]:
    """Return the columns of a key, and the conditions of lying in one of its periods."""
    if key[0] == "key":
        return list(scope.columns(key[1])), []
    at, edges = scope.column(key[1]), key[2]
    within = and_(at >= slot(edges[0]), at < slot(edges[-1]))
    return [_period(at, edges, 0, len(edges) - 1)], [within]


def _period(at: Column, edges: Sequence[int], first: int, after: int) -> Column:
    """Return the number of the period from ``first`` to before ``after`` in which an instant lies, by halving."""
    if after - first == 1:
        return literal_column(str(first))
    middle = (first + after) // 2
    return case((at < slot(edges[middle]), _period(at, edges, first, middle)), else_=_period(at, edges, middle, after))


def _values(part: Part, scope: Scope) -> list[Column]:
    columns: list[Column] = [_ONE] if part.of is None else value_columns(part.of, scope)
    if part.where is None:
        return columns
    holds = scope.where(part.where)
    first = case((holds, columns[0]))
    return [first, *columns[1:]]


def _last_columns(last: tuple[Shape, Shape], keys: Sequence[Column], scope: Scope) -> dict[str, Column]:
    per, by = scope.columns(last[0]), scope.columns(last[1])
    order = [scope.database.ordered(column, descending=True) for column in reversed(by)]
    order.append(scope.database.ordered(scope.alias.c.id, descending=True))
    rank = func.row_number().over(partition_by=[*keys, *per], order_by=order)
    return {"per": per[0], "rank": rank}
