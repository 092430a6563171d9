"""What opening a CRM takes beside its database: a new SQLite file, one that is there, and one company more in it."""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs

from benchmarks.pairs import Pair, Side
from benchmarks.servers import Base
from crmkit import CRM
from crmkit.records import LedgerEntry, declaration_of

LEDGER = declaration_of(LedgerEntry).name
COMPANY = "c0"
"""SQLite keeps a company in tables that begin with its name."""


@attrs.frozen
class Made:
    """What an opening has made: the statements, and the rows, of each table by the INSERT that it takes."""

    statements: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Any]]]

    def again(self, connection: sqlite3.Connection) -> None:
        """Make it in another file, in one transaction."""
        connection.execute("BEGIN IMMEDIATE")
        for statement in self.statements:
            connection.execute(statement)
        for insert, rows in self.rows:
            connection.executemany(insert, rows)
        connection.execute("COMMIT")


def pairs() -> Iterator[Pair]:
    """Built-in plugins only, what is installed here apart; the process has opened such a CRM before."""
    with tempfile.TemporaryDirectory(prefix="crmkit-") as folder:
        there = Path(folder, "there.db")
        opened(there).close()
        whole = made(there, "")
        yield Pair(
            name="open a CRM on a new file",
            ours=Side(before=lambda: fresh(folder), run=lambda file: opened(file).close(), after=remove),
            floor=Side(before=lambda: fresh(folder), run=lambda file: rebuild(file, whole), after=remove),
            limit=4,
        )
        yield Pair(
            name="open a CRM on a file that is there",
            ours=Side(run=lambda _: opened(there).close()),
            floor=Side(run=lambda _: look(there)),
            limit=6,
            repeatable=True,
        )
        example, names = Path(folder, "example.db"), itertools.count(1)
        with closing(opened(example)) as crm:
            crm.tenant(COMPANY)
        company = made(example, f"{COMPANY}__")
        yield Pair(
            name="make one company more in that file",
            ours=Side(
                before=lambda: with_crm(there, folder), run=lambda crm: crm[1].tenant(f"c{next(names)}"), after=close
            ),
            floor=Side(before=lambda: fresh(folder, there), run=lambda file: rebuild(file, company), after=remove),
            limit=6,
        )


def opened(file: Path) -> CRM:
    """Open a CRM on a file."""
    return CRM.open(f"sqlite:///{file}", discover=False)


# --- files ------------------------------------------------------------------------------------------------------------
def fresh(folder: str, like: Path | None = None) -> Path:
    """Return the path of a file that is not there, or of a copy."""
    path = Path(tempfile.mkdtemp(dir=folder), "crm.db")
    if like is not None:
        shutil.copyfile(like, path)
    return path


def remove(file: Path) -> None:
    """Take a file away with what SQLite laid beside it."""
    shutil.rmtree(file.parent)


def with_crm(like: Path, folder: str) -> tuple[Path, CRM]:
    """Return a copy of a file, and the CRM on it."""
    file = fresh(folder, like)
    return file, opened(file)


def close(made: tuple[Path, CRM]) -> None:
    """Close the CRM, and take its file away."""
    made[1].close()
    remove(made[0])


# --- floors -----------------------------------------------------------------------------------------------------------
def raw(file: Path) -> sqlite3.Connection:
    """Return the driver's connection, as safe as ours."""
    connection: sqlite3.Connection = Base("sqlite", f"sqlite:///{file}", "?").raw()
    connection.execute("PRAGMA journal_mode = WAL")
    return connection


def made(file: Path, prefix: str) -> Made:
    """Return what makes the tables of a prefix, and what is in them, again."""
    with closing(raw(file)) as connection:
        found = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' AND tbl_name GLOB ? ORDER BY type = 'index'",
            (f"{prefix}*",),
        ).fetchall()
        virtual = [name for _, name, sql in found if sql.startswith("CREATE VIRTUAL")]
        kept = [one for one in found if not any(one[1].startswith(f"{name}_") for name in virtual)]  # their own tables
        tables = [name for kind, name, _ in kept if kind == "table" and name not in virtual]
        rows = [(name, connection.execute(f'SELECT * FROM "{name}"').fetchall()) for name in tables]
    inserts = [
        (f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(found[0]))})', found) for name, found in rows if found
    ]
    return Made([sql for _, _, sql in kept], inserts)


def rebuild(file: Path, made: Made) -> None:
    """Make the same tables with the driver alone."""
    with closing(raw(file)) as connection:
        made.again(connection)


def look(file: Path) -> None:
    """Read what an opening has to know: which tables, columns and indexes are there, and the ledger."""
    with closing(raw(file)) as connection:
        connection.execute(
            "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table'"
        ).fetchall()
        connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall()
        for (value,) in connection.execute(f"SELECT value FROM {LEDGER}"):
            json.loads(value)
