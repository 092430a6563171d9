"""Commands about plugins work whatever a plugin does."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from crmkit.cli import main
from docs.forking import CAN_FORK, completed

PROGRAM = "import sys; from crmkit.cli import main; sys.exit(main())"


def crmkit(site: Any, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {"PYTHONPATH": str(site.folder), "PATH": ""}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        env=environ,
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def crmkit_in_a_copy(site: Any, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The same in a copy of this process, where it is not the beginning of a process that is looked at."""
    if not CAN_FORK:
        return crmkit(site, folder, *words)

    def program() -> None:
        sys.path.insert(0, "")
        importlib.invalidate_caches()
        main()

    return completed(program, ["crmkit", *words], {"PYTHONPATH": str(site.folder), "PATH": ""}, folder)


def test_a_plugin_that_kills_the_process_can_be_switched_off(site: Any, tmp_path: Path):
    """Not even `os._exit` at import keeps a person from getting rid of it."""
    site.install("deadly", "import os\nos._exit(13)\n")
    (tmp_path / "crmkit.toml").write_text('store = "memory:"\n', "utf-8")
    assert crmkit(site, tmp_path, "plugins", "doctor").returncode == 13
    listed = crmkit(site, tmp_path, "plugins", "list", "--json")
    assert "deadly" in {plugin["name"] for plugin in json.loads(listed.stdout)}
    assert crmkit(site, tmp_path, "plugins", "disable", "deadly").returncode == 0
    doctor = crmkit(site, tmp_path, "plugins", "doctor", "--json")
    assert doctor.returncode == 0, doctor.stderr
    assert {p["name"]: p["state"] for p in json.loads(doctor.stdout)["plugins"]}["deadly"] == "disabled"


def test_without_plugins_it_is_not_even_looked_at(site: Any, tmp_path: Path):
    site.install("deadly", "import os\nos._exit(13)\n")
    (tmp_path / "crmkit.toml").write_text('store = "memory:"\n', "utf-8")
    assert crmkit(site, tmp_path, "--no-plugins", "plugins", "doctor").returncode == 0


def test_a_command_of_a_failed_plugin_says_why_it_is_not_there(site: Any, tmp_path: Path):
    site.install("cycling", "1 / 0", manifest={"commands": [{"name": "bicycles", "help": "Ride."}]})
    (tmp_path / "crmkit.toml").write_text('store = "memory:"\n', "utf-8")
    assert "bicycles" in crmkit(site, tmp_path, "--help").stdout
    told = crmkit(site, tmp_path, "bicycles")
    assert told.returncode == 7
    assert "Plugin cycling (crmkit-cycling 1.0) is failed. Its import raised ZeroDivisionError" in told.stderr
    assert "Traceback" not in told.stderr
    crmkit(site, tmp_path, "plugins", "disable", "cycling")
    assert "bicycles" not in crmkit(site, tmp_path, "--help").stdout


def test_in_strict_mode_a_bad_plugin_stops_the_program_and_can_be_looked_at(site: Any, tmp_path: Path):
    """For development: CRMKIT_STRICT=1, or a line in crmkit.toml."""
    site.install("raises", "1 / 0")
    (tmp_path / "crmkit.toml").write_text('store = "memory:"\nstrict = true\n', "utf-8")
    done = crmkit(site, tmp_path, "customers", "add", "Anna")
    assert (done.returncode, done.stdout) == (7, "")
    assert "Plugin raises (crmkit-raises 1.0) is failed. Its import raised ZeroDivisionError" in done.stderr
    told = json.loads(crmkit(site, tmp_path, "plugins", "doctor", "--json").stdout)
    assert {plugin["name"]: plugin["state"] for plugin in told["plugins"]}["raises"] == "failed"
    assert crmkit(site, tmp_path, "plugins", "disable", "raises").returncode == 0
    assert crmkit(site, tmp_path, "customers", "add", "Anna").returncode == 0
