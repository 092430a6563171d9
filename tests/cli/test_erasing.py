"""What `crmkit customers erase` asks, prints, and refuses."""

from __future__ import annotations

import json
import sys

import click
import pytest

from tests.cli.conftest import Run


@pytest.fixture
def run(begun: Run) -> Run:
    """A project with somebody to erase."""
    assert begun("customers", "add", "Anna Jansen", "--email", "anna@example.org", "--phone", "+31612345678")[0] == 0
    assert begun("deals", "open", "anna@example.org", "A bicycle")[0] == 0
    return begun


def test_a_dry_run_says_what_would_happen(run: Run) -> None:
    code, printed, _ = run("customers", "erase", "anna@example.org", "--dry-run")
    assert code == 0
    assert "would be erased" in printed
    assert "removed  2 contact points\n" in printed
    assert "blanked  1 customer, 1 deal\n" in printed
    assert "Nothing was written" in printed
    assert "Anna Jansen" in run("customers", "find")[1]


def test_without_a_terminal_it_wants_to_be_told(run: Run) -> None:
    code, printed, told = run("customers", "erase", "anna@example.org")
    assert (code, printed, "--yes" in told, "field:" in told) == (2, "", True, False)
    assert "Anna Jansen" in run("customers", "find")[1]
    code, printed, told = run("customers", "erase", "anna@example.org", "--yes")
    assert f"crmkit customers erase {printed.split()[2]}" in told
    assert (code, printed.startswith("erased customer "), "Backups" in printed) == (0, True, True)
    assert "Anna" not in run("customers", "find")[1]
    assert "(erased)" in run("deals", "find")[1]


@pytest.mark.parametrize("answer", [True, False])
def test_on_a_terminal_it_shows_the_numbers_and_asks(
    run: Run, monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:  # a parameter
    asked: list[str] = []

    def confirm(text: str, *, abort: bool, err: bool) -> None:
        asked.append(text)
        if not answer:
            raise click.Abort

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "confirm", confirm)
    code, printed, told = run("customers", "erase", "anna@example.org")
    assert (code, "1 deal" in told) == (0 if answer else 130, True)
    assert "Anna Jansen" in asked[0]
    assert ("erased customer" in printed) is answer
    assert ("Anna Jansen" in run("customers", "find")[1]) is not answer


def test_programs_get_numbers(run: Run) -> None:
    plan = json.loads(run("customers", "erase", "anna@example.org", "--dry-run", "--json")[1])
    done = json.loads(run("customers", "erase", "anna@example.org", "--yes", "--json")[1])
    assert (plan["is_dry_run"], done["is_dry_run"], plan["operation"]) == (True, False, None)
    assert plan["removed"] == done["removed"] == {"contact_point": 2}
    code, _, told = run("customers", "erase", "anna@example.org", "--json")
    assert (code, json.loads(told)["error"]) == (3, "not_found")


def test_somebody_who_was_erased(run: Run) -> None:
    """They are found by their id alone; erased again, nothing is done; they can not be changed."""
    id_ = json.loads(run("customers", "erase", "anna@example.org", "--yes", "--json")[1])["customer"]
    assert run("customers", "erase", id_, "--yes")[1].endswith("was erased before; nothing was left.\n")
    assert "erased " in run("customers", "show", id_)[1]
    code, _, told = run("customers", "change", id_, "--note", "x")
    assert (code, "was erased" in told) == (4, True)
