"""The SQL store on PostgreSQL: bulk writes, reads into records, one-record transactions, each against the raw driver."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from benchmarks.measure_store import BINDING, BULK, interaction
from benchmarks.pairs import Pair, Side
from benchmarks.servers import Base, postgresql
from crmkit.ports.store import Add
from crmkit.query import bind, find
from crmkit.records import Interaction, new_id

SEARCHED = ("subject", "body")
SEARCHABLE = 10_000
"""So many are written where texts have an index of trigrams: that takes most of the time, on both sides."""


def pairs() -> Iterator[Pair]:
    """Yield what is measured, on a server of its own."""
    with postgresql() as base:
        if base is None:
            return
        store = base.store()
        store.upgrade()
        chance = random.Random(1)
        customers = [new_id() for _ in range(2000)]
        records = [interaction(chance, chance.choice(customers)) for _ in range(BULK)]
        yield _bulk(base, store, records[:SEARCHABLE], "with indexes of trigrams for subject and body too")
        for field in SEARCHED:
            _done(base, f"DROP INDEX IF EXISTS ix_interaction__search__{field}_fold")
        yield _bulk(base, store, records, "with the declared indexes")
        yield _hydrate(base, store, records)
        yield _single(base, base.store(), prepares=False)
        yield _single(base, base.store(prepared_statements=True), prepares=True)
        store.close()


def _done(base: Base, text: str) -> None:
    connection = base.raw()
    connection.autocommit = True
    connection.execute(text)
    connection.close()


def _emptied(base: Base) -> None:
    _done(base, "TRUNCATE interaction")
    _done(base, "CHECKPOINT")


def _bulk(base: Base, store: Any, records: list[Interaction], said: str) -> Pair:
    layout = store._catalogue.layout(Interaction)
    writes, rows = [Add(record) for record in records], [layout.row(record) for record in records]

    def ours(_: Any) -> None:
        transaction = store.begin(write=True)
        transaction.write(writes)
        transaction.commit()

    def floor(connection: Any) -> None:
        with connection.cursor() as cursor, cursor.copy(layout.copy.text) as sent:
            sent.set_types(layout.copy.types)
            for row in rows:
                sent.write_row(row)
        connection.commit()

    def before() -> Any:
        _emptied(base)
        return base.raw()

    return Pair(
        name=f"add {len(records):,} interactions in one transaction, {said}",
        ours=Side(run=ours, before=lambda: _emptied(base)),
        floor=Side(run=floor, before=before, after=lambda connection: connection.close()),
        limit=1.5,
        n=len(records),
    )


def _hydrate(base: Base, store: Any, records: list[Interaction]) -> Pair:
    layout = store._catalogue.layout(Interaction)
    asked = bind(find(Interaction), BINDING)
    _emptied(base)
    transaction = store.begin(write=True)
    transaction.write([Add(record) for record in records])
    transaction.commit()
    _done(base, "VACUUM ANALYZE")

    def ours(_: Any) -> None:
        reading = store.begin(write=False)
        assert len(reading.find(asked)) == BULK
        reading.rollback()

    def floor(connection: Any) -> None:
        text = f"SELECT {', '.join(layout.read)} FROM interaction ORDER BY id"
        assert len(connection.execute(text).fetchall()) == BULK

    return Pair(
        name=f"read {BULK:,} interactions into records",
        ours=Side(run=ours),
        floor=Side(run=floor, before=base.raw, after=lambda connection: connection.close()),
        limit=2.5,
        n=BULK,
    )


def _single(base: Base, store: Any, *, prepares: bool) -> Pair:
    layout = store._catalogue.layout(Interaction)
    chance, customer = random.Random(2), new_id()
    connection = base.raw(prepares=prepares)

    def ours(_: Any) -> None:
        transaction = store.begin(write=True)
        transaction.write([Add(interaction(chance, customer))])
        transaction.commit()

    def floor(_: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(layout.insert, layout.row(interaction(chance, customer)))
        connection.commit()

    return Pair(
        name=f"add one interaction in a transaction of its own, statements {'' if prepares else 'not '}prepared",
        ours=Side(run=ours),
        floor=Side(run=floor),
        limit=1.5,
        repeatable=True,
    )
