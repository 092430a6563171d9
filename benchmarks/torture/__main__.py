"""Install each kind of bad distribution beside two good ones in a fresh environment, start the host, and look what is left.

`python -m benchmarks.torture [--only HOST] [--save]`; it needs `uv` and an index of packages, and takes some minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .hosts import HOSTS, Host
from .kinds import GOOD, KINDS, Kind, Wheel, good
from .results import SAVED, saved
from .wheels import written

ROOT = Path(__file__).parents[2]
LONGEST_S = 120


def main() -> int:
    """Run the hosts and print a line for each cell; with --save, write what the page is made of."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torture", description=__doc__)
    parser.add_argument(
        "--only", action="append", default=[], metavar="HOST", help="of " + ", ".join(h.name for h in HOSTS)
    )
    parser.add_argument("--kind", action="append", default=[], help="only this kind")
    parser.add_argument("--save", action="store_true", help=f"write {SAVED.relative_to(ROOT)}, which the page shows")
    parser.add_argument("--verbose", action="store_true", help="print what the hosts print, too")
    options = parser.parse_args()
    hosts = [host for host in HOSTS if not options.only or host.name in options.only]
    with tempfile.TemporaryDirectory() as folder:
        ours = built(Path(folder))
        cells = [
            cell for host in hosts for cell in run(host, ours, options.kind or list(KINDS), verbose=options.verbose)
        ]
    versions = {cell["host"]: cell.pop("installed") for cell in cells}
    if options.save:
        content = {
            "python": sys.version.split()[0],
            "on": f"{datetime.now(UTC):%Y-%m-%d}",
            **_with_others(versions, cells),
        }
        SAVED.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    return 0


def _with_others(versions: dict[str, str], cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what was run now, and of the hosts that were not (--only) what the last run left behind."""
    before = saved()
    cells = [*cells, *(cell for cell in before["cells"] if cell["host"] not in versions)]
    versions = {**before["versions"], **versions}
    names = [host.name for host in HOSTS]
    return {
        "versions": {name: versions[name] for name in names},
        "cells": sorted(cells, key=lambda cell: names.index(cell["host"])),
    }


def built(folder: Path) -> Path:
    """Build the wheel of this crmkit."""
    _uv("build", "-q", "--wheel", "--out-dir", str(folder), str(ROOT))
    (wheel,) = folder.glob("crmkit-*.whl")
    return wheel


def run(host: Host, ours: Path, kinds: Sequence[str], *, verbose: bool) -> Iterator[dict[str, Any]]:
    """Yield a cell of the table for each kind, and first one without a bad plugin."""
    for name in ["none", *kinds]:
        with tempfile.TemporaryDirectory() as folder:
            cell = _cell(host, KINDS.get(name), ours, Path(folder))
        cell = {"host": host.name, "kind": name, **cell}
        shown = cell if verbose else {key: value for key, value in cell.items() if key != "output"}
        print(json.dumps(shown), flush=True)
        if name == "none" and (cell["exit"] != 0 or cell["good"] != len(GOOD)):
            raise SystemExit(f"{host.name} does not even run with good plugins:\n{cell['output']}")
        yield {key: value for key, value in cell.items() if key != "output"}


def _cell(host: Host, kind: Kind | None, ours: Path, folder: Path) -> dict[str, Any]:
    python = folder / "env" / "bin" / "python"
    _uv("venv", "-q", "-p", sys.executable, str(folder / "env"))
    _uv("pip", "install", "-q", "-p", str(python), *(host.requires or (str(ours),)))
    bad = kind.wheels(host) if kind else ()
    wheels = [written(wheel, host.group, folder) for wheel in (*(good(name, host) for name in GOOD), *bad)]
    _uv("pip", "install", "-q", "--no-deps", "-p", str(python), *map(str, wheels))
    if kind and kind.loses_its_module:
        for path in (folder / "env").rglob(f"{bad[0].module}.py"):
            path.unlink()
    return {"installed": _version(python, host), **_started(host, kind, bad, folder)}


def _started(host: Host, kind: Kind | None, bad: Sequence[Wheel], folder: Path) -> dict[str, Any]:
    (traces := folder / "traces").mkdir()
    (work := folder / "work").mkdir()
    for name, text in host.files.items():
        (work / name).write_text(text, "utf-8")
    bin_ = folder / "env" / "bin"
    environ = {
        "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder), "TORTURE_TRACES": str(traces),
        "CRMKIT_STORE": "memory:", "PYTHONDONTWRITEBYTECODE": "1", **(kind.environ if kind else {}),
    }  # fmt: skip
    command = [str(bin_ / host.command[0]), *host.command[1:]]
    done = subprocess.run(
        command, cwd=work, env=environ, capture_output=True, encoding="utf-8", check=False, timeout=LONGEST_S
    )
    output = done.stdout + done.stderr
    return {
        "exit": done.returncode,
        "good": sum((traces / name).exists() for name in GOOD),
        "named": _named(output, bad),
        "traceback": "Traceback (most recent call last)" in output,
        "output": output,
    }


def _named(output: str, wheels: Sequence[Wheel]) -> str:
    """How the bad ones, all of them, are named where the host tells what is wrong."""
    told = "\n".join(line for line in output.splitlines() if not _only_lists(line))
    found = {_name_in(told, wheel) for wheel in wheels}
    return next((how for how in ("no", "module", "distribution", "version") if how in found), "")


def _name_in(told: str, wheel: Wheel) -> str:
    text = told.replace(wheel.module, "")
    if not re.search(rf"(?<![\w-]){re.escape(wheel.name)}(?![\w-])", text):
        return "module" if text != told else "no"
    is_whole = any(wheel.name in line and "1.0" in line for line in text.splitlines())
    return "version" if is_whole else "distribution"


def _only_lists(line: str) -> bool:
    """A line that lists plugins with which nothing is wrong."""
    return line.startswith("plugins:") or line.endswith("\t")


def _version(python: Path, host: Host) -> str:
    program = f"from importlib.metadata import version; print(version({host.name!r}))"
    return subprocess.run([python, "-c", program], check=True, capture_output=True, encoding="utf-8").stdout.strip()


def _uv(*words: str) -> None:
    subprocess.run(["uv", *words], check=True)


if __name__ == "__main__":
    sys.exit(main())
