"""The same interactions written into the same table by crmkit, by Django's ``bulk_create`` and by SQLAlchemy's ORM.

Each beside the raw driver with the same rows, in one run. Objects are made within the time that is measured.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import django
from django.conf import settings
from django.db import connections, models, transaction
from sqlalchemy import create_engine, make_url
from sqlalchemy.orm import Session, registry

from benchmarks.measure_store import interaction
from benchmarks.pairs import Pair, Side
from benchmarks.servers import Base, postgresql, sqlite
from crmkit.ports.store import Add
from crmkit.records import Interaction, new_id

MANY = 20_000


class Row:
    """What SQLAlchemy's ORM makes of a row."""


def pairs() -> Iterator[Pair]:
    """Yield each way to write, on each database."""
    with sqlite() as file, postgresql() as server:
        bases = [base for base in (file, server) if base is not None]
        settings.configure(DATABASES={"default": {}, **{base.name: _django(base) for base in bases}}, INSTALLED_APPS=[])
        django.setup()
        for base in bases:
            yield from Writing(base).pairs()
            connections[base.name].close()


def _django(base: Base) -> dict[str, Any]:
    url = make_url(base.url)
    if base.name == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.database}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.database,
        "USER": url.username,
        "HOST": url.query["host"],
    }


class Writing:
    """The records, their rows, and the table that all write to."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self.store = base.store()
        self.store.upgrade()
        self.layout = self.store._catalogue.layout(Interaction)
        chance = random.Random(1)
        customers = [new_id() for _ in range(2000)]
        self.records = [interaction(chance, chance.choice(customers)) for _ in range(MANY)]
        self.rows = [self.layout.row(record) for record in self.records]
        self.named = [dict(zip(self.layout.columns, row, strict=True)) for row in self.rows]
        for field in ("subject", "body"):
            self._done(f"DROP INDEX IF EXISTS ix_interaction__search__{field}_fold")

    def pairs(self) -> Iterator[Pair]:
        """Yield crmkit first."""
        yield self._pair("crmkit", self._crmkit, 1.5)
        yield self._pair("Django bulk_create", self._bulk_create(), None)
        yield self._pair("SQLAlchemy ORM add_all", self._add_all(), None)
        self.store.close()

    def _done(self, text: str) -> None:
        raw = self.base.raw()
        if self.base.name == "postgresql":
            raw.autocommit = True
        raw.execute(text)
        raw.close()

    def _pair(self, name: str, run: Callable[[], None], limit: float | None) -> Pair:
        empty = "DELETE FROM interaction" if self.base.name == "sqlite" else "TRUNCATE interaction"
        return Pair(
            name=f"{self.base.name}: add {MANY:,} interactions, {name}",
            ours=Side(run=lambda _: run(), before=lambda: self._done(empty)),
            floor=Side(run=lambda _: self._raw(), before=lambda: self._done(empty)),
            limit=limit,
            n=MANY,
        )

    def _raw(self) -> None:
        raw = self.base.raw()
        if self.base.name == "sqlite":
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany(self.layout.insert, self.rows)
        else:
            with raw.cursor() as cursor, cursor.copy(self.layout.copy.text) as sent:
                sent.set_types(self.layout.copy.types)
                for row in self.rows:
                    sent.write_row(row)
        raw.commit()
        raw.close()

    def _crmkit(self) -> None:
        writing = self.store.begin(write=True)
        writing.write([Add(record) for record in self.records])
        writing.commit()

    def _bulk_create(self) -> Callable[[], None]:
        kinds = {"BIGINT": models.BigIntegerField, "BOOLEAN": models.BooleanField, "UUID": models.UUIDField}
        columns: dict[str, Any] = {}
        for column in self.layout.table.c:
            kind = kinds.get(str(column.type).split("(")[0], models.TextField)
            kind = models.BinaryField if str(column.type) in ("BLOB", "BYTEA") else kind
            columns[column.name] = kind(primary_key=column.name == "id", null=True)
        meta = type("Meta", (), {"app_label": "bench", "db_table": "interaction", "managed": False})
        made: Any = type(f"Row_{self.base.name}", (models.Model,), {**columns, "Meta": meta, "__module__": __name__})

        def run() -> None:
            with transaction.atomic(using=self.base.name):
                made.objects.using(self.base.name).bulk_create([made(**values) for values in self.named])

        return run

    def _add_all(self) -> Callable[[], None]:
        made: Any = type(f"Mapped_{self.base.name}", (Row,), {})
        registry().map_imperatively(made, self.layout.table)
        engine = create_engine(self.base.url.replace("postgresql:", "postgresql+psycopg:"))

        def run() -> None:
            with Session(engine) as session:
                session.add_all(_made(made, self.named))
                session.commit()

        return run


def _made(of: Any, named: Sequence[dict[str, Any]]) -> list[Any]:
    return [of(**values) for values in named]
