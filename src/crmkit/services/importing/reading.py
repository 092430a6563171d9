"""Files of rows: CSV with any delimiter and encoding, or JSON Lines, read as a stream of numbered rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, Literal, TypeVar

import attrs

from crmkit.errors import InvalidError
from crmkit.services.importing import delimited, json_lines
from crmkit.services.importing.cells import INERT_COLUMN, OWN_COLUMNS, plain
from crmkit.services.importing.decoding import TextFile, open_text
from crmkit.services.importing.json_lines import Cell
from crmkit.services.importing.lines import Lines
from crmkit.services.importing.problems import BadRow, Problem

C = TypeVar("C", bound=Cell)
Row = tuple[int, Sequence[Cell]]
FIELD_LIMIT: Final = 1_000_000
_SAMPLE_CHARACTERS: Final = 1 << 15
_SAMPLE_OBJECTS: Final = 1_000


@attrs.frozen(kw_only=True)
class FileFormat:
    """What a mapping file says under [file]; None is found out.

    Attributes:
        encoding: name of the encoding (`windows-1252`).
        delimiter: one character.
        format: the kind of file; without it the name decides (`.jsonl`, `.ndjson`), then the first character.
        decimal: what stands before decimal places.
        field_limit: characters that one cell may have; a row may have twice as many.
    """

    encoding: str | None = None
    delimiter: str | None = None
    format: Literal["csv", "json-lines"] | None = None
    decimal: Literal[".", ","] = "."
    field_limit: int = FIELD_LIMIT


@attrs.frozen(kw_only=True)
class Table:
    """A checked file of rows.

    Attributes:
        text: the file.
        format: the kind of file.
        header: its columns in order, as the file writes them, without those that crmkit added (`crmkit:line`).
        delimiter: what stands between cells (CSV).
        is_exact: an export of ours: a cell is taken as it stands, spaces included.
    """

    text: TextFile
    format: Literal["csv", "json-lines"]
    header: tuple[str, ...]
    delimiter: str = ","
    is_exact: bool = False
    _all: tuple[str, ...] = attrs.field(alias="all")
    _has_separator_line: bool = attrs.field(default=False, alias="has_separator_line")
    _limit: int = attrs.field(default=FIELD_LIMIT, alias="limit")

    def rows(self) -> Iterator[Row | BadRow]:
        """The rows, from the first, each time it is called: `(line, cells)`, cells in the order of the header.

        `line` is the number of the row's first line. A row of JSON Lines has one cell more, its text. A bad row is
        a value and the reading goes on.

        Raises:
            InvalidError: the file ends inside quotation marks, or was changed since it was checked.
        """
        return self._json_rows() if self.format == "json-lines" else self._csv_rows()

    def rejected(self, row: Row, problems: Iterable[Problem]) -> BadRow:
        """A row of this table, refused."""
        line, cells = row
        raw = cells[-1] if self.format == "json-lines" else tuple(map(str, cells))
        return BadRow(line=line, raw=raw, problems=tuple(problems))

    def _csv_rows(self) -> Iterator[Row | BadRow]:
        lines = Lines(self.text.chunks(), most=2 * self._limit)
        shape = _shape(self._all, self.delimiter, self._limit)
        try:
            for _ in range(1 + self._has_separator_line):
                delimited.next_cells(lines, shape)
            rows = delimited.rows(lines, shape)
            own = [index for index, name in enumerate(self._all) if name in OWN_COLUMNS]
            yield from _without(rows, own, shape, is_exact=self.is_exact) if own else rows
        except delimited.UnclosedQuoteError as error:
            text = (
                "{file!r} ends inside quotation marks that were opened in the row of line {line}: it is cut off, or a "
                "quotation mark is missing there. Mend that and import the file again; rows already kept stay as "
                "they are."
            )
            raise _fault(self.text.path, "file-cut-off", text, line=error.line) from error

    def _json_rows(self) -> Iterator[Row | BadRow]:
        header, most = self.header, 2 * self._limit
        for row in json_lines.objects(Lines(self.text.chunks(), most=most), most=most):
            if isinstance(row, BadRow):
                yield row
            else:
                line, text, found = row
                yield line, [*(found.get(name, "") for name in header), text]


def open_table(path: Path, known: FileFormat | None = None, *, wanted: Iterable[str] = ()) -> Table:
    """Check a file whole and find its encoding, delimiter and header.

    Args:
        path: CSV or JSON Lines, also packed with gzip.
        known: what is known of it.
        wanted: keys of JSON Lines to be columns even where the first thousand lines do not have them.

    Raises:
        InvalidError: the file can not be read as a table; the message says what to do.
    """
    known = known or FileFormat()
    text = open_text(path, known.encoding)
    sample = _sample(text)
    if _is_json(path, known, sample):
        return _json_table(text, known, wanted)
    return _csv_table(text, known, sample)


def _sample(text: TextFile) -> str:
    """The first lines, whole ones unless the first is long."""
    start = "".join(islice(text.chunks(), 2))
    sample = start[:_SAMPLE_CHARACTERS]
    return sample if sample == start else sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample


def _json_table(text: TextFile, known: FileFormat, wanted: Iterable[str]) -> Table:
    most = 2 * known.field_limit
    first = list(islice(json_lines.objects(Lines(text.chunks(), most=most), most=most), _SAMPLE_OBJECTS))
    keys = [key for row in first if not isinstance(row, BadRow) for key in row[2]]
    later = wanted if len(first) == _SAMPLE_OBJECTS else ()  # else it is known that the file does not have them
    header = tuple(key for key in dict.fromkeys([*keys, *later]) if key not in OWN_COLUMNS)
    return Table(text=text, format="json-lines", header=header, all=header, limit=known.field_limit)


def _is_json(path: Path, known: FileFormat, sample: str) -> bool:
    if known.format is not None:
        return known.format == "json-lines"
    if known.delimiter is not None:
        return False
    return bool({".jsonl", ".ndjson"} & set(path.suffixes)) or sample.lstrip().startswith('{"')


def _csv_table(text: TextFile, known: FileFormat, sample: str) -> Table:
    separator = re.match(r"sep=(.)\r?\n", sample)  # Excel's own first line
    if separator:
        sample = sample[separator.end() :]
    declared = known.delimiter or (separator and separator[1])
    delimiter = declared or delimited.sniffed(sample)
    header = _header(text, delimiter, known.field_limit, skip=1 if separator else 0)
    is_exact = INERT_COLUMN in header
    return Table(
        text=text,
        format="csv",
        header=tuple(plain(name) if is_exact else name for name in header if name not in OWN_COLUMNS),
        delimiter=delimiter,
        is_exact=is_exact,
        all=header,
        has_separator_line=bool(separator),
        limit=known.field_limit,
    )


def _header(text: TextFile, delimiter: str, limit: int, *, skip: int) -> tuple[str, ...]:
    lines, shape = Lines(text.chunks(), most=2 * limit), _shape((), delimiter, limit)
    try:
        header = [delimited.next_cells(lines, shape) for _ in range(skip + 1)][-1]
    except delimited.UnclosedQuoteError as error:
        advice = "The header row of {file!r} has a quotation mark that is never closed. Mend it, or set delimiter."
        raise _fault(text.path, "header-broken", advice) from error
    if not any(map(str.strip, header)):
        raise _fault(text.path, "file-empty", "{file!r} has no header row. Export it again, with the columns' names.")
    return tuple(header)


def _shape(header: tuple[str, ...], delimiter: str, limit: int) -> delimited.Shape:
    return delimited.Shape(header=header, delimiter=delimiter, limit=limit, most=2 * limit)


def _without(
    rows: Iterator[Row | BadRow], own: Sequence[int], shape: delimited.Shape, *, is_exact: bool
) -> Iterator[Row | BadRow]:
    """The rows without the columns that crmkit added."""
    for row in rows:
        if isinstance(row, BadRow):
            yield attrs.evolve(row, raw=_raw_without(row.raw, own, shape))
        else:
            cells = _kept(row[1], own)
            yield row[0], [plain(str(cell)) for cell in cells] if is_exact else cells


def _raw_without(raw: tuple[str, ...] | str, own: Sequence[int], shape: delimited.Shape) -> tuple[str, ...] | str:
    if not isinstance(raw, str):
        return tuple(_kept(raw, own))
    is_first = list(own) == list(range(len(own)))
    return raw[shape.end_of_cells(raw, len(own)) :] if is_first else raw


def _kept(cells: Sequence[C], own: Sequence[int]) -> list[C]:
    return [cell for index, cell in enumerate(cells) if index not in own]


def _fault(path: Path, code: str, text: str, **params: object) -> InvalidError:
    params = {"file": path.name, **params}
    return InvalidError(text.format_map(params), code=code, field="file", params=params)
