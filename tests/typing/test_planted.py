"""Mistakes planted in `planted/`: each marked line is reported by the checkers that its mark names, and no other line.

The files are checked, never run. A mark stands at the end of the line that a checker reports::

    crm.get(Deal, anna.id)  # error: mypy pyright
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLANTED = Path(__file__).parent / "planted"
MARK = re.compile(r"#\s*error:\s*((?:mypy|pyright)(?:\s+(?:mypy|pyright))?)\s*$")
PAGES = sorted(PLANTED.glob("*.py"))

pytestmark = pytest.mark.skipif(
    not (find_spec("mypy") and find_spec("pyright")), reason="needs mypy and pyright (tox -e types)"
)

Places = set[tuple[str, int]]


def marked(checker: str) -> Places:
    places: Places = set()
    for page in PAGES:
        for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
            mark = MARK.search(line)
            if mark and checker in mark[1].split():
                places.add((page.name, number))
    return places


def reported_by_mypy(cache: Path) -> Places:
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "--no-pretty"]
    command += ["--cache-dir", str(cache), *map(str, PAGES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return {(Path(path).name, int(line)) for path, line in re.findall(r"^(.+?):(\d+): error:", done.stdout, re.M)}


def reported_by_pyright() -> Places:
    command = [sys.executable, "-m", "pyright", "--outputjson", "-p", str(PLANTED.parent)]
    command += ["--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["summary"]["filesAnalyzed"] >= len(PAGES), found["summary"]
    errors = (d for d in found["generalDiagnostics"] if d["severity"] == "error")
    return {(Path(d["file"]).name, d["range"]["start"]["line"] + 1) for d in errors}


def differences(reported: Places, expected: Places) -> dict[str, list[str]]:
    def told(places: Places) -> list[str]:
        return [f"{page}:{line}" for page, line in sorted(places)]

    return {"reported, not marked": told(reported - expected), "marked, not reported": told(expected - reported)}


NONE: dict[str, list[str]] = {"reported, not marked": [], "marked, not reported": []}


def test_there_are_marks_for_both():
    assert marked("mypy")
    assert marked("pyright")


def test_mypy_reports_the_marked_lines_and_no_other(tmp_path: Path):
    assert differences(reported_by_mypy(tmp_path), marked("mypy")) == NONE


def test_pyright_reports_the_marked_lines_and_no_other():
    assert differences(reported_by_pyright(), marked("pyright")) == NONE
