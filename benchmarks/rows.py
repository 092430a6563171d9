"""The rows that a piece of work wrote, and what writes just them again: a floor leaves out nothing that we keep."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs

CHUNK = 5_000


@attrs.frozen
class Written:
    """What one table was given: the INSERT, and its rows in chunks."""

    insert: str
    chunks: list[list[tuple[Any, ...]]]


def counts(place: Path) -> dict[str, int]:
    """Return how many rows each table of a database has."""
    with sqlite3.connect(place) as db:
        return {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _tables(db)}


def written_since(place: Path, before: dict[str, int]) -> Iterator[Written]:
    """Yield what each table was given since its rows were counted."""
    with sqlite3.connect(place) as db:
        for table in _tables(db):
            rows = db.execute(f"SELECT * FROM {table} ORDER BY rowid LIMIT -1 OFFSET {before[table]}").fetchall()
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                chunks = [rows[at : at + CHUNK] for at in range(0, len(rows), CHUNK)]
                yield Written(f"INSERT INTO {table} VALUES ({marks})", chunks)


def _tables(db: sqlite3.Connection) -> list[str]:
    return [
        name
        for (name,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%\\_\\_search\\_\\_%' ESCAPE '\\'"
        )
    ]


def raw(place: Path) -> sqlite3.Connection:
    """Return the driver's own connection, told what our own connections are told."""
    db = sqlite3.connect(place, isolation_level=None)
    for pragma in ("synchronous = FULL", "secure_delete = ON", "cache_size = -16384", "temp_store = MEMORY"):
        db.execute(f"PRAGMA {pragma}")
    return db


def write(db: sqlite3.Connection, what: Iterable[Written]) -> None:
    """Write rows in one transaction."""
    db.execute("BEGIN IMMEDIATE")
    for table in what:
        for chunk in table.chunks:
            db.executemany(table.insert, chunk)
    db.execute("COMMIT")
