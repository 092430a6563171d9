"""Whether a plugin's types hold, by the checkers that are installed here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from .distribution import Distribution
from .findings import Finding
from .running import LIMIT_S, environment

CHECKERS: Final = ("mypy", "pyright")
_SHOWN: Final = 3


def judge_types(distribution: Distribution) -> Iterator[Finding]:
    """Yield what stands between a plugin and the rung ``typed``."""
    for package in distribution.packages:
        marked = package.is_file() or (package / "py.typed").is_file()
        told = (
            ""
            if marked
            else f"{package.name} has no py.typed: add the empty file, or nobody's checker reads its types."
        )
        yield Finding(check="py.typed", rung="typed", problem=told)
    present = [checker for checker in CHECKERS if find_spec(checker) is not None]
    if not present:
        yield Finding(
            check="types", rung="typed", problem="No type checker is installed here: pip install mypy pyright."
        )
    with TemporaryDirectory(prefix="crmkit-check-") as temporary:
        folder = Path(temporary)
        for checker in present:
            problems = list((_mypy if checker == "mypy" else _pyright)(distribution, folder))
            yield Finding(check=checker, rung="typed", problem=_told(problems))


def _told(problems: list[str]) -> str:
    more = f" (and {len(problems) - _SHOWN} more)" if len(problems) > _SHOWN else ""
    return " ".join(problems[:_SHOWN]) + more


def _mypy(distribution: Distribution, folder: Path) -> Iterator[str]:
    command = [
        sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={folder / 'cache'}", "--no-error-summary",
        "--explicit-package-bases", *map(str, distribution.packages),
    ]  # fmt: skip
    done = _ran(command, folder, {**environment(distribution, folder), "MYPYPATH": str(distribution.place)})
    if done.returncode not in (0, 1):
        yield f"mypy could not run: {(done.stderr or done.stdout).strip()[-200:]}"
        return
    yield from (_short(line, distribution) for line in done.stdout.splitlines() if ": error:" in line)


def _pyright(distribution: Distribution, folder: Path) -> Iterator[str]:
    """Pyright reads what is below its project's folder only: it gets a copy."""
    copy = folder / "pyright"
    for package in distribution.packages:
        _copied(package, copy / "src")
    wanted = {
        "typeCheckingMode": "strict",
        "include": ["src"],
        "extraPaths": ["src"],
        "reportMissingModuleSource": False,
    }
    project = copy / "pyrightconfig.json"
    project.write_text(json.dumps(wanted), "utf-8")
    command = [
        sys.executable,
        "-m",
        "pyright",
        "--outputjson",
        "--pythonpath",
        sys.executable,
        "--project",
        str(project),
    ]
    done = _ran(command, copy, None)
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        told = {"summary": {"filesAnalyzed": 0}}
    if not told["summary"]["filesAnalyzed"]:
        yield f"pyright could not run: {(done.stderr or done.stdout).strip()[-200:]}"
        return
    for one in told["generalDiagnostics"]:
        if one["severity"] == "error":
            place = Path(one["file"]).relative_to(copy.resolve() / "src")
            yield f"{place}:{one['range']['start']['line'] + 1}: {one['message'].splitlines()[0].rstrip('.')}."


def _copied(package: Path, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    if package.is_dir():
        shutil.copytree(package, place / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(package, place)


def _short(line: str, distribution: Distribution) -> str:
    return line.replace(f"{distribution.place}/", "").rstrip(".") + "."


def _ran(command: list[str], folder: Path, environ: dict[str, str] | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own interpreter; the plugin's code is read, not run
        command, cwd=folder, env=environ, capture_output=True, encoding="utf-8", errors="replace", timeout=LIMIT_S, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
