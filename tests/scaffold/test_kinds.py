"""Every kind of plugin, as `crmkit plugins new` writes it: through its own tox, built, and installed beside crmkit alone.

crmkit is the wheel of this tree: a constraint tells uv where it is, as long as no index has it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from crmkit.cli.scaffold.kinds import KINDS
from crmkit.cli.scaffold.names import LONGEST

pytestmark = pytest.mark.skipif(find_spec("tox") is None, reason="needs tox and tox-uv (tox -e scaffold)")

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CASES = {f"my-{kind}": (kind,) for kind in KINDS} | {"all-kinds-".ljust(LONGEST, "x"): tuple(KINDS)}
OURS = ("TOX", "PYTEST", "COV", "VIRTUAL_ENV", "PYTHON", "CRMKIT")
"""Variables of the run that tests crmkit: a plugin's own run knows nothing of them."""


@pytest.fixture(scope="session")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of an author's terminal, in which uv knows where crmkit is."""
    place = tmp_path_factory.mktemp("crmkit")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    clean["PATH"] = os.pathsep.join([str(BIN), clean["PATH"]])
    run(["uv", "build", "--quiet", "--wheel", "--out-dir", str(place), str(ROOT)], place, clean)
    (wheel,) = place.glob("crmkit-*.whl")
    constraint = place / "constraint.txt"
    constraint.write_text(f"crmkit @ {wheel.as_uri()}\n", "utf-8")
    return {**clean, "UV_CONSTRAINT": str(constraint)}


def run(command: list[str], folder: Path, env: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("name", CASES)
def test_it_passes_its_own_tox_and_is_built(name: str, tmp_path: Path, env: dict[str, str]) -> None:
    """Unmodified; in an environment that has its wheel and crmkit it is active."""
    kinds = [word for kind in CASES[name] for word in ("--kind", kind)]
    run(["crmkit", "plugins", "new", name, *kinds], tmp_path, env)
    written = tmp_path / f"crmkit-{name}"
    run(["tox"], written, env)
    run(["uv", "build", "--quiet", "--wheel"], written, env)
    (wheel,) = (written / "dist").glob("*.whl")
    fresh = str(tmp_path / "fresh")
    run(["uv", "venv", "--quiet", "--python", sys.executable, fresh], tmp_path, env)
    run(["uv", "pip", "install", "--quiet", "--python", fresh, str(wheel)], tmp_path, env)
    crmkit = str(tmp_path / "fresh" / BIN.name / "crmkit")
    states = json.loads(run([crmkit, "--store", "memory:", "plugins", "doctor", "--json"], tmp_path, env))["plugins"]
    (state,) = (one for one in states if one["distribution"] != "crmkit")
    assert (state["name"], state["version"], state["state"]) == (name, "0.1.0", "active")
