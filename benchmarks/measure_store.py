"""The SQL store on SQLite: bulk writes, reads into records, one-record transactions, and a timeline, each against the raw driver."""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from benchmarks.pairs import Pair, Side
from crmkit.builtin.sql import SqlStore
from crmkit.ports.store import Add
from crmkit.query import Binding, bind, each, find
from crmkit.records import CORE_TYPES, Customer, Id, Interaction, Participant, new_id

BULK = 100_000
CUSTOMERS = 2_000
SHOWN = 50
START = datetime(2024, 1, 1, tzinfo=UTC)
WORDS = "bicycle brake chain tyre saddle ready tomorrow thanks question price offer shop Utrecht fiets Rad".split()
ABROAD = "دوچرخه אופניים vélo Fahrräder rower ποδήλατο".split()
BINDING = Binding(now=START, zone=ZoneInfo("UTC"), currency="EUR")


def interaction(chance: random.Random, customer: UUID) -> Interaction:
    """One e-mail, call or visit of a customer, with custom fields; one in five in another script."""
    words = WORDS + ABROAD if chance.random() < 0.2 else WORDS
    return Interaction(
        version=1,
        created_at=START,
        updated_at=START,
        customer=cast("Id[Customer]", customer),
        customer_id=customer,
        custom={"ticket": chance.randrange(10**6), "topic": chance.choice(WORDS)},
        channel=chance.choice(("email", "phone", "visit", "chat")),
        touchpoint=chance.choice(("shop", "service", "website")),
        direction=chance.choice(("in", "out")),
        subject=" ".join(chance.choices(words, k=4)),
        body=" ".join(chance.choices(words, k=20)),
        occurred_at=START + timedelta(seconds=chance.randrange(86_400 * 700)),
        duration_s=chance.randrange(600),
    )


class Work:
    """A folder with a database, and the records that are written into new ones."""

    def __init__(self) -> None:
        self.chance = random.Random(1)
        self.folder = Path(tempfile.mkdtemp(prefix="crmkit-measure-"))
        self.customers = [new_id() for _ in range(CUSTOMERS)]
        self._files = 0

    @cached_property
    def records(self) -> list[Interaction]:
        """The records of a bulk write."""
        return [interaction(self.chance, self.chance.choice(self.customers)) for _ in range(BULK)]

    @cached_property
    def empty(self) -> Path:
        """A database with the whole schema and no record, to be copied."""
        path = self.folder / "empty.db"
        store = SqlStore.open(f"sqlite:///{path}", CORE_TYPES)
        store.upgrade()
        store.close()
        return path

    @cached_property
    def full(self) -> Any:
        """A store that holds the records, and a participant for each."""
        store = self.store()
        taking_part = (
            Participant(interaction=r.id, customer=r.customer, customer_id=r.customer_id, occurred_at=r.occurred_at)
            for r in self.records
        )
        transaction = store.begin(write=True)
        transaction.write([Add(record) for record in self.records])
        transaction.write([Add(record) for record in taking_part])
        transaction.commit()
        return store

    def path(self) -> Path:
        """A new copy of the empty database."""
        self._files += 1
        return Path(shutil.copy(self.empty, self.folder / f"{self._files}.db"))

    def store(self) -> Any:
        """A store on a new copy, with its types at hand."""
        store = SqlStore.open(f"sqlite:///{self.path()}", CORE_TYPES)
        store.status()  # as an opened CRM has: it knows the indexes that it keeps
        transaction = store.begin(write=False)
        transaction.get(Interaction, [new_id()])
        transaction.rollback()
        return store

    def driver(self, path: Path | str | None = None) -> sqlite3.Connection:
        """The raw driver on a new copy, with the same promises."""
        made = sqlite3.connect(path or self.path(), isolation_level=None)
        for pragma in ("synchronous = FULL", "secure_delete = ON", "cache_size = -16384", "temp_store = MEMORY"):
            made.execute(f"PRAGMA {pragma}")
        return made


def pairs() -> Iterator[Pair]:
    """Yield what is measured; the database is made when the first pair needs it."""
    work = Work()
    layout = work.store()._catalogue.layout(Interaction)
    yield _bulk(work, layout)
    yield _hydrate(work, layout)
    yield _single(work, layout)
    yield _timeline(work, layout)
    shutil.rmtree(work.folder)


def _bulk(work: Work, layout: Any) -> Pair:
    writes = [Add(record) for record in work.records]
    rows = [layout.row(record) for record in work.records]

    def ours(store: Any) -> None:
        transaction = store.begin(write=True)
        transaction.write(writes)
        transaction.commit()

    def floor(driver: sqlite3.Connection) -> None:
        driver.execute("BEGIN IMMEDIATE")
        driver.executemany(layout.insert, rows)
        driver.execute("COMMIT")

    return Pair(
        name=f"add {BULK:,} interactions in one transaction",
        ours=Side(run=ours, before=work.store, after=lambda store: store.close()),
        floor=Side(run=floor, before=work.driver, after=lambda driver: driver.close()),
        limit=1.5,
        n=BULK,
    )


def _hydrate(work: Work, layout: Any) -> Pair:
    asked = bind(find(Interaction), BINDING)

    def ours(store: Any) -> None:
        transaction = store.begin(write=False)
        assert len(transaction.find(asked)) == BULK
        transaction.rollback()

    def floor(driver: sqlite3.Connection) -> None:
        assert len(driver.execute(f"SELECT {', '.join(layout.read)} FROM interaction ORDER BY id").fetchall()) == BULK

    return Pair(
        name=f"read {BULK:,} interactions into records",
        ours=Side(run=ours, before=lambda: work.full),
        floor=Side(
            run=floor,
            before=lambda: work.driver(work.full._ours.engine.url.database),
            after=lambda driver: driver.close(),
        ),
        limit=2.5,
        n=BULK,
    )


def _single(work: Work, layout: Any) -> Pair:
    def ours(store: Any) -> None:
        transaction = store.begin(write=True)
        transaction.write([Add(interaction(work.chance, work.customers[0]))])
        transaction.commit()

    def floor(driver: sqlite3.Connection) -> None:
        row = layout.row(interaction(work.chance, work.customers[0]))
        driver.execute("BEGIN IMMEDIATE")
        driver.execute(layout.insert, row)
        driver.execute("COMMIT")

    return Pair(
        name="add one interaction in a transaction of its own",
        ours=Side(run=ours, before=work.store, after=lambda store: store.close()),
        floor=Side(run=floor, before=work.driver, after=lambda driver: driver.close()),
        limit=1.5,
        repeatable=True,
    )


def _timeline(work: Work, layout: Any) -> Pair:
    p = each(Participant)
    customer = work.customers[7]
    columns = ", ".join(f"i.{name}" for name in layout.read)
    raw = (
        f"SELECT {columns} FROM participant AS p JOIN interaction AS i ON i.id = p.interaction"
        " WHERE p.customer_id = ? AND p.occurred_at IS NOT NULL ORDER BY p.occurred_at DESC, p.id DESC LIMIT ?"
    )

    def ours(store: Any) -> None:
        transaction = store.begin(write=False)
        asked = find(
            Participant, p.customer == customer, ~p.occurred_at.is_missing, order=[-p.occurred_at], limit=SHOWN
        )
        assert len(transaction.follow(bind(asked, BINDING), "interaction")) > 0
        transaction.rollback()

    def floor(driver: sqlite3.Connection) -> None:
        driver.execute("BEGIN")
        assert driver.execute(raw, (layout.database.id_kept(customer), SHOWN)).fetchall()
        driver.execute("COMMIT")

    return Pair(
        name=f"latest {SHOWN} of a customer among {BULK:,} interactions",
        ours=Side(run=ours, before=lambda: work.full),
        floor=Side(
            run=floor,
            before=lambda: work.driver(work.full._ours.engine.url.database),
            after=lambda driver: driver.close(),
        ),
        limit=3.0,
        repeatable=True,
    )
