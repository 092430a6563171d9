"""Search by a part of a text on SQLite: an index of trigrams (FTS5) for each folded text, which the store keeps itself.

- Writing pays nothing for it: a row that is added waits. Rows that wait are put into the index in batches (``indexing``):
  by ``crmkit work``, by an upgrade, and by a store that has added some, one at a time.
- ``search_doc`` is a row's number in the index, ``search_version`` the version whose text is there. A row waits where it
  has no number, or where the two versions differ. So what waits is read off the row, by two indexes: code that knows
  nothing of this, and a kill at any moment, leave rows that wait, never rows that can not be found.
- A search asks the index for the documents that have the needle's trigrams, adds the rows that wait, and looks at the
  text of each of them (``instr``): the index chooses, the text decides. A needle of one or two characters has no trigram
  and reads every row.
- The index knows texts by their numbers only (``content=''``, ``detail=none``): a sixth of the size of an index with
  positions. So it forgets a text only if it is told that text again, which is done before the row is changed or removed
  (``forget``); a text that stays keeps its number. Numbers are our own: a rowid does not survive every ``VACUUM``.
- What was forgotten is still on the disk, in older segments, until these are merged (``indexing.purge``).
- Coarse record types have none: numbers would tell in which order their records came. Nor have operational ones, whose
  rows have no version.
- ``search_index`` has a row for each of these tables: its column, its greatest number, and how many were forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, column, literal_column, select, table, union_all

from crmkit.builtin.sql.link import Link, Row
from crmkit.errors import StoreCorrupt
from crmkit.records import FrozenMap

STATE: Final = "search_index"
ROW_COLUMNS: Final = ("search_doc", "search_version")
"""The columns of a row that tell whether it waits."""
SIZE: Final = 3
_MOST: Final = 12
"""Trigrams of a needle that are asked for; more choose no better."""
_MARK: Final = "__search__"
_SINCE: Final = (3, 34)
_CAN: Final = "SELECT sqlite_version(), EXISTS (SELECT 1 FROM pragma_module_list WHERE name = 'fts5')"
_OLD: Final = (
    "A search by a part of a word reads every row: this Python's SQLite ({version}) has no index of trigrams (FTS5, since "
    "3.34). Use a newer Python, and run `crmkit db upgrade`."
)


def index_of(table: str, folded: str) -> str:
    """Return the name of the index of a folded column; it begins as the table's does, by which a host knows its guest's."""
    return f"{table}{_MARK}{folded}"


def table_of(index: str) -> str:
    """Return the name of the table whose text an index has."""
    return index.partition(_MARK)[0]


def dropping_text(table: str, state: str, folded: str) -> Iterator[str]:
    """Yield the statements that drop the index of a column that goes."""
    name = index_of(table, folded)
    yield f"DROP TABLE {_q(name)}"
    yield f"DELETE FROM {_q(state)} WHERE name = {_literal(name)}"


def why_not(link: Link) -> str:
    """Return why there can be no index of trigrams here; empty where there can."""
    ((version, has_module),) = link.rows(_CAN)
    is_new = tuple(int(part) for part in version.split(".")[:2]) >= _SINCE
    return "" if is_new and has_module else _OLD.format(version=version)


def asked(needle: str) -> str | None:
    """Return what the index is asked for a folded needle: some of its trigrams, all of them; None where it has none."""
    if len(needle) < SIZE:
        return None
    last = len(needle) - SIZE
    step = max(SIZE, -(-last // _MOST))
    grams = dict.fromkeys(needle[start : start + SIZE] for start in (*range(0, last, step), last))
    return " AND ".join('"' + gram.replace('"', '""') + '"' for gram in grams)


@attrs.frozen(kw_only=True)
class TextIndex:
    """The index of one table's texts, and the statements on it.

    Attributes:
        table: the table's name.
        state: the name of the table that tells of all indexes.
        columns: the folded columns that are declared, by the name of the index of each.
        has_version: its rows have a version; otherwise their texts never become others.
    """

    table: str
    state: str
    columns: Mapping[str, str] = attrs.field(converter=FrozenMap)
    has_version: bool

    @property
    def names(self) -> frozenset[str]:
        """The names of all that belongs to it, as the catalogue tells indexes."""
        return frozenset((*self.columns, self.by_doc, self.by_change))

    @property
    def by_doc(self) -> str:
        """The name of the index of the rows by their numbers, those without one first."""
        return f"ix_{self.table}__search_doc"

    @property
    def by_change(self) -> str:
        """The name of the index of the rows that were changed behind our back; it is empty as a rule."""
        return f"ix_{self.table}__search_version"

    @property
    def version(self) -> str:
        """The version of a row's text."""
        return "version" if self.has_version else "1"

    @property
    def is_changed(self) -> str:
        """The condition of ``by_change``, in its very words."""
        return f"search_version <> {self.version}"

    # --- making it ---
    def making(self, columns: Collection[str], usable: Collection[str], there: Collection[str]) -> Iterator[str]:
        """Yield the statements that make what is missing; where the index of one text is, all rows wait anew.

        Args:
            columns: the columns of the table.
            usable, there: the indexes that may stay, and all that are there.
        """
        yield from (
            f"ALTER TABLE {_q(self.table)} ADD COLUMN {name} BIGINT" for name in ROW_COLUMNS if name not in columns
        )
        if any(name not in usable for name in self.columns):
            gone = [name for name in self.columns if name in there]
            yield from self.resetting(gone, has_rows="search_doc" in columns)
        if self.by_doc not in usable:
            yield f"CREATE INDEX {_q(self.by_doc)} ON {_q(self.table)} (search_doc, id)"
        if self.by_change not in usable:
            yield f"CREATE INDEX {_q(self.by_change)} ON {_q(self.table)} (id) WHERE {self.is_changed}"

    def resetting(self, there: Collection[str], *, has_rows: bool) -> Iterator[str]:
        """Yield the statements that make the index anew, empty."""
        yield from (f"DROP TABLE {_q(name)}" for name in there)
        if has_rows:
            yield (f"UPDATE {_q(self.table)} SET search_doc = NULL, search_version = NULL WHERE search_doc IS NOT NULL")
        for name, folded in self.columns.items():
            options = "content='', columnsize=0, detail=none, tokenize='trigram case_sensitive 1'"
            yield f"CREATE VIRTUAL TABLE {_q(name)} USING fts5({_q(folded)}, {options})"
            words = ", ".join(map(_literal, (name, self.table, folded)))
            yield f"INSERT OR REPLACE INTO {_q(self.state)} VALUES ({words}, 0, 0, 0, 0)"

    # --- asking it ---
    def chosen(self, row_id: ColumnElement[Any], folded: str, match: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return whether a row may have the needle in it, by its id: the index says so, or the row waits."""
        name = next(name for name, column_ in self.columns.items() if column_ == folded)
        rows = table(self.table, *map(column, ("id", *ROW_COLUMNS, "version"))).alias("s")
        version: ColumnElement[Any] = rows.c["version"] if self.has_version else literal_column("1")
        found = table(name, column("rowid"))
        docs = select(found.c.rowid).where(literal_column(_q(name)).op("MATCH")(match))
        ids = select(rows.c.id)
        arms = (rows.c.search_doc.in_(docs), rows.c.search_doc.is_(None), rows.c.search_version != version)
        return row_id.in_(union_all(*(ids.where(arm) for arm in arms)))

    # --- keeping it true ---
    def forget(self, link: Link, rows: Sequence[Row], *, are_removed: bool) -> None:
        """Take the texts of rows out of the index before they are changed or removed; those that stay as they are stay in it.

        Args:
            rows: of each row its id, and (changed) its new folds.
        """
        link.change(f"{self.freeing} WHERE {self.is_changed}")  # what their documents say is not known any more
        if not link.change_many(self._marking(are_removed=are_removed), rows):
            return
        marked = f"search_version = -1 AND {self.is_changed}"
        try:
            self._take_out(link, marked)
        except StoreCorrupt:  # a document has another text than its row: somebody changed that, and not the version
            for text in self.renewing(link):
                link.change(text)

    def _take_out(self, link: Link, marked: str) -> None:
        for name, folded in self.kept(link):
            told = f"{_q(name)} ({_q(name)}, rowid, {_q(folded)})"
            text = (
                f"SELECT 'delete', search_doc, {_q(folded)} FROM {_q(self.table)} WHERE {marked} AND {_q(folded)} <> ''"
            )
            link.change(f"INSERT INTO {told} {text}")
        n = link.change(f"{self.freeing} WHERE {marked}")
        link.change(f"UPDATE {_q(self.state)} SET removed = removed + ? WHERE of = ?", (n, self.table))

    @property
    def freeing(self) -> str:
        """The UPDATE by which rows wait anew, without its condition."""
        return f"UPDATE {_q(self.table)} SET search_doc = NULL, search_version = NULL"

    def _marking(self, *, are_removed: bool) -> str:
        """Return the UPDATE that marks a row whose text goes: the texts of many rows are then taken out at once."""
        text = f"UPDATE {_q(self.table)} SET search_version = -1 WHERE id = ? AND search_doc IS NOT NULL"
        if are_removed:
            return text
        differ = " OR ".join(f"{_q(folded)} IS NOT ?" for folded in self.columns.values())
        return f"{text} AND ({differ})"

    def follow(self, link: Link, ids: Sequence[Row]) -> None:
        """Note the new versions of rows that were changed, and whose texts stayed."""
        if self.has_version:
            text = f"UPDATE {_q(self.table)} SET search_version = version WHERE id = ? AND search_doc IS NOT NULL"
            link.change_many(text, ids)

    def kept(self, link: Link) -> list[Row]:
        """Return the names and columns of all indexes of the table: newer code may have more of them."""
        there = "SELECT name FROM pragma_table_info(?)"
        text = f'SELECT name, "column" FROM {_q(self.state)} WHERE of = ? AND "column" IN ({there})'
        return link.rows(text, (self.table, self.table))

    def renewing(self, link: Link) -> Iterator[str]:
        """Yield the statements that make all indexes of the table anew, empty."""
        kept: dict[str, str] = dict(self.kept(link))
        return attrs.evolve(self, columns={**kept, **self.columns}).resetting(kept, has_rows=True)


def _q(name: str) -> str:
    return f'"{name}"'


def _literal(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
