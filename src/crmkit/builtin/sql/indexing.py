"""Keeping the indexes of trigrams up: texts that wait are put into them in batches, each a transaction of its own.

What waits is read off the rows (``trigrams``), so a batch that is broken off is begun anew by whoever comes next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from typing import Final

from crmkit.builtin.sql.boundary import Boundary
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.trigrams import TextIndex
from crmkit.errors import StorageBusy

BATCH: Final = 1_000
"""Rows that are put into an index at once: others wait for some tenths of a second at most, also where texts are long."""
LEAST: Final = 200
"""So many rows wait before they are worth a transaction: a search reads them without being slow."""
_PAGES: Final = 500
"""Pages of an index that are merged at once."""
_SMALL: Final = 20_000
_SHARE: Final = 200
_DAY_S: Final = 86_400


def waiting(link: Link, index: TextIndex, limit: int = BATCH) -> int:
    """Return how many rows of a table wait, as far as the limit."""
    text = f"""SELECT count(*) FROM (SELECT 1 FROM "{index.table}" WHERE search_doc IS NULL LIMIT {limit})"""
    changed = f"""SELECT count(*) FROM (SELECT 1 FROM "{index.table}" WHERE {index.is_changed} LIMIT {limit})"""
    return int(link.rows(text)[0][0]) + int(link.rows(changed)[0][0])


def put(link: Link, index: TextIndex, limit: int = BATCH) -> int:
    """Put some of the rows that wait into their index; return how many."""
    table = f'"{index.table}"'
    changed = f"SELECT id FROM {table} WHERE {index.is_changed} LIMIT {limit}"
    link.change(f"{index.freeing} WHERE id IN ({changed})")
    ids = [row[0] for row in link.rows(f"SELECT id FROM {table} WHERE search_doc IS NULL LIMIT {limit}")]
    indexes = index.kept(link)
    ((last,),) = link.rows(f'SELECT max(last) FROM "{index.state}" WHERE of = ?', (index.table,))
    if not ids or last is None:
        return 0
    numbered = f"UPDATE {table} SET search_doc = ?, search_version = {index.version} WHERE id = ?"
    link.change_many(numbered, enumerate(ids, last + 1))
    for name, folded in indexes:
        texts = f"""SELECT search_doc, "{folded}" FROM {table} WHERE search_doc > ? AND "{folded}" <> ''"""
        link.change(f'INSERT INTO "{name}" (rowid, "{folded}") {texts}', (last,))
    link.change(f'UPDATE "{index.state}" SET last = ? WHERE of = ?', (last + len(ids), index.table))
    return len(ids)


def put_all(link: Link, index: TextIndex) -> None:
    """Put all rows that wait into their index, within a transaction of the caller's."""
    while put(link, index):
        pass


class Indexing:
    """Keeps the indexes of a store up.

    Args:
        begin: begins a transaction; said is whether it writes.
        limit_s: begin nothing new after so many seconds.
    """

    def __init__(self, begin: Callable[[bool], Boundary], *, limit_s: float | None = None) -> None:
        self._begin = begin
        self._end = None if limit_s is None else time.monotonic() + limit_s

    def bring_up(self, indexes: Iterable[TextIndex]) -> None:
        """Let nothing wait, and nothing that was forgotten be on the disk: what an upgrade ends in."""
        for index in indexes:
            self._mend(index)
            self._fill(index)
            self._purge(index, at_once=True)

    def purge(self, indexes: Iterable[TextIndex]) -> None:
        """Take all that was forgotten off the disk, now."""
        for index in indexes:
            self._mend(index)
            self._purge(index, at_once=True)

    def tend(self, indexes: Iterable[TextIndex]) -> int:
        """Put what waits into indexes, where that is much, and take what was forgotten off the disk; return how many rows were put."""
        total = 0
        with suppress(StorageBusy):
            for index in indexes:
                with self._reading() as link:
                    is_much = waiting(link, index, LEAST) >= LEAST
                total += self._fill(index) if is_much else 0
                self._purge(index, at_once=False)
        return total

    def _fill(self, index: TextIndex) -> int:
        """Put what waits into an index, in batches, until nothing is left or the time is over."""
        total = 0
        while not self._is_late:
            with self._writing() as link:
                done = put(link, index)
            total += done
            if done < BATCH:
                break
        return total

    def _mend(self, index: TextIndex) -> None:
        """Make an index anew, empty, that has texts of rows which code that knew nothing of it has changed or removed."""
        with self._writing() as link:
            link.change(f"{index.freeing} WHERE {index.is_changed}")
            has, removed = _sums(link, index)
            ((rows,),) = link.rows(f'SELECT count(*) FROM "{index.table}" WHERE search_doc IS NOT NULL')
            if has - removed > rows:
                for text in index.renewing(link):
                    link.change(text)

    def _purge(self, index: TextIndex, *, at_once: bool) -> None:
        """Take texts that were forgotten off the disk: at once where they are many or the index is small, else once a day."""
        state = f'"{index.state}"'
        with self._reading() as link:
            has, removed = _sums(link, index)
            asked = f"SELECT min(purged), min(purged_at) FROM {state} WHERE of = ?"
            ((purged, at),) = link.rows(asked, (index.table,))
            names = [name for name, _ in index.kept(link)]
        if not names or removed <= purged:
            return
        is_due = at_once or has <= _SMALL or (removed - purged) * _SHARE >= has or time.time() - at > _DAY_S
        if is_due and all(self._is_merged(name) for name in names):
            values = (removed, int(time.time()), index.table)
            with self._writing() as link:
                link.change(f"UPDATE {state} SET purged = ?, purged_at = ? WHERE of = ?", values)

    def _is_merged(self, name: str) -> bool:
        """Merge all segments into one, some pages at a time; say whether there was time for all of it."""
        pages = -_PAGES
        while not self._is_late:
            with self._writing() as link:
                ((before,),) = link.rows("SELECT total_changes()")
                link.change(f'INSERT INTO "{name}" ("{name}", rank) VALUES (\'merge\', {pages})')
                ((after,),) = link.rows("SELECT total_changes()")
            if after - before < 2:
                return True
            pages = _PAGES
        return False

    @property
    def _is_late(self) -> bool:
        return self._end is not None and time.monotonic() >= self._end

    @contextmanager
    def _reading(self) -> Generator[Link]:
        boundary = self._begin(False)
        try:
            yield boundary.link
        finally:
            boundary.rollback()

    @contextmanager
    def _writing(self) -> Generator[Link]:
        boundary = self._begin(True)
        try:
            yield boundary.link
        except BaseException:
            boundary.rollback()
            raise
        boundary.commit()


def _sums(link: Link, index: TextIndex) -> tuple[int, int]:
    """Return how many texts were ever put into an index, and how many were taken out again."""
    text = f'SELECT coalesce(max(last), 0), coalesce(max(removed), 0) FROM "{index.state}" WHERE of = ?'
    ((has, removed),) = link.rows(text, (index.table,))
    return has, removed
