"""The SQL store on a PostgreSQL server keeps the same contract; each test has a schema of its own."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from typing import Any, Final

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from crmkit.builtin.sql import SqlStore
from crmkit.builtin.sql.compile.finding import shape_of
from crmkit.errors import StorageBusy, StorageFull
from crmkit.ports.store import Add, Store
from crmkit.query import bind, each, find
from crmkit.records import Customer, Dispatch, Message, Record
from crmkit.testing.specimens import SPECIMENS
from crmkit.testing.store import StoreContract
from tests.builtin.sql.conftest import BINDING, NOW, ask, keep, opened

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

    @pytest.fixture
    def opened(self, request: pytest.FixtureRequest) -> Iterator[Any]:
        yield from opened(request, "postgresql", SPECIMENS)

    def store(self, types: Sequence[type[Record]]) -> Store:
        self.schemas.append(f"t{uuid.uuid4().hex[:12]}")
        return SqlStore.open(self.url, types, schema=self.schemas[-1])


FULL_AT: Final = 2**24 + 4096
"""Bytes of a file: more than a piece of the log, and half of a page, for which the server says that the disk is full."""


@contextmanager
def no_space(store: Any, transaction: Any) -> Iterator[None]:
    """Let no file grow longer than this for the server's process of one connection: itself is asked to say so to the system."""
    ((pid, version),) = transaction._link.rows("SELECT pg_backend_pid(), current_setting('server_version_num')::int")
    if version >= 160000:
        pytest.skip("since PostgreSQL 16 a file that may not grow is no full disk to the server")
    _limit(store, pid, FULL_AT)
    yield
    _limit(store, pid, "unlimited")


def _limit(store: Any, pid: int, most: object) -> None:
    with store._ours.engine.begin() as connection:
        try:
            connection.execute(text(f"COPY (SELECT 1) TO PROGRAM 'prlimit --pid {pid} --fsize={most}\\: > /dev/null'"))
        except DBAPIError as error:
            pytest.skip(f"the server can not be limited: {error.orig}")


class TestServer:
    """What holds of PostgreSQL alone."""

    @pytest.fixture
    def store(self, request: pytest.FixtureRequest) -> Iterator[Any]:
        yield from opened(request, "postgresql")

    @pytest.mark.parametrize("order", [(), (-each(Customer).id,)])
    def test_a_page_by_id_is_read_from_the_primary_key(self, store, order):
        """Reading everything page by page would sort everything for each page."""
        keep(store, *(Add(Customer(name=f"C{n}")) for n in range(3000)))
        shape, _ = shape_of(bind(find(Customer, order=order, limit=100), BINDING), store._catalogue.database)
        asked = store._catalogue.find_statement(shape).statement
        with store._ours.engine.begin() as connection:
            connection.execute(text(f"ANALYZE {store._catalogue.schema}.customer"))
            plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {asked.text}", (100,)))
        assert "Index Scan" in plan
        assert "Sort" not in plan

    def test_a_full_disk(self, store):
        """What was kept is there, the transaction says why it failed, and the same connection goes on when there is space."""
        data = random.Random(1).randbytes(FULL_AT + 2**20)
        keep(store, Add(Customer(name="Anna")))
        transaction = store.begin(write=True)
        try:
            with no_space(store, transaction), pytest.raises(StorageFull):
                transaction.put_blob(sha256(data).digest(), BytesIO(data))
        finally:
            transaction.rollback()
        assert [one.name for one in ask(store, Customer)] == ["Anna"]
        transaction = store.begin(write=True)
        transaction.put_blob(sha256(data).digest(), BytesIO(data))
        transaction.commit()
        transaction = store.begin(write=False)
        with transaction.open_blob(sha256(data).digest()) as kept:
            assert kept.read() == data
        transaction.rollback()

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
