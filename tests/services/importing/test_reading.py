"""Files of rows are read as they are, and what is wrong is said."""

import csv
import gzip
import json
from pathlib import Path

import pytest

from crmkit.errors import InvalidError
from crmkit.services.importing.problems import BadRow
from crmkit.services.importing.reading import FileFormat, Table, open_table

SPECTRUM = (
    "comma_in_quotes empty empty_crlf escaped_quotes json location_coordinates newlines newlines_crlf "
    "quotes_and_newlines simple simple_crlf utf8"
)


def table_of(folder: Path, content: str | bytes, name: str = "t.csv", **facts: object) -> Table:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_table(path, FileFormat(**facts))  # type: ignore[arg-type] - keywords of the test


def read(folder: Path, content: str | bytes, name: str = "t.csv", **facts: object) -> list[object]:
    return list(table_of(folder, content, name, **facts).rows())


def only_bad(rows: list[object]) -> BadRow:
    (bad,) = (row for row in rows if isinstance(row, BadRow))
    return bad


@pytest.mark.data
@pytest.mark.parametrize("name", SPECTRUM.split())
def test_csv_spectrum(name: str, data_folder: Path) -> None:
    """Every file gives the rows that its JSON has."""
    spectrum = data_folder / "csv_torture" / "csv_spectrum"
    table = open_table(spectrum / "csvs" / f"{name}.csv")
    found = [dict(zip(table.header, row[1], strict=True)) for row in table.rows() if not isinstance(row, BadRow)]
    expected = json.loads((spectrum / "json" / f"{name}.json").read_text(encoding="utf-8"))
    expected = expected if isinstance(expected, list) else [expected]
    if name == "location_coordinates":  # its two files disagree about the phone number
        found = [{**row, "Contact Phone Number": "1234567890"} for row in found]
    assert found == expected


def test_rows_have_the_number_of_their_first_line(tmp_path: Path) -> None:
    """A cell of several lines counts, an empty line too."""
    rows = read(tmp_path, 'a,b\n1,"x\ny\nz"\n\n2,y\n')
    assert rows == [(2, ["1", "x\ny\nz"]), (6, ["2", "y"])]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(tmp_path: Path, end: str) -> None:
    """Lines end in any of the three ways, the last one may lack its end."""
    assert read(tmp_path, f"a,b{end}1,2{end}3,4") == [(2, ["1", "2"]), (3, ["3", "4"])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_that_are_found(tmp_path: Path, encoding: str) -> None:
    """UTF-8, and what begins with a byte order mark."""
    text = "naam;plaats\nزهرا;Zürich\n"
    table = table_of(tmp_path, text.encode(encoding))
    assert table.header == ("naam", "plaats")
    assert list(table.rows()) == [(2, ["زهرا", "Zürich"])]


def test_a_declared_encoding(tmp_path: Path) -> None:
    """An encoding without a mark is declared."""
    content = "naam\nZoë €\n".encode("windows-1252")
    assert read(tmp_path, content, encoding="windows-1252") == [(2, ["Zoë €"])]


def test_a_wrong_encoding_is_said_with_line_byte_and_a_guess(tmp_path: Path) -> None:
    """Nothing is read of a file that can not be decoded to its end."""
    lines = "naam\n" + "Jan\n" * 30_000 + "Zoë\n"
    with pytest.raises(InvalidError, match=r"not in utf-8: line 30002, byte 120008 .*windows-1252") as caught:
        table_of(tmp_path, lines.encode("windows-1252"))
    assert caught.value.code == "file-encoding"


def test_utf8_declared_as_something_else_is_refused(tmp_path: Path) -> None:
    """It would be read, with every accent spoilt."""
    with pytest.raises(InvalidError, match=r'is UTF-8. Set encoding = "utf-8"'):
        table_of(tmp_path, "naam\nZoë\n", encoding="windows-1252")


def test_plain_letters_are_windows_1252_as_well(tmp_path: Path) -> None:
    """What both encodings read alike is no reason to refuse."""
    assert read(tmp_path, "naam\nJan\n", encoding="windows-1252") == [(2, ["Jan"])]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found(tmp_path: Path, delimiter: str) -> None:
    """Whatever the file's name says, and whatever its texts contain."""
    rows = [["name", "notes", "amount"], ["Jansen, Anna", "a;b|c", "1,5"], ["De Wit, B", "x, y; z", "2,5"]]
    path = tmp_path / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    table = open_table(path)
    assert table.delimiter == delimiter
    assert [row[1] for row in table.rows() if not isinstance(row, BadRow)] == rows[1:]


def test_one_column(tmp_path: Path) -> None:
    """A file without any delimiter has one column."""
    assert read(tmp_path, "email\na@b.nl\n") == [(2, ["a@b.nl"])]


def test_separator_line_of_a_spreadsheet(tmp_path: Path) -> None:
    """`sep=;` is obeyed and is no header."""
    assert read(tmp_path, "sep=;\na;b,c\n1;2,3\n") == [(3, ["1", "2,3"])]


def test_too_few_and_too_many_cells(tmp_path: Path) -> None:
    """They are bad rows, and those around them are read; empty cells too many are nothing."""
    rows = read(tmp_path, "a,b\n1\n1,2\n1,2,3\n1,2,,\n")
    few, good, many, trimmed = rows
    assert isinstance(few, BadRow)
    assert isinstance(many, BadRow)
    assert (few.line, few.code, few.raw) == (2, "too-few-cells", ("1",))
    assert (many.line, many.code, many.raw, dict(many.params)) == (
        4,
        "too-many-cells",
        ("1", "2", "3"),
        {"expected": 2, "found": 3},
    )
    assert (good, trimmed) == ((3, ["1", "2"]), (5, ["1", "2"]))


def test_text_after_a_closing_quotation_mark(tmp_path: Path) -> None:
    """The row is refused as it is, and no other one."""
    rows = read(tmp_path, 'a,b\n1,"5" pipe"\n2,"x"\n')
    bad = only_bad(rows)
    assert (bad.line, bad.code, bad.column, bad.raw) == (2, "stray-quote", "b", '1,"5" pipe"')
    assert rows[1] == (3, ["2", "x"])


def test_a_quotation_mark_inside_a_plain_cell_is_text(tmp_path: Path) -> None:
    """Only at the start of a cell it opens a quotation."""
    assert read(tmp_path, 'a,b\n1,5" pipe\n') == [(2, ["1", '5" pipe'])]


def test_nul_is_a_bad_row(tmp_path: Path) -> None:
    """A NUL in one row says nothing about the others."""
    rows = read(tmp_path, "a,b\n1,2\n" + "x,y\n" * 5 + "3,\0\n4,5\n")
    bad = only_bad(rows)
    assert (bad.line, bad.code, bad.column) == (8, "nul", "b")
    assert rows[-1] == (9, ["4", "5"])


@pytest.mark.parametrize("host_limit", [10, 131_072, 10_000_000])
@pytest.mark.parametrize("quote", ["", '"'])
def test_gigantic_fields(tmp_path: Path, host_limit: int, quote: str) -> None:
    """A cell over the limit is a bad row; one just within is read; whatever other code has set for `csv`."""
    within, over = "x" * 200_000, "y" * 200_001
    content = f"a,b\n1,{quote}{within}{quote}\n2,{quote}{over}{quote}\n3,z\n"
    before = csv.field_size_limit(host_limit)
    try:
        rows = read(tmp_path, content, field_limit=200_000)
        assert csv.field_size_limit() == host_limit
    finally:
        csv.field_size_limit(before)
    bad = only_bad(rows)
    assert (bad.line, bad.code, bad.column) == (3, "field-too-long", "b")
    assert rows[0] == (2, ["1", within])
    assert rows[2] == (4, ["3", "z"])


def test_a_small_limit_holds_for_every_row(tmp_path: Path) -> None:
    """Also where many rows are read at once, and over several lines."""
    rows = read(tmp_path, 'a,b\n1,2\n3,xxxxx\n"4\n\n\n",5\n6,7\n', field_limit=3)
    assert [row.line if isinstance(row, BadRow) else row[0] for row in rows] == [2, 3, 4, 8]  # type: ignore[index] - rows
    assert [row.code for row in rows if isinstance(row, BadRow)] == ["field-too-long", "field-too-long"]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_row_too_long_to_keep(tmp_path: Path, quote: str) -> None:
    """It is refused without its text, and reading goes on after it."""
    gigantic = f"{quote}{'y' * 100_000}{quote}"
    rows = read(tmp_path, f"a,b\n1,2\n{gigantic},b\n3,4\n", field_limit=1000)
    bad = only_bad(rows)
    assert (bad.line, bad.code, bad.column, bad.raw, bad.is_cut) == (3, "row-too-long", "a", "", True)
    assert rows[0] == (2, ["1", "2"])
    assert rows[2] == (4, ["3", "4"])


def test_many_lines_in_a_row_too_long_to_keep(tmp_path: Path) -> None:
    """Lines inside quotation marks are counted while they are dropped."""
    rows = read(tmp_path, 'a,b\n1,"' + "some text\n" * 50_000 + '"\n3,4\n', field_limit=1000)
    assert only_bad(rows).code == "row-too-long"
    assert rows[1] == (50_003, ["3", "4"])


def test_a_file_that_ends_in_quotation_marks(tmp_path: Path) -> None:
    """The rows before are given, then the fault is raised with the line where it begins."""
    rows = table_of(tmp_path, 'a,b\n1,2\n3,"4\n5,6\n').rows()
    assert next(rows) == (2, ["1", "2"])
    with pytest.raises(InvalidError, match="line 3") as caught:
        next(rows)
    assert caught.value.code == "file-cut-off"


def test_a_quotation_mark_left_open_before_much_text(tmp_path: Path) -> None:
    """The rest of a large file is not taken for one cell, nor kept."""
    rows = table_of(tmp_path, 'a,b\n1,"2\n' + "5,6\n" * 200_000, field_limit=10_000).rows()
    with pytest.raises(InvalidError, match="line 2"):
        list(rows)


def test_cells_and_lines_cut_by_the_pieces_of_reading(tmp_path: Path) -> None:
    """Rows are the same wherever the pieces of the file end."""
    rows = [["é" * (number % 97), f'"{number}"\r\n,'] for number in range(20_000)]
    path = tmp_path / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["a", "b"], *rows])
    assert [row[1] for row in open_table(path).rows() if not isinstance(row, BadRow)] == rows


def test_gzip(tmp_path: Path) -> None:
    """A packed file is read whatever its name is."""
    assert read(tmp_path, gzip.compress(b"a,b\n1,2\n"), "t.csv.gz") == [(2, ["1", "2"])]


FAULTS = {
    "file-empty": b"",
    "file-binary": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
    "file-damaged": gzip.compress(b"a,b\n1,2\n" * 1000)[:-20],
    "file-bomb": gzip.compress(b"a,b\n" + b"1,2\n" * (18 << 20)),
    "file-encoding": "a,b\n1,2\n".encode("utf-16-le"),
    "header-broken": b'"a,b\n1,2\n',
}


@pytest.mark.parametrize("code", FAULTS)
def test_files_that_are_no_tables(tmp_path: Path, code: str) -> None:
    """Each fault has its code, and says what to do."""
    with pytest.raises(InvalidError) as caught:
        table_of(tmp_path, FAULTS[code])
    assert caught.value.code == code
    assert str(caught.value).startswith(("'t.csv' ", "The header row of 't.csv'"))


def test_a_spreadsheet_is_named(tmp_path: Path) -> None:
    """The commonest mistake gets its own advice."""
    with pytest.raises(InvalidError, match=r"spreadsheet.*Save it as CSV"):
        table_of(tmp_path, b"PK\x03\x04" + b"x" * 100)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    """What is not there, and what is no file."""
    with pytest.raises(InvalidError, match=r"no file 'none.csv'"):
        open_table(tmp_path / "none.csv")
    with pytest.raises(InvalidError, match="is a folder"):
        open_table(tmp_path)


def test_unknown_encoding(tmp_path: Path) -> None:
    """Neither a name that does not exist nor a codec that is not of text."""
    for name in ("klingon", "hex"):
        with pytest.raises(InvalidError, match=f"no encoding '{name}'"):
            table_of(tmp_path, "a\n1\n", encoding=name)


def test_json_lines(tmp_path: Path) -> None:
    """Objects become rows: nested keys with dots, numbers as they are written, null empty, lists as tuples."""
    content = '{"id": 7, "amount": {"value": 1249.50}, "tags": ["a", 2]}\n\n{"id": null, "vip": true}\n'
    table = table_of(tmp_path, content, "t.jsonl")
    assert table.header == ("id", "amount", "amount.value", "tags", "vip")
    rows = [(row[0], row[1][:-1]) for row in table.rows() if not isinstance(row, BadRow)]
    assert rows == [(1, ["7", '{"value": 1249.50}', "1249.50", ("a", "2"), ""]), (3, ["", "", "", "", "true"])]


def test_bad_lines_of_json(tmp_path: Path) -> None:
    """A bad line is a bad row with its text."""
    lines = ['{"a": 1', "[1]", '{"a": 1, "a": 2}', '{"a": NaN}', '{"a": "\\ud800"}', '{"a": "\\u0000"}', "[" * 90_000]
    rows = read(tmp_path, "\n".join(['{"a": 1}', *lines, '{"a": 2}']), "t.jsonl")
    bad = [row for row in rows if isinstance(row, BadRow)]
    assert [row.raw for row in bad] == lines
    codes = ["not-json", "not-an-object", "duplicate-key", "not-json", "surrogate", "nul", "not-json"]
    assert [row.code for row in bad] == codes
    assert [row.line for row in bad] == list(range(2, 9))
    assert len(rows) == 9


def test_a_gigantic_line_of_json(tmp_path: Path) -> None:
    """It is refused without its text; those around it are read, with their own numbers."""
    rows = read(tmp_path, '{"a": "' + "x" * 300_000 + '"}\n{"a": 2}\n', "t.jsonl", field_limit=1000)
    assert only_bad(rows).code == "row-too-long"
    assert rows[1] == (2, ["2", '{"a": 2}'])


def test_wanted_keys_of_json_are_columns(tmp_path: Path) -> None:
    """A key that the first lines lack is not lost when it is asked for; one that the whole file lacks is no column."""
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1}\n' * 2000 + '{"late": 2}\n')
    table = open_table(path, wanted=["late"])
    assert table.header == ("a", "late")
    *_, last = table.rows()
    assert not isinstance(last, BadRow)
    assert last[1][1] == "2"
    path.write_text('{"a": 1}\n')
    assert open_table(path, wanted=["late"]).header == ("a",)
