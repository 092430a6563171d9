"""What a plugin kept is there without it: its wheel is really installed, used, uninstalled, and installed again."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

FROZEN = Path(__file__).parents[1] / "frozen" / "1.0"
PROGRAM = "import sys; from crmkit.cli import main; sys.exit(main())"
LEND = """
from crmkit import CRM, Money
from crmkit_loans import BookLoans
with CRM.project() as crm:
    anna = crm.customers.add(name="Anna")
    for number, title in (("1", "Atlas"), ("2", "Emma")):
        crm.service(BookLoans).lend(anna, number, title, fee=Money("1.50", "EUR"))
"""


def wheel_of(plugin: str, folder: Path) -> Path:
    """Return a wheel of a frozen plugin, as a build tool makes it."""
    info = f"crmkit_{plugin}-1.0.dist-info"
    files = [path for path in sorted((FROZEN / f"crmkit_{plugin}").rglob("*")) if path.suffix in {".py", ".json"}]
    content = {path.relative_to(FROZEN).as_posix(): path.read_bytes() for path in [*files, *(FROZEN / info).iterdir()]}
    return packed(f"crmkit_{plugin}-1.0", content, folder)


def packed(name: str, content: dict[str, bytes], folder: Path) -> Path:
    """Return a wheel with these files."""
    info = f"{name}.dist-info"
    content[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    digests = {
        name: base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=") for name, text in content.items()
    }
    record = "".join(f"{name},sha256={digests[name].decode()},{len(text)}\n" for name, text in content.items())
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    wheel = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for place, text in content.items():
            archive.writestr(place, text)
    return wheel


@attrs.frozen
class Machine:
    """An environment of its own with pip, in which this crmkit is found, and a project."""

    folder: Path

    @property
    def site(self) -> Path:
        """Where its packages are."""
        (found,) = (self.folder / "env").glob("[lL]ib/**/site-packages")
        return found

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        environ = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON", "CRMKIT_"))}
        command = [str(next((self.folder / "env").glob("[bS]*/python*"))), *words]
        return subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, encoding="utf-8", check=False)

    def pip(self, *words: str) -> None:
        done = self.python("-m", "pip", "--disable-pip-version-check", *words)
        assert done.returncode == 0, done.stdout + done.stderr

    def crmkit(self, *words: str, code: int = 0) -> str:
        done = self.python("-c", PROGRAM, *words)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def told(self, *words: str) -> Any:
        return json.loads(self.crmkit(*words, "--json"))


def new_machine(folder: Path) -> Machine:
    """Return a new environment, with an empty project."""
    made = Machine(folder)
    venv.create(made.folder / "env", with_pip=True, symlinks=os.name != "nt")
    lines = [f"import site; site.addsitedir({path!r})" for path in sys.path if path and Path(path).is_dir()]
    (made.site / "this_crmkit.pth").write_text("\n".join(lines) + "\n", "utf-8")
    (made.folder / "crmkit.toml").write_text('store = "sqlite:///crm.db"\n', "utf-8")
    return made


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine on which a book was lent with the plugin, which was then uninstalled."""
    made = new_machine(tmp_path_factory.mktemp("machine"))
    made.pip("install", "--no-index", "--no-deps", str(wheel_of("loans", made.folder)))
    lent = made.python("-c", LEND)
    assert lent.returncode == 0, lent.stderr
    made.pip("uninstall", "--yes", "crmkit-loans")
    assert not list(made.site.glob("crmkit_loans*"))
    return made


def test_it_is_reported_with_rows_and_fields(machine: Machine):
    told = machine.told("plugins", "doctor")
    loan, note = told["orphaned"]
    assert (loan["record_type"], loan["plural"], loan["plugin"], loan["rows"]) == (
        "book_loan",
        "book-loans",
        "loans",
        2,
    )
    assert {"customer", "number", "title", "fee", "stage"} <= set(loan["fields"])
    assert (note["record_type"], note["rows"]) == ("loan_note", 0)
    assert told["hands"] == []
    words = machine.crmkit("plugins", "doctor")
    assert "book-loans: 2 kept, and the plugin 'loans' is not there." in words


def test_it_is_exported(machine: Machine):
    rows = list(csv.DictReader(io.StringIO(machine.crmkit("export", "book-loans"))))
    assert sorted((row["number"], row["title"], row["fee"]) for row in rows) == [
        ("1", "Atlas", "1.50"),
        ("2", "Emma", "1.50"),
    ]


def test_its_history_is_told(machine: Machine):
    (row, *_) = csv.DictReader(io.StringIO(machine.crmkit("export", "book-loans")))
    (change,) = machine.told("history", f"book-loans/{row['id']}")
    assert change["name"] == "book_loan.lent"


def test_it_is_all_there_again_with_the_plugin(machine: Machine):
    machine.pip("install", "--no-index", "--no-deps", str(wheel_of("loans", machine.folder)))
    try:
        assert machine.told("plugins", "doctor")["orphaned"] == []
        assert "Atlas" in machine.crmkit("book-loans", "list")
    finally:
        machine.pip("uninstall", "--yes", "crmkit-loans")
