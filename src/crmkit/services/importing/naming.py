"""Naming rows that nothing in them names: by what they say, so that the same file imported again finds its own records.

A row without an id, an external id, an e-mail address or a whole unique key would be added again by every import of
its file. It gets an external id of its own: the source is the file's name, the value a digest of its cells, with a number
where the file has the same row more than once.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from .json_lines import Cell
from .rows import RowReader
from .values import ExternalKey

_FULL: Final = 0.6


class RowNames:
    """The names of a file's rows, asked for in the order of the file."""

    def __init__(self, source: str, reader: RowReader, identities: Sequence[frozenset[str]]) -> None:
        """Begin at the first row.

        Args:
            source: the name of the file.
            identities: targets by which records are known, each set together; without any, no row is named.
        """
        fields = {field.target: field.read for field in reader.fields}
        self._source, self._seen = f"rows:{source}", Counted()
        self._identities = [tuple(fields[name] for name in names) for names in identities if names <= fields.keys()]
        self._names_rows = bool(identities)

    def name(self, cells: Sequence[Cell]) -> ExternalKey | None:
        """Return the name of the next row; None where it is known by something in it."""
        if not self._names_rows or any(all(_is_there(read(cells)) for read in reads) for reads in self._identities):
            return None
        digest = blake2b("\x1f".join(map(str, cells)).encode("utf-8", "backslashreplace"), digest_size=16)
        nth = self._seen.count(int.from_bytes(digest.digest()[:8], "big"))
        return ExternalKey(self._source, digest.hexdigest() + (f"-{nth}" if nth > 1 else ""))


def _is_there(value: object) -> bool:
    return value is not None and value != ()


class Counted:
    """Counts how often each of very many numbers of 64 bits came, in eight bytes for each (a set takes ten times as many)."""

    def __init__(self) -> None:
        self._table, self._used = array("Q", bytes(8 << 10)), 0
        self._again: dict[int, int] = {}

    def count(self, number: int) -> int:
        """Return the how manieth this one is."""
        number = number or 1  # nothing is 0 in the table
        if not self._put(self._table, number):
            self._again[number] = self._again.get(number, 1) + 1
            return self._again[number]
        self._used += 1
        if self._used > _FULL * len(self._table):
            self._grow()
        return 1

    def _grow(self) -> None:
        old, self._table = self._table, array("Q", bytes(16 * len(self._table)))
        for number in old:
            if number:
                self._put(self._table, number)

    @staticmethod
    def _put(table: array[int], number: int) -> bool:
        """Put a number in; say whether it is new."""
        at = number % len(table)
        while table[at]:
            if table[at] == number:
                return False
            at = (at + 1) % len(table)
        table[at] = number
        return True
