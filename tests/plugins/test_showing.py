"""``crmkit plugins show``: what a person should know of a plugin before trusting it with customers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.test_command_line import crmkit_in_a_copy as crmkit

SOURCE = """
import attrs
from crmkit import Change, Deal, Plugin, check
from crmkit.ports.channel import Channel, Delivery, Receipt

@attrs.frozen
class Settings:
    sender: str = ""

class Pigeons(Channel):
    name = "pigeons"
    def send(self, delivery: Delivery) -> Receipt:
        return Receipt(external_id="1")

@check(Deal)
def titled(change: Change[Deal]) -> None: ...

plugin = Plugin("pigeons", settings=Settings, capabilities=("network", "personal-data"), api=">=1.0,<2", offers=[Pigeons, titled])
"""


@pytest.fixture
def pigeons(site: Any, tmp_path: Path) -> Any:
    site.install("pigeons", SOURCE, manifest={"capabilities": ["network"], "offers": {"channel": ["pigeons"]}})
    (tmp_path / "crmkit.toml").write_text('store = "memory:"\n', "utf-8")
    return site


def test_capabilities_offers_and_what_it_uses_are_listed(pigeons: Any, tmp_path: Path):
    told = crmkit(pigeons, tmp_path, "plugins", "show", "pigeons").stdout.splitlines()
    assert [" ".join(line.split()) for line in told if line] == [
        "pigeons (crmkit-pigeons 1.0) active",
        "channel pigeons",
        "check titled",
        "capabilities network, personal-data",
        "checks deal",
        "settings sender",
        "api >=1.0,<2",
        "uses Plugin, Channel, @check (since 1.0)",
    ]


def test_programs_get_the_lifetimes(pigeons: Any, tmp_path: Path):
    told = json.loads(crmkit(pigeons, tmp_path, "plugins", "show", "pigeons", "--json").stdout)
    assert told["capabilities"] == ["network", "personal-data"]
    assert told["uses"][0] == {"what": "Plugin", "since": "1.0", "deprecated": "", "removed_in": "", "instead": ""}
    assert [use["what"] for use in told["uses"] if not use["what"].startswith("Plugin")] == [
        "Channel", "Channel.send", "@check",
    ]  # fmt: skip


def test_of_one_that_is_switched_off_its_wheel_tells(pigeons: Any, tmp_path: Path):
    crmkit(pigeons, tmp_path, "plugins", "disable", "pigeons")
    told = json.loads(crmkit(pigeons, tmp_path, "plugins", "show", "pigeons", "--json").stdout)
    assert (told["state"], told["capabilities"], told["uses"]) == ("disabled", ["network"], [])


def test_a_plain_module_is_shown_as_well(site: Any, tmp_path: Path):
    source = "from crmkit import hookimpl\n@hookimpl\ndef crmkit_check(change): ..."
    site.install("plain", source, entry="crmkit_plain")
    (tmp_path / "crmkit.toml").write_text('store = "memory:"\n', "utf-8")
    told = json.loads(crmkit(site, tmp_path, "plugins", "show", "plain", "--json").stdout)
    assert told["checks"] == ["*"]
    assert [use["what"] for use in told["uses"]] == ["crmkit_check", "argument change of crmkit_check"]


def test_where_nobody_began_a_crm_plugins_are_shown_too(site: Any, tmp_path: Path):
    """The README that the scaffold writes begins so: pip install, then this."""
    site.install("pigeons", SOURCE)
    for words in (("plugins", "show", "pigeons"), ("plugins", "doctor"), ("hooks", "order", "check")):
        done = crmkit(site, tmp_path, *words)
        assert (done.returncode, done.stderr) == (0, "")
        assert "pigeons" in done.stdout
    assert crmkit(site, tmp_path, "customers", "find", "anna").returncode == 2
    assert {path.name for path in tmp_path.iterdir()} <= {site.folder.name}


SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"sender": {"type": "string"}},
    "required": ["sender"],
}


def test_editors_are_told_of_settings_without_an_import(site: Any, tmp_path: Path):
    """The schema of crmkit.toml, with every plugin's settings, also of one that can not be imported."""
    site.install("pigeons", "raise SystemExit('imported')", manifest={"settings": SCHEMA})
    site.install("silent", "raise SystemExit('imported')", manifest={})
    told = json.loads(crmkit(site, tmp_path, "plugins", "schema").stdout)
    assert told["properties"]["settings"]["properties"]["pigeons"]["required"] == ["sender"]
    assert json.loads(crmkit(site, tmp_path, "plugins", "schema", "pigeons").stdout) == SCHEMA
    assert "#:schema it.json" in crmkit(site, tmp_path, "plugins", "schema", "--out", "it.json").stdout
    assert json.loads((tmp_path / "it.json").read_text("utf-8")) == told


@pytest.mark.parametrize(("name", "told"), [("pigeon", "Did you mean 'pigeons'?"), ("silent", "has no settings")])
def test_a_plugin_without_a_schema_is_named(site: Any, tmp_path: Path, name: str, told: str):
    site.install("pigeons", manifest={"settings": SCHEMA})
    site.install("silent", manifest={})
    done = crmkit(site, tmp_path, "plugins", "schema", name)
    assert (done.returncode, told in done.stderr) == (3, True)
