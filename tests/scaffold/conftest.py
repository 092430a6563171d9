"""An author has a terminal, a package index, and crmkit: the wheel of this tree, as long as no index has it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
OURS = ("TOX", "PYTEST", "COV", "VIRTUAL_ENV", "PYTHON", "CRMKIT")
"""Variables of the run that tests crmkit: an author's terminal knows nothing of them."""

Run = Callable[[list[str], Path], str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("tox") is None:
        for item in items:
            if item.path.parent == Path(__file__).parent:
                item.add_marker(pytest.mark.skip(reason="needs tox and tox-uv (tox -e scaffold)"))


@pytest.fixture(scope="session")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of an author's terminal, by which uv and pip find crmkit."""
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
    }


@pytest.fixture
def run(terminal: dict[str, str]) -> Run:
    """Run a command in a folder, and return what it printed."""

    def call(command: list[str], folder: Path) -> str:
        done = subprocess.run(command, cwd=folder, env=terminal, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return call
