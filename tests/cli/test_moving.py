"""What `crmkit db backup`, `restore` and `copy` print."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def run(begun: Run) -> Run:
    """A project with a customer."""
    assert begun("customers", "add", "Anna")[0] == 0
    return begun


def test_a_backup_is_restored_and_copied(run: Run) -> None:
    code, printed, _ = run("db", "backup", "crm.backup")
    assert (code, printed.split(" ", 1)[1]) == (0, "records: crm.backup\n")
    assert run("db", "backup", "crm.backup")[0] == 2
    code, _, told = run("db", "restore", "crm.backup")
    assert (code, "is not empty" in told) == (5, True)
    assert run("--store", "sqlite:///other.db", "db", "restore", "crm.backup")[0] == 0
    assert "Anna" in run("--store", "sqlite:///other.db", "customers", "find", "Anna")[1]
    assert run("customers", "add", "Bea")[0] == 0
    code, printed, _ = run("db", "restore", "crm.backup", "--replace")
    assert (code, "compared one by one" in printed) == (0, True)
    assert "Bea" not in run("customers", "find")[1]
    code, printed, _ = run("db", "copy", "sqlite:///other.db", "sqlite:///third.db", "--json")
    moved = json.loads(printed)
    assert (code, moved["counts"]["customer"], moved["resumed"]) == (0, 1, False)


def test_one_company_of_several_is_moved_out_and_in(run: Run) -> None:
    """By the schema or prefix of its tables; a source that is not there is no new file."""
    for words in (("db", "upgrade"), ("customers", "add", "Cem")):
        assert run("--tenant", "acme", *words)[0] == 0
    code, _, told = run("db", "copy", "sqlite:///crm.db", "sqlite:///acme.db", "--source-prefix", "acme__")
    assert (code, told) == (0, "")
    found = run("--store", "sqlite:///acme.db", "customers", "find")[1]
    assert ("Cem" in found, "Anna" in found) == (True, False)
    assert run("db", "copy", "sqlite:///acme.db", "sqlite:///crm.db", "--prefix", "cem__")[0] == 0
    assert "Cem" in run("--tenant", "cem", "customers", "find")[1]
    code, _, told = run("db", "copy", "sqlite:///acne.db", "sqlite:///x.db")
    assert (code, "There is no 'sqlite:///acne.db'" in told) == (8, True)
    assert not list(Path().glob("acne.db*")) + list(Path().glob("x.db*"))


def test_a_store_that_is_misspelt_is_no_new_one(run: Run) -> None:
    code, _, told = run("--store", "sqlite:///crn.db", "customers", "find")
    assert (code, "There is no 'crn.db'" in told, Path("crn.db").exists()) == (2, True, False)
    assert run("--store", "sqlite:///crn.db", "db", "upgrade")[0] == 0
    assert run("--store", "sqlite:///crn.db", "customers", "find")[0] == 0


def test_a_file_that_is_no_backup(run: Run) -> None:
    Path("diary").write_text("Dear diary", encoding="utf-8")
    code, _, told = run("db", "restore", "diary", "--replace")
    assert (code, told) == (8, "'diary' is cut off or damaged (Not a gzipped file (b'De')). Use another backup.\n")
