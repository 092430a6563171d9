"""Physical lines of a text, numbered, with the way back to the start of the row that is being read."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from crmkit.services.importing.decoding import CHUNK_BYTES

END_OF_LINE: Final = ("\n", "\r")


class RowTooLongError(Exception):
    """The row being read is longer than what may be kept of it."""


class Lines:
    """Lines of a text that is read once; those of the current row are kept so that it can be read again.

    A line that is longer than `most` comes in several pieces, of which only the last ends as a line does: reading
    them as rows raises `RowTooLongError`. Lines end with LF, CR LF or CR, and keep their end.

    Attributes:
        mark: number of the piece where the current row starts, from 1. Whoever reads moves it on.
        pieces_more: by how much pieces outnumber lines so far: `mark - pieces_more` is a line number.
        careful: the next row is to be checked: it may be long, or contain NUL.
        all_careful: that holds for all rows of the lines that were read last.
    """

    def __init__(self, chunks: Iterable[str], *, most: int) -> None:
        """Take the text in chunks that are cut anywhere; keep at most about `most` characters of a row."""
        self.mark = 1
        self.pieces_more = 0
        self.careful = True
        self.all_careful = False
        self._runs = _runs(chunks, most)
        self._most = most
        self._is_strict = most < 2 * CHUNK_BYTES  # else only a row that spans chunks can have a cell over the limit
        self._kept: list[str] = []
        self._first = 1

    def rows(self) -> Iterator[str]:
        """The lines from the mark on, for a reader of rows.

        Raises:
            RowTooLongError: more than `most` characters since the mark; nothing is lost, `pieces` goes on from there.
        """
        return chain.from_iterable(self._lists(self._most))

    def pieces(self) -> Iterator[str]:
        """The pieces from the mark on, whatever their length: the reader moves the mark with every one."""
        return chain.from_iterable(self._lists(None))

    def _lists(self, most: int | None) -> Iterator[list[str]]:
        yield self._kept[self.mark - self._first :]
        for run in self._runs:
            del self._kept[: self.mark - self._first]
            self._first = self.mark
            is_long = most is not None and (
                sum(map(len, self._kept)) > most or not (run[-1].endswith(END_OF_LINE) or len(run[-1]) < most)
            )
            self._kept += run
            self.careful = True
            self.all_careful = self._is_strict or "\0" in "".join(run)
            if is_long:
                raise RowTooLongError
            yield run


def _runs(chunks: Iterable[str], most: int) -> Iterator[list[str]]:
    """Lists of whole lines; a piece of a line stands in a list of its own."""
    rest = ""
    for chunk in chunks:
        lines = io.StringIO(rest + chunk, newline="").readlines()
        rest = lines.pop() if lines else ""  # it may go on, or a CR at its end may be half of CR LF
        if lines:
            yield lines
        if len(rest) >= most and not rest.endswith("\r"):
            yield [rest]
            rest = ""
    if rest:
        yield [rest]
