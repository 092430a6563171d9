"""The latest 50 of a customer's timeline among 1,000,000 interactions, against the raw indexed query that fetches the same rows."""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs

from benchmarks.pairs import Pair, Side
from crmkit import CRM, Customer, Interaction, Participant

INTERACTIONS = int(os.environ.get("CRMKIT_BENCH_INTERACTIONS", "1000000"))
CUSTOMERS = max(1, INTERACTIONS // 200)
PAGE = 50
ASKED = 200
START = datetime(2024, 1, 1, tzinfo=UTC)
QUERY = (
    "SELECT i.* FROM participant p JOIN interaction i ON i.id = p.interaction "
    "WHERE p.customer_id = ? AND p.occurred_at IS NOT NULL ORDER BY p.occurred_at DESC, p.id DESC LIMIT 50"
)


@attrs.frozen
class Place:
    """The database, open both ways, and the customers to ask for."""

    crm: CRM
    raw: sqlite3.Connection
    asked: tuple[Customer, ...]


def filled(folder: Path) -> Place:
    """Write the customers and their interactions."""
    file = folder / "crm.db"
    crm = CRM.open(f"sqlite:///{file}", discover=False)
    kept = crm.add([Customer(name=f"Customer {n}") for n in range(CUSTOMERS)])
    chance = random.Random(1)
    for first in range(0, INTERACTIONS, 20_000):
        with crm.transaction() as tx:
            made = [_interaction(chance.choice(kept), n) for n in range(first, min(first + 20_000, INTERACTIONS))]
            tx.add(made)
            tx.add([Participant(interaction=i.id, customer=i.customer, occurred_at=i.occurred_at) for i in made])
    return Place(crm, sqlite3.connect(file), tuple(chance.sample(kept, ASKED)))


def _interaction(customer: Customer, n: int) -> Interaction:
    at = START + timedelta(minutes=n)
    return Interaction(
        customer=customer.id, channel="phone", subject=f"Call {n}", body="What was said. " * 8, occurred_at=at
    )


def pairs() -> Iterator[Pair]:
    """Ask for each of the same customers, both ways."""
    with tempfile.TemporaryDirectory() as folder:
        place = filled(Path(folder))

        def ours(_: Any) -> None:
            for customer in place.asked:
                assert len(place.crm.interactions.timeline(customer, limit=PAGE)) == PAGE

        def raw(_: Any) -> None:
            for customer in place.asked:
                assert len(place.raw.execute(QUERY, (customer.id.bytes,)).fetchall()) == PAGE

        ours(None)
        raw(None)
        yield Pair(
            name=f"latest {PAGE} of a timeline among {INTERACTIONS:,}",
            ours=Side(run=ours),
            floor=Side(run=raw),
            limit=3,
            n=ASKED,
        )
        place.crm.close()
        place.raw.close()
