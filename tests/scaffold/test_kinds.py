"""Every kind of plugin, as `crmkit plugins new` writes it: through its own tox, built, and installed beside crmkit alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crmkit.cli.scaffold.kinds import KINDS
from crmkit.cli.scaffold.names import LONGEST

BIN = Path(sys.executable).parent.name
CASES = {f"my-{kind}": (kind,) for kind in KINDS} | {"all-kinds-".ljust(LONGEST, "x"): tuple(KINDS)}


@pytest.mark.parametrize("name", CASES)
def test_it_passes_its_own_tox_and_is_built(name: str, tmp_path: Path, run: Callable[[list[str], Path], str]) -> None:
    """Unmodified; it stands on the highest rung, and in an environment that has its wheel and crmkit it is active."""
    run(["crmkit", "plugins", "new", name, *(word for kind in CASES[name] for word in ("--kind", kind))], tmp_path)
    written = tmp_path / f"crmkit-{name}"
    run(["tox"], written)
    if len(CASES[name]) > 1:
        judged = json.loads(run([f".tox/types/{BIN}/crmkit", "plugins", "check", ".", "--json"], written))
        assert judged["rung"] == "maintained", judged
    run(["uv", "build", "--quiet", "--wheel"], written)
    (wheel,) = (written / "dist").glob("*.whl")
    run(["uv", "venv", "--quiet", "--python", sys.executable, "fresh"], tmp_path)
    run(["uv", "pip", "install", "--quiet", "--python", "fresh", str(wheel)], tmp_path)
    crmkit = str(tmp_path / "fresh" / BIN / "crmkit")
    told = json.loads(run([crmkit, "--store", "memory:", "plugins", "doctor", "--json"], tmp_path))
    (state,) = (one for one in told["plugins"] if one["distribution"] != "crmkit")
    assert (state["name"], state["version"], state["state"]) == (name, "0.1.0", "active")
