"""Rejected rows can be mended and fed again."""

from pathlib import Path

import pytest

from crmkit.errors import InvalidError
from crmkit.services.importing.problems import BadRow, Problem
from crmkit.services.importing.reading import FileFormat, Table, open_table
from crmkit.services.importing.rejects import RejectWriter, reject_path

CSV = 'naam;mail;maat\nZoë;z@x.nl;"4\n8"\nJan;;61;te veel\nPiet\n"Els" K;e@x.nl;48\nAnna;=1+1;54\n'


def rejected_all(path: Path, table: Table) -> list[BadRow]:
    """Write every row of the table as a reject."""
    wrong = Problem("not-mapped", {"value": "61€", "known": ("S", "M")}, "maat")
    bad = [row if isinstance(row, BadRow) else table.rejected(row, [wrong]) for row in table.rows()]
    with RejectWriter(path, table) as writer:
        for row in bad:
            writer.write(row)
    assert writer.count == len(bad)
    return bad


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252", "iso-8859-1"])
def test_rejects_fed_again_are_the_rows_they_were(tmp_path: Path, encoding: str) -> None:
    """Good ones give the same cells, bad ones the same fault, also the second time round, in the file's encoding."""
    source = tmp_path / "till.csv"
    source.write_bytes(CSV.encode(encoding))
    declared = FileFormat(encoding=None if encoding.startswith("utf") else encoding)
    table = open_table(source, declared)
    for _ in range(3):
        bad = rejected_all(reject_path(source), table)
        again = open_table(reject_path(source), declared)
        assert (again.header, again.delimiter) == (table.header, table.delimiter)
        rows = list(again.rows())
        assert [row.raw if isinstance(row, BadRow) else tuple(row[1]) for row in rows] == [row.raw for row in bad]
        assert [row.code for row in rows if isinstance(row, BadRow)] == [
            "too-many-cells",
            "too-few-cells",
            "stray-quote",
        ]
        source, table = reject_path(source), again


def test_what_a_reject_file_shows(tmp_path: Path) -> None:
    """Line, column, code and reason stand before the row, which is as it was."""
    source = tmp_path / "till.csv"
    source.write_text(CSV, encoding="utf-8")
    rejected_all(reject_path(source), open_table(source))
    lines = reject_path(source).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "crmkit:line;crmkit:column;crmkit:code;crmkit:reason;naam;mail;maat"
    assert lines[1] == "2;maat;not-mapped;maat: '61€' is none of S, M;Zoë;z@x.nl;\"4"
    assert lines[5].endswith(';"Els" K;e@x.nl;48')
    assert lines[6].endswith(";Anna;=1+1;54")


def test_mended_rows_are_read_with_columns_added_or_moved(tmp_path: Path) -> None:
    """A spreadsheet may have moved crmkit's columns to the end."""
    path = tmp_path / "till.rejected.csv"
    path.write_text("naam,crmkit:reason,maat,crmkit:line\nJan,because,61,3\n")
    table = open_table(path)
    assert table.header == ("naam", "maat")
    assert list(table.rows()) == [(2, ["Jan", "61"])]


def test_a_row_that_was_not_kept_is_never_fed_again_in_part(tmp_path: Path) -> None:
    """The reject file says where it is and has nothing of it; feeding that is refused again."""
    source = tmp_path / "t.csv"
    source.write_text(f"a\n{'x' * 200_000}\n")
    rejected_all(tmp_path / "r.csv", open_table(source, FileFormat(field_limit=1000)))
    (again,) = open_table(tmp_path / "r.csv").rows()
    assert isinstance(again, BadRow)
    assert again.code == "too-few-cells"


def test_json_lines_are_copied_as_they_are(tmp_path: Path) -> None:
    """Objects keep their own text, other lines stand under a key; both are read again."""
    source = tmp_path / "t.jsonl"
    good, broken = '{"naam":  "Zoë", "bedrag": 12.50}', '{"naam": "Jan"'
    source.write_text(f"{good}\n{broken}\n", encoding="utf-8")
    table = open_table(source)
    rejected_all(reject_path(source), table)
    first, second = reject_path(source).read_text(encoding="utf-8").splitlines()
    assert first.endswith('"naam":  "Zoë", "bedrag": 12.50}')
    assert '"crmkit:line": 1' in first
    rows = list(open_table(reject_path(source)).rows())
    assert isinstance(rows[1], BadRow)
    assert rows[1].raw == broken
    reject_path(source).write_text(
        f"{first}\n{second.replace('Jan', 'Jan').replace('Jan' + chr(92) + chr(34), 'Jan' + chr(92) + chr(34) + '}')}\n"
    )
    mended = [row[1][:-1] for row in open_table(reject_path(source)).rows() if not isinstance(row, BadRow)]
    assert mended == [["Zoë", "12.50"], ["Jan", ""]]


def test_no_rejects_no_file(tmp_path: Path) -> None:
    """A file is made with the first row only."""
    source = tmp_path / "t.csv"
    source.write_text("a\n1\n")
    with RejectWriter(tmp_path / "r.csv", open_table(source)) as writer:
        pass
    assert writer.count == 0
    assert not (tmp_path / "r.csv").exists()


def test_a_place_that_can_not_be_written(tmp_path: Path) -> None:
    """It is said, with what to do."""
    source = tmp_path / "t.csv"
    source.write_text("a\n1,2\n")
    table = open_table(source)
    (bad,) = table.rows()
    assert isinstance(bad, BadRow)
    with (
        RejectWriter(tmp_path / "none" / "r.csv", table) as writer,
        pytest.raises(InvalidError, match="can not be written"),
    ):
        writer.write(bad)


@pytest.mark.parametrize(
    ("source", "rejects"),
    [
        ("till.csv", "till.rejected.csv"),
        ("till.csv.gz", "till.rejected.csv"),
        ("till.rejected.csv", "till.rejected-2.csv"),
        ("till.rejected-2.csv", "till.rejected-3.csv"),
        ("till", "till.rejected"),
        ("a.b.jsonl", "a.b.rejected.jsonl"),
    ],
)
def test_reject_path(source: str, rejects: str) -> None:
    """It never is the file that is read."""
    assert reject_path(Path("x") / source) == Path("x") / rejects
    assert reject_path(Path("x") / source, Path("y")) == Path("y") / rejects


def test_a_batch_that_is_tried_again_leaves_the_header(tmp_path: Path) -> None:
    """Nothing was written before the batch: its rejects begin the file anew."""
    source = tmp_path / "till.csv"
    source.write_text("name\nA\n", encoding="utf-8")
    table = open_table(source)
    bad = table.rejected((2, ("A",)), [Problem("required", {}, "name")])
    with RejectWriter(reject_path(source), table) as writer:
        for _ in range(2):
            writer.undo_to(0)
            writer.write(bad)
            writer.flush()
    assert reject_path(source).read_text(encoding="utf-8").splitlines()[0].startswith("crmkit:line,")
