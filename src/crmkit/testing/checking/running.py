"""Running the contracts of a plugin in a process of its own, and reading what came of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import attrs

from ...ports.plugin import GROUP
from ...records.values import EMPTY
from .distribution import Distribution
from .reporting import REPORT

LIMIT_S: Final = 300
"""How long the contracts of one plugin may take, in seconds."""
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TZ")
"""What of the environment a plugin that is checked is told: no secrets, no home."""
_TEST: Final = """
from crmkit.testing.checking.reporting import write_facts
from crmkit.testing.checking.suites import facts, suites

write_facts(facts({target!r}, {name!r}))
globals().update(suites({target!r}, {settings!r}))
"""


@attrs.frozen(kw_only=True)
class Outcome:
    """What came of one check.

    Attributes:
        about: what was checked: ``record type Case``.
        outcome: ``passed``, ``failed`` or ``skipped``.
        message: why it failed or was skipped.
    """

    about: str
    check: str
    outcome: str
    message: str = ""


@attrs.frozen(kw_only=True)
class Ran:
    """What came of all contracts of one plugin, and what it is (empty where it could not be imported)."""

    outcomes: tuple[Outcome, ...]
    facts: Mapping[str, Any]

    def of(self, outcome: str) -> tuple[Outcome, ...]:
        """Return the checks with an outcome."""
        return tuple(one for one in self.outcomes if one.outcome == outcome)


def run_contracts(distribution: Distribution, name: str, target: str) -> Ran:
    """Run the contracts of everything that a plugin offers, in a process of its own, without its author's tests."""
    with TemporaryDirectory(prefix="crmkit-check-") as temporary:
        folder = Path(temporary)
        _write_metadata(distribution, folder / "site")
        test = folder / "test_plugin.py"
        settings = dict(distribution.settings.get(name, {}))
        test.write_text(_TEST.format(target=target, name=name, settings=settings), "utf-8")
        (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
        command = [
            sys.executable, "-m", "pytest", "-q", "-c", str(folder / "pytest.ini"), "--rootdir", temporary, "-p", "no:cacheprovider",
            "-p", "crmkit.testing.checking.reporting", str(test),
        ]  # fmt: skip
        ended = run(command, folder, environment(distribution, folder))
        lines = list(_lines(folder / "report.jsonl"))
    outcomes = [Outcome(**line) for line in lines if "facts" not in line]
    if ended:
        outcomes.append(Outcome(about="process", check="process", outcome="failed", message=ended))
    facts: list[Mapping[str, Any]] = [line["facts"] for line in lines if "facts" in line]
    return Ran(outcomes=tuple(outcomes), facts=facts[0] if facts else EMPTY)


def environment(distribution: Distribution, folder: Path) -> dict[str, str]:
    """Return the environment of a process that sees a distribution, a home of its own, and nothing of ours."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    paths = [str(folder / "site"), str(distribution.place), *_ours()]
    return {
        **kept, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(folder), "TMPDIR": str(folder),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", REPORT: str(folder / "report.jsonl"),
    }  # fmt: skip


def _ours() -> Sequence[str]:
    """Return the folders from which this process imports: the other one finds what this one finds."""
    return [path for path in sys.path if path and Path(path).is_dir()]


def run(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> str:
    """Run a program; return why it ended before its time, empty where it did not."""
    try:
        done = subprocess.run(  # noqa: S603  # our own interpreter, in an environment that was chosen
            command, cwd=folder, env=dict(environ), capture_output=True, encoding="utf-8", errors="replace", timeout=LIMIT_S, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"The contracts were not done after {LIMIT_S} s."
    if done.returncode in (0, 1) and re.search(r"\d+ (passed|failed|skipped|error)", done.stdout):
        return ""
    if re.search(r"^ERROR .*test_plugin\.py", done.stdout, re.MULTILINE):
        return ""  # it could not be imported, which is told
    last = next((line for line in reversed((done.stderr or done.stdout).splitlines()) if line.strip()), "")
    return f"The process ended with {done.returncode} in the middle of it: {last[:300]}"


def _write_metadata(distribution: Distribution, site: Path) -> None:
    """Write what an installer would: a source folder has none, and a wheel's own is found first."""
    site.mkdir()
    if distribution.is_wheel:
        return
    info = site / f"{re.sub(r'[-_.]+', '_', distribution.name)}-{distribution.version or '0'}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution.name}\nVersion: {distribution.version or '0'}\n", "utf-8"
    )
    points = "".join(f"{name} = {target}\n" for name, target in distribution.points.items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}", "utf-8")


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    if file.exists():
        for line in file.read_text("utf-8").splitlines():
            yield json.loads(line)
