"""The command line acts for one company of several: with the plugins that are active there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.test_command_line import crmkit_in_a_copy as crmkit

SOURCE = """
import click
from crmkit import Change, Commands, Customer, Plugin, Refusal, check

@check(Customer)
def no_bert(change: Change[Customer]) -> Refusal | None:
    return Refusal("Not here.") if change.after.name == "Bert" else None

@click.command()
def bell():
    click.echo("ding")

plugin = Plugin("strict", offers=[no_bert, Commands("bell", "crmkit_strict:bell", "Ring.")])
"""


@pytest.fixture
def strict(site: Any, tmp_path: Path) -> Any:
    site.install("strict", SOURCE, manifest={"commands": [{"name": "bell", "help": "Ring."}]})
    (tmp_path / "crmkit.toml").write_text('store = "sqlite:///crm.db"\n', "utf-8")
    return site


def test_two_companies_in_one_database(strict: Any, tmp_path: Path):
    """Switched off for one: its check, its command and its state there, while the other has them."""

    def run(tenant: str, *words: str) -> tuple[int, str]:
        done = crmkit(strict, tmp_path, "--tenant", tenant, *words)
        return done.returncode, done.stdout + done.stderr

    assert [run(tenant, "db", "upgrade")[0] for tenant in ("acme", "umbra")] == [0, 0]
    assert run("umbra", "plugins", "disable", "strict") == (0, "strict is switched off.\n")
    assert '[tenants.umbra]\ndisabled = ["strict"]' in (tmp_path / "crmkit.toml").read_text("utf-8")
    assert run("acme", "customers", "add", "Bert")[0] == 4
    assert run("umbra", "customers", "add", "Bert")[0] == 0
    assert "Bert" in run("umbra", "customers", "find", "bert")[1]
    assert "Bert" not in run("acme", "customers", "find", "bert")[1]
    assert run("acme", "bell") == (0, "ding\n")
    code, told = run("umbra", "bell")
    assert (code, "There is no command 'bell'." in told) == (2, True)
    states = {
        tenant: {
            one["name"]: one["state"] for one in json.loads(run(tenant, "plugins", "doctor", "--json")[1])["plugins"]
        }
        for tenant in ("acme", "umbra")
    }
    assert (states["acme"]["strict"], states["umbra"]["strict"]) == ("active", "disabled")
    assert run("umbra", "plugins", "enable", "strict") == (0, "strict is switched on.\n")
    assert run("umbra", "bell") == (0, "ding\n")


def test_commands_of_plugins_run_in_the_project_that_is_named(strict: Any, tmp_path: Path):
    """From another folder, too."""
    elsewhere = tmp_path / "elsewhere" / "deep"
    elsewhere.mkdir(parents=True)
    (tmp_path / "elsewhere" / "crmkit.toml").write_text('store = "memory:"\ndisabled = ["strict"]\n', "utf-8")
    assert crmkit(strict, elsewhere, "bell").returncode == 2
    assert crmkit(strict, elsewhere, "--project", str(tmp_path), "bell").stdout == "ding\n"
