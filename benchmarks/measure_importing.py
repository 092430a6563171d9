"""Importing customers from CSV into SQLite, against reading the same file and inserting the same rows with `executemany`.

The floor writes every row that crmkit writes (customers, addresses, external ids, the log, spans, the operation), with the
same values, into equal tables with the same indexes, in one transaction. Its rows are ready before the clock starts.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from benchmarks.pairs import Pair, Side, peak_memory_mib
from benchmarks.rows import Written, counts, raw, write, written_since
from crmkit import CRM

ROWS = 100_000
HEADER = ("external_id", "name", "email", "phone", "status", "country", "tags", "since")
MOST_MIB = 128


def write_customers(path: Path, rows: int) -> None:
    """Write a file of customers; the same one for the same number."""
    chance = random.Random(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for n in range(rows):
            writer.writerow(
                (
                    f"k{n}", f"Given{chance.randrange(997)} Family{chance.randrange(4999)}", f"c{n}@example{n % 50}.org",
                    f"+31 6 {10_000_000 + n}", chance.choice(("prospect", "customer", "former")), "NL",
                    chance.choice(("vip|new", "", "web")), f"20{10 + n % 15}-0{1 + n % 9}-1{n % 10}",
                )
            )  # fmt: skip


@attrs.frozen
class Folder:
    """A folder with the file; its databases are made anew for every sample."""

    path: Path
    kept: tuple[Written, ...]
    """What crmkit wrote."""

    @property
    def file(self) -> Path:
        return self.path / "customers.csv"

    def fresh(self) -> Path:
        """Return an empty database with crmkit's tables."""
        place = self.path / "crm.db"
        for leftover in self.path.glob("crm.db*"):
            leftover.unlink()
        CRM.open(_url(place), discover=False).close()
        return place


def _url(place: Path) -> str:
    return f"sqlite:///{place}"


def prepared(path: Path, rows: int) -> Folder:
    """Write the file, import it once, and remember every row that came of it."""
    folder = Folder(path, ())
    write_customers(folder.file, rows)
    place = folder.fresh()
    before = counts(place)
    ours(folder, place)
    return attrs.evolve(folder, kept=tuple(written_since(place, before)))


def ours(folder: Folder, place: Path) -> None:
    """Import the file."""
    with CRM.open(_url(place), discover=False) as crm:
        result = crm.imports.run(folder.file)
        assert result.rejected == 0, result


def floor(folder: Folder, place: Path) -> None:
    """Read the file and insert the rows."""
    with folder.file.open(newline="", encoding="utf-8") as file:
        for _ in csv.reader(file):
            pass
    db = raw(place)
    write(db, folder.kept)
    db.close()


_IMPORT = """
import sys
from crmkit import CRM
with CRM.open(sys.argv[1], discover=False) as crm:
    crm.imports.run(sys.argv[2])
"""


def memory(path: Path, rows: int) -> dict[str, Any]:
    """Measure the most memory that a process holds that imports so many rows."""
    file = path / f"{rows}.csv"
    write_customers(file, rows)
    peak = peak_memory_mib([sys.executable, "-c", _IMPORT, _url(path / f"{rows}.db"), str(file)])
    return {
        "name": f"memory of importing {rows:,} customers", "mib": round(peak, 1), "limit_mib": MOST_MIB, "within": peak <= MOST_MIB,
    }  # fmt: skip


def pairs(rows: int = ROWS) -> Iterator[Pair | dict[str, Any]]:
    """Yield the pair, then what memory it takes, for ten times as many rows too."""
    with tempfile.TemporaryDirectory() as name:
        folder = prepared(Path(name), rows)
        yield Pair(
            name=f"import {rows:,} customers from CSV into SQLite",
            ours=Side(run=lambda place: ours(folder, place), before=folder.fresh),
            floor=Side(run=lambda place: floor(folder, place), before=folder.fresh),
            limit=3.0,
            n=rows,
        )
        for count in (rows, 10 * rows):
            yield memory(Path(name), count)
