"""The SQL store on a MariaDB server keeps the same contract; each test has a schema (a database) of its own."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from crmkit.builtin.sql import SqlStore
from crmkit.builtin.sql.link import DriverLink
from crmkit.errors import InvalidError
from crmkit.ports.store import Add, Store
from crmkit.records import Agent, Customer, Field, Record
from crmkit.testing.specimens import SPECIMENS
from crmkit.testing.store import StoreContract
from tests.builtin.sql.conftest import ask, drop, keep, opened
from tests.builtin.sql.test_upgrade import ANNA, Bicycle, NewBicycle

pytestmark = pytest.mark.mariadb


class TestMariaDB(StoreContract):
    examples = 10

    @pytest.fixture(autouse=True)
    def _schemas(self, mariadb_url: str) -> Iterator[None]:
        self.url, self.schemas = mariadb_url, list[str]()
        yield
        engine = create_engine(self.url.replace("mariadb://", "mariadb+pymysql://"))
        with engine.begin() as connection:
            for (schema,) in connection.execute(text("SELECT schema_name FROM information_schema.schemata")).all():
                if schema.partition("__")[0] in self.schemas:
                    connection.execute(text(f"DROP DATABASE {schema}"))
        engine.dispose()

    @pytest.fixture
    def opened(self, request: pytest.FixtureRequest) -> Iterator[Any]:
        yield from opened(request, "mariadb", SPECIMENS)

    def store(self, types: Sequence[type[Record]]) -> Store:
        self.schemas.append(f"t{uuid.uuid4().hex[:12]}")
        return SqlStore.open(self.url, types, schema=self.schemas[-1])


class TestServer:
    """What holds of MariaDB alone."""

    @pytest.fixture
    def store(self, request: pytest.FixtureRequest) -> Iterator[Any]:
        yield from opened(request, "mariadb")

    def test_a_code_that_is_too_long(self, store):
        """It is refused, and not cut."""
        with pytest.raises(InvalidError, match="longer"):
            keep(store, Add(Agent(key="x" * 381, name="Ineke")))
        keep(store, Add(Agent(key="x" * 380, name="Ineke")))
        assert [len(one.key) for one in ask(store, Agent)] == [380]

    def test_drift_is_found(self, store):
        """A fresh schema has none; what somebody changed by hand is named."""
        size = {Customer: [Field(name="size", kind="text")]}
        store.upgrade(size)
        assert store.check(size) == ()
        with store._ours.engine.begin() as connection:
            connection.execute(text("ALTER TABLE customer ADD COLUMN shoe INT, MODIFY country LONGTEXT"))
            connection.execute(text("DROP INDEX ix_customer__state ON customer"))
        found = {(one.what, one.name) for one in store.check(size)}
        assert found == {
            ("extra column", "shoe"),
            ("other type", "country"),
            ("missing index", "ix_customer__state"),
        }


@pytest.mark.parametrize("is_new", [True, False], ids=["first", "next"])
def test_an_upgrade_that_is_killed_is_finished_by_the_next(mariadb_url: str, is_new: bool) -> None:
    """At every statement: each of them is kept at once here, and the ledger knows what was begun."""
    types: list[type[Record]] = [Customer] if is_new else [Customer, Bicycle]
    newer: list[type[Record]] = [Customer, NewBicycle]
    killed, was_whole = 0, False
    while True:
        schema = f"t{uuid.uuid4().hex[:12]}"
        before: Any = SqlStore.open(mariadb_url, types, schema=schema)
        if not is_new:
            before.upgrade()
        was_killed = _upgrade_killed(mariadb_url, newer, schema, killed)
        after: Any = SqlStore.open(mariadb_url, newer, schema=schema)
        if was_killed and killed and is_new:
            is_whole = not after.status().pending
            assert is_whole or not was_whole  # from the last statement of the schema on, and not before
            was_whole = is_whole
        after.upgrade()
        assert after.status().pending == after.upgrade() == ()
        keep(after, Add(ANNA), Add(NewBicycle(customer=ANNA.id, customer_id=ANNA.id, note="x")))
        assert len(ask(after, NewBicycle)) == 1
        drop(after, schema)
        after.close()
        before.close()
        if not was_killed:
            break
        killed += 1
    assert killed > 5


def _upgrade_killed(url: str, types: Sequence[type[Record]], schema: str, after: int) -> bool:
    """Upgrade in a process that dies after so many changes; say whether it did."""
    child = os.fork()
    if child == 0:
        change, left = DriverLink.change, [after]

        def counted(self: DriverLink, text: str, values: Sequence[Any] = ()) -> int:
            if not left[0]:
                os._exit(9)
            left[0] -= 1
            return change(self, text, values)

        DriverLink.change = counted  # type: ignore[method-assign]  # this process is thrown away
        SqlStore.open(url, types, schema=schema).upgrade()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
