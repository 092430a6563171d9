"""Documentation that is not run goes stale: every Python example is a test."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r" *```(?:\{code-block\} *)?python$")


def pages() -> list[Path]:
    found = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")]
    return [page for page in found if "_build" not in page.parts]


def written() -> set[str]:
    return {
        f"{page.relative_to(ROOT)}:{number}"
        for page in pages()
        for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1)
        if FENCE.match(line)
    }


def collected() -> set[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", "-p", "no:randomly", "--override-ini"]
    command += ["addopts=--import-mode=importlib", *sorted({page.rpartition(":")[0] for page in written()})]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    return {f"{page}:{line}" for page, line in re.findall(r"^(\S+\.md)::line:(\d+)", done.stdout, re.MULTILINE)}


def test_every_python_example_is_collected():
    assert written()
    assert written() - collected() == set()
