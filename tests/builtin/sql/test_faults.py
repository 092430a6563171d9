"""What is wrong with a file or disk is said in our own errors, and what was acknowledged stays."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing

import pytest

from crmkit.builtin.sql import SqlStore
from crmkit.errors import InvalidError, NewerSchema, StorageFull, StoreCorrupt, StoreError, TryAgain, UpgradeNeeded
from crmkit.ports.store import Add
from crmkit.query import each
from crmkit.records import CORE_TYPES, Customer
from tests.builtin.sql.conftest import ask, keep

c = each(Customer)


@pytest.fixture
def opened():
    with ExitStack() as left:

        def open_(path):
            return left.enter_context(closing(SqlStore.open(f"sqlite:///{path}", CORE_TYPES)))

        yield open_


class TestFiles:
    def test_a_file_that_is_no_database(self, opened, tmp_path):
        path = tmp_path / "notes.txt"
        path.write_text("Dear diary" * 1000)
        with pytest.raises(StoreCorrupt, match=r"notes\.txt"):
            opened(path).status()
        assert path.read_text() == "Dear diary" * 1000

    def test_the_database_of_another_program(self, opened, tmp_path):
        path = tmp_path / "other.db"
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("CREATE TABLE t (n)")
        before = path.read_bytes()
        for call in (lambda: opened(path).status(), lambda: opened(path).upgrade()):
            with pytest.raises(StoreCorrupt, match="another program"):
                call()
        assert path.read_bytes() == before

    def test_a_newer_schema(self, opened, store, tmp_path):
        with closing(sqlite3.connect(tmp_path / "crm.db")) as newer, newer:
            newer.execute("PRAGMA user_version = 99")
        with pytest.raises(NewerSchema, match="99"):
            opened(tmp_path / "crm.db").status()

    def test_a_newer_schema_under_a_prefix(self, store):
        tenant = store.tenant("acme")
        tenant.upgrade()
        with closing(sqlite3.connect(store._ours.engine.url.database)) as newer, newer:
            newer.execute("""UPDATE acme__ledger SET value = '{"core":99}' WHERE "key" = 'schema'""")
        with pytest.raises(NewerSchema, match="99"):
            tenant.status()

    def test_a_folder_that_is_not_there(self, opened, tmp_path):
        with pytest.raises(StoreError, match="folder") as caught:
            opened(tmp_path / "no" / "crm.db").status()
        assert caught.value.code == "can_not_open"

    def test_a_file_that_can_not_be_written(self, store, tmp_path):
        """As root may write anywhere, the file is opened so that it can not."""
        keep(store, Add(Customer(name="Anna")))
        store.close()
        with closing(sqlite3.connect(tmp_path / "crm.db")) as other, other:
            other.execute("PRAGMA journal_mode = DELETE")
        path = tmp_path / "crm.db"
        shut = SqlStore.open(f"sqlite:///file:{path}?mode=ro&uri=true", CORE_TYPES)
        assert [one.name for one in ask(shut, Customer)] == ["Anna"]
        with pytest.raises(StoreError, match="writable"):
            keep(shut, Add(Customer(name="Bo")))
        shut.close()

    def test_a_damaged_page(self, opened, store, tmp_path):
        keep(store, *(Add(Customer(name=f"{n}", note="x" * 500)) for n in range(500)))
        store.close()
        path = tmp_path / "crm.db"
        whole = bytearray(path.read_bytes())
        middle = len(whole) // 2 // 4096 * 4096
        whole[middle : middle + 40 * 4096] = b"\xff" * 40 * 4096
        path.write_bytes(whole)
        with pytest.raises(StoreCorrupt, match="damaged"):
            ask(opened(path), Customer, order=[c.note])

    def test_an_url_that_is_none(self):
        for url in ("nonsense", "oracle://x", 7, "sqlite+aiosqlite:///x.db"):
            with pytest.raises(InvalidError):
                SqlStore.open(url, CORE_TYPES)

    def test_a_schema_that_is_not_there(self, opened, tmp_path):
        with pytest.raises(UpgradeNeeded, match="upgrade"):
            ask(opened(tmp_path / "crm.db"), Customer)


class TestDisk:
    def test_a_full_disk_loses_nothing_that_was_acknowledged(self, store):
        """The whole unit is undone; when there is space again, the same store goes on."""
        keep(store, Add(Customer(name="before")))
        transaction = store.begin(write=True)
        transaction._link.change("PRAGMA max_page_count = 1")
        with pytest.raises(StorageFull, match="space"):
            transaction.write([Add(Customer(name=f"{n}", note="x" * 9000)) for n in range(1000)])
        transaction.rollback()
        transaction.rollback()
        with store._ours.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        assert keep(store, Add(Customer(name="after"))) == []
        assert [one.name for one in ask(store, Customer, order=[c.name])] == ["after", "before"]

    def test_a_reader_that_writes_too_late_tries_again(self, url, store):
        """A host's deferred transaction that has read what another writer changed since."""
        host = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        host.execute("BEGIN")
        guest = store.on(host)
        assert list(ask(guest, Customer)) == []
        keep(store, Add(Customer(name="other")))
        with pytest.raises(TryAgain):
            keep(guest, Add(Customer(name="late")))
        host.execute("ROLLBACK")
        host.close()

    def test_our_files_are_safe_by_default(self, store):
        with store._ours.engine.connect() as connection:
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
            }
        assert found == {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 0,
            "secure_delete": 1,
            "busy_timeout": 10000,
        }
