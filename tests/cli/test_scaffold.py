"""`crmkit plugins new`: what it writes, and what it refuses. That it all works is proved in tests/scaffold."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest

from crmkit.cli.running import outcome
from crmkit.cli.scaffold.kinds import KINDS


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def new(*words: str) -> int:
    return outcome(["plugins", "new", *words])


def written(folder: str) -> set[str]:
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_distribution_of_one_kind(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All that a distribution needs, a manifest that says what it offers, and nothing left of its import."""
    assert new("gift-card", "--kind", kind) == 0
    assert "crmkit-gift-card" in capsys.readouterr().out
    declared = tomllib.loads(Path("crmkit-gift-card/pyproject.toml").read_text("utf-8"))
    assert declared["project"]["entry-points"]["crmkit1"] == {"gift-card": "crmkit_gift_card:plugin"}
    package = "src/crmkit_gift_card"
    assert written("crmkit-gift-card") >= {
        ".github/workflows/ci.yml", ".gitignore", "CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", "tox.ini",
        f"{package}/__init__.py", f"{package}/crmkit_manifest.json", f"{package}/py.typed", "tests/test_gift_card.py",
    }  # fmt: skip
    (manifest,) = json.loads(Path(f"crmkit-gift-card/{package}/crmkit_manifest.json").read_text("utf-8"))["plugins"]
    assert (manifest["name"], manifest["distribution"], manifest["version"]) == (
        "gift-card", "crmkit-gift-card", declared["project"]["version"],
    )  # fmt: skip
    assert {"hooks": "check"}.get(kind, kind.replace("-", " ")) in manifest["offers"]
    assert not [name for name in sys.modules if name.startswith("crmkit_gift_card")]
    assert {path.name for path in Path().iterdir()} == {"crmkit-gift-card"}


def test_several_kinds_have_a_module_and_a_test_each() -> None:
    assert new("shop", "--kind", "kpi", "--kind", "channel", "--out", "made/here") == 0
    assert {name for name in written("made/here") if name.endswith(".py")} == {
        "src/crmkit_shop/__init__.py", "src/crmkit_shop/channel.py", "src/crmkit_shop/kpi.py",
        "tests/test_channel.py", "tests/test_kpi.py", "tests/test_plugin.py",
    }  # fmt: skip


def test_a_folder_that_is_there_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    Path("crmkit-shop").mkdir()
    assert new("shop", "--kind", "kpi") == 2
    assert "is there already" in capsys.readouterr().err
    assert not written("crmkit-shop")


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("Shop", "kpi", "no name for a plugin"),
        ("a--b", "kpi", "no name for a plugin"),
        ("../shop", "kpi", "no name for a plugin"),
        ("1shop", "kpi", "no name for a plugin"),
        ("x" * 31, "kpi", "no name for a plugin"),
        ("class", "survey-type", "a word of Python's"),
        ("list", "survey-type", "a word of Python's"),
        ("customer", "record-type", "a word of Python's or crmkit's own"),
        ("mailbox", "kpi", "No plugin can be called 'mailbox'"),
        ("nps", "survey-type", "offers the survey type 'nps', and so does survey-types"),
        ("memory", "store", "No plugin can be called 'memory'"),
        ("import", "record-type", "a word of Python's"),
        ("plugin", "survey-type", "a word of Python's or crmkit's own"),
        ("snapshot", "store", "a word of Python's or crmkit's own"),
    ],
)
def test_a_name_that_can_not_be(name: str, kind: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It says why, and leaves nothing behind."""
    assert new(name, "--kind", kind) == 2
    assert words in capsys.readouterr().err
    assert not list(Path().iterdir())


def test_a_kind_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert new("shop") == 2
    assert new("shop", "--kind", "mobile") == 2
    assert "'channel', 'survey-type', 'kpi', 'store', 'record-type', 'hooks'" in capsys.readouterr().err
