"""The distributions in plugins/ are what a stranger would publish."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from crmkit.testing.checking.distribution import opened
from crmkit.testing.checking.papers import judge_names, judge_papers, judge_upkeep
from crmkit.testing.checking.suites import facts

PROGRAM = "from crmkit.cli import main; main()"
FOLDERS = sorted(path.parent for path in (Path(__file__).parents[2] / "plugins").glob("*/pyproject.toml"))


def target(folder: Path) -> str:
    declared: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    (found,) = declared["project"]["entry-points"]["crmkit1"].values()
    return str(found)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_its_manifest_is_up_to_date(folder: Path, tmp_path: Path) -> None:
    """What its wheel says of it is what it offers; if not: ``crmkit plugins manifest MODULE:plugin``."""
    module = target(folder).partition(":")[0]
    kept = folder / "src" / module / "crmkit_manifest.json"
    made = tmp_path / "made.json"
    words = ("plugins", "manifest", target(folder), "--out", str(made))
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(kept.read_text("utf-8")) == json.loads(made.read_text("utf-8")), (
        f"crmkit plugins manifest {target(folder)}"
    )


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_it_is_whole(folder: Path) -> None:
    """A page for people, types for their checkers, tests, and only crmkit's public face."""
    (package,) = (folder / "src").iterdir()
    assert (package / "py.typed").is_file()
    assert list((folder / "tests").glob("test_*.py"))
    assert len((folder / "README.md").read_text("utf-8").split()) > 50
    for file in folder.rglob("*.py"):
        inner = [
            line for line in file.read_text("utf-8").splitlines() if line.startswith(("from crmkit.", "import crmkit."))
        ]
        allowed = ("crmkit.ports.", "crmkit.query ", "crmkit.testing ", "crmkit.cli ")
        assert all(line.split(maxsplit=1)[1].startswith(allowed) for line in inner), f"{file}: {inner}"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_its_papers_are_in_order(folder: Path) -> None:
    """What `crmkit plugins check` reads of it; the contracts run in its own tests, the type checkers over all of the repository."""
    with opened(folder) as distribution:
        ((name, place),) = distribution.points.items()
        told = facts(place, name)
        every = [
            *judge_names(distribution, name, told),
            *judge_papers(distribution, told),
            *judge_upkeep(distribution, told),
        ]
    assert [f"{one.check}: {one.problem}" for one in every if one.problem] == []
