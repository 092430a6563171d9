"""Writes: a sequence is cut into runs of one kind and record type, each one statement for all of its rows.

A run that was not applied whole is undone and repeated row by row, to learn which ones were not, and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.columns import id_of
from crmkit.builtin.sql.dialect import Taken
from crmkit.builtin.sql.faults import AGAIN
from crmkit.builtin.sql.layout import Layout, Row
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.trigrams import TextIndex
from crmkit.errors import InvalidError, TryAgain
from crmkit.ports.store import Add, NotApplied, Record, Rehome, Remove, Replace, Write
from crmkit.records import LedgerEntry


class Writer:
    """Applies writes on one connection."""

    def __init__(self, catalogue: Catalogue, link: Link) -> None:
        self._catalogue = catalogue
        self._link = link

    def write(self, writes: Sequence[Write]) -> list[NotApplied]:
        """Apply a sequence in order; answer with what could not be applied."""
        answers: list[NotApplied] = []
        start = 0
        while start < len(writes):
            end = _end_of_run(writes, start)
            answers += self._run(writes, start, end)
            start = end
        return answers

    def _run(self, writes: Sequence[Write], start: int, end: int) -> list[NotApplied]:
        layout = self._catalogue.layout(type(writes[start].record))
        run = writes[start:end]
        statement = _statement(layout, run[0])
        if len(run) > 1 and self._all(layout, statement, run):
            return []
        answers = (self._one(layout, start + n, statement, write) for n, write in enumerate(run))
        return [answer for answer in answers if answer is not None]

    def _all(self, layout: Layout[Any], statement: str, run: Sequence[Write]) -> bool:
        """Apply all writes of a run, or none; rows are made while they are written, so that memory does not grow."""
        self._link.change("SAVEPOINT crmkit_run")
        try:
            is_whole = self._sent(layout, statement, run) == len(run)
        except Taken:
            is_whole = False
        except InvalidError:  # a row that can not be kept: the caller may go on without it
            self._link.change("ROLLBACK TO SAVEPOINT crmkit_run")
            raise
        if not is_whole:
            self._link.change("ROLLBACK TO SAVEPOINT crmkit_run")
        self._link.change("RELEASE SAVEPOINT crmkit_run")
        return is_whole

    def _sent(self, layout: Layout[Any], statement: str, run: Sequence[Write]) -> int:
        if isinstance(run[0], Add):
            return self._link.add_many(statement, layout.copy, map(layout.row, (write.record for write in run)))
        index = self._catalogue.texts.get(layout.declaration.name)
        if index is None:
            return self._link.change_many(statement, (_row(layout, write) for write in run))
        return self._searched(layout, index, statement, [_row(layout, write) for write in run], type(run[0]))

    def _searched(
        self, layout: Layout[Any], index: TextIndex, statement: str, rows: Sequence[Row], how: type[Write]
    ) -> int:
        """Change or remove rows whose texts are in an index of ours: it forgets them first, and follows those that stay."""
        if how is Remove:
            index.forget(self._link, [(row[0],) for row in rows], are_removed=True)
            return self._link.change_many(statement, rows)
        width = len(layout.columns)
        places = [layout.columns.index(folded) - 1 for folded in index.columns.values()]  # a row without its id
        index.forget(
            self._link, [(row[width - 1], *[row[place] for place in places]) for row in rows], are_removed=False
        )
        touched = self._link.change_many(statement, rows)
        index.follow(self._link, [(row[width - 1],) for row in rows])
        return touched

    def _one(self, layout: Layout[Any], index: int, statement: str, write: Write) -> NotApplied | None:
        row = _row(layout, write)
        try:
            if self._touched(layout, statement, row, type(write)):
                return None
        except Taken:
            if not isinstance(write, Add):
                return self._taken(layout, index, write.record)
            return self._present(layout, index, write.record)
        if isinstance(write, Add):
            return self._present(layout, index, write.record)
        return self._missed(layout, index, write)

    def _touched(self, layout: Layout[Any], text: str, row: Row, how: type[Write]) -> int:
        index = self._catalogue.texts.get(layout.declaration.name)
        if index is not None and how is not Add:
            return self._searched(layout, index, text, [row], how)
        may_fail = how in (Replace, Rehome)
        if not (may_fail and self._catalogue.database.aborts_on_error):
            return self._link.change(text, row)
        self._link.change("SAVEPOINT crmkit_one")
        try:
            touched = self._link.change(text, row)
        except Taken:
            self._link.change("ROLLBACK TO SAVEPOINT crmkit_one")
            raise
        self._link.change("RELEASE SAVEPOINT crmkit_one")
        return touched

    # --- why a write was not applied ---
    def _missed(self, layout: Layout[Any], index: int, write: Write) -> NotApplied | None:
        if self._is_there(layout, write.record):
            return NotApplied(index, "stale")
        is_done = isinstance(write, Remove) and write.expected is None
        return None if is_done else NotApplied(index, "gone")

    def _is_there(self, layout: Layout[Any], record: Record) -> bool:
        return bool(self._link.rows(layout.presence, (self._catalogue.database.id_kept(record.id),)))

    def _present(self, layout: Layout[Any], index: int, record: Record) -> NotApplied:
        if self._is_there(layout, record):
            return NotApplied(index, "present", ("id",), record.id)
        return self._taken(layout, index, record)

    def _taken(self, layout: Layout[Any], index: int, record: Record) -> NotApplied:
        """Name the unique key that another record has; one that this transaction can not see yet was written meanwhile."""
        row = layout.row(record)
        for key, (places, text) in layout.look_up.items():
            values = [row[place] for place in places]
            for (holder,) in self._link.rows(text, values) if None not in values else ():
                if id_of(holder) != record.id:
                    return NotApplied(index, "present", key, id_of(holder))
        return self._taken_elsewhere(layout, index, record, row)

    def _taken_elsewhere(self, layout: Layout[Any], index: int, record: Record, row: Row) -> NotApplied:
        """Name a key that newer code has made unique; where the ledger has none, the holder was written meanwhile."""
        unseen: tuple[str, ...] = ()
        for key in self._newer_keys(layout):
            if not layout.declaration.by_name.keys() >= set(key):  # of a field that this code does not know
                unseen = key
                continue
            places, text = layout.looked_up(key)
            values = [row[place] for place in places]
            for (holder,) in self._link.rows(text, values) if None not in values else ():
                if id_of(holder) != record.id:
                    return NotApplied(index, "present", key, id_of(holder))
        if unseen:
            return NotApplied(index, "present", unseen)
        raise TryAgain(AGAIN)

    def _newer_keys(self, layout: Layout[Any]) -> list[tuple[str, ...]]:
        """Return the unique keys that the ledger knows of a record type, and this code does not."""
        ledger, name = self._catalogue.layout(LedgerEntry), f"type:{layout.declaration.name}"
        entries = ledger.decode(self._link.rows(ledger.everything))
        kept: Any = next((entry.value.get("unique", ()) for entry in entries if entry.key == name), ())
        return [tuple(key) for key in kept if tuple(key) not in layout.declaration.unique]


def _end_of_run(writes: Sequence[Write], start: int) -> int:
    """Return where the writes end that are the same statement as the first one."""
    first, end = writes[start], start + 1
    how, of, is_free = type(first), type(first.record), _is_free(first)
    while end < len(writes):
        write = writes[end]
        if type(write) is not how or type(write.record) is not of or _is_free(write) is not is_free:
            break
        end += 1
    return end


def _is_free(write: Write) -> bool:
    """Say whether a write compares no version."""
    return isinstance(write, Add) or write.expected is None


def _statement(layout: Layout[Any], write: Write) -> str:
    is_checked = layout.has_version and not _is_free(write)
    if isinstance(write, Add):
        return layout.insert
    if isinstance(write, Remove):
        return layout.remove_version if is_checked else layout.remove
    return layout.replace_version if is_checked else layout.replace


def _row(layout: Layout[Any], write: Write) -> Row:
    """Return the parameters of a write's statement."""
    if isinstance(write, Add):
        return layout.row(write.record)
    version = (write.expected,) if layout.has_version and write.expected is not None else ()
    if isinstance(write, Remove):
        return (layout.database.id_kept(write.record.id), *version)
    record_id, *rest = layout.row(write.record)
    return (*rest, record_id, *version)
