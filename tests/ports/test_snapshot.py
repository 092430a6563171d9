"""What ``SnapshotStore`` does around an author's ``load`` and ``save``; the contract is run by plugins/crmkit-jsonl."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from crmkit.errors import InvalidError, StorageBusy, StoreCorrupt, StoreError, UnsupportedError
from crmkit.ports.store import Add, Remove, SnapshotStore, Write, from_json, to_json
from crmkit.records import Customer, LedgerEntry, Record
from crmkit.testing.specimens import SPECIMENS, Specimen
from crmkit.testing.store.opened import kept, passing, read


class Files(SnapshotStore):
    """A file per record."""

    scheme = "files"

    def load(self) -> Iterable[Record]:
        for of in self.types:
            for file in self.folder.glob(f"{of.__name__}.*"):
                yield from_json(of, json.loads(file.read_text("utf-8")))

    def save(self, writes: Sequence[Write]) -> None:
        for write in writes:
            file = self.folder / f"{type(write.record).__name__}.{write.record.id}"
            if isinstance(write, Remove):
                file.unlink(missing_ok=True)
            else:
                file.write_text(json.dumps(to_json(write.record)), "utf-8")


def test_a_url_names_a_folder(tmp_path: Path) -> None:
    """Absolute or below the working folder; looking at it makes nothing."""
    assert Files.open(f"files://{tmp_path}/a%20b", SPECIMENS).folder == tmp_path / "a b"
    assert Files.open("files:crm", SPECIMENS).folder == Path("crm")
    for wrong in ("files:", "other:///srv", "crm"):
        with pytest.raises(InvalidError):
            Files.open(wrong, SPECIMENS)
    with pytest.raises(UnsupportedError):
        Files.open("files:crm", SPECIMENS, prefix="x_")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="no folder"):
        Files.open(f"files://{tmp_path / 'file'}", SPECIMENS)
    assert Files(tmp_path / "new").status().is_absent
    assert not (tmp_path / "new").exists()


def test_a_second_writer_waits_and_then_gives_up(tmp_path: Path) -> None:
    """In the same store, and in another one on the same folder; a reader does not wait."""
    store, other = (Files(tmp_path, SPECIMENS, busy_timeout_s=0) for _ in range(2))
    store.upgrade()
    other.status()
    first = store.begin(write=True)
    for one in (store, other):
        with pytest.raises(StorageBusy):
            one.begin(write=True)
        one.begin(write=False).rollback()
    first.rollback()
    other.begin(write=True).rollback()


def test_what_was_written_and_taken_back_is_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An author sees each record once, as it became."""
    saved: list[list[tuple[str, object]]] = []
    store = Files(tmp_path, SPECIMENS)
    store.upgrade()
    monkeypatch.setattr(
        Files, "save", lambda _, writes: saved.append([(type(w).__name__, w.record.text) for w in writes])
    )
    one, two = Specimen(text="one"), Specimen(text="two")
    assert kept(store, one) == []
    with passing(store, write=True) as transaction:
        mark = transaction.mark()
        transaction.write([Add(two)])
        transaction.undo_to(mark)
        transaction.write([Add(two), Remove(two), Remove(one)])
        transaction.commit()
    assert saved == [[("Add", "one")], [("Remove", "one")]]


def test_a_journal_waits_for_the_plugin_of_its_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens the folder without it hears its name; with it, the journal is applied."""
    store, specimen = Files(tmp_path, SPECIMENS), Specimen(text="one")
    store.upgrade()
    with monkeypatch.context() as broken:
        broken.setattr(Files, "save", lambda *_: 1 / 0)
        assert kept(store, specimen) == []
    with pytest.raises(StoreError, match="specimen"):
        Files(tmp_path, (LedgerEntry, Customer)).begin(write=True)
    assert read(Files(tmp_path, SPECIMENS), specimen) == specimen
    assert read(Files(tmp_path, (LedgerEntry, *SPECIMENS)), specimen) == specimen


def test_a_spoilt_journal_is_told(tmp_path: Path) -> None:
    store = Files(tmp_path, SPECIMENS)
    store.upgrade()
    (tmp_path / ".crmkit" / "journal").write_text("{")
    with pytest.raises(StoreCorrupt, match="journal"):
        store.begin(write=False)


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="can not be written"):
        Files(tmp_path / "file" / "crm", SPECIMENS).upgrade()
