"""The README's promise: two commands, each one line, from the root of a clone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.once


ROOT = Path(__file__).parents[2]


def quick_start() -> str:
    text = (ROOT / "README.md").read_text("utf-8")
    return text.split("## Quick start", 1)[1].split("\n## ", 1)[0]


def commands() -> list[str]:
    return [block.strip() for block in re.findall(r"^```sh\n(.*?)^```$", quick_start(), re.DOTALL | re.MULTILINE)]


def test_there_are_two_commands_of_one_line():
    assert len(commands()) == 2
    assert all("\n" not in command for command in commands())


def test_the_first_installs_crmkit_and_its_plugins_and_runs_the_demo():
    steps = commands()[0].split(" && ")
    assert steps[0] == "python3 -m venv .venv"
    assert "./plugins/*/" in steps[1]
    assert steps[-1] == ".venv/bin/crmkit demo"


def test_the_second_runs_all_tests():
    steps = commands()[1].split(" && ")
    assert steps[0] == "python3 -m venv .venv"
    assert steps[-1] == ".venv/bin/tox"


def test_ci_runs_the_test_command_that_the_readme_gives():
    """`.ci/run` takes its command out of the README by this expression, and runs no other."""
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    lines = [line for line in quick_start().splitlines() if line.startswith("python3 -m venv ")]
    assert lines == commands()
    assert "grep '^python3 -m venv ' | tail -n 1" in script
    assert 'eval "$command"' in script
    assert not re.search(r"^[^#]*\b(pytest|tox)\b", script, re.MULTILINE)
