"""The manifest: what a plugin is, without importing it."""

from __future__ import annotations

import json
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import attrs
import pytest

from crmkit._plugins import discovered, load, manifest_of, manifest_place, manifest_text, read_manifest
from crmkit.errors import DeclarationError
from crmkit.hookspecs import hookimpl
from crmkit.ports.plugin import Commands, Plugin
from crmkit.ports.work import Change, Refusal, Service, adjust, check, subscriber
from crmkit.records import Customer, Deal, FieldDefinition, Pipeline, Record, Stage, Staged


@attrs.frozen
class Settings:
    """A plugin's."""

    chat_url: str = ""


@attrs.frozen(kw_only=True)
class Order(Staged, shared=True, name="repair_order"):
    """What they repair."""


class Repairs(Service):
    """Verbs."""


@check(Deal)
def won_needs_amount(change: Change[Deal]) -> Refusal | None:
    return None


@check(Order)
def has_shop(change: Change[Order]) -> Refusal | None:
    return None


@adjust(Customer)
def tidy(change: Change[Customer]) -> Customer:
    return change.after


@subscriber(Deal, "won")
def tell(event: Any) -> None:
    """Tells."""


plugin = Plugin(
    "two-wheels", settings=Settings, capabilities=["network"], api=">=1.0,<2", after=["base"],
    offers=[
        Order, Pipeline("workshop", of=Order, stages=(Stage("in"),)), FieldDefinition(Customer, "frame_size"), Repairs,
        Commands("repairs", "two_wheels.commands:repairs", "Repair orders."), won_needs_amount, has_shop, tidy, tell,
    ],
)  # fmt: skip


def test_it_says_what_a_plugin_is():
    made = manifest_of(plugin, distribution="crmkit-two-wheels", version="2.1")
    assert (made["name"], made["version"], made["api"]) == ("two-wheels", "2.1", ">=1.0,<2")
    assert made["offers"] == {
        "record type": ["repair_order"], "pipeline": ["workshop"], "field": ["customer.frame_size"], "service": ["Repairs"],
        "commands": ["repairs"], "check": ["won_needs_amount", "has_shop"], "adjust": ["tidy"], "subscriber": ["tell"],
    }  # fmt: skip
    assert made["commands"] == [{"name": "repairs", "help": "Repair orders.", "target": "two_wheels.commands:repairs"}]
    assert (made["record_types"], made["checks"]) == (["repair_order"], ["deal", "repair_order"])
    assert made["settings"]["properties"] == {"chat_url": {"type": "string"}}
    assert json.loads(manifest_text([made]))["plugins"] == [made]


def test_a_check_on_every_or_on_staged_records_says_so():
    def any_(change: Change[Any]) -> Refusal | None:
        return None

    def staged(change: Change[Any]) -> Refusal | None:
        return None

    assert manifest_of(Plugin("a", offers=[check(Record)(any_)]))["checks"] == ["*"]
    found = manifest_of(Plugin("a", offers=[Order, check(Staged)(staged)]))["checks"]
    assert {"deal", "repair_order"} <= set(found)
    assert "interaction" not in found


def test_click_commands_are_listed_with_their_line_of_help():
    click = pytest.importorskip("click")
    group = click.Group("repairs", help="Repair orders.\n\nMore.")
    assert manifest_of(Plugin("a", offers=[group]))["commands"] == [{"name": "repairs", "help": "Repair orders."}]


@pytest.mark.parametrize(
    ("module", "is_package", "place"),
    [
        ("crmkit_sms", True, "crmkit_sms/crmkit_manifest.json"),
        ("crmkit_sms", False, "crmkit_sms.crmkit_manifest.json"),
        ("acme.crm.sms", True, "acme/crm/sms/crmkit_manifest.json"),
    ],
)
def test_it_lies_beside_the_module(module: str, is_package: bool, place: str):
    assert manifest_place(module, is_package=is_package) == place


def test_it_is_found_beside_a_package_of_an_editable_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "src" / "crmkit_editable"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')", "utf-8")
    (package / "crmkit_manifest.json").write_text(manifest_text([{"name": "editable"}]), "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    assert read_manifest("editable", "crmkit_editable.plugins:plugin", None) == {"name": "editable"}
    assert read_manifest("another", "crmkit_editable.plugins:plugin", None) is None


@pytest.mark.parametrize("text", ["", "[]", '{"crmkit_manifest": 99, "plugins": []}', '{"crmkit_manifest": 1}', "\x00"])
def test_one_that_can_not_be_read_is_none(site: Any, text: str):
    module = site.install("odd", manifest={})
    (site.folder / f"{module}.crmkit_manifest.json").write_text(text, "utf-8")
    (found,) = [known for known in discovered() if known.state.name == "odd"]
    assert found.manifest == {}
    assert (found.state.distribution, found.state.version) == ("crmkit-odd", "1.0")


def test_one_of_another_version_is_told_and_not_believed(site: Any):
    site.install("odd", manifest={"version": "0.9"})
    made = load(builtins=False)
    assert made.state_of("odd").version == "1.0"
    assert "The manifest of odd was made for version 0.9: it is 1.0." in made.problems


def test_discovering_imports_no_plugin(site: Any):
    for n in range(5):
        site.install(f"p{n}", "raise SystemExit('imported')", manifest={"checks": ["deal"]} if n % 2 else None)
    states = {known.state.name: known for known in discovered(disabled=["p0"])}
    assert [states[f"p{n}"].state.state for n in range(5)] == ["disabled", *["discovered"] * 4]
    assert states["p1"].manifest["checks"] == ["deal"]


def test_discovering_a_hundred_loads_neither_them_nor_heavy_libraries(site: Any):
    for n in range(100):
        site.install(f"p{n}", manifest={})
    program = "import sys; from crmkit._plugins import discovered; print(len(discovered())); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(site.folder)},
        capture_output=True,
        check=True,
        text=True,
    )
    number, modules = done.stdout.splitlines()
    assert int(number) >= 100
    assert not set(modules.split()) & {"sqlalchemy", "click", "crmkit.records", *(f"crmkit_p{n}" for n in range(100))}


@pytest.mark.parametrize("has_manifest", [True, False])
def test_listing_a_hundred_imports_none_of_them_nor_sqlalchemy(site: Any, tmp_path: Path, has_manifest: bool):
    """The command as a person types it; a plugin that would be imported ends the process."""
    for n in range(100):
        site.install(f"p{n}", "import os; os._exit(13)", manifest={} if has_manifest else None)
    program = (
        "import sys\nfrom crmkit.cli.running import outcome\ncode = outcome(['plugins', 'list', '--json'])\n"
        "print(*sys.modules, file=sys.stderr)\nsys.exit(code)"
    )
    command = [sys.executable, "-c", program]
    environ = {"PYTHONPATH": str(site.folder), "PATH": ""}
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert {f"p{n}" for n in range(100)} <= {plugin["name"] for plugin in json.loads(done.stdout)}
    modules = set(done.stderr.split())
    assert "crmkit.cli.plugins" in modules
    assert not [name for name in modules if name.startswith("crmkit_p")]
    assert "sqlalchemy" not in modules


def test_a_plain_module_has_a_manifest_too():
    module: Any = types.ModuleType("rules")

    @hookimpl
    def crmkit_check(change: Change[Any]) -> Refusal | None:
        return None

    module.crmkit_check = crmkit_check
    made = manifest_of(module, name="plain-rules", version="3")
    assert (made["name"], made["version"], made["offers"], made["checks"]) == (
        "plain-rules",
        "3",
        {"check": ["crmkit_check"]},
        ["*"],
    )


def test_what_can_not_be_registered_has_none():
    with pytest.raises(DeclarationError, match="Plugin odd: Offer 1 is a int"):
        manifest_of(Plugin("odd", offers=[1]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"commands": [{"help": "no name"}]},
        {"commands": "repairs"},
        {"checks": "deal"},
        {"checks": [1]},
        {"api": 1},
        {"commands": [1]},
    ],
)
def test_one_that_was_written_by_hand_and_is_wrong_is_none(site: Any, wrong: dict[str, Any]):
    site.install("odd", manifest=wrong)
    (found,) = [known for known in discovered() if known.state.name == "odd"]
    assert found.manifest == {}
