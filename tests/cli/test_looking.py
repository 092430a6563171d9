"""Commands that only look at the database make none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def tables(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("status",), 0, "Next: crmkit db upgrade"),
        (("upgrade", "--dry-run"), 0, "CREATE TABLE customer "),
        (("check",), 8, "Nothing is kept here yet: `crmkit db upgrade` makes the tables."),
    ],
)
def test_where_nothing_is_kept_looking_keeps_nothing(begun: Run, tmp_path: Path, words, code, said) -> None:
    empty = tmp_path / "empty.db"
    empty.touch()
    named = ("--store", f"sqlite:///{empty}", "db")
    found, printed, told = begun(*named, *words)
    assert (found, said in printed + told, tables(empty)) == (code, True, [])
    assert begun(*named, "upgrade")[0] == 0
    assert "customer" in tables(empty)
    found, printed, told = begun(*named, *words)
    assert (found, said in printed + told) == (0, False)
