"""The SQL store on a PostgreSQL server keeps the same contract; each test has a schema of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from crmkit.builtin.sql import SqlStore
from crmkit.builtin.sql.compile.finding import shape_of
from crmkit.errors import StorageBusy
from crmkit.ports.store import Add, Store
from crmkit.query import bind, each, find
from crmkit.records import Customer, Dispatch, Message, Record
from crmkit.testing.store import StoreContract
from tests.builtin.sql.conftest import BINDING, NOW, keep, opened

pytestmark = pytest.mark.postgresql


class TestPostgreSQL(StoreContract):
    examples = 10

    @pytest.fixture(autouse=True)
    def _schemas(self, postgresql_url: str) -> Iterator[None]:
        pytest.importorskip("psycopg")
        self.url, self.schemas = postgresql_url, list[str]()
        yield
        engine = create_engine(self.url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as connection:
            for (schema,) in connection.execute(text("SELECT nspname FROM pg_namespace")).all():
                if schema.partition("__")[0] in self.schemas:
                    connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        engine.dispose()

    def store(self, types: Sequence[type[Record]]) -> Store:
        self.schemas.append(f"t{uuid.uuid4().hex[:12]}")
        return SqlStore.open(self.url, types, schema=self.schemas[-1])


class TestServer:
    """What holds of PostgreSQL alone."""

    @pytest.fixture
    def store(self, postgresql_url: str) -> Iterator[Any]:
        yield from opened(postgresql_url)

    @pytest.mark.parametrize("order", [(), (-each(Customer).id,)])
    def test_a_page_by_id_is_read_from_the_primary_key(self, store, order):
        """Reading everything page by page would sort everything for each page."""
        keep(store, *(Add(Customer(name=f"C{n}")) for n in range(3000)))
        shape, _ = shape_of(bind(find(Customer, order=order, limit=100), BINDING), store._catalogue.database)
        asked = store._catalogue.find_statement(shape).statement
        with store._engine.begin() as connection:
            connection.execute(text(f"ANALYZE {store._catalogue.schema}.customer"))
            plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {asked.text}", (100,)))
        assert "Index Scan" in plan
        assert "Sort" not in plan

    def test_claims_that_wait_for_each_other_are_found(self, store):
        """The control: the same rows are taken where those that are locked are not passed over."""
        one = Message(key="1", channel="log", address="x")
        keep(store, Add(one), Add(Dispatch(message=one.id, channel="log", due_at=NOW)))
        question = bind(find(Dispatch, each(Dispatch).lease_until.is_missing), BINDING)
        store._catalogue.database.lock_rows = " FOR UPDATE OF t0"
        first, second = store.begin(write=True), store.begin(write=True)
        assert len(first.claim(question, 1, NOW)) == 1
        second._link.change("SET LOCAL lock_timeout = 200")
        with pytest.raises(StorageBusy):
            second.claim(question, 1, NOW)
        second.rollback()
        first.rollback()
