"""Whatever is wrong: one or two sentences that say what to do, a code that is not zero, no traceback, nothing half-done."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from crmkit import CRM, Customer
from crmkit.cli.running import outcome

Run = Callable[..., tuple[int, str]]
GOOD = "number,name,e-mail\n1,Anna,anna@example.nl\n2,Bert,bert@example.nl\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in a project of its own; give its exit code and what it told on standard error."""
    monkeypatch.chdir(tmp_path)

    def go(*words: str) -> tuple[int, str]:
        code = outcome(["--no-plugins", *words])
        return code, capfd.readouterr().err

    assert go("init")[0] == 0
    return go


def write(name: str, data: bytes | str) -> str:
    Path(name).write_bytes(data.encode() if isinstance(data, str) else data)
    return name


def customers() -> int:
    with CRM.project(discover=False) as crm:
        return len(crm.find(Customer))


FILES = {
    "absent": (None, "There is no file"),
    "empty": (b"", "is empty"),
    "binary": (bytes(range(256)) * 20, "is not text"),
    "wrong encoding": (b"name\nZo\xeb\n", "encoding"),
    "cut off": (b'name\n"Anna\nBert\n', "cut off"),
    "damaged gzip": (gzip.compress(b"name\nAnna\n" * 500)[:40], ""),
    "no such column": (b"nam\nAnna\n", "nam"),
    "header twice": (b"name,name\nAnna,Bert\n", "name"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_can_not_be_used(run: Run, case: str) -> None:
    data, words = FILES[case]
    name = "rows.csv.gz" if "gzip" in case else "rows.csv"
    if data is not None:
        write(name, data)
    code, told = run("import", name, "--as", "customers")
    assert code != 0
    assert words in told
    assert "Traceback" not in told
    assert len(told.strip().splitlines()) <= 3, told
    assert customers() == 0


def test_a_gigantic_field_is_a_rejected_row(run: Run) -> None:
    write("rows.csv", f"name,note\nAnna,{'x' * 9_000_000}\nBert,short\n")
    code, told = run("import", "rows.csv")
    assert code == 1
    assert "Traceback" not in told
    assert customers() == 1


ROWS = {
    "unknown stage": ("deals", "title,stage\nGazelle,sould\n", "sould"),
    "unknown currency": ("deals", "title,amount\nGazelle,12 ZZZ\n", ""),
    "unknown time zone": ("customers", "name,time_zone\nAnna,Europe/Amsterdan\n", "Europe/Amsterdan"),
    "a day that does not exist": ("customers", "name,since\nAnna,2024-02-31\n", "2024-02-31"),
    "unknown status": ("customers", "name,status\nAnna,custmer\n", "custmer"),
}


@pytest.mark.parametrize("case", ROWS)
def test_a_row_that_can_not_be_taken(run: Run, case: str) -> None:
    of, text, word = ROWS[case]
    write("rows.csv", text)
    code, told = run("import", "rows.csv", "--as", of)
    assert code == 1
    assert word in told
    rejected = Path("rows.rejected.csv").read_text("utf-8")
    assert rejected.splitlines()[1].startswith("2,")
    assert text.splitlines()[1] in rejected, "the row as it was"


WORDS = {
    "an unknown command": (("custmers",), "Did you mean 'customers'?"),
    "an unknown record": (("deals", "move", "zzzzzz", "won"), "There is no deal"),
    "an unknown kind": (("import", "rows.csv", "--as", "custmers"), "Did you mean 'customers'?"),
    "an unknown KPI": (("kpis", "show", "npss"), "Did you mean 'nps'?"),
    "an unknown plugin": (("plugins", "show", "memry"), "Did you mean 'memory'?"),
    "an unknown store": (("--store", "oracle://x", "customers", "find"), "No store for 'oracle'"),
    "a folder that is not there": (("--store", "sqlite:////no/where.db", "customers", "find"), "There is no"),
    "a project that is there": (("init",), "already"),
    "a file that is no database": (("--store", "sqlite:///crmkit.toml", "customers", "find"), "no database"),
    "a project file with mistakes": (("--project", "bad.toml", "customers", "find"), "Did you mean 'currency'?"),
    "no amount": (("deals", "open", "x", "y", "--amount", "much"), "no amount of money"),
}


@pytest.mark.parametrize("case", WORDS)
def test_a_word_that_can_not_be_used(run: Run, case: str) -> None:
    write("rows.csv", GOOD)
    write("bad.toml", 'time_zone = "Europe/Amsterdan"\ncurency = "EUR"\n')
    words, told = WORDS[case]
    code, err = run(*words)
    assert code != 0
    assert told in err
    assert "Traceback" not in err


def test_a_database_of_a_newer_version(run: Run) -> None:
    with sqlite3.connect("crm.db") as connection:
        connection.execute("pragma user_version = 999")
    connection.close()
    code, told = run("customers", "find")
    assert (code, "newer" in told, "Traceback" in told) == (8, True, False)


def test_a_folder_without_a_crm(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question asked in a wrong folder says so, and leaves no database behind."""
    (tmp_path / "crmkit.toml").unlink()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    code, told = run("customers", "find")
    assert (code, "crmkit init" in told) == (2, True)
    assert not list(Path().iterdir())


def test_debug_shows_where(run: Run) -> None:
    assert "Traceback" in run("deals", "move", "zzzzzz", "won", "--debug")[1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_can_only_be_read(run: Run, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    code, told = run("customers", "add", "Anna")
    tmp_path.chmod(0o700)
    assert (code, "Traceback" in told) == (8, False)


def test_a_full_disk_keeps_what_was_kept(run: Run) -> None:
    """A limit on the file's size stands for the disk: the import stops with a sentence, and goes on when there is room."""
    write("rows.csv", "number,name,note\n" + "".join(f"{n},Customer {n},{'x' * 400}\n" for n in range(4000)))
    mapping = '[columns]\nexternal_id = { from = "number", source = "till" }\nname = "name"\nnote = "note"\n'
    write("map.toml", mapping)
    limited = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_500_000, 2_500_000))\n"
        "from crmkit.cli.running import run\nrun(sys.argv[1:])\n"
    )
    words = ["--no-plugins", "import", "rows.csv", "--map", "map.toml"]
    stopped = subprocess.run([sys.executable, "-c", limited, *words], capture_output=True, text=True, check=False)
    assert stopped.returncode != 0
    assert "Traceback" not in stopped.stderr
    kept = customers()
    assert kept < 4000
    assert run(*words[1:])[0] == 0
    assert customers() == 4000


def test_two_processes_at_once(run: Run) -> None:
    """One imports the file; the other finds it kept, or is told that it is being imported. Each customer is kept once."""
    write("rows.csv", "number,name\n" + "".join(f"{n},Customer {n}\n" for n in range(1200)))
    write("map.toml", '[columns]\nexternal_id = { from = "number", source = "till" }\nname = "name"\n')
    command = [sys.executable, "-c", "from crmkit.cli import main; main()", "--no-plugins"]
    command += ["import", "rows.csv", "--map", "map.toml"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate() for process in both]
    for process, (_, error) in zip(both, told, strict=True):
        assert process.returncode == 0 or (process.returncode == 5 and "is running: wait for its end" in error), told
    assert any(process.returncode == 0 for process in both), told
    assert customers() == 1200
    assert run("import", "rows.csv", "--map", "map.toml")[0] == 0
    assert customers() == 1200


def test_a_reader_is_served_while_a_writer_waits(run: Run) -> None:
    with CRM.project(discover=False) as crm, crm.transaction() as tx:
        tx.add(Customer(name="not yet"))
        found: list[int] = []
        reader = threading.Thread(target=lambda: found.append(customers()))
        reader.start()
        reader.join(20)
        assert found == [0]


def test_an_ambiguous_name_tells_ids_and_nothing_else_of_anybody(run: Run) -> None:
    for email in ("anna@one.example", "anna@two.example"):
        assert run("customers", "add", "Anna", "--email", email)[0] == 0
    code, told = run("customers", "show", "Anna")
    assert code == 3
    assert len(told.splitlines()) == 1
    assert told.startswith("'Anna' names 2 records: choose one of ")
    assert "Customer(" not in told
    code, told = run("--json", "customers", "show", "Anna")
    assert len(json.loads(told)["candidates"]) == 2
