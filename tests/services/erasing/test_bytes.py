"""What was erased is not in the bytes of the files either: the database, its journals, and the folder of files.

The control is a connection that does not overwrite what it frees, as SQLite does it by default.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text

from crmkit import CRM
from crmkit.builtin.sql.indexing import Indexing
from crmkit.records import Customer
from tests.services.erasing.world import CANARY, plugin, told

MANY = 300
RARE = "ᚠⴲꙮ𐌸𒀀"


@contextmanager
def full(place: Any) -> Iterator[tuple[CRM, Customer]]:
    """A CRM with so much of somebody that pages are split and joined, between others who stay."""
    options: dict[str, Any] = {"engine": place} if not isinstance(place, str) else {"url": place}
    with CRM.open(**options, plugins=[plugin], discover=False, environ={}, secret="s") as crm:  # a test's
        anna = told(crm)
        for number in range(MANY):
            crm.interactions.record(anna, subject=f"{CANARY} {number}", body=f"{CANARY} {number} " * 40)
            crm.customers.add(name=f"Somebody {number}", email=f"somebody{number}@example.org", note="who stays " * 9)
            if number % 3 == 0:
                anna = crm.customers.change(anna.id, note=f"{CANARY} {number}")
        yield crm, anna


def found_in(folder: Path) -> dict[str, int]:
    """Return how often the word stands in the bytes of each file."""
    word = CANARY.encode()
    files = [path for path in folder.rglob("*") if path.is_file()]
    counts = {path.name: (data := path.read_bytes()).count(word) + data.count(word.lower()) for path in files}
    return {name: n for name, n in counts.items() if n}


def test_a_file_of_sqlite(tmp_path: Path):
    """Also while the CRM is still open: then its journal is there."""
    with full(f"sqlite:///{tmp_path / 'crm.db'}") as (crm, anna):
        assert sum(found_in(tmp_path).values()) > MANY
        done = crm.customers.erase(anna)
        assert found_in(tmp_path) == {}
        assert (tmp_path / "crm.db-wal").exists()
        assert "-wal" not in " ".join(done.notes)
        assert len(crm.customers.find("somebody", limit=None)) == MANY
    assert found_in(tmp_path) == {}


def trigrams_in(folder: Path) -> int:
    """Return how often trigrams of the rare word stand in the files: an index of them keeps what it forgot until it is merged.

    Three letters of ASCII stand by chance in one of some hundred ids; and an index leaves out a first byte that two of its words share.
    """
    data = b"".join(path.read_bytes() for path in folder.glob("crm.db*"))
    return sum(data.count(RARE[at : at + 3].encode()[1:]) for at in range(len(RARE) - 2))


@pytest.mark.parametrize("is_purged", [True, False])
def test_an_index_of_trigrams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_purged: bool):
    """The control leaves it as it is after the texts were taken out of it."""
    if not is_purged:
        monkeypatch.setattr(Indexing, "purge", lambda self, indexes: None)
    with full(f"sqlite:///{tmp_path / 'crm.db'}") as (crm, _):
        zoe = crm.customers.add(name=f"{RARE} Zoe", note=RARE)
        crm.interactions.record(zoe, subject=RARE, body=f"of {RARE}")
        crm.store.tend()
        assert crm.customers.find(RARE[1:4])
        assert trigrams_in(tmp_path)
        crm.customers.erase(zoe)
        assert (trigrams_in(tmp_path) == 0) is is_purged
        assert not crm.customers.find(RARE[1:4])


def test_somebody_who_reads_meanwhile_keeps_the_journal(tmp_path: Path):
    """That is said, and it goes when the last one has closed the file."""
    engine = create_engine(f"sqlite:///{tmp_path / 'crm.db'}", connect_args={"timeout": 0.1})
    for pragma in ("secure_delete = ON", "journal_mode = WAL"):
        event.listen(engine, "connect", lambda driver, _, pragma=pragma: driver.execute(f"PRAGMA {pragma}"))
    with full(engine) as (crm, anna), closing(sqlite3.connect(tmp_path / "crm.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM customer").fetchall()
        assert "-wal file" in " ".join(crm.customers.erase(anna).notes)
        assert found_in(tmp_path)
    engine.dispose()
    assert found_in(tmp_path) == {}


def test_the_control_does_not_overwrite(tmp_path: Path):
    """A host's engine is as the host made it: what it does not do is said."""
    engine = create_engine(f"sqlite:///{tmp_path / 'crm.db'}")
    event.listen(engine, "connect", lambda driver, _: driver.execute("PRAGMA secure_delete = OFF"))
    with full(engine) as (crm, anna):
        notes = " ".join(crm.customers.erase(anna).notes)
        assert "VACUUM" in notes
        engine.dispose()
        assert found_in(tmp_path)
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM"))
        engine.dispose()
        assert found_in(tmp_path) == {}


@pytest.mark.parametrize("is_open", [True, False])
def test_a_folder_of_files(tmp_path: Path, *, is_open: bool):
    """A store that keeps files: they are written anew, and those of attachments are gone."""
    jsonl = pytest.importorskip("crmkit_jsonl")
    with CRM.open(
        f"jsonl://{tmp_path / 'crm'}",
        plugins=[plugin, jsonl.plugin],
        discover=False,
        environ={},
        secret="s",  # a test's
    ) as crm:
        anna = told(crm)
        assert found_in(tmp_path)
        crm.customers.erase(anna)
        if is_open:
            assert found_in(tmp_path) == {}
    assert found_in(tmp_path) == {}
