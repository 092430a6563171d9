"""``crmkit plugins show``: what a person should know of a plugin before trusting it with customers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.test_command_line import crmkit

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
