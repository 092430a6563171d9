"""Rows are cut as the standard library cuts them, wherever chunks end, and however broken their neighbours are."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.errors import InvalidError
from crmkit.services.importing.delimited import Shape, UnclosedQuoteError, rows, sniffed
from crmkit.services.importing.lines import Lines
from crmkit.services.importing.problems import BadRow
from crmkit.services.importing.reading import open_table

broken = st.text(st.sampled_from('a",\n\r \0'), max_size=40)
LIMIT = 1 << 20


@contextmanager
def host_limit(limit: int) -> Iterator[None]:
    before = csv.field_size_limit(limit)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def read(chunks: list[str], *, width: int = 2, limit: int = LIMIT) -> list[object]:
    shape = Shape(header=tuple("abcdefgh"[:width]), delimiter=",", limit=limit, most=2 * limit)
    found: list[object] = []
    try:
        found.extend(rows(Lines(chunks, most=2 * limit), shape))
    except UnclosedQuoteError as error:
        found.append(("unclosed", error.line))
    return found


@given(broken, st.integers(1, 3))
@example('"a"a\na,a\n', 2)
@example('a\r"\n"a', 1)
@example('"a""a","",a\n', 3)
def test_our_scanner_reads_as_the_library_does(text: str, width: int) -> None:
    """Where other code has set a limit of nothing, so that every row is scanned, the rows are the same."""
    expected = read([text], width=width)
    with host_limit(0):
        found = read([text], width=width)
    assert without_raw(found) == without_raw(expected)


def without_raw(found: list[object]) -> list[object]:
    return [(row.line, row.problems) if isinstance(row, BadRow) else row for row in found]


def cut(text: str, places: list[int]) -> list[str]:
    return [text[start:end] for start, end in pairwise([0, *sorted(places), len(text)])]


@given(broken, st.lists(st.integers(0, 40), max_size=5))
def test_chunks_may_end_anywhere(text: str, cuts: list[int]) -> None:
    """Also within CR LF and between doubled quotation marks."""
    assert read(cut(text, cuts)) == read([text])


@given(broken, st.lists(st.integers(0, 40), max_size=5), st.integers(1, 6))
@example("aaaa\r\na,a\n", [5], 1)
@example('"" ', [], 1)
def test_small_limits_lose_no_row(text: str, cuts: list[int], limit: int) -> None:
    """Rows too long are refused, each with its own line; the others are what they were."""
    found, expected = read(cut(text, cuts), limit=limit), read([text])
    assert [line_of(row) for row in found] == [line_of(row) for row in expected]
    assert all(row in expected for row in found if not isinstance(row, BadRow))


def line_of(row: object) -> object:
    return row.line if isinstance(row, BadRow) else row[0] if isinstance(row[0], int) else row  # type: ignore[index] - a pair


@given(broken)
def test_nothing_is_lost(text: str) -> None:
    """Every row that has a text is a row or a bad row, and its lines are where it says."""
    found = [row for row in read([text]) if isinstance(row, BadRow) or isinstance(row[0], int)]  # type: ignore[index] - a pair
    numbers = [line_of(row) for row in found]
    lines = io.StringIO(text, newline="").readlines()
    assert numbers == sorted(set(numbers))  # type: ignore[type-var] - numbers
    assert all(lines[number - 1].strip("\r\n") for number in numbers)  # type: ignore[operator] - numbers


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=3, max_size=3)
    ),
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_the_library_writes_is_read(
    tmp_path_factory: object, written: list[list[str]], delimiter: str, quoting: int
) -> None:
    """Any text in any cell."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting).writerows(written)  # type: ignore[arg-type] - an int of csv
    shape = Shape(header=("a", "b", "c"), delimiter=delimiter, limit=LIMIT, most=2 * LIMIT)
    found = list(rows(Lines([text.getvalue()], most=2 * LIMIT), shape))
    assert [row[1] for row in found if not isinstance(row, BadRow)] == written


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
@example(b"\x1f\x8b\x08")
@example(b"\xff\xfe\x00")
@example(b"\xef\xbb\xbf")
@example(b"sep=;")
@example(b"a,b")
def test_any_bytes_are_rows_or_one_fault(tmp_path_factory: object, content: bytes) -> None:
    """Whatever a file contains, only our errors come out."""
    path = tmp_path_factory.mktemp("bytes") / "t.csv"  # type: ignore[attr-defined] - pytest's factory
    path.write_bytes(content)
    with suppress(InvalidError):
        table = open_table(path)
        assert all(isinstance(row, BadRow) or len(row[1]) == len(table.header) for row in table.rows())


def test_an_open_quotation_mark_is_not_followed_by_the_whole_file_in_memory() -> None:
    """What is kept of a row is bounded, also where other code lets `csv` read cells of any length."""
    kept: list[int] = []

    def chunks() -> Iterator[str]:
        yield 'a,b\n"'
        for _ in range(200):
            kept.append(sum(map(len, lines._kept)))
            yield "x\n" * 1000

    shape = Shape(header=("a", "b"), delimiter=",", limit=5_000, most=10_000)
    lines = Lines(chunks(), most=shape.most)
    with host_limit(1 << 40), suppress(UnclosedQuoteError):
        list(rows(lines, shape))
    assert len(kept) == 200
    assert max(kept) < 20_000


def test_sniffing() -> None:
    """By agreement of the rows with the header, not by the commonest character."""
    assert sniffed("a,b;c\n1,1,1;2\n3,3;4\n") == ";"
    assert sniffed("name\ta, b\nx,y,z\t1,5\n") == "\t"
    assert sniffed('"a;b",c\n"1;2",3\n') == ","
    assert sniffed("a\n1\n") == ","
    assert sniffed("") == ","


def test_real_files_are_read_whole(data_folder: Path) -> None:
    """As many rows as the library finds, in every table of the real data that is UTF-8."""
    for path in sorted(data_folder.glob("*/*.csv")):
        if path.stat().st_size > 2_000_000:
            continue
        table = open_table(path)
        with path.open(encoding=table.text.encoding, newline="") as file:
            expected = sum(1 for row in csv.reader(file, delimiter=table.delimiter) if row) - 1
        assert sum(1 for _ in table.rows()) == expected, path
