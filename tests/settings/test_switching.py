"""Switching a plugin off changes one line of crmkit.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmkit.errors import InvalidError
from crmkit.settings import Project, read_project, switch
from crmkit.settings.switching import switched

FILE = """# ours
store = "memory:"          # for now

[settings.two-wheels]
chat_url = "env:CHAT_URL"
"""


def test_a_line_is_added_before_the_tables_and_nothing_else_changes():
    assert switched(FILE, "ringo-sms", off=True) == FILE.replace("now\n", 'now\ndisabled = ["ringo-sms"]\n')
    assert switched("", "a", off=True) == 'disabled = ["a"]\n'
    assert switched("[settings.a]\n", "a", off=True) == 'disabled = ["a"]\n\n[settings.a]\n'


def test_a_line_that_is_there_is_changed():
    text = 'disabled = [\n  "a", # broken\n  "b",\n]  # for now\nstore = "x"\n'
    assert switched(text, "c", off=True) == 'disabled = ["a", "b", "c"]  # for now\nstore = "x"\n'
    assert switched(text, "a", off=False) == 'disabled = ["b"]  # for now\nstore = "x"\n'


def test_what_is_so_already_stays():
    text = 'disabled = ["a"]\n'
    assert switched(text, "a", off=True) is text
    assert switched(text, "b", off=False) is text


def test_off_and_on_again_is_as_it_was():
    assert switched(switched(FILE, "a", off=True), "a", off=False) == FILE.replace("now\n", "now\ndisabled = []\n")


def test_a_text_that_would_come_out_wrong_is_left_to_a_person():
    with pytest.raises(InvalidError, match="write disabled ="):
        switched('note = """\ndisabled = []\n"""\n', "a", off=True)


def test_it_is_written_into_the_projects_file(tmp_path: Path):
    file = tmp_path / "crmkit.toml"
    file.write_text(FILE, "utf-8")
    project = read_project(file)
    assert switch(project, "two-wheels", off=True)
    assert not switch(project, "two-wheels", off=True)
    assert read_project(file).disabled == ("two-wheels",)


def test_without_a_file_it_says_what_to_do():
    with pytest.raises(InvalidError, match="crmkit init"):
        switch(Project(), "a", off=True)
