"""An author has a terminal, a package index, and crmkit: the wheel of this tree, as long as no index has it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BIN = Path(sys.executable).parent
OURS = ("TOX", "PYTEST", "COV", "VIRTUAL_ENV", "PYTHON", "CRMKIT")
"""Variables of the run that tests crmkit: an author's terminal knows nothing of them."""

Run = Callable[[list[str], Path], str]
LONGEST = ("test_tutorial.py", "[all-kinds-", "test_bad_wheels.py")
"""What takes longest begins, each on another worker of pytest-xdist, which takes two at a time at first."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest = [item for item in items if item.path.parent == HERE and any(part in item.nodeid for part in LONGEST)]
    items[:] = [item for item in items if item not in longest]
    for n, item in enumerate(longest):
        items.insert(2 * n, item)
    if find_spec("tox") is None:
        for item in items:
            if item.path.parent == HERE:
                item.add_marker(pytest.mark.skip(reason="needs tox and tox-uv (tox -e scaffold)"))


@pytest.fixture(scope="session")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of an author's terminal, by which uv and pip find crmkit; what mypy has read of it once, it knows."""
    place = tmp_path_factory.mktemp("crmkit")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    clean["PATH"] = os.pathsep.join([str(BIN), clean["PATH"]])
    command = ["uv", "build", "--quiet", "--wheel", "--out-dir", str(place), str(ROOT)]
    subprocess.run(command, env=clean, check=True)
    (wheel,) = place.glob("crmkit-*.whl")
    (place / "constraint.txt").write_text(f"crmkit @ {wheel.as_uri()}\n", "utf-8")
    return {
        **clean,
        "UV_CONSTRAINT": str(place / "constraint.txt"),
        "PIP_FIND_LINKS": f"{clean.get('PIP_FIND_LINKS', '')} {place}".strip(),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "MYPY_CACHE_DIR": str(place / "mypy"),  # by digest: another plugin, or another crmkit, is read anew
        "TOX_OVERRIDE": "testenv.pass_env+=MYPY_CACHE_DIR",
    }


@pytest.fixture
def run(terminal: dict[str, str]) -> Run:
    """Run a command in a folder, and return what it printed."""

    def call(command: list[str], folder: Path) -> str:
        done = subprocess.run(command, cwd=folder, env=terminal, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return call
