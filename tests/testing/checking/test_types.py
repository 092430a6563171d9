"""Types are judged by the checkers that are installed, strictly, whatever the plugin says of it itself."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from crmkit.testing.checking import typed
from crmkit.testing.checking.distribution import opened

PYPROJECT = """
[project]
name = "crmkit-rules"
[project.entry-points.crmkit1]
rules = "crmkit_rules:plugin"
[tool.mypy]
ignore_errors = true
"""
RIGHT = "from crmkit import Plugin\n\nplugin = Plugin('rules')\n"


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_wrong_type_is_found(checker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed (tox -e types)")
    monkeypatch.setattr(typed, "CHECKERS", (checker,))
    package = tmp_path / "src" / "crmkit_rules"
    package.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, "utf-8")
    (package / "__init__.py").write_text(f"{RIGHT}wrong: int = 'a'\n", "utf-8")
    (package / "py.typed").touch()
    with opened(tmp_path) as distribution:
        found = {one.check: one.problem for one in typed.judge_types(distribution)}
        assert found["py.typed"] == ""
        assert "crmkit_rules/__init__.py:4" in found[checker]
        (package / "__init__.py").write_text(RIGHT, "utf-8")
        (package / "py.typed").unlink()
        found = {one.check: one.problem for one in typed.judge_types(distribution)}
        assert found[checker] == ""
        assert "add the empty file" in found["py.typed"]
