"""The tutorial about publishing a plugin, run as it is written: every command, every file, every line that is printed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sybil import Sybil

from docs import running

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / running.NEEDS_AN_INDEX


def test_it_runs_as_it_is_written(tmp_path: Path, terminal: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """From an empty folder to a figure that another CRM shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", terminal)
    examples = list(Sybil(parsers=[running.sessions, running.files]).parse(PAGE).examples())
    assert len(examples) == PAGE.read_text("utf-8").count("```console\n") + PAGE.read_text("utf-8").count(":caption:")
    for example in examples:
        example.evaluate()
