"""Real wheels of bad plugins, installed by an installer: what the page about them says of crmkit is what happens now."""

from __future__ import annotations

from pathlib import Path

from benchmarks.torture.__main__ import built, run
from benchmarks.torture.hosts import CRMKIT
from benchmarks.torture.kinds import KINDS
from benchmarks.torture.results import saved


def test_what_was_kept_of_the_last_run_is_true(tmp_path: Path) -> None:
    """Exit code 0, both good plugins called, the bad one named with distribution and version: fifteen times."""
    now = [
        {key: value for key, value in cell.items() if key != "installed"}
        for cell in run(CRMKIT, built(tmp_path), list(KINDS), verbose=False)
    ]
    assert now == [cell for cell in saved()["cells"] if cell["host"] == "crmkit"]
