"""Six plugins are what `crmkit plugins new` writes, filled in, each within the lines that its kind should take."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from crmkit.cli.running import outcome

PLUGINS = Path(__file__).parents[2] / "plugins"
KINDS = {
    "webhook": "channel", "value-for-money": "survey-type", "first-response": "kpi", "loyalty-card": "record-type",
    "required-fields": "hooks", "jsonl": "store",
}  # fmt: skip
MOST = {"channel": 60, "survey-type": 10, "kpi": 14, "record-type": 120, "hooks": 40, "store": 60}
"""Lines of all modules together, blank ones, comments and docstrings included."""
VERBATIM = ("tox.ini", "LICENSE", ".gitignore", ".github/workflows/ci.yml", "tests/test_plugin.py")


@pytest.fixture(params=KINDS)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def written(name: str, tmp_path: Path) -> Path:
    """What the scaffold writes for this name."""
    assert outcome(["plugins", "new", name, "--kind", KINDS[name], "--out", str(tmp_path / "new")]) == 0
    return tmp_path / "new"


@pytest.mark.parametrize("own", sorted(path.name for path in PLUGINS.glob("crmkit-*")))
def test_every_plugin_runs_its_tests_as_the_scaffold_says(own: str, tmp_path: Path) -> None:
    """Those with more of their own, too: whoever knows one of them knows how all are worked on."""
    outcome(["plugins", "new", "some", "--kind", "kpi", "--out", str(tmp_path / "new")])
    for file in ("tox.ini", ".gitignore", ".github/workflows/ci.yml"):
        assert text(PLUGINS / own / file) == text(tmp_path / "new" / file)


def files(folder: Path, pattern: str) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.glob(pattern) if "__pycache__" not in path.parts}


def test_it_is_within_its_lines(name: str) -> None:
    modules = list((PLUGINS / f"crmkit-{name}" / "src").rglob("*.py"))
    lines = sum(len(module.read_text("utf-8").splitlines()) for module in modules)
    assert 0 < lines <= MOST[KINDS[name]]


def test_its_files_are_those_of_the_scaffold(name: str, written: Path) -> None:
    """Its modules are the same ones; of tests it may have more."""
    own = PLUGINS / f"crmkit-{name}"
    assert files(own, "src/**/*.*") == files(written, "src/**/*.*")
    assert files(written, "**/*.*") <= files(own, "**/*.*")
    assert (own / "LICENSE").is_file()


@pytest.mark.parametrize("file", VERBATIM)
def test_what_nobody_fills_in_is_the_same(name: str, written: Path, file: str) -> None:
    assert text(PLUGINS / f"crmkit-{name}" / file) == text(written / file)


def text(path: Path) -> str:
    """Without the year of the licence."""
    return re.sub(r"\(c\) \d{4}", "(c)", path.read_text("utf-8"))


def test_its_project_is_the_same(name: str, written: Path) -> None:
    """But for what it says of itself, and what it needs beyond crmkit."""
    own, new = project(PLUGINS / f"crmkit-{name}"), project(written)
    assert own["project"].pop("description") != new["project"].pop("description")
    assert own == new


def project(folder: Path) -> dict[str, Any]:
    found: Mapping[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    return dict(found)
