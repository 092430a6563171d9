"""Timeline, search, board, due list and a filter on a custom field, on SQLite and PostgreSQL, as the number of interactions grows.

Calls of the two sides alternate. The same in loops of one side's own, where the raw query has the processor's caches to
itself, is measured too, without a limit. A custom field is measured beside a declared one as well, both asked through the store.

``CRMKIT_BENCH_SIZES`` says how many (10000,100000 by default; 1000000 takes some minutes to write), and
``CRMKIT_BENCH_DATABASES`` on which (sqlite,postgresql).
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import attrs

from benchmarks.measure_store import BINDING, START, WORDS, interaction
from benchmarks.pairs import Pair, Side
from benchmarks.servers import Base, postgresql, sqlite
from crmkit.ports.store import Add
from crmkit.query import Tally, bind, bind_tally, count, each, find, total
from crmkit.records import AnyRef, Customer, Deal, Field, Interaction, Money, Participant, Record, new_id

SIZES = tuple(int(size) for size in os.environ.get("CRMKIT_BENCH_SIZES", "10000,100000").split(","))
DATABASES = [
    open_
    for open_ in (sqlite, postgresql)
    if open_.__name__ in os.environ.get("CRMKIT_BENCH_DATABASES", "sqlite,postgresql")
]
SHOWN, LIMIT, NEEDLE = 50, 2.0, "quizzical"
SIZE = Field(name="size", kind="int")
ASKING = attrs.evolve(BINDING, custom=lambda of: {"size": SIZE})
STAGES = ("asked", "offered", "agreed", "sold", "lost")


@attrs.frozen(kw_only=True)
class Sized(Record, name="bench_sized", shared=True, indexes=[("size",)]):
    """The same number in a field and in a custom field, both with an index."""

    size: int


c, d, i, p, s = each(Customer), each(Deal), each(Interaction), each(Participant), each(Sized)


def pairs() -> Iterator[Pair]:
    """Yield each question at each size, on each database."""
    for size in SIZES:
        for database in DATABASES:
            with database() as base:
                if base is not None:
                    yield from World(base, size).pairs()


class World:
    """A database with so many interactions, a twentieth as many customers and deals."""

    def __init__(self, base: Base, size: int) -> None:
        self.base, self.size = base, size
        self.store = base.store(Sized)
        self.store.upgrade({Customer: [SIZE], Sized: [SIZE]})
        self.agent = AnyRef("agent", new_id())
        if base.name == "postgresql":  # nobody asks for these here, and they take most of the time of writing
            for field in ("subject", "body"):
                self._run(f"DROP INDEX IF EXISTS ix_interaction__search__{field}_fold")
        self._fill(random.Random(1))
        self.raw = base.raw()

    def _fill(self, chance: random.Random) -> None:
        people = [self._customer(chance, n) for n in range(max(50, self.size // 20))]
        self.hot = people[7].id
        for start in range(0, len(people), 10_000):
            self._keep(people[start : start + 10_000])
            self._keep([self._deal(chance, one.id) for one in people[start : start + 10_000]])
        for start in range(0, self.size, 10_000):
            made = [self._interaction(chance, people, n) for n in range(start, min(start + 10_000, self.size))]
            self._keep(made)
            self._keep(
                [
                    Participant(
                        interaction=r.id, customer=r.customer, customer_id=r.customer_id, occurred_at=r.occurred_at
                    )
                    for r in made
                ]
            )
        self._prepare()

    def _prepare(self) -> None:
        """Let no text wait for its index, as a worker does, and give the floors what they need: a real column with an index, and (in a file) a table of trigrams."""
        while self.store.tend():
            pass
        raw = self.base.raw()
        extract = (
            "CAST(custom AS json) ->> 'size'" if self.base.name == "postgresql" else "json_extract(custom, '$.size')"
        )
        raw.execute("ALTER TABLE customer ADD COLUMN bench_size bigint")
        raw.execute(f"UPDATE customer SET bench_size = CAST({extract} AS bigint)")
        raw.execute("CREATE INDEX bench_size ON customer (bench_size, id)")
        if self.base.name == "sqlite":
            raw.execute("CREATE VIRTUAL TABLE bench_fts USING fts5(name_fold, content='', tokenize='trigram')")
            raw.execute("INSERT INTO bench_fts (rowid, name_fold) SELECT rowid, name_fold FROM customer")
            raw.execute("ANALYZE")
        else:
            raw.commit()
            raw.autocommit = True
            raw.execute("VACUUM ANALYZE")
        raw.close()

    def _run(self, text: str) -> None:
        raw = self.base.raw()
        raw.execute(text)
        raw.commit()
        raw.close()

    def _keep(self, records: Sequence[Any]) -> None:
        transaction = self.store.begin(write=True)
        transaction.write([Add(record) for record in records])
        transaction.commit()

    def _customer(self, chance: random.Random, n: int) -> Customer:
        word = NEEDLE.title() if n % max(1, self.size // 400) == 7 else chance.choice(WORDS).title()
        made = Customer(version=1, name=f"{word} {chance.choice(WORDS).title()} {n}", custom={"size": n // 20})
        return attrs.evolve(made, customer_id=made.id)

    def _deal(self, chance: random.Random, customer: UUID) -> Deal:
        stage = chance.choice(STAGES)
        return Deal(
            version=1, customer=customer, customer_id=customer, pipeline="sale", stage=stage, title=chance.choice(WORDS),
            state=stage if stage == "lost" else "won" if stage == "sold" else "open", amount=Money(chance.randrange(9000), "EUR"),
        )  # fmt: skip

    def _interaction(self, chance: random.Random, people: Sequence[Customer], n: int) -> Interaction:
        customer = self.hot if n % 200 == 0 else chance.choice(people).id
        made = interaction(chance, customer)
        if n % 50:
            return made
        due_at = START + timedelta(minutes=n)
        return attrs.evolve(made, state="planned", occurred_at=None, due_at=due_at, agent=self.agent)

    # --- what is asked ---
    def pairs(self) -> Iterator[Pair]:
        """Yield each question beside the raw query that has an index for it."""
        yield from self._pair("timeline", self._timeline, self._raw(TIMELINE, Interaction, "i.", self._id(self.hot)))
        yield from self._pair(
            "due list", self._due, self._raw(DUE, Interaction, "", self._due_until, str(self.agent_kept))
        )
        yield from self._pair("search", self._search, self._raw(SEARCH[self.base.name], Customer, "", *self._needle))
        yield from self._pair("board", self._board, lambda: self._rows(BOARD, ()))
        yield from self._pair("custom field", self._custom, self._raw(REAL, Customer, "", 1))
        yield self._beside_declared()
        self.raw.close()
        self.store.close()

    def _pair(self, name: str, ours: Callable[[], int], raw: Callable[[], int]) -> Iterator[Pair]:
        assert ours() == raw() > 0, (name, ours(), raw())
        pair = Pair(
            name=f"{self.base.name}: {name} among {self.size:,} interactions",
            ours=Side(run=lambda _: ours()),
            floor=Side(run=lambda _: raw()),
            limit=LIMIT,
            repeatable=True,
            alternates=True,
        )
        yield pair
        yield attrs.evolve(pair, name=f"{pair.name}, each in a loop", limit=None, alternates=False)

    def _beside_declared(self) -> Pair:
        """Yield a filter on an indexed custom field beside one on an indexed field of the same record type."""
        sized = [Sized(version=1, size=n // 20, custom={"size": n // 20}) for n in range(max(50, self.size // 20))]
        for start in range(0, len(sized), 10_000):
            self._keep(sized[start : start + 10_000])
        if self.base.name == "postgresql":
            self._run("ANALYZE")
        assert self._sized(s.custom.size == 1) == self._sized(s.size == 1) > 0
        return Pair(
            name=f"{self.base.name}: custom field beside a declared one among {len(sized):,} records",
            ours=Side(run=lambda _: self._sized(s.custom.size == 1)),
            floor=Side(run=lambda _: self._sized(s.size == 1)),
            limit=LIMIT,
            repeatable=True,
            alternates=True,
        )

    def _sized(self, where: Any) -> int:
        return self._asked(lambda tx: tx.find(bind(find(Sized, where, limit=SHOWN), ASKING)))

    def _id(self, value: UUID) -> Any:
        return self.store._catalogue.database.id_kept(value)

    @property
    def agent_kept(self) -> str:
        """The agent as a column keeps it."""
        return f"{self.agent.type}:{self.agent.id.int:032x}"

    @property
    def _due_until(self) -> int:
        return 2**62

    @property
    def _needle(self) -> tuple[Any, ...]:
        return (f'"{NEEDLE}"',) if self.base.name == "sqlite" else (f"%{NEEDLE}%",)

    def _raw(self, text: str, of: Any, prefix: str, *values: Any) -> Callable[[], int]:
        columns = ", ".join(prefix + name for name in self.store._catalogue.layout(of).read)
        return lambda: self._rows(text.replace("COLUMNS", columns), values)

    def _rows(self, text: str, values: Sequence[Any]) -> int:
        if self.base.name == "sqlite":
            self.raw.execute("BEGIN")
        found = len(self.raw.execute(text.replace("?", self.base.mark), values).fetchall())
        self.raw.rollback()
        return found

    def _asked(self, ask: Callable[[Any], Any]) -> int:
        transaction = self.store.begin(write=False)
        found = len(ask(transaction))
        transaction.rollback()
        return found

    def _timeline(self) -> int:
        question = find(
            Participant, p.customer == self.hot, ~p.occurred_at.is_missing, order=[-p.occurred_at], limit=SHOWN
        )
        return self._asked(lambda tx: tx.follow(bind(question, BINDING), "interaction"))

    def _due(self) -> int:
        where = (i.state == "planned", i.due_at <= START + timedelta(days=36500), i.agent == self.agent)
        return self._asked(lambda tx: tx.find(bind(find(Interaction, *where, order=[i.due_at], limit=SHOWN), BINDING)))

    def _search(self) -> int:
        return self._asked(lambda tx: tx.find(bind(find(Customer, c.name.contains(NEEDLE), limit=SHOWN), BINDING)))

    def _board(self) -> int:
        where = (d.pipeline == "sale") & (d.state == "open")
        asked = Tally(of=Deal, where=where, by=(d.stage,), components={"n": count(), "value": total(d.amount)})
        return self._asked(lambda tx: tx.tally(bind_tally(asked, BINDING, lambda _: None)))

    def _custom(self) -> int:
        return self._asked(lambda tx: tx.find(bind(find(Customer, c.custom.size == 1, limit=SHOWN), ASKING)))


TIMELINE = f"""SELECT COLUMNS FROM participant AS p JOIN interaction AS i ON i.id = p.interaction
WHERE p.customer_id = ? AND p.occurred_at IS NOT NULL ORDER BY p.occurred_at DESC, p.id DESC LIMIT {SHOWN}"""
DUE = f"""SELECT COLUMNS FROM interaction WHERE state = 'planned' AND due_at <= ? AND agent = ?
ORDER BY due_at, id LIMIT {SHOWN}"""
SEARCH = {
    "sqlite": f"""SELECT COLUMNS FROM customer WHERE rowid IN (SELECT rowid FROM bench_fts WHERE bench_fts MATCH ?)
ORDER BY id LIMIT {SHOWN}""",
    "postgresql": f"SELECT COLUMNS FROM customer WHERE name_fold LIKE ? ORDER BY id LIMIT {SHOWN}",
}
BOARD = """SELECT stage, amount_currency, count(*), sum(amount) FROM deal WHERE pipeline = 'sale' AND state = 'open'
GROUP BY stage, amount_currency"""
REAL = f"SELECT COLUMNS FROM customer WHERE bench_size = ? ORDER BY id LIMIT {SHOWN}"
