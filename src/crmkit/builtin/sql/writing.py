"""Writes: a sequence is cut into runs of one kind and record type, each one statement for all of its rows.

A run that was not applied whole is undone and repeated row by row, to learn which ones were not, and why.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.columns import id_of
from crmkit.builtin.sql.dialect import Taken
from crmkit.builtin.sql.layout import Layout, Row
from crmkit.builtin.sql.link import Link
from crmkit.ports.store import Add, NotApplied, Record, Remove, Replace, Write


class Writer:
    """Applies writes on one connection."""

    def __init__(self, catalogue: Catalogue, link: Link) -> None:
        self._catalogue = catalogue
        self._link = link

    def write(self, writes: Sequence[Write]) -> list[NotApplied]:
        """Apply a sequence in order; answer with what could not be applied."""
        if len(writes) == 1:
            write = writes[0]
            layout = self._catalogue.layout(type(write.record))
            text, row = _statement(layout, write)
            answer = self._one(layout, 0, write, text, row)
            return [] if answer is None else [answer]
        answers: list[NotApplied] = []
        for _, run in itertools.groupby(enumerate(writes), key=lambda item: _kind(item[1])):
            answers += self._run(list(run))
        return answers

    def _run(self, run: Sequence[tuple[int, Write]]) -> list[NotApplied]:
        layout = self._catalogue.layout(type(run[0][1].record))
        made = [_statement(layout, write) for _, write in run]
        text, rows = made[0][0], [row for _, row in made]
        if len(run) > 1 and self._all(text, rows):
            return []
        answers = (self._one(layout, index, write, text, row) for (index, write), row in zip(run, rows, strict=True))
        return [answer for answer in answers if answer is not None]

    def _all(self, text: str, rows: Sequence[Row]) -> bool:
        """Apply all rows, or none."""
        self._link.change("SAVEPOINT crmkit_run")
        try:
            is_whole = self._link.change_many(text, rows) == len(rows)
        except Taken:
            is_whole = False
        if not is_whole:
            self._link.change("ROLLBACK TO SAVEPOINT crmkit_run")
        self._link.change("RELEASE SAVEPOINT crmkit_run")
        return is_whole

    def _one(self, layout: Layout[Any], index: int, write: Write, text: str, row: Row) -> NotApplied | None:
        try:
            if self._touched(text, row, may_fail=isinstance(write, Replace) or not isinstance(write, Add | Remove)):
                return None
        except Taken:
            return self._taken(layout, index, write.record)
        if isinstance(write, Add):
            return self._present(layout, index, write.record)
        return self._missed(layout, index, write)

    def _touched(self, text: str, row: Row, *, may_fail: bool) -> int:
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
    def _missed(self, layout: Layout[Any], index: int, write: Replace | Remove | Any) -> NotApplied | None:
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
        """Name the unique key that another record has."""
        row = layout.row(record)
        for key, (places, text) in layout.look_up.items():
            values = [row[place] for place in places]
            for (holder,) in self._link.rows(text, values) if None not in values else ():
                if id_of(holder) != record.id:
                    return NotApplied(index, "present", key, id_of(holder))
        return NotApplied(index, "present")


def _kind(write: Write) -> tuple[Any, ...]:
    """Return what writes of one run have in common."""
    if isinstance(write, Add):
        return Add, type(write.record)
    return Remove if isinstance(write, Remove) else Replace, type(write.record), write.expected is None


def _statement(layout: Layout[Any], write: Write) -> tuple[str, Row]:
    """Return the statement of a write, and its parameters."""
    is_checked = not isinstance(write, Add) and write.expected is not None and layout.has_version
    if isinstance(write, Remove):
        record_id = layout.database.id_kept(write.record.id)
        return (layout.remove_version, (record_id, write.expected)) if is_checked else (layout.remove, (record_id,))
    row = layout.row(write.record)
    if isinstance(write, Add):
        return layout.insert, row
    if is_checked:
        return layout.replace_version, (*row[1:], row[0], write.expected)
    return layout.replace, (*row[1:], row[0])
