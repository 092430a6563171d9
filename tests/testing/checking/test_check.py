"""`crmkit plugins check`: what works is told from what does not, whatever its code does, and nothing of it gets out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from crmkit.cli.plugin_check import check_plugin
from crmkit.cli.running import outcome
from crmkit.errors import InvalidError, UnsupportedError
from crmkit.testing.checking import Judgement, judged, running, typed

pytestmark = pytest.mark.once(each=4)


PYPROJECT = """
[project]
name = "crmkit-{name}"
version = "0.3"
requires-python = ">=3.11"
dependencies = ["crmkit>=0.1"]
[project.entry-points.crmkit1]
{name} = "crmkit_{name}:plugin"
[tool.crmkit.check.settings.{name}]
host = "mail"
"""
CODE = '''
"""Rules for deals."""
import attrs
from crmkit import Change, Deal, Plugin, Refusal, check

@attrs.frozen
class Settings:
    """Where it is."""
    host: str = attrs.field(validator=attrs.validators.in_(["mail"]))

@check(Deal)
def titled(change: Change[Deal]) -> Refusal | None:
    """A deal has a title."""
    {body}
    return None if change.after.title else Refusal("Give it a title.", field="title")

plugin = Plugin("{name}", settings=Settings, offers=[titled])
'''


@pytest.fixture(autouse=True)
def _no_checkers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Type checkers take long, and have a test of their own."""
    monkeypatch.setattr(typed, "CHECKERS", ())


def write(folder: Path, code: str = "", *, body: str = "", name: str = "rules", readme: str = "") -> Path:
    """A source folder, whole but for its papers."""
    package = folder / "src" / f"crmkit_{name}"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(code or CODE.format(name=name, body=body or "pass"), "utf-8")
    (package / "py.typed").touch()
    (folder / "pyproject.toml").write_text(PYPROJECT.format(name=name), "utf-8")
    (folder / "README.md").write_text(readme or "The setting `host` says where it is. " * 10, "utf-8")
    return folder


def manifest(folder: Path) -> None:
    """Write the manifest as its author would."""
    made = (
        "from crmkit._plugins import manifest_of, manifest_text; from crmkit_rules import plugin;"
        "print(manifest_text([manifest_of(plugin, distribution='crmkit-rules', version='0.3')]), end='')"
    )
    env = {**os.environ, "PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    env.pop("OUR_TOKEN", None)
    done = subprocess.run([sys.executable, "-c", made], env=env, check=True, capture_output=True, encoding="utf-8")
    (folder / "src" / "crmkit_rules" / "crmkit_manifest.json").write_text(done.stdout, "utf-8")


def wheel(folder: Path, place: Path, name: str = "rules") -> Path:
    """The wheel of a source folder."""
    path = place / f"crmkit_{name}-0.3-py3-none-any.whl"
    info = f"crmkit_{name}-0.3.dist-info"
    readme = (folder / "README.md").read_text("utf-8")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted((folder / "src").rglob("*")):
            archive.write(file, file.relative_to(folder / "src"))
        archive.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: crmkit-{name}\nVersion: 0.3\nRequires-Dist: crmkit>=0.1\n\n{readme}",
        )
        archive.writestr(f"{info}/entry_points.txt", f"[crmkit1]\n{name} = crmkit_{name}:plugin\n")
        archive.writestr(f"{info}/licenses/LICENSE", "MIT")
    return path


def problems(found: Judgement) -> str:
    return " ".join(f"{one.check}: {one.problem}" for one in found.missing("works"))


# --- what works ---
def test_a_folder_works_with_the_settings_that_its_author_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its code runs elsewhere: it sees none of our environment, and nothing of it is here afterwards."""
    monkeypatch.setenv("OUR_TOKEN", "s3cret")
    code = 'import os\nassert "OUR_TOKEN" not in os.environ\n' + CODE.format(name="rules", body="pass")
    folder = write(tmp_path / "rules", code)
    manifest(folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    found = judged(folder)
    assert problems(found) == ""
    assert found.rung == "works"
    assert (found.distribution, found.version, found.plugins) == ("crmkit-rules", "0.3", ("rules",))
    assert found.counts.passed >= 15
    assert "crmkit_rules" not in sys.modules
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_wheel_works_without_being_installed(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "rules", CODE.format(name="rules", body="pass").replace('.in_(["mail"])', ".instance_of(str)")
    )
    manifest(folder)
    found = judged(wheel(folder, tmp_path))
    assert problems(found) == ""
    assert found.rung == "works"
    assert not any(one.check == "licence" for one in found.missing("documented"))


def test_what_the_scaffold_writes_stands_on_the_highest_rung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unmodified, but for the type checkers, which have a test of their own."""
    monkeypatch.chdir(tmp_path)
    assert outcome(["plugins", "new", "wish-list", "--kind", "hooks", "--kind", "record-type"]) == 0
    found = judged(tmp_path / "crmkit-wish-list")
    assert [f"{one.check}: {one.problem}" for one in found.findings if one.problem and one.check != "types"] == []


# --- what does not ---
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import no_such_module", "no_such_module"),
        ("raise SystemExit('bye')", "bye"),
        ("import os; os._exit(7)", "ended with 7"),
        ("import socket; socket.create_connection(('192.0.2.1', 9))", "reaches nobody"),
        ("from crmkit import Plugin\nplugin = Plugin('other')", "calls itself 'other'"),
        ("from crmkit import Plugin\nplugin = Plugin('rules', requires=['absent'])", "absent"),
        ("from crmkit import Plugin\nplugin = 42", "neither a Plugin nor a module"),
    ],
)
def test_what_does_not_work_is_told(tmp_path: Path, code: str, told: str) -> None:
    found = judged(write(tmp_path / "rules", code))
    assert found.rung is None
    assert told in problems(found) or told in str(found.findings)


def test_what_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "LIMIT_S", 3)
    assert "not done after 3 s" in problems(
        judged(write(tmp_path / "rules", "import threading; threading.Event().wait()"))
    )


def test_a_mistake_of_a_hook_is_told_by_its_check(tmp_path: Path) -> None:
    folder = write(tmp_path / "rules", body="change.after.title.encode('ascii')")
    manifest(folder)
    found = judged(folder)
    assert [one.check for one in found.missing("works")] == ["hooks: every_subject_is_survived"]
    assert "titled raised UnicodeEncodeError" in problems(found)


def test_a_stale_manifest_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "rules")
    manifest(folder)
    place = folder / "src" / "crmkit_rules" / "crmkit_manifest.json"
    place.write_text(place.read_text("utf-8").replace("titled", "entitled"), "utf-8")
    assert "write it anew" in problems(judged(folder))


def test_what_is_no_plugin_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="neither a wheel nor a folder"):
        judged(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n', "utf-8")
    with pytest.raises(InvalidError, match="offers no plugin"):
        judged(tmp_path)
    (tmp_path / "x.whl").write_bytes(b"no zip")
    with pytest.raises(InvalidError, match="no wheel"):
        judged(tmp_path / "x.whl")
    (tmp_path / "pyproject.toml").write_text("[", "utf-8")
    with pytest.raises(InvalidError, match="can not be read"):
        judged(tmp_path)


# --- the command ---
def test_the_command_tells_the_rung_and_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path / "rules")
    manifest(folder)
    assert outcome(["plugins", "check", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "works       yes" in printed
    assert "pip install mypy pyright" in printed
    assert "add CHANGELOG.md" in printed
    assert "It stands on the rung: works. For typed" in printed


def test_the_command_fails_where_it_does_not_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(["plugins", "check", str(write(tmp_path / "rules", "import no_such_module")), "--json"]) == 1
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (printed["rung"], printed["next"]) == (None, "works")
    assert [one["check"] for one in printed["findings"] if one["rung"] == "works" and one["problem"]]


def test_without_pytest_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crmkit.cli.plugin_check.find_spec", lambda name: None)
    with pytest.raises(UnsupportedError, match="pip install pytest"):
        check_plugin.main([str(tmp_path)], standalone_mode=False)
