"""Records as lines in files: the contract of stores, and what a folder must survive."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from crmkit import CRM, Customer, Deal, Money, Plugin, Record, StoreError
from crmkit.query import each
from crmkit.testing import StoreContract

from crmkit_jsonl import JsonLinesStore, plugin


class TestJsonLines(StoreContract):
    def store(self, types: Sequence[type[Record]]) -> JsonLinesStore:
        return JsonLinesStore(Path(tempfile.mkdtemp(dir=self.place)), types)

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.place = tmp_path


def opened(folder: Path) -> CRM:
    return CRM.open(f"jsonl://{folder}", plugins=[plugin], discover=False, environ={})


def test_a_crm_in_files_that_people_read(tmp_path: Path) -> None:
    """One line per record, in the order of ids, in its own script; a second CRM on the folder sees what the first one wrote."""
    with opened(tmp_path / "crm") as crm, opened(tmp_path / "crm") as other:
        crm.upgrade()
        anna, david = crm.customers.add(name="Anna"), crm.customers.add(name="דוד")
        assert other.get(Customer, david.id).name == "דוד"
        other.customers.change(anna, name="Anna Jansen")
        assert crm.get(Customer, anna.id).name == "Anna Jansen"
        crm.deals.open(anna, title="Gazelle", amount=Money("1249", "EUR"))
    lines = (tmp_path / "crm" / "customer.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["Anna Jansen", "דוד"]
    assert "דוד" in lines[1]
    with opened(tmp_path / "crm") as crm:
        assert [deal.title for deal in crm.find(Deal, each(Deal).customer.name == "Anna Jansen")] == ["Gazelle"]


# --- what it survives ---
WRITER = """
import os, signal, sys
from pathlib import Path
from crmkit import CRM, Plugin
from crmkit_jsonl import JsonLinesStore

class Mortal(JsonLinesStore):
    '''Dies at a chosen replacement of a file, the journal's, the author's and the base's alike.'''
    scheme = "mortal"

left, replace = int(sys.argv[2]), Path.replace
def mortal(self, target):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)

with CRM.open("mortal://" + sys.argv[1], plugins=[Plugin("mortal", offers=(Mortal,))], discover=False, environ={}) as crm:
    Path.replace = mortal
    with crm.transaction() as tx:
        anna = tx.customers.put(("shop", "42"), name="Anna", email="anna@example.nl")
        tx.deals.open(anna, title="Gazelle")
    print("kept", flush=True)
"""


def killed_at(step: int, folder: Path) -> bool:
    """Write one unit and die at a step; say whether the writer lived to tell of it."""
    done = subprocess.run([sys.executable, "-c", WRITER, str(folder), str(step)], capture_output=True, check=False)
    assert done.returncode in (0, -9), done.stderr.decode()
    return done.stdout == b"kept\n"


def there(folder: Path) -> tuple[int, int]:
    with opened(folder) as crm:
        return len(crm.find(Customer)), len(crm.find(Deal))


@pytest.mark.parametrize("step", [1, 2, 3, 4, 7, 9, 10])  # the journal; the files; the name of their state; none
def test_a_killed_writer_leaves_all_or_nothing(tmp_path: Path, step: int) -> None:
    """Before the journal stands, nothing; from then on, everything, in whichever file it died."""
    with opened(tmp_path) as crm:
        crm.upgrade()
    is_told = killed_at(step, tmp_path)
    found = there(tmp_path)
    assert found == ((0, 0) if step == 1 else (1, 1))
    assert found == (1, 1) or not is_told
    assert not (tmp_path / ".crmkit" / "journal").exists()
    with opened(tmp_path) as crm:  # and it goes on
        crm.customers.put(("shop", "42"), name="Anna Jansen")
    assert there(tmp_path)[0] == 1


def test_without_its_journal_it_would_be_half(tmp_path: Path) -> None:
    """The control: where the journal is taken away, a writer that died between two files leaves one of them."""
    with opened(tmp_path) as crm:
        crm.upgrade()
    killed_at(4, tmp_path)
    (tmp_path / ".crmkit" / "journal").unlink()
    assert there(tmp_path) == (1, 0)


class Failing(JsonLinesStore):
    """Its disk is full for a while, in the middle of a save."""

    scheme = "failing"
    is_full = False

    def save(self, writes):  # type: ignore[no-untyped-def]  # as the one above it
        super().save(writes[:1] if self.is_full else writes)
        if self.is_full:
            raise OSError(28, "No space left on device")


def test_a_failed_save_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was decided is kept and can be read; nothing more is written until it stands in the files; then it goes on."""
    url, offer = f"failing://{tmp_path}", Plugin("failing", offers=(Failing,))
    with CRM.open(url, plugins=[offer], discover=False, environ={}) as crm:
        crm.upgrade()
        monkeypatch.setattr(Failing, "is_full", True)
        anna = crm.customers.add(name="Anna", email="anna@example.nl")
        assert crm.get(Customer, anna.id) == anna
        with pytest.raises(StoreError, match="nothing is lost"):
            crm.customers.add(name="Bert")
        with CRM.open(url, plugins=[offer], discover=False, environ={}) as other:
            assert [one.name for one in other.find(Customer)] == ["Anna"]
        monkeypatch.setattr(Failing, "is_full", False)
        crm.customers.add(name="Bert")
    assert there(tmp_path) == (2, 0)


def test_a_spoilt_file_is_told(tmp_path: Path) -> None:
    with opened(tmp_path) as crm:
        crm.upgrade()
        crm.customers.add(name="Anna")
    with (tmp_path / "customer.jsonl").open("a") as file:
        file.write("<<<<<<< HEAD\n")
    with pytest.raises(StoreError, match="can not be loaded"), opened(tmp_path) as crm:
        crm.find(Customer)
    (tmp_path / "customer.jsonl").unlink()
    with opened(tmp_path) as crm:
        assert len(crm.find(Customer)) == 0
