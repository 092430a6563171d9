"""CSV: rows of cells, read by the standard library as long as a row is as it should be.

A row that `csv` refuses, or that is too long for it, is read again by a scanner of our own, which knows where the row
ends whatever is wrong with it: one bad row never shifts those that follow. It also makes the process-wide
`csv.field_size_limit` irrelevant, which other code may set as it likes.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from enum import Enum, auto

import attrs

from crmkit.services.importing.lines import END_OF_LINE, Lines, RowTooLongError
from crmkit.services.importing.problems import BadRow, Problem


class _State(Enum):
    START = auto()
    PLAIN = auto()
    QUOTED = auto()
    CLOSED = auto()


class Scanner:
    """Reads one row, however broken, and keeps no more of it than allowed.

    Attributes:
        cells: what the row's cells contain, cut to one character more than `limit`.
        state: where in the row the reading stands.
        stray: index of a cell with text after its closing quotation mark.
    """

    def __init__(self, delimiter: str, *, limit: int, most: int) -> None:
        """Make a scanner for one row."""
        self.cells: list[str] = []
        self.state = _State.START
        self.stray: int | None = None
        self._limit, self._most = limit, most
        self._end_of_cell = re.compile(f"[{re.escape(delimiter)}\r\n]")
        self._cell: list[str] = []
        self._cell_size = 0
        self._raw: list[str] = []
        self._raw_size = 0

    @property
    def raw(self) -> str:
        """The row's text without its line end, at most `most` characters."""
        return "".join(self._raw).rstrip("\r\n")

    @property
    def is_cut(self) -> bool:
        """The row is longer than `most`; `raw` is its beginning."""
        return self._raw_size > self._most

    @property
    def is_open(self) -> bool:
        """A quotation mark was opened and not closed."""
        return self.state is _State.QUOTED

    @property
    def is_empty(self) -> bool:
        """There is no row: nothing was read but the end of a line."""
        return self.cells == [""] and not self.raw and not self.is_cut

    def feed(self, text: str) -> bool:
        """Read a line, or a piece of one, and say whether the row is complete."""
        self._keep_raw(text)
        position = 0
        while position < len(text):
            position = self._quoted(text, position) if self.is_open else self._plain(text, position)
        is_complete = not self.is_open and text.endswith(END_OF_LINE)
        if is_complete:
            self.finish()
        return is_complete

    def finish(self) -> None:
        """End the last cell."""
        self._end_cell()

    def _keep_raw(self, text: str) -> None:
        self._raw_size += len(text)
        if self._raw_size <= self._most:
            self._raw.append(text)

    def _quoted(self, text: str, position: int) -> int:
        end = text.find('"', position)
        if end < 0:
            self._add(text[position:])
            return len(text)
        self._add(text[position:end])
        self.state = _State.CLOSED
        return end + 1

    def _plain(self, text: str, position: int) -> int:
        if text[position] == '"' and self.state in (_State.START, _State.CLOSED):
            if self.state is _State.CLOSED:  # doubled: a quotation mark in the cell
                self._add('"')
            self.state = _State.QUOTED
            return position + 1
        found = self._end_of_cell.search(text, position)
        end = found.start() if found else len(text)
        self._add_plain(text[position:end])
        if not found or text[end] in "\r\n":
            return len(text)
        self._end_cell()
        return end + 1

    def _add_plain(self, text: str) -> None:
        if self.state is _State.CLOSED and not text.strip():
            return
        if self.state is _State.CLOSED:
            self.stray = len(self.cells) if self.stray is None else self.stray
        self.state = _State.PLAIN
        self._add(text)

    def _add(self, text: str) -> None:
        room = self._limit + 1 - self._cell_size
        if room > 0:
            self._cell.append(text[:room])
            self._cell_size += min(len(text), room)

    def _end_cell(self) -> None:
        self.cells.append("".join(self._cell))
        self._cell, self._cell_size, self.state = [], 0, _State.START


@attrs.frozen(kw_only=True)
class Shape:
    """What a row must be.

    Attributes:
        header: the file's columns.
        delimiter: what stands between cells.
        limit: characters that a cell may have.
        most: characters of a row that are kept.
    """

    header: tuple[str, ...]
    delimiter: str
    limit: int
    most: int

    def scanner(self) -> Scanner:
        """A scanner for one row of this shape."""
        return Scanner(self.delimiter, limit=self.limit, most=self.most)

    def end_of_cells(self, raw: str, count: int) -> int:
        """Where in the text of a row its first `count` cells end, their delimiter included."""
        mark = re.escape(self.delimiter)
        cell = f'(?:"(?:[^"]|"")*"|[^{mark}\r\n"][^{mark}\r\n]*|){mark}'
        found = re.match(f"(?:{cell}){{{count}}}", raw)
        return found.end() if found else 0

    def column(self, index: int) -> str | None:
        """The name of a column; None beyond the header."""
        return self.header[index] if index < len(self.header) else None

    def judged(self, line: int, cells: list[str]) -> tuple[int, list[str]] | BadRow:
        """The row, or what is wrong with it. Empty cells beyond the header are dropped."""
        width = len(self.header)
        while len(cells) > width and not cells[-1]:
            cells.pop()
        problems = [problem for index, cell in enumerate(cells) if (problem := self._cell_problem(index, cell))]
        if len(cells) != width:
            code = "too-few-cells" if len(cells) < width else "too-many-cells"
            problems.insert(0, Problem(code, {"expected": width, "found": len(cells)}))
        return BadRow(line=line, raw=tuple(cells), problems=problems) if problems else (line, cells)

    def _cell_problem(self, index: int, cell: str) -> Problem | None:
        if len(cell) > self.limit:
            return Problem("field-too-long", {"limit": self.limit}, self.column(index))
        return Problem("nul", column=self.column(index)) if "\0" in cell else None


class UnclosedQuoteError(Exception):
    """The file ends inside quotation marks.

    Attributes:
        line: where the row starts in which they were opened.
    """

    def __init__(self, line: int) -> None:
        """Say where the row starts."""
        super().__init__(line)
        self.line = line


def rows(lines: Lines, shape: Shape) -> Iterator[tuple[int, list[str]] | BadRow]:
    """The rows from the lines' mark on, each with the number of its first line; empty lines are no rows.

    Raises:
        UnclosedQuoteError: the file ends inside quotation marks.
    """
    is_over = False
    while not is_over:
        try:
            yield from _regular(lines, shape)
            is_over = True
        except (csv.Error, RowTooLongError):
            # The reader has lost the row, not the lines: the scanner takes it from its start, and a new reader goes on.
            yield from scanned(lines, shape)


def _regular(lines: Lines, shape: Shape) -> Iterator[tuple[int, list[str]] | BadRow]:
    reader = csv.reader(lines.rows(), delimiter=shape.delimiter, strict=True)
    start, more, width = lines.mark, lines.pieces_more, len(shape.header)
    for cells in reader:
        line = lines.mark - more
        lines.mark = start + reader.line_num
        if len(cells) == width and not lines.careful:
            yield line, cells
        elif cells:
            lines.careful = lines.all_careful
            yield shape.judged(line, cells)


def scanned(lines: Lines, shape: Shape) -> Iterator[tuple[int, list[str]] | BadRow]:
    """The next row, read by the scanner; nothing for an empty line or at the end of the file.

    Raises:
        UnclosedQuoteError: the file ends inside quotation marks.
    """
    line, scanner = _scanned(lines, shape)
    if not scanner.is_empty:
        yield _verdict(line, scanner, shape)


def next_cells(lines: Lines, shape: Shape) -> Sequence[str]:
    """The cells of the next row that is not empty, whatever their number; none at the end of the file.

    Raises:
        UnclosedQuoteError: the file ends inside quotation marks.
    """
    before = 0
    while before != lines.mark:
        before = lines.mark
        _, scanner = _scanned(lines, shape)
        if not scanner.is_empty:
            return scanner.cells
    return ()


def _scanned(lines: Lines, shape: Shape) -> tuple[int, Scanner]:
    line, scanner = lines.mark - lines.pieces_more, shape.scanner()
    for text in lines.pieces():
        lines.mark += 1
        if scanner.feed(text):
            return line, scanner
        lines.pieces_more += not text.endswith(END_OF_LINE)
    if scanner.is_open:
        raise UnclosedQuoteError(line)
    scanner.finish()
    return line, scanner


def _verdict(line: int, scanner: Scanner, shape: Shape) -> tuple[int, list[str]] | BadRow:
    if scanner.is_cut:
        problem = Problem("row-too-long", {"limit": shape.most}, _longest(scanner.cells, shape))
        return BadRow(line=line, raw="", problems=[problem], is_cut=True)
    row = shape.judged(line, scanner.cells)
    if scanner.stray is not None:
        stray = Problem("stray-quote", column=shape.column(scanner.stray))
        problems = [stray, *(row.problems if isinstance(row, BadRow) else ())]
        return BadRow(line=line, raw=scanner.raw, problems=problems)
    return attrs.evolve(row, raw=scanner.raw) if isinstance(row, BadRow) else row


def _longest(cells: Sequence[str], shape: Shape) -> str | None:
    return shape.column(max(range(len(cells)), key=lambda index: len(cells[index])))


def sniffed(sample: str) -> str:
    """The delimiter of a sample of whole lines: the one that cuts most rows into as many cells as the header.

    Among equals, the one with more columns, then the comma, semicolon, tab and bar in this order. A sample that none
    of them cuts has one column, and the comma is as good as any.
    """
    return max(",;\t|", key=lambda delimiter: _agreement(sample, delimiter))


def _agreement(sample: str, delimiter: str) -> tuple[float, int]:
    widths = [len(cells) for cells in _sample_rows(sample, delimiter)]
    if not widths or widths[0] < 2:
        return 0.0, 0
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]


def _sample_rows(sample: str, delimiter: str) -> Iterator[list[str]]:
    scanner = Scanner(delimiter, limit=len(sample), most=len(sample))
    for line in sample.splitlines(keepends=True):
        if scanner.feed(line):
            if scanner.raw:
                yield scanner.cells
            scanner = Scanner(delimiter, limit=len(sample), most=len(sample))
    if scanner.raw and not scanner.is_open:
        scanner.finish()
        yield scanner.cells
