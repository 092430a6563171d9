"""An import that is killed at any moment goes on by the same call: no row is lost, none is twice, no reject is twice.

The rows have a name and nothing that tells one from another, so whatever is done twice is there twice. The oracle is the
file itself and the database's own tables, read past crmkit. Processes are forked from this one and kill themselves
(SIGKILL) at a random boundary: before, between and after writes and commits. The control is the plausible wrong
design: an import that begins at its first row again, and names no rows.
"""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from crmkit import CRM
from crmkit.builtin.sql.transaction import SqlTransaction
from crmkit.services.importing.naming import RowNames
from tests.proofs import sized

ROWS, KILLS, BATCH = sized(full=(100_000, 1000, 50), default=(2_000, 25, 25), brief=(600, 8, 25))
BAD = 100
"""Each so manieth row has no name."""
Boundary = Callable[[], None]
pytestmark = [
    pytest.mark.once(each=4),
    pytest.mark.proof,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the import is made in processes that die"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'crm.db'}"
    found: str = request.getfixturevalue("postgresql_url")
    ask(found, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return found


def ask(url: str, *statements: str) -> list[Any]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        results = [connection.execute(text(statement)) for statement in statements]
        rows = list(results[-1]) if results[-1].returns_rows else []
    engine.dispose()
    return rows


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("name,tier\n")
        file.writelines(f"{'' if n % BAD == BAD - 1 else f'P{n}'},{n}\n" for n in range(ROWS))
    return path


def dies_after(boundaries: int) -> Boundary:
    left = [boundaries]

    def boundary() -> None:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return boundary


def guard(boundary: Boundary) -> None:
    """From now on (in this process, which will die) every write and commit has a boundary on both sides."""
    for name in ("write", "commit"):
        work = getattr(SqlTransaction, name)

        def guarded(self: Any, *args: Any, work: Any = work) -> Any:
            boundary()
            result = work(self, *args)
            boundary()
            return result

        setattr(SqlTransaction, name, guarded)


def forked(work: Callable[[], object]) -> int:
    """Do work in a process of its own; return its exit code, or less than 0 where it was killed."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def import_(url: str, table: Path, *, dies: int, resume: bool = True) -> None:
    if not resume:
        RowNames.name = lambda self, cells: None  # type: ignore[method-assign]  # of a process that lives for this alone
    with CRM.open(url, discover=False) as crm:
        guard(dies_after(dies))
        crm.imports.run(table, batch_size=BATCH, resume=resume)


def killed(url: str, table: Path, *, resume: bool = True, kills: int = KILLS) -> int:
    """Import, killed again and again; return how often."""
    chance = random.Random(4)
    CRM.open(url, discover=False).close()
    for deaths in range(kills):
        dies = chance.randint(1, 30)
        code = forked(lambda dies=dies: import_(url, table, dies=dies, resume=resume))
        if code == 0:
            return deaths
        assert code == -signal.SIGKILL
    assert forked(lambda: import_(url, table, dies=1 << 40, resume=resume)) == 0
    return kills


def test_a_killed_import_loses_nothing_and_doubles_nothing(url: str, table: Path) -> None:
    deaths = killed(url, table)
    assert deaths >= KILLS // 2
    names = Counter(name for (name,) in ask(url, "SELECT name FROM customer"))
    assert names == Counter(f"P{n}" for n in range(ROWS) if n % BAD != BAD - 1)
    rejected = (table.parent / "people.rejected.csv").read_text("utf-8").splitlines()[1:]
    assert Counter(line.rpartition(",")[2] for line in rejected) == Counter(str(n) for n in range(BAD - 1, ROWS, BAD))
    with CRM.open(url, discover=False) as crm:
        (made,) = crm.imports.past()
        assert (made.state, made.read, made.rejected, made.unchanged) == ("done", ROWS, ROWS // BAD, 0)
        logged = ask(url, "SELECT count(*) FROM log_entry WHERE name = 'customer.added'")
        assert logged == [(ROWS - ROWS // BAD,)]
    print(f"{deaths} kills, {ROWS} rows: 0 lost, 0 twice")


def test_the_control_doubles_rows(tmp_path: Path, table: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    killed(url, table, resume=False, kills=5)
    names = Counter(name for (name,) in ask(url, "SELECT name FROM customer"))
    assert max(names.values()) > 1


def test_a_killed_undo_goes_on(url: str, table: Path) -> None:
    """Half of the kills of an undo leave nothing of the import behind, and nothing that was not its own is gone."""
    with CRM.open(url, discover=False) as crm:
        crm.customers.add(name="Anna")
        made = crm.imports.run(table, batch_size=ROWS // 20)
    assert made.operation

    def undo(dies: int) -> None:
        with CRM.open(url, discover=False) as crm:
            guard(dies_after(dies))
            crm.imports.undo(made.operation)

    chance, deaths = random.Random(4), 0
    while forked(lambda dies=chance.randint(5, 60): undo(dies)) < 0:  # noqa: B008  # drawn here, not in the process that dies
        deaths += 1
    assert deaths
    assert ask(url, "SELECT name FROM customer") == [("Anna",)]
    with CRM.open(url, discover=False) as crm:
        assert [one.state for one in crm.imports.past()] == ["undone"]
