"""crmkit.toml < environment < code."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmkit.errors import DeclarationError, InvalidError
from crmkit.settings import Project, read_project

FILE = """
store = "sqlite:///two-wheels.db"
time_zone = "Europe/Amsterdam"
languages = ["nl", "en"]
plugins = ["crm"]

[settings.two-wheels]
chat_url = "env:CHAT_URL"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "crmkit.toml"
    path.write_text(FILE, "utf-8")
    return path


def test_a_file_says_what_a_project_is(file: Path):
    found = read_project(file)
    assert (found.store, found.time_zone, found.currency) == ("sqlite:///two-wheels.db", "Europe/Amsterdam", "EUR")
    assert (found.languages, found.plugins) == (("nl", "en"), ("crm",))
    assert found.settings == {"two-wheels": {"chat_url": "env:CHAT_URL"}}
    assert (found.folder, found.file) == (file.parent, file)
    assert read_project(file.parent) == found


def test_the_environment_goes_before_the_file_and_code_before_both(file: Path):
    environ = {"CRMKIT_STORE": "memory:", "CRMKIT_LANGUAGES": "fa, en", "CRMKIT_TEST_DATA": "/data", "HOME": "/root"}
    assert read_project(file, environ).store == "memory:"
    assert read_project(file, environ).languages == ("fa", "en")
    assert read_project(file, environ, store="sqlite:///other.db", currency=None).store == "sqlite:///other.db"


def test_the_file_is_looked_for_in_this_folder_and_above(file: Path, monkeypatch: pytest.MonkeyPatch):
    (below := file.parent / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(below)
    assert read_project().file == file
    monkeypatch.chdir(file.parent)
    assert read_project().folder == Path()


def test_without_a_file_everything_is_as_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert read_project() == Project()


def test_a_file_that_is_named_must_be_there(tmp_path: Path):
    with pytest.raises(InvalidError, match="crmkit init"):
        read_project(tmp_path)


@pytest.mark.parametrize("text", [b"store = ", b"\xff\xfe\x00", b'plugins = ["crm"]\n[plugins.two-wheels]\n'])
def test_a_file_that_can_not_be_read_says_where(tmp_path: Path, text: bytes):
    (tmp_path / "crmkit.toml").write_bytes(text)
    with pytest.raises(InvalidError, match=r"crmkit\.toml' can not be read"):
        read_project(tmp_path)


def test_all_that_is_wrong_comes_at_once(tmp_path: Path):
    (tmp_path / "crmkit.toml").write_text(
        'stores = "x"\ntime_zone = "Europe/Amsterdan"\ncurrency = "euro"\nlanguages = []\nsettings = { a = 1 }\n',
        "utf-8",
    )
    with pytest.raises(DeclarationError) as caught:
        read_project(tmp_path)
    told = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 5
    assert "'stores' is nothing that can be set. Did you mean 'store'?" in told
    assert "Did you mean 'Europe/Amsterdam'?" in told
    assert "'euro' is no currency" in told
    assert "settings.a is no table" in told


def test_settings_under_plugins_are_told_where_they_belong(tmp_path: Path):
    (tmp_path / "crmkit.toml").write_text("[plugins.two-wheels]\nchat_url = 'x'\n", "utf-8")
    with pytest.raises(DeclarationError, match=r"stand under \[settings\.NAME\]"):
        read_project(tmp_path)


def test_strict_mode_is_said_by_the_file_or_the_environment(tmp_path: Path):
    (file := tmp_path / "crmkit.toml").write_text("strict = true\n", "utf-8")
    assert read_project(file).strict
    assert not read_project(file, {"CRMKIT_STRICT": "0"}).strict


def test_a_budget_of_hooks_and_their_order(tmp_path: Path):
    (tmp_path / "crmkit.toml").write_text('hook_budget_s = 0.5\norder = ["b", "a"]\n', "utf-8")
    found = read_project(tmp_path)
    assert (found.hook_budget_s, found.order) == (0.5, ("b", "a"))
    assert read_project(tmp_path, {"CRMKIT_HOOK_BUDGET_S": "2"}).hook_budget_s == 2.0
    assert read_project(tmp_path, {"CRMKIT_ORDER": "a,b"}).order == ("a", "b")
