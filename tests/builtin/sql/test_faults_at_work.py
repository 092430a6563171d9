"""Disks that fill, connections that break, files that are damaged, while a CRM works: a typed error, everything that was
acknowledged is there, and the same CRM goes on when the cause is gone. The control is a commit that reports no error.
"""

from __future__ import annotations

import gc
import random
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from crmkit import CRM, Customer
from crmkit.builtin.sql.link import DriverLink
from crmkit.builtin.sql.sqlite import SQLite
from crmkit.builtin.sql.transaction import SqlTransaction
from crmkit.errors import CRMError, NewerSchema, StorageFull, StoreError

resource = pytest.importorskip("resource", reason="limits of files are of POSIX")
BIG = "x" * 3000
Change = Callable[[CRM], object]
LEFT_OPEN = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
"""Of a control that does not close its connections: it ends in ``gc.collect()``, so that no other test is blamed for them."""


class Disk:
    """A place for a database, how its disk becomes full, and how there is space again."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "crm.db"

    def fill(self, crm: CRM) -> None: ...
    def free(self, crm: CRM) -> None: ...
    def close(self) -> None: ...


class SmallDisk(Disk):
    """A file system of 3 MiB, which then grows."""

    def __init__(self, folder: Path) -> None:
        self.place = folder / "small"
        self.place.mkdir()
        self.file = self.place / "crm.db"
        if self._mount("-t", "tmpfs", "-o", "size=3m", "tmpfs"):
            pytest.skip("only root may mount a file system")

    def _mount(self, *words: str) -> int:
        return subprocess.run(["mount", *words, str(self.place)], capture_output=True, check=False).returncode

    def free(self, crm: CRM) -> None:
        assert self._mount("-o", "remount,size=64m") == 0

    def close(self) -> None:
        subprocess.run(["umount", str(self.place)], check=True)


class LimitedFile(Disk):
    """No file of this process may grow beyond what the database has, and a little."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self, crm: CRM) -> None:
        largest = max(file.stat().st_size for file in self.file.parent.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + (1 << 19), self.before[1]))

    def free(self, crm: CRM) -> None:
        self.close()

    def close(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)


class LimitedPages(Disk):
    """SQLite itself takes no more pages."""

    def fill(self, crm: CRM) -> None:
        (pages,) = self._pragma(crm, "page_count")
        self._pragma(crm, f"max_page_count = {pages + 50}")

    def free(self, crm: CRM) -> None:
        self._pragma(crm, "max_page_count = 1000000")

    def _pragma(self, crm: CRM, words: str) -> Any:
        link = crm.store._ours.take()  # the next transaction has the same one
        try:
            with closing(link.driver.cursor()) as cursor:
                return cursor.execute(f"PRAGMA {words}").fetchone()
        finally:
            crm.store._ours.give(link)


@pytest.fixture(params=[SmallDisk, LimitedFile, LimitedPages])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    made = request.param(tmp_path)
    try:
        yield made
    finally:
        made.close()


def kept_until_full(crm: CRM) -> list[str]:
    """Add customers until there is no space; return the names of those that were acknowledged."""
    names: list[str] = []
    try:
        names.extend(crm.customers.add(name=f"C{n}", note=BIG).name for n in range(5000))
    except StorageFull as full:
        assert "space" in str(full)  # noqa: PT017  # what came before it is wanted
        return names
    raise AssertionError("the disk never was full")


def test_a_full_disk(disk: Disk) -> None:
    with CRM.open(f"sqlite:///{disk.file}", discover=False) as crm:
        disk.fill(crm)
        names = kept_until_full(crm)
        assert names
        assert sorted(c.name for c in crm.find(Customer)) == sorted(names)  # reading goes on
        disk.free(crm)
        names.append(crm.customers.add(name="After", note=BIG).name)
        assert sorted(c.name for c in crm.find(Customer)) == sorted(names)
    with closing(sqlite3.connect(disk.file)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert raw.execute("SELECT count(*) FROM log_entry WHERE name = 'customer.added'").fetchone() == (len(names),)


def test_an_import_on_a_full_disk_goes_on_when_there_is_space(disk: Disk, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text("name,note\n" + "".join(f"P{n},{BIG}\n" for n in range(1500)), encoding="utf-8")
    with CRM.open(f"sqlite:///{disk.file}", discover=False) as crm:
        disk.fill(crm)
        with pytest.raises(StorageFull):
            crm.imports.run(table, batch_size=20)
        disk.free(crm)
        assert crm.imports.run(table, batch_size=20).added == 1500
        assert Counter(c.name for c in crm.find(Customer)) == Counter(f"P{n}" for n in range(1500))


def test_the_control_acknowledges_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit or write that keeps its error to itself, and gives its connection back."""
    for name in ("write", "commit"):
        work = getattr(SqlTransaction, name)

        def silent(self: Any, *args: Any, work: Any = work) -> Any:
            try:
                return work(self, *args)
            except CRMError:
                if work.__name__ == "commit":
                    self.rollback()
                return []

        monkeypatch.setattr(SqlTransaction, name, silent)
    disk = LimitedPages(tmp_path)
    with CRM.open(f"sqlite:///{disk.file}", discover=False) as crm:
        disk.fill(crm)
        names = [crm.customers.add(name=f"C{n}", note=BIG).name for n in range(200)]
        disk.free(crm)
        assert len(crm.find(Customer)) < len(names)


# --- files ---
def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    with CRM.open(f"sqlite:///{path}", discover=False) as crm:
        crm.customers.add(name="Anna")
    with closing(sqlite3.connect(path)) as raw:
        (now,) = raw.execute("PRAGMA user_version").fetchone()
        raw.execute(f"PRAGMA user_version = {now + 1}")
    before = path.read_bytes()
    with pytest.raises(NewerSchema, match="newer"):
        CRM.open(f"sqlite:///{path}", discover=False)
    assert path.read_bytes() == before
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"PRAGMA user_version = {now}")
    with CRM.open(f"sqlite:///{path}", discover=False) as crm:
        assert [c.name for c in crm.find(Customer)] == ["Anna"]


def test_the_control_writes_into_a_file_of_a_newer_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that does not ask which one made the file."""
    path = tmp_path / "crm.db"
    CRM.open(f"sqlite:///{path}", discover=False).close()
    with closing(sqlite3.connect(path)) as raw:
        (now,) = raw.execute("PRAGMA user_version").fetchone()
        raw.execute(f"PRAGMA user_version = {now + 1}")
    before = path.read_bytes()
    monkeypatch.setattr(SQLite, "check_identity", lambda *_: None)
    with CRM.open(f"sqlite:///{path}", discover=False) as crm:
        crm.customers.add(name="Anna")
    assert path.read_bytes() != before


def test_a_damaged_file_answers_or_says_so(tmp_path: Path) -> None:
    """Bytes at random, in many copies: records come, or an error of ours; SQLite keeps no checksums, so a text may be another one."""
    said = damaged_files(tmp_path)
    assert said["StoreCorrupt"]
    with CRM.open(f"sqlite:///{tmp_path / 'crm.db'}", discover=False) as crm:
        assert len(crm.find(Customer)) == 40


@LEFT_OPEN
def test_the_control_lets_errors_of_the_driver_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that hands on what the driver raised; nobody closes its connection either."""

    def as_it_is(self: Any, error: BaseException, **_: Any) -> Any:
        return error

    monkeypatch.setattr(DriverLink, "fault", as_it_is)
    with pytest.raises(sqlite3.DatabaseError):
        damaged_files(tmp_path)
    gc.collect()


def damaged_files(tmp_path: Path) -> Counter[str]:
    """Read many copies of a database, each damaged; return how often it answered, and what it said else."""
    path, copy, chance = tmp_path / "crm.db", tmp_path / "copy.db", random.Random(7)
    with CRM.open(f"sqlite:///{path}", discover=False) as crm:
        for n in range(40):
            crm.customers.add(name=f"C{n}", email=f"c{n}@example.nl", note=BIG)
    whole, said = path.read_bytes(), Counter[str]()
    for _ in range(60):
        damaged = bytearray(whole)
        at = chance.randrange(100, len(whole) - 600)
        damaged[at : at + 500] = chance.randbytes(500)
        copy.write_bytes(damaged)
        try:
            with CRM.open(f"sqlite:///{copy}", discover=False) as crm:
                assert len([one for of in crm.house.types for one in crm.find(of)]) >= 0
                said["answered"] += 1
        except StoreError as error:
            said[type(error).__name__] += 1
        for leftover in tmp_path.glob("copy.db-*"):
            leftover.unlink()
    return said


# --- connections ---
@pytest.mark.postgresql
def test_connections_that_break_at_any_moment(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import whose connection is ended by the server, before or after any write and commit: each row once."""
    engine = create_engine(postgresql_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    table = tmp_path / "people.csv"
    table.write_text("name\n" + "".join(f"P{n}\n" for n in range(600)), encoding="utf-8")
    crm, chance, broken = CRM.open(postgresql_url, discover=False), random.Random(5), 0

    def break_one() -> None:
        nonlocal broken
        if chance.random() < 0.04:
            with engine.begin() as connection:
                ended = connection.execute(text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )).all()  # fmt: skip
            broken += len(ended)

    for name in ("write", "commit"):
        work = getattr(SqlTransaction, name)

        def guarded(self: Any, *args: Any, work: Any = work) -> Any:
            break_one()
            result = work(self, *args)
            break_one()
            return result

        monkeypatch.setattr(SqlTransaction, name, guarded)
    with crm:
        for _ in range(200):
            try:
                if crm.imports.run(table, batch_size=10).rows == 600:
                    break
            except CRMError as error:
                assert error.code in {"outcome_unknown", "try_again", "store"}  # noqa: PT017  # it is raised now and then
        assert broken >= 5
        assert Counter(c.name for c in crm.find(Customer)) == Counter(f"P{n}" for n in range(600))
    engine.dispose()


def test_media_that_can_only_be_read_are_read(tmp_path: Path) -> None:
    """SQLite's readers keep files beside a database: none are needed where nobody can write. Who writes is told."""
    disk = SmallDisk(tmp_path)
    try:
        with CRM.open(f"sqlite:///{disk.file}", discover=False) as crm:
            crm.customers.add(name="Anna")
        assert disk._mount("-o", "remount,ro") == 0
        with CRM.open(f"sqlite:///{disk.file}", discover=False) as crm:
            assert [customer.name for customer in crm.customers.find()] == ["Anna"]
            with pytest.raises(StoreError, match="can not be written") as caught:
                crm.customers.add(name="Bo")
            assert caught.value.code == "read_only"
    finally:
        disk.close()


def test_media_that_keep_unfinished_work_say_so(tmp_path: Path) -> None:
    """What a -wal file has is not in the database yet: it is not left out of what is read."""
    disk = SmallDisk(tmp_path)
    copy = tmp_path / "copy.db"
    try:
        with CRM.open(f"sqlite:///{copy}", discover=False) as crm:
            crm.customers.add(name="Anna")
            for name in ("copy.db", "copy.db-wal"):
                (disk.place / name).write_bytes((tmp_path / name).read_bytes())
        assert disk._mount("-o", "remount,ro") == 0
        with pytest.raises(StoreError, match="copy the file"):
            CRM.open(f"sqlite:///{disk.place / 'copy.db'}", discover=False)
    finally:
        disk.close()
