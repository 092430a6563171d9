"""What follows from declarations, a place, and how its tables stand: worked out once, for every store of this process.

Nothing in it belongs to a store, so what a second CRM, or the same one opened again, would work out anew is there already.
Two share it where all that it follows from is the same: a record type more or less, another declaration of one (which is
another class), another database, schema or prefix, or a column that is not there yet, and nothing is shared. Both memories are
bounded; a store that is open keeps what it uses by itself.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

import attrs
from sqlalchemy import FromClause, bindparam, literal, select

from crmkit.builtin.sql.columns import default_values
from crmkit.builtin.sql.compile.counting import Counting, TallyShape, compile_tally
from crmkit.builtin.sql.compile.finding import FindShape, FindStatement, compile_find
from crmkit.builtin.sql.compile.scope import Tables
from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.layout import Compiled, Layout, compiled
from crmkit.builtin.sql.trigrams import TextIndex
from crmkit.errors import InvalidError
from crmkit.records import FrozenMap, Record, declaration_of

R = TypeVar("R", bound=Record)
S = TypeVar("S")
_STATEMENTS: Final = 500
"""How many statements are kept; the one that was made first goes first."""
_LAYOUTS: Final = 500
"""How many layouts are remembered when no store uses them: those of some ten CRMs."""
_STANDINGS: Final = 20
"""How many sets of statements are."""


@attrs.frozen
class Place:
    """Where tables are: the database, and the schema and the prefix of their names."""

    database: Database
    schema: str = ""
    prefix: str = ""


@attrs.frozen
class Standing:
    """How the tables of a place stand, each by the name of its record type.

    Attributes:
        absent: the columns that a table has not yet: the type is declared newer than it is kept.
        custom: the columns of custom fields that it has.
        texts: the index of trigrams that is kept of its texts.
    """

    absent: Mapping[str, frozenset[str]] = attrs.field(factory=FrozenMap, converter=FrozenMap)
    custom: Mapping[str, frozenset[str]] = attrs.field(factory=FrozenMap, converter=FrozenMap)
    texts: Mapping[str, TextIndex] = attrs.field(factory=FrozenMap, converter=FrozenMap)


@lru_cache(_LAYOUTS)
def _layout(of: type[Any], place: Place) -> Layout[Any]:
    return Layout(of, place.database, prefix=place.prefix, schema=place.schema)


@lru_cache(_STANDINGS)
def prepared(types: frozenset[type[Record]], place: Place, standing: Standing) -> Prepared:
    """Return what follows from these; the same again while it is remembered."""
    return Prepared(types, place, standing)


class Prepared(Tables):
    """The layouts of record types in one place as it stands, and the statement of each shape of question on them."""

    def __init__(self, types: frozenset[type[Record]], place: Place, standing: Standing) -> None:
        self.standing, self.database = standing, place.database
        self._types, self._place = types, place
        self._layouts: dict[type[Record], Layout[Any]] = {}
        self._statements: OrderedDict[Hashable, Any] = OrderedDict()

    def layout(self, of: type[R]) -> Layout[R]:
        """Return the layout of a record type.

        Raises:
            InvalidError: it is none of these.
        """
        found = self._layouts.get(of)
        if found is None:
            if of not in self._types:
                raise InvalidError(
                    f"The store does not know the record type {declaration_of(of).name!r}: open it with {of.__name__}.",
                    code="unknown_type",
                )
            known: Any = of
            found = self._layouts.setdefault(of, _layout(known, self._place))
        return cast("Layout[R]", found)

    # --- what questions read ---
    def source(self, of: type[Record]) -> FromClause:
        """Return what questions on a record type read: its table, with defaults for the columns that are not there."""
        layout = self.layout(of)
        absent = self.standing.absent.get(layout.declaration.name)
        if not absent:
            return layout.table
        values: dict[str, Any] = {}
        for field in layout.declaration.stored:
            values |= default_values(of, field, self.database)
        columns: list[Any] = [
            literal(values[column.name], column.type).label(column.name) if column.name in absent else column
            for column in layout.table.c
        ]
        return select(*columns).subquery(f"{layout.declaration.name}_then")

    def custom_columns(self, of: type[Record]) -> frozenset[str]:
        """Return the columns of custom fields that its table has; none where it is not the table that is read."""
        name = declaration_of(of).name
        return frozenset() if self.standing.absent.get(name) else self.standing.custom.get(name, frozenset())

    def text_index(self, of: type[Record]) -> TextIndex | None:
        """Return the index of its texts; None where it has none, or where it is not the table that is read."""
        name = declaration_of(of).name
        return None if self.standing.absent.get(name) else self.standing.texts.get(name)

    # --- statements ---
    def find_statement(self, shape: FindShape) -> FindStatement:
        """Return the statement of a question of this shape."""
        found: FindStatement | None = self._statements.get(shape)
        if found is not None:
            return found
        of = shape.of if shape.follow is None else shape.follow[-1][2]
        return self._kept(shape, lambda: compile_find(shape, self.layout(of).read, self, self.database))

    def tally_statements(self, shape: TallyShape) -> list[Counting]:
        """Return the statements of a tally of this shape."""
        return self._kept(shape, lambda: compile_tally(shape, self, self.database))

    def get_statement(self, of: type[Record], n: int) -> Compiled:
        """Return the statement that asks for n records by their ids."""
        return self._kept((of, n), lambda: self._get(of, n))

    def _get(self, of: type[Record], n: int) -> Compiled:
        columns = self.source(of).c
        asked = select(*(columns[name] for name in self.layout(of).read))
        return compiled(asked.where(columns.id.in_([bindparam(f"p{i}") for i in range(n)])), self.database)

    def tail_statement(self, of: type[Record]) -> str | None:
        """Return the statement that asks for the ids of four tails; None where the database can not look at them."""
        column = self.layout(of).table.c.id
        tail = self.database.tail(column)
        if tail is None:
            return None
        tails: list[Any] = [bindparam(f"p{i}") for i in range(4)]
        return self._kept((of, "tail"), lambda: compiled(select(column).where(tail.in_(tails)), self.database).text)

    def _kept(self, shape: Hashable, compile_: Callable[[], S]) -> S:
        found: S | None = self._statements.get(shape)
        if found is None:
            found = self._statements[shape] = compile_()
            if len(self._statements) > _STATEMENTS:
                self._statements.popitem(last=False)
        return found
