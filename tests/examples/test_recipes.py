"""Each recipe of docs/examples runs on its data and prints the figures that its page promises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once


EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
FIGURES = {
    "maven_crm": (
        "added 6  changed 0  unchanged 29  rejected 0",
        "added 8,800  changed 0  unchanged 0  rejected 0",
        "deals without an account: 1425",
        "GTX Pro: 1480",
        "without a day of engagement: 500",
        "won: 4238",
        "lost: 2473",
        "63.15 %",
        "10,005,534",
    ),
    "olist": ("added 3,998  changed 2", "added 3,986", "4.0803", "76.72 %", "2018-06\t82.87 %", "SP\t79.88 %"),
    "process_logs": ("added 15,824  changed 0  unchanged 5,524", "cases: 4580", "take-in-charge\t0.19\t3.50", "40.86"),
    "hubspot_seeds": ("no customer is '1499466' (11)", "agents: 100", "customers: 47", "deals: 44"),
    "crm_exports": ("added 500", "added 1,000", "customers: 1558", "addresses: 2339", "organisations: 502"),
    "names": ("added 2,478  changed 0  unchanged 2", "added 0  changed 0  unchanged 2,478  rejected 0"),
    "csv_torture": ("a value is required (1)", "holds a line break", 'ha \\"ha\\" ha', "120 any st."),
}


def recipes() -> set[str]:
    return {path.parent.name for path in EXAMPLES.glob("*/run")}


def test_every_recipe_is_tried() -> None:
    assert recipes() == set(FIGURES)


@pytest.mark.data
@pytest.mark.parametrize("name", sorted(FIGURES))
def test_a_recipe_prints_its_figures(name: str, data_folder: Path, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = EXAMPLES / name / "run"
    made = subprocess.run(
        [str(script), str(data_folder), str(tmp_path / "work")],
        env={**os.environ, "PATH": path, "COLUMNS": "100"}, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    told = made.stdout + made.stderr
    assert [figure for figure in FIGURES[name] if figure not in told] == []
