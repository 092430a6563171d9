"""The page about bad plugins elsewhere is what the last run of its script left behind."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.torture.hosts import HOSTS
from benchmarks.torture.kinds import GOOD, KINDS
from benchmarks.torture.results import PAGE, page, saved

pytestmark = pytest.mark.once


def test_the_page_shows_the_run_that_was_kept():
    assert PAGE.read_text("utf-8") == page(saved()), "write it anew: python -m benchmarks.torture.results"


def test_another_result_would_be_seen():
    """The control: one cell that differs makes another page."""
    run = saved()
    run["cells"][-1]["exit"] = 99
    assert PAGE.read_text("utf-8") != page(run)


def test_every_kind_was_run_with_every_host():
    run = saved()
    assert [(cell["host"], cell["kind"]) for cell in run["cells"]] == [
        (host.name, kind) for host in HOSTS for kind in ("none", *KINDS)
    ]
    assert set(run["versions"]) == {host.name for host in HOSTS}
    assert all(cell["exit"] == 0 and cell["good"] == len(GOOD) for cell in run["cells"] if cell["kind"] == "none")
    assert len(KINDS) >= 15


@pytest.mark.parametrize(
    "cell", [cell for cell in saved()["cells"] if cell["host"] == "crmkit"], ids=lambda c: c["kind"]
)
def test_crmkit_holds(cell: dict[str, Any]):
    assert (cell["exit"], cell["good"], cell["traceback"]) == (0, len(GOOD), False)
    assert cell["named"] == ("" if cell["kind"] == "none" else "version")
