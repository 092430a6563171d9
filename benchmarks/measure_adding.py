"""One customer added (two checks, the log and its operation), against a raw transaction that writes the same rows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.pairs import Pair, Side
from benchmarks.rows import Written, counts, raw, write, written_since
from crmkit import CRM, Change, Customer, Plugin, Refusal, check

ADDED = 200


@check(Customer)
def named(change: Change[Customer]) -> Refusal | None:
    """A name is more than a letter."""
    return Refusal("Give the whole name.", field="name") if len(change.after.name) < 2 else None


@check(Customer)
def spoken(change: Change[Customer]) -> Refusal | None:
    """A language is a code of two letters."""
    return Refusal("Give a code of two letters.", field="language") if len(change.after.language) > 2 else None


PLUGIN = Plugin("measured", offers=[named, spoken])


def opened(place: Path) -> CRM:
    """Open a CRM on a file, with the checks."""
    return CRM.open(f"sqlite:///{place}", discover=False, plugins=[PLUGIN])


def add(crm: CRM, n: int) -> None:
    """Add one customer."""
    crm.customers.add(name=f"Customer {n}", email=f"c{n}@example.org", language="nl")


def transactions(place: Path) -> list[list[Written]]:
    """Add the customers one by one; return what each of their transactions wrote."""
    made: list[list[Written]] = []
    with opened(place) as crm:
        add(crm, -1)
        for n in range(ADDED):
            before = counts(place)
            add(crm, n)
            made.append(list(written_since(place, before)))
    return made


def pairs() -> Iterator[Pair]:
    """Yield the pair; every sample begins with a database that holds one customer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = transactions(folder / "rows.db")

        def fresh() -> Path:
            place = folder / "crm.db"
            for leftover in folder.glob("crm.db*"):
                leftover.unlink()
            with opened(place) as crm:
                add(crm, -1)
            return place

        def ours(crm: CRM) -> None:
            for n in range(ADDED):
                add(crm, n)

        def floor(place: Path) -> None:
            db = raw(place)
            for rows in kept:
                write(db, rows)
            db.close()

        yield Pair(
            name="add one customer, with checks and the log",
            ours=Side(run=ours, before=lambda: opened(fresh()), after=CRM.close),
            floor=Side(run=floor, before=fresh),
            limit=2,
            n=ADDED,
        )
