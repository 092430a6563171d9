"""A project in a folder of its own, and its command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crmkit.cli.running import outcome

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in a project that was begun; give its exit code and what it printed and told."""
    monkeypatch.chdir(tmp_path)

    def go(*words: str) -> tuple[int, str, str]:
        code = outcome(["--no-plugins", *words])
        return code, *capfd.readouterr()

    assert go("init")[0] == 0
    return go
