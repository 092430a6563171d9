"""Exports are inert in a spreadsheet and read back exactly."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.services.importing.cells import InertWriter, inert, plain
from crmkit.services.importing.problems import BadRow
from crmkit.services.importing.reading import open_table

FORMULAS = [
    "=1+1",
    "+49 30 123",
    "-5",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u200b=1",
    "\uff1d1+1",
    "=cmd|' /C calc'!A0",
    "|calc",
    "%0A=1",
    "'=1",
    "''=1",
    "'tis",
    "\x1f=1",
    "\u00a0-1",
]
cells = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.sampled_from(FORMULAS)


@pytest.mark.parametrize("cell", FORMULAS)
def test_formulas_are_written_as_text(cell: str) -> None:
    """They begin with an apostrophe, and come back without."""
    assert inert(cell) == f"'{cell}"
    assert plain(inert(cell)) == cell


@pytest.mark.parametrize("cell", ["", "Anna", "5-6", "a=b", "(=)", "é", "زهرا", "    "])
def test_other_texts_are_written_as_they_are(cell: str) -> None:
    """Nothing is added to what is no formula."""
    assert inert(cell) == cell


@given(cells)
def test_the_way_back_is_exact(cell: str) -> None:
    """For any text whatever, and what is written never begins as a formula does."""
    written = inert(cell)
    assert plain(written) == cell
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=5))
def test_an_import_of_an_export_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    """Through a file, with its header."""
    path = tmp_path_factory.mktemp("x") / "export.csv"
    header = ("name", "=note", "b")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = InertWriter(file, header)
        for row in rows:
            writer.write(row)
    table = open_table(path)
    assert table.header == header
    assert table.is_exact
    assert [tuple(row[1]) for row in table.rows() if not isinstance(row, BadRow)] == rows


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    """A negative amount is no formula to a spreadsheet and is summed there."""
    path = tmp_path / "export.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        InertWriter(file, ["n"]).write([Decimal("-1E+2")])
    assert path.read_text(encoding="utf-8").splitlines() == ["n,crmkit:inert", "-100,"]


def test_apostrophes_of_other_files_stay(tmp_path: Path) -> None:
    """Only a file that says so was written with them."""
    path = tmp_path / "t.csv"
    path.write_text("a\n'+31\n")
    assert list(open_table(path).rows()) == [(2, ["'+31"])]
