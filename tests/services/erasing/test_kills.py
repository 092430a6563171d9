"""An erasure that is killed at any moment goes on by the same call, and nothing is left of whom it is about.

Processes are forked from this one and end without a word at a boundary: on either side of every commit. The control is
the plausible wrong design: whoever has a tombstone is taken for erased.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crmkit import CRM
from crmkit.builtin.sql.transaction import SqlTransaction
from crmkit.query import each
from crmkit.records import Customer, Operation
from crmkit.services.erasing import Erasing, Erasure
from crmkit.services.erasing.service import Job
from tests.proofs import sized
from tests.services.erasing.world import canaries, plugin, told

EACH = sized(full=1, default=7, brief=31)
"""By default each so manieth boundary is tried, from another one on at each run of the loop."""
DEAD = 9
_COUNTED = ("removed", "blanked", "files")
pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the erasure is made in processes that die"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


def opened(path: Path) -> CRM:
    return CRM.open(f"sqlite:///{path}", plugins=[plugin], discover=False, environ={}, secret="s")  # a test's


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with somebody to erase."""
    path = tmp_path_factory.mktemp("kills") / "crm.db"
    with opened(path) as crm:
        told(crm)
    return path


@pytest.fixture
def copies(before: Path, tmp_path: Path) -> Iterator[Path]:
    """The same database, each time anew."""

    def make() -> Iterator[Path]:
        number = 0
        while True:
            number += 1
            path = tmp_path / f"{number}.db"
            shutil.copy(before, path)
            yield path
            for file in tmp_path.glob(f"{number}.db*"):
                file.unlink()

    return make()  # type: ignore[return-value]  # the test takes one after the other


def erase(path: Path) -> Erasure:
    with opened(path) as crm:
        anna = next(one for one in crm.find(Customer) if one.erased_at or "Anna" in one.name)
        return Erasing(crm).run(anna, dry_run=False, progress=lambda done: None, size=4)


def dies_at(boundary: int) -> Callable[[], None]:
    """From now on (in this process, which will die) every commit has a boundary on both sides."""
    left = [boundary]
    commit = SqlTransaction.commit

    def counted() -> None:
        left[0] -= 1
        if left[0] < 0:
            os._exit(DEAD)

    def guarded(self: Any) -> None:
        counted()
        commit(self)
        counted()

    SqlTransaction.commit = guarded  # type: ignore[method-assign]  # in a process that dies
    return counted


def killed(path: Path, boundary: int) -> bool:
    """Erase in a process of its own that dies at a boundary; return whether it did."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            with opened(path) as crm:
                anna = next(one for one in crm.find(Customer) if "Anna" in one.name)
                dies_at(boundary)
                Erasing(crm).run(anna, dry_run=False, progress=lambda done: None, size=4)
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, DEAD)
    return code == DEAD


def left_in(path: Path) -> list[str]:
    with opened(path) as crm:
        return canaries(crm)


def operation_of(path: Path) -> Operation:
    with opened(path) as crm:
        (operation,) = crm.find(Operation, each(Operation).kind == "customers.erase")
        assert operation.status == "done"
        return operation


def test_it_goes_on_wherever_it_was_killed(copies):
    """The numbers are those of an erasure that was not interrupted, and one operation tells of it."""
    path = next(copies)
    erase(path)
    expected, deaths = operation_of(path), 0
    for boundary in range(0, 10_000, EACH):
        path = next(copies)
        if not killed(path, boundary):
            break
        deaths += 1
        erase(path)
        assert left_in(path) == [], boundary
        counts = operation_of(path).counts
        assert {name: counts[name] for name in _COUNTED} == {name: expected.counts[name] for name in _COUNTED}, boundary
    assert deaths > 40 // EACH


def test_the_control_takes_a_tombstone_for_an_erasure(copies, monkeypatch):
    monkeypatch.setattr(Erasing, "_interrupted", lambda self, customer: None)
    monkeypatch.setattr(Job, "is_clean", lambda self: True)
    path = next(copies)
    assert killed(path, 14)
    erase(path)
    assert left_in(path)
