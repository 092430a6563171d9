"""The record types of one store, in one place: what is known of its tables, and what was worked out for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from sqlalchemy import Table

from crmkit.builtin.sql.compile.counting import Counting, TallyShape
from crmkit.builtin.sql.compile.finding import FindShape, FindStatement
from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.layout import Compiled, Layout
from crmkit.builtin.sql.prepared import Place, Standing, prepared
from crmkit.builtin.sql.trigrams import TextIndex
from crmkit.records import LedgerEntry, Record, declaration_of

R = TypeVar("R", bound=Record)
_FEW = 50
"""A transaction that has written no more puts texts into an index for others too."""
_WORTH = 500
"""So many texts were written before one does."""


class Catalogue:
    """The record types of a store in one schema, under one prefix.

    Attributes:
        types: the record types by name, the ledger's own among them.
        is_known: somebody has looked what is there.
    """

    def __init__(self, types: Iterable[type[Record]], database: Database, *, schema: str, prefix: str) -> None:
        self.types: dict[str, type[Record]] = {declaration_of(of).name: of for of in (*types, LedgerEntry)}
        self.database, self.schema, self.prefix = database, schema, prefix
        self.is_known = False
        self._unindexed: dict[str, int] = {}
        self._stand(Standing())

    def _stand(self, standing: Standing) -> None:
        """One assignment: a question that is asked meanwhile is of the one standing or of the other."""
        place = Place(self.database, self.schema, self.prefix)
        self._prepared = prepared(frozenset(self.types.values()), place, standing)

    @property
    def absent(self) -> Mapping[str, frozenset[str]]:
        """By record type, the columns that its table has not yet: it is declared newer than it is kept."""
        return self._prepared.standing.absent

    @property
    def custom(self) -> Mapping[str, frozenset[str]]:
        """By record type, the columns of custom fields that its table has."""
        return self._prepared.standing.custom

    @property
    def texts(self) -> Mapping[str, TextIndex]:
        """By record type, the index of trigrams that is kept of its texts."""
        return self._prepared.standing.texts

    def learn(
        self,
        absent: Mapping[str, frozenset[str]],
        custom: Mapping[str, frozenset[str]],
        texts: Mapping[str, TextIndex],
    ) -> None:
        """Take note of what the tables have not yet, where questions read the fields' defaults, and of what else they have."""
        self.is_known = True
        standing = Standing(absent, custom, texts)
        if standing != self._prepared.standing:
            self._stand(standing)

    def due(self, written: Mapping[type[Record], int]) -> list[TextIndex]:
        """Return the indexes of trigrams into which a transaction that has written these puts texts before it ends.

        Many at once wait for ``Store.tend``; few are counted, until they are worth it.
        """
        texts = self.texts
        counts = {declaration_of(of).name: n for of, n in written.items() if declaration_of(of).name in texts}
        for name, n in counts.items():
            self._unindexed[name] = self._unindexed.get(name, 0) + n
        due = [name for name in counts if self._unindexed.get(name, 0) >= _WORTH and sum(counts.values()) <= _FEW]
        for name in due:
            self._unindexed.pop(name, None)  # another thread may have done so
        return [texts[name] for name in due]

    # --- what was worked out: see ``Prepared`` ---
    def layout(self, of: type[R]) -> Layout[R]:
        """Return the layout of a record type.

        Raises:
            InvalidError: it is none of the store's.
        """
        return self._prepared.layout(of)

    def table(self, of: type[Record]) -> Table:
        """Return the table of a record type."""
        return self.layout(of).table

    def find_statement(self, shape: FindShape) -> FindStatement:
        """Return the statement of a question of this shape."""
        return self._prepared.find_statement(shape)

    def tally_statements(self, shape: TallyShape) -> list[Counting]:
        """Return the statements of a tally of this shape."""
        return self._prepared.tally_statements(shape)

    def get_statement(self, of: type[Record], n: int) -> Compiled:
        """Return the statement that asks for n records by their ids."""
        return self._prepared.get_statement(of, n)

    def tail_statement(self, of: type[Record]) -> str | None:
        """Return the statement that asks for the ids of four tails; None where the database can not look at them."""
        return self._prepared.tail_statement(of)
