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
    assert (code, told) == (
        8,
        "'diary' is no backup of crmkit. A restore takes a file that `crmkit db backup` wrote: name another file.\n",
    )


def test_a_database_is_no_backup(run: Run) -> None:
    """It is said what it is, and what is done with one."""
    code, _, told = run("db", "restore", "crm.db", "--replace")
    assert (code, told.startswith("'crm.db' is a database of SQLite, and no backup.")) == (8, True)
    assert "crmkit db copy sqlite:///crm.db TARGET" in told
    assert "Anna" in run("customers", "find")[1]


def test_what_is_to_be_replaced_is_told_with_the_option(run: Run) -> None:
    assert run("db", "backup", "crm.backup")[0] == 0
    assert "(--replace" in run("db", "restore", "crm.backup")[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("db", "backup", "new.backup"), "Nothing is left of the file"),
        (("db", "copy", "sqlite:///crm.db", "sqlite:///new.db"), "give the same command again, and it goes on"),
        (("--store", "sqlite:///new.db", "db", "restore", "crm.backup"), "give the same command again, and it goes on"),
        (("db", "upgrade"), "run `crmkit db upgrade` again"),
    ],
)
def test_who_stops_it_is_told_how_things_stand(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    """And how to go on: the same command does."""
    assert run("db", "backup", "crm.backup")[0] == 0

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("crmkit.crm.moving.filling.Filling._part", stop)
        patched.setattr("crmkit.crm.moving.backup_file._put_blob", stop)
        patched.setattr("crmkit.crm.moving.backup_file.to_json", stop)
        patched.setattr("crmkit.crm.face.upgrade", stop)
        code, printed, told = run(*words)
        assert (code, printed, told.startswith("Stopped. "), said in told) == (130, "", True, True)
        stopped = run("--json", *words)[2]
        assert json.loads(stopped)["error"] == "stopped"
    assert run(*words)[0] == 0
