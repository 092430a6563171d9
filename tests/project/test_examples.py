"""Documentation that is not run goes stale: every Python example and every session on the command line is a test."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from docs import forking, running

pytestmark = pytest.mark.once


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


@pytest.mark.skipif(not forking.CAN_FORK, reason="a copy of this process is made by fork")
class TestCrmkitOnAPage:
    """The first one is a process; the others are copies of this one, and see what a process would see."""

    def test_the_first_is_a_process_and_says_the_same(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        copies: list[Any] = []
        monkeypatch.setattr(running, "printed", lambda *given: copies.append(given) or forking.printed(*given))
        page: dict[str, Any] = {running._HAS_RUN: False}
        for command in ("crmkit init", "crmkit customers add 'Anna J'", "crmkit no-such-thing", "crmkit init | cat"):
            assert running.answered(command, page)
        assert [words for _, words, _ in copies] == [
            ["crmkit", "customers", "add", "Anna J"],
            ["crmkit", "no-such-thing"],
        ]
        for command in ("crmkit customers list", "crmkit customers show Nobody", "crmkit init"):
            assert running.answered(command, page) == running.run(command)

    def test_a_page_that_was_not_begun_has_processes_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(running, "printed", lambda *given: pytest.fail("a copy"))
        assert running.answered("crmkit --version", {}) == running.answered("crmkit --version", {})

    def test_nothing_of_it_comes_back_and_modules_are_read_anew(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.syspath_prepend(str(tmp_path))
        (tmp_path / "page_module.py").write_text("said = 'old'")
        import_module("page_module")
        (tmp_path / "page_module.py").write_text("said = 'the new one'")

        def program() -> None:
            print(import_module("page_module").said, sys.argv, dict(os.environ), sys.stdin.read())
            os.environ["LEFT"] = "1"
            raise LookupError("told")

        told = forking.printed(program, ["crmkit", "x"], {"A": "b"})
        assert told.endswith("the new one ['crmkit', 'x'] {'A': 'b'} \n")
        assert "LookupError: told\n" in told
        assert sys.modules.pop("page_module").said == "old"
        assert "LEFT" not in os.environ

    def test_what_a_test_has_loaded_from_its_own_folder_is_not_there(
        self, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As the module of a project that another test opened, which has the name of this page's."""
        elsewhere, page = tmp_path_factory.mktemp("elsewhere"), tmp_path_factory.mktemp("page")
        (elsewhere / "page_module.py").write_text("")
        monkeypatch.syspath_prepend(str(elsewhere))
        import_module("page_module")
        monkeypatch.chdir(page)

        def program() -> None:
            print("page_module" in sys.modules, "crmkit.cli.running" in sys.modules)

        assert forking.printed(program, ["crmkit"], {}) == "False True\n"
        del sys.modules["page_module"]
