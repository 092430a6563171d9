"""Cells that a spreadsheet opens as text and never as a formula, and that are read back as they were.

A program that opens a CSV file takes a cell that begins with one of `= + - @` (or their full-width forms), also after
white space, for a formula, and with it whatever a stranger typed into a web form. Such a cell is written with an
apostrophe before it, as is one that begins with an apostrophe, so that the way back is exact. A file that was written
so says it by a column `crmkit:inert`; only there are apostrophes taken off. Numbers are written as numbers: pass them
as numbers.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, TextIO

INERT_COLUMN: Final = "crmkit:inert"
REJECT_COLUMNS: Final = ("crmkit:line", "crmkit:column", "crmkit:code", "crmkit:reason")
OWN_COLUMNS: Final = frozenset({INERT_COLUMN, *REJECT_COLUMNS})
_FORMULA: Final = frozenset("=+-@|%\uff1d\uff0b\uff0d\uff20\u2212")
_CONTROL: Final = frozenset("\t\r\n\v\f\x1c\x1d\x1e\x1f\x85")
_INVISIBLE: Final = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def inert(cell: str) -> str:
    """The cell as text for any spreadsheet; `plain` gives it back."""
    return f"'{cell}" if _is_risky(cell) else cell


def plain(cell: str) -> str:
    """What `inert` was given; for other texts, the text itself."""
    return cell[1:] if cell[:1] == "'" and _is_risky(cell[1:]) else cell


def _is_risky(cell: str) -> bool:
    first = cell[:1]
    if first.isalnum() or not first:
        return False
    if first == "'" or first in _CONTROL:
        return True
    return cell.lstrip().lstrip(_INVISIBLE).lstrip()[:1] in _FORMULA and cell.strip() != ""


class InertWriter:
    """Writes rows of an export as CSV that is inert and that an import reads back exactly."""

    def __init__(self, file: TextIO, header: Sequence[str], *, delimiter: str = ",") -> None:
        """Write the header.

        Args:
            file: opened for text with `newline=""`.
            header: names of the columns.
            delimiter: what stands between cells.
        """
        self._write = csv.writer(file, delimiter=delimiter).writerow
        self._write([*map(inert, header), INERT_COLUMN])

    def write(self, row: Iterable[str | int | Decimal | None]) -> None:
        """Write one row; None is an empty cell."""
        self._write([*map(_written, row), ""])


def _written(value: str | int | Decimal | None) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return inert(value) if isinstance(value, str) else str(value)


LIST_MARK: Final = "|"
"""What stands between the items of a list in one cell of an export."""


def joined(items: Iterable[str]) -> str:
    """A list as one cell; `split` gives it back."""
    return LIST_MARK.join(item.replace("\\", "\\\\").replace(LIST_MARK, f"\\{LIST_MARK}") for item in items)


def split(cell: str) -> tuple[str, ...]:
    """The items of a list that `joined` made; none of an empty cell."""
    parts = re.findall(r"(?:[^\\|]|\\.)+", cell, re.DOTALL)
    return tuple(re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) for part in parts)
