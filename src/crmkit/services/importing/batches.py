"""Cutting a file into batches: rows of which no two are about one record, and none needs another one of its batch."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

import attrs

from .drafts import ReadRow
from .keeping import RecordKeeper
from .naming import RowNames
from .problems import BadRow
from .reading import Table
from .rows import RowReader
from .targets import ImportTarget
from .values import Lookup

BATCH: Final = 1000


@attrs.frozen
class Batch:
    """Rows that are kept together, and those between them that could not be read.

    Attributes:
        line: number of the last line that belongs to it: all before it has been dealt with.
    """

    rows: tuple[ReadRow, ...]
    bad: tuple[BadRow, ...]
    line: int

    @property
    def size(self) -> int:
        """Rows of both kinds."""
        return len(self.rows) + len(self.bad)


def batches(
    table: Table, reader: RowReader, target: ImportTarget, keeper: type[RecordKeeper], *, size: int, after: int
) -> Iterator[Batch]:
    """Yield the rows of a table in batches of at most ``size``, from the first line behind ``after``.

    Raises:
        InvalidError: the file ends inside quotation marks, or was changed since it was checked.
    """
    mapped = {field.target for field in reader.fields}
    kin = _Kin(target, keeper, mapped)
    rows: list[ReadRow] = []
    bad: list[BadRow] = []
    line = after
    names = RowNames(table.text.path.name, reader, keeper.identities(target))
    for read in _read(table, reader, names, after):
        row, refused = (read, None) if isinstance(read, ReadRow) else (None, read)
        is_full = len(rows) + len(bad) >= size
        if is_full or (row is not None and not kin.take(row)):
            yield Batch(tuple(rows), tuple(bad), line)
            rows, bad, kin = [], [], _Kin(target, keeper, mapped)
            if row is not None:
                kin.take(row)
        if row is not None:
            rows.append(row)
        if refused is not None:
            bad.append(refused)
        line = read.line
    if rows or bad:
        yield Batch(tuple(rows), tuple(bad), line)


def _read(table: Table, reader: RowReader, names: RowNames, after: int) -> Iterator[ReadRow | BadRow]:
    for row in table.rows():
        if isinstance(row, BadRow):
            if row.line > after:
                yield row
            continue
        name = names.name(row[1])
        if row[0] <= after:
            continue
        values, problems = reader.read(row[1])
        yield table.rejected(row, problems) if problems else ReadRow(row[0], row[1], reader.said(row[1]), values, name)


class _Kin:
    """What the rows of a batch are known by, so that another one of the same record, or that needs one, comes in the next."""

    def __init__(self, target: ImportTarget, keeper: type[RecordKeeper], mapped: Collection[str]) -> None:
        self._target, self._keeper = target, keeper
        self._known: set[Any] = set()
        self._words: set[str] = set()
        self._own = [name for name, of in target.references.items() if of is target.of and name in mapped]

    def take(self, row: ReadRow) -> bool:
        """Take a row in, unless it is about a record of the batch, or needs one."""
        signature = self._keeper.signature(self._target, row)
        if not self._known.isdisjoint(signature) or self._needs(row):
            return False
        self._known.update(signature)
        if self._own:
            self._words |= self._keeper.words(self._target, row)
        return True

    def _needs(self, row: ReadRow) -> bool:
        asked = (row.values.get(name) for name in self._own)
        return any(isinstance(one, Lookup) and one.key in self._words for one in asked)
