"""What a store works out once and keeps: the layout of each record type, and the statement of each shape of question."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar, cast

from sqlalchemy import FromClause, Table, bindparam, literal, select

from crmkit.builtin.sql.columns import default_values
from crmkit.builtin.sql.compile.counting import Counting, TallyShape, compile_tally
from crmkit.builtin.sql.compile.finding import FindShape, FindStatement, compile_find
from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.layout import Compiled, Layout, compiled
from crmkit.builtin.sql.tables import CUSTOM_COLUMNS
from crmkit.builtin.sql.trigrams import TEXT_INDEX, TextIndex
from crmkit.errors import InvalidError
from crmkit.records import LedgerEntry, Record, declaration_of

R = TypeVar("R", bound=Record)
S = TypeVar("S")
_STATEMENTS = 500
"""How many statements are kept; the one that was not used longest goes first."""
_FEW = 50
"""A transaction that has written no more puts texts into an index for others too."""
_WORTH = 500
"""So many texts were written before one does."""


class Catalogue:
    """The record types of a store in one schema, under one prefix.

    Attributes:
        types: the record types by name, the ledger's own among them.
        absent: by record type, the columns that its table has not yet: it is declared newer than it is kept.
        custom: by record type, the columns of custom fields that its table has.
        texts: by record type, the index of trigrams that is kept of its texts.
        is_known: somebody has looked what is there.
    """

    def __init__(self, types: Iterable[type[Record]], database: Database, *, schema: str, prefix: str) -> None:
        self.types: dict[str, type[Record]] = {declaration_of(of).name: of for of in (*types, LedgerEntry)}
        self.database, self.schema, self.prefix = database, schema, prefix
        self.absent: Mapping[str, frozenset[str]] = {}
        self.custom: Mapping[str, frozenset[str]] = {}
        self.is_known = False
        self.texts: Mapping[str, TextIndex] = {}
        self._unindexed: Counter[str] = Counter()
        self._layouts: dict[type[Record], Layout[Any]] = {}
        self._statements: OrderedDict[Hashable, Any] = OrderedDict()

    def layout(self, of: type[R]) -> Layout[R]:
        """Return the layout of a record type.

        Raises:
            InvalidError: it is none of the store's.
        """
        found = self._layouts.get(of)
        if found is None:
            name = declaration_of(of).name
            if self.types.get(name) is not of:
                raise InvalidError(
                    f"The store does not know the record type {name!r}: open it with {of.__name__}.",
                    code="unknown_type",
                )
            found = self._layouts[of] = Layout(of, self.database, prefix=self.prefix, schema=self.schema)
            self._note(found)
        return cast("Layout[R]", found)

    def table(self, of: type[Record]) -> Table:
        """Return the table of a record type."""
        return self.layout(of).table

    def learn(
        self,
        absent: Mapping[str, frozenset[str]],
        custom: Mapping[str, frozenset[str]],
        texts: Mapping[str, TextIndex],
    ) -> None:
        """Take note of what the tables have not yet, where questions read the fields' defaults, and of what else they have."""
        self.is_known = True
        if (absent, custom, texts) != (self.absent, self.custom, self.texts):
            self.absent, self.custom, self.texts = absent, custom, texts
            for layout in self._layouts.values():
                self._note(layout)
            self._statements.clear()

    def due(self, written: Mapping[type[Record], int]) -> list[TextIndex]:
        """Return the indexes of trigrams into which a transaction that has written these puts texts before it ends.

        Many at once wait for ``Store.tend``; few are counted, until they are worth it.
        """
        counts = {declaration_of(of).name: n for of, n in written.items() if declaration_of(of).name in self.texts}
        self._unindexed.update(counts)
        due = [name for name in counts if self._unindexed[name] >= _WORTH and sum(counts.values()) <= _FEW]
        for name in due:
            del self._unindexed[name]
        return [self.texts[name] for name in due]

    def _note(self, layout: Layout[Any]) -> None:
        name, noted = layout.declaration.name, layout.table.info
        noted[CUSTOM_COLUMNS], noted[TEXT_INDEX] = self.custom.get(name, ()), self.texts.get(name)

    def source(self, of: type[Record]) -> FromClause:
        """Return what questions on a record type read: its table, with defaults for the columns that are not there."""
        layout = self.layout(of)
        absent = self.absent.get(layout.declaration.name)
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

    def find_statement(self, shape: FindShape) -> FindStatement:
        """Return the statement of a question of this shape."""
        of = shape.of if shape.follow is None else shape.follow[-1][2]
        return self._kept(shape, lambda: compile_find(shape, self.layout(of).read, self.source, self.database))

    def tally_statements(self, shape: TallyShape) -> list[Counting]:
        """Return the statements of a tally of this shape."""
        return self._kept(shape, lambda: compile_tally(shape, self.source, self.database))

    def get_statement(self, of: type[Record], n: int) -> Compiled:
        """Return the statement that asks for n records by their ids."""
        return self._kept((of, n), lambda: self._get(of, n))

    def _get(self, of: type[Record], n: int) -> Compiled:
        columns = self.source(of).c
        asked = select(*(columns[name] for name in self.layout(of).read))
        return compiled(asked.where(columns.id.in_([bindparam(f"p{i}") for i in range(n)])), self.database)

    def tail_statement(self, of: type[Record]) -> str | None:
        """Return the statement that asks for the ids of four tails; None where the database can not look at them."""
        column = self.table(of).c.id
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
