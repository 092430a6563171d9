"""Documentation that is not run goes stale: every Python example and every session on the command line is a test."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from docs import running

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r" *```(?:python|console|\{code-block\} \w+)$")


def pages() -> list[Path]:
    found = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")]
    return [page for page in found if "_build" not in page.parts and page.name != running.NEEDS_AN_INDEX]


def written() -> set[str]:
    """Where examples begin: at their fence, or at the first prompt below it."""
    return {
        f"{page.relative_to(ROOT)}:{number + below.startswith('>>> ')}"
        for page in pages()
        for number, (line, below) in enumerate(pairwise([*page.read_text("utf-8").splitlines(), ""]), start=1)
        if FENCE.match(line)
    }


def collected() -> set[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", "-p", "no:randomly", "--override-ini"]
    command += ["addopts=--import-mode=importlib", *sorted({page.rpartition(":")[0] for page in written()})]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    return {f"{page}:{line}" for page, line in re.findall(r"^(\S+\.md)::line:(\d+)", done.stdout, re.MULTILINE)}


def test_every_example_is_collected():
    assert written()
    assert written() - collected() == set()


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("added 2\n", "added 2\n"),
        ("added   2\n\n", "\nadded 2  \n"),
        ("...\nlast\n", "one\ntwo\nlast\n"),
        ("last ran ... ago\n", "last ran 3 days ago\n"),
        ("import 7k3f9q, undo\n", "import 0zz1aa, undo\n"),
        ("", ""),
    ],
)
def test_what_was_expected_matches(expected: str, printed: str):
    assert running.matches(expected, printed)


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("added 2\n", "added 3\n"),
        ("added 2\n", "added 2\nwarning\n"),
        ("added 2\n", ""),
        ("", "warning\n"),
        ("import 7k3f9q, undo\n", "import nothing, undo\n"),
        ("sold\n", "lost\n"),
        ("in the\n", "in a\n"),
    ],
)
def test_what_was_not_expected_does_not_match(expected: str, printed: str):
    assert not running.matches(expected, printed)


def test_a_session_is_cut_into_its_commands():
    session = "$ crmkit init\nWrote crmkit.toml.\n$ crmkit import a.csv \\\n    --as customers\nadded 1\n"
    assert list(running.steps(session)) == [
        ("crmkit init", "Wrote crmkit.toml.\n"),
        ("crmkit import a.csv \\\n    --as customers", "added 1\n"),
    ]


def test_a_command_prints_also_its_errors():
    assert running.run("echo one; echo two >&2") == "one\ntwo\n"
