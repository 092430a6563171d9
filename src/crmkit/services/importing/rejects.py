"""The file of rejected rows: the rows as they were, after what is wrong with them. Mended, it is imported like any."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

from crmkit.errors import InvalidError
from crmkit.services.importing.cells import REJECT_COLUMNS
from crmkit.services.importing.json_lines import RAW_KEY
from crmkit.services.importing.problems import BadRow
from crmkit.services.importing.reading import Table

_PACKED: Final = (".gz", ".gzip")


def reject_path(source: Path, folder: Path | None = None) -> Path:
    """Where the rejected rows of a file go: `till.csv` to `till.rejected.csv`, and those of that to `till.rejected-2.csv`.

    Args:
        source: the file that is imported.
        folder: where to put it; beside the source if missing.
    """
    name = source.name
    for ending in _PACKED:
        name = name.removesuffix(ending)
    stem, dot, suffix = name.rpartition(".")
    stem, suffix = (stem, dot + suffix) if stem else (suffix, "")
    kept, rejected, number = stem.rpartition(".rejected")
    if rejected and (number == "" or number[1:].isdigit()):
        stem = f"{kept}.rejected-{int(number[1:] or 1) + 1}"
    else:
        stem = f"{stem}.rejected"
    return (folder or source.parent) / f"{stem}{suffix}"


class RejectWriter:
    """Writes rejected rows in the encoding and with the delimiter of the file they came from.

    The file is made with the first row: no rejects, no file. In CSV the columns `crmkit:line`, `crmkit:column`,
    `crmkit:code` and `crmkit:reason` come first, and after them the row as it was, with as many cells as it had, so
    that a row with too many is again a row with too many until it is mended. In JSON Lines they are keys of the
    object; a line that is no object stands as text under `crmkit:raw`.

    Attributes:
        path: where it is written.
        count: rows written.
        written: bytes in the file, as of the last ``flush``.
    """

    def __init__(self, path: Path, table: Table, *, written: int = 0) -> None:
        """Prepare to write; an old file of this name is replaced when the first row comes.

        Args:
            path: where.
            table: what the rows are of.
            written: bytes of the old file that are kept: what an interrupted import wrote before.
        """
        self.path = path
        self.count = 0
        self.written = written
        self._table = table
        self._file: TextIO | None = None

    def write(self, row: BadRow) -> None:
        """Add a row.

        Raises:
            InvalidError: the file can not be written.
        """
        try:
            self._file = self._file or self._opened()
            self._file.write(_json_line(row) if self._table.format == "json-lines" else self._csv_row(row))
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self.count += 1

    def flush(self) -> None:
        """Bring what was written to the disk, before the batch that the rows belong to is kept.

        Raises:
            InvalidError: the file can not be written.
        """
        try:
            if self._file:
                self._file.flush()
                self.written = os.fstat(self._file.fileno()).st_size
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def undo_to(self, written: int) -> None:
        """Take away what was written behind so many bytes: the batch that it belonged to is tried again."""
        if self._file and not written:  # with its header row: the next row begins it anew
            self._file.close()
            self.path.unlink(missing_ok=True)
            self._file, self.written = None, 0
        elif self._file and self.written > written:
            self._file.truncate(written)
            self._file.seek(written)
            self.written = written

    def close(self) -> None:
        """Finish the file.

        Raises:
            InvalidError: the file can not be written.
        """
        self.flush()
        if self._file:
            self._file.close()

    def __enter__(self) -> Self:
        """The writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _opened(self) -> TextIO:
        encoding = self._table.text.encoding
        if self.written and self.path.is_file() and self.path.stat().st_size >= self.written:
            file = self.path.open("r+", encoding=encoding, newline="", errors="strict")
            file.truncate(self.written)
            file.seek(self.written)
            return file
        file = self.path.open("w", encoding=encoding, newline="", errors="strict")
        if self._table.format == "csv":
            file.write(_joined((*REJECT_COLUMNS, *self._table.header), self._table.delimiter))
        return file

    def _csv_row(self, row: BadRow) -> str:
        own = (str(row.line), row.column or "", row.code, self._encodable(row.message))
        if isinstance(row.raw, tuple):
            return _joined((*own, *row.raw), self._table.delimiter)
        if row.is_cut:
            return _joined(own, self._table.delimiter)
        return _joined((*own, ""), self._table.delimiter).removesuffix("\r\n") + row.raw + "\r\n"

    def _encodable(self, text: str) -> str:
        encoding = self._table.text.encoding
        return text.encode(encoding, "backslashreplace").decode(encoding)


def _joined(cells: tuple[str, ...], delimiter: str) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerow(cells)
    return text.getvalue()


def _json_line(row: BadRow) -> str:
    values = (row.line, row.column, row.code, row.message)
    own = json.dumps(dict(zip(REJECT_COLUMNS, values, strict=True)), ensure_ascii=False)
    if _is_whole_object(row):
        return f"{own[:-1]}, {str(row.raw).lstrip()[1:]}\n"  # the object's own text: nothing of it is written anew
    return f"{own[:-1]}, {json.dumps(RAW_KEY)}: {json.dumps(row.raw)}}}\n"


def _is_whole_object(row: BadRow) -> bool:
    try:
        return bool(json.loads(str(row.raw))) and str(row.raw).lstrip().startswith("{") and not row.is_cut
    except (ValueError, RecursionError):
        return False


def _unwritable(path: Path, error: OSError) -> InvalidError:
    reason = error.strerror or str(error)
    return InvalidError(
        f"The rejected rows can not be written to {path.name!r} ({reason}). Name another file or make room.",
        code="rejects-unwritable",
        field="rejects",
        params={"file": path.name, "reason": reason},
    )
