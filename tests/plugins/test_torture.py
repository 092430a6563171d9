"""Bad distributions, each beside good ones: the good ones are active, the bad one is named with reason and remedy."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from crmkit._plugins import Loaded, PluginState, installed_plugins, load
from crmkit._plugins.loading import Given, Loading
from crmkit.errors import PluginError

HEAD = "from crmkit import Plugin, Record, Deal, check, hookimpl, FieldDefinition, Commands, DeclarationError\nimport attrs\n"


@attrs.frozen(kw_only=True)
class Bad:
    """A plugin that can not be used.

    Attributes:
        reason: stands in the reason that is told.
        more: how it is installed.
    """

    source: str | bytes | None = None
    reason: str
    state: str = "failed"
    remedy: bool = True
    more: dict[str, Any] = attrs.field(factory=dict)


BAD = {
    "import-error": Bad(
        source="import does_not_exist_xyz", reason="it needs 'does_not_exist_xyz', which is not installed"
    ),
    "raises-at-import": Bad(source="1 / 0", reason="Its import raised ZeroDivisionError: division by zero."),
    "syntax-error": Bad(source="def (:", reason="Its import raised SyntaxError: "),
    "not-utf-8": Bad(source=b"x = '\xff'", reason="Its import raised SyntaxError: "),
    "system-exit": Bad(source="raise SystemExit(3)", reason="Its import raised SystemExit: 3."),
    "base-exception": Bad(source="class E(BaseException): pass\nraise E", reason="Its import raised E."),
    "deep": Bad(source="def f(): f()\nf()", reason="Its import raised RecursionError: "),
    "unspeakable": Bad(
        source="class E(Exception):\n def __str__(self): raise SystemExit\nraise E", reason="Its import raised E."
    ),
    "half-deleted": Bad(reason="Its module 'crmkit_gone' is not there.", more={"entry": "crmkit_gone:plugin"}),
    "no-attribute": Bad(source=f"{HEAD}plugins = 1", reason="has no 'plugin'. Did you mean 'plugins'?"),
    "wrong-object": Bad(source="plugin = 42", reason="is a int: neither a Plugin nor a module of hooks."),
    "bad-entry-point": Bad(reason="Its module 'crmkit bad' is not there.", more={"entry": "crmkit bad..:plugin"}),
    "another-name": Bad(source=f"{HEAD}plugin = Plugin('other')", reason="the plugin calls itself 'other'"),
    "misspelt-hook": Bad(
        source=f"{HEAD}@hookimpl\ndef crmkit_chek(change): ...",
        reason="a hook that does not exist: 'crmkit_chek'. Did you mean 'crmkit_check'?",
        more={"entry": "crmkit_misspelt_hook"},
    ),
    "wrong-arguments": Bad(
        source=f"{HEAD}@hookimpl\ndef crmkit_check(chnge): ...",
        reason="takes an argument 'chnge' that is not given. Did you mean 'change'?",
        more={"entry": "crmkit_wrong_arguments"},
    ),
    "async-hook": Bad(
        source=f"{HEAD}@hookimpl\nasync def crmkit_check(change): ...",
        reason="Its hook crmkit_check is an async function",
        more={"entry": "crmkit_async_hook"},
    ),
    "async-decorated": Bad(
        source=f"{HEAD}@check(Deal)\nasync def c(change): ...", reason="Hook c: It is an async function"
    ),
    "generator-hook": Bad(
        source=f"{HEAD}@hookimpl\ndef crmkit_check(change): yield None",
        reason="Its hook crmkit_check is a generator",
        more={"entry": "crmkit_generator_hook"},
    ),
    "generator-decorated": Bad(source=f"{HEAD}@check(Deal)\ndef c(change): yield", reason="Hook c: It is a generator"),
    "wrapper": Bad(
        source=f"{HEAD}@hookimpl(wrapper=True)\ndef crmkit_check(change):\n  return (yield)",
        reason="Its hook crmkit_check is a wrapper",
        more={"entry": "crmkit_wrapper"},
    ),
    "api-range": Bad(
        source=f"{HEAD}plugin = Plugin('api-range', api='>=2,<3')",
        reason="It needs the API >=2,<3; this crmkit has 1.0.",
        state="incompatible",
    ),
    "api-in-manifest": Bad(
        source="raise SystemExit('imported')",
        reason="It needs the API >=2; this crmkit has 1.0.",
        state="incompatible",
        more={"manifest": {"api": ">=2"}},
    ),
    "api-unreadable": Bad(
        source=f"{HEAD}plugin = Plugin('api-unreadable', api='new')", reason="'new' is no range of versions"
    ),
    "other-crmkit": Bad(
        source="raise SystemExit('imported')",
        reason="It requires crmkit >=90; this is ",
        state="incompatible",
        more={"requires": "crmkit>=90"},
    ),
    "raising-offers": Bad(
        source=f"{HEAD}@hookimpl\ndef crmkit_offers(): raise SystemExit(1)",
        reason="Its crmkit_offers raised SystemExit: 1.",
        more={"entry": "crmkit_raising_offers"},
    ),
    "wrong-offers": Bad(
        source=f"{HEAD}@hookimpl\ndef crmkit_offers(): return 'all'",
        reason="Its crmkit_offers failed: it returned a str where it must return a sequence of offers.",
        more={"entry": "crmkit_wrong_offers"},
    ),
    "empty-offer": Bad(source=f"{HEAD}plugin = Plugin('empty-offer', offers=[None])", reason="Offer 1 is a NoneType"),
    "plain-function": Bad(
        source=f"{HEAD}def f(change): ...\nplugin = Plugin('plain-function', offers=[f])",
        reason="Offer 1 is the plain function 'f'",
    ),
    "offer-twice": Bad(
        source=f"{HEAD}a = Commands('a', 'm:a')\nplugin = Plugin('offer-twice', offers=[a, Commands('a', 'm:b')])",
        reason="It offers two things as commands 'a'.",
    ),
    "hostile-offer": Bad(
        source=f"{HEAD}class O:\n  def __getattr__(self, name): raise SystemExit(name)\nplugin = Plugin('hostile-offer', offers=[O()])",
        reason="Looking at it raised SystemExit: ",
    ),
    "bad-record": Bad(
        source=f"{HEAD}@attrs.frozen(kw_only=True)\nclass B(Record):\n  x: complex\nplugin = Plugin('bad-record', offers=[B])",
        reason="Record type B: ",
    ),
    "core-clash": Bad(
        source=f"{HEAD}@attrs.frozen(kw_only=True)\nclass Deal2(Record, shared=True, name='deal'):\n  x: int\n"
        "plugin = Plugin('core-clash', offers=[Deal2])",
        reason="It offers the record type 'deal', which is crmkit's own.",
    ),
    "missing-requirement": Bad(
        source=f"{HEAD}plugin = Plugin('missing-requirement', requires=['good-on'])",
        reason="It requires the plugin 'good-on', which is not installed. Did you mean 'good-one'?",
    ),
    "settings": Bad(
        source=f"{HEAD}@attrs.frozen\nclass S:\n  url: str\n  n: int = 1\nplugin = Plugin('settings', settings=S)",
        reason="url is missing: set it under [settings.settings], or CRMKIT_SETTINGS__URL.",
    ),
    "settings-instance": Bad(
        source=f"{HEAD}@attrs.frozen\nclass S:\n  n: int = 1\nplugin = Plugin('settings-instance', settings=S())",
        reason="A S stands there: give the class itself.",
    ),
    "text-for-names": Bad(
        source=f"{HEAD}plugin = Plugin('text-for-names', requires='good-one')",
        reason="'good-one' stands where a plugin lists names: write ['good-one'].",
    ),
    "odd-settings": Bad(
        source=f"{HEAD}plugin = Plugin('odd-settings', settings=dict)", reason="dict is no attrs class"
    ),
}


def loaded(site: Any, **more: Any) -> Loaded:
    site.install("good-one")
    site.install("good-two", module="crmkit_aaa")
    return load(builtins=False, **more)


def state(made: Loaded, name: str) -> PluginState:
    return made.state_of(name)


def install(site: Any, name: str) -> Bad:
    bad = BAD[name]
    site.install(name, bad.source, **bad.more)
    return bad


@pytest.mark.parametrize("name", BAD)
def test_it_is_named_and_the_good_ones_are_active(site: Any, name: str):
    bad = install(site, name)
    made = loaded(site)
    found = state(made, name)
    assert (found.state, found.distribution, found.version) == (bad.state, f"crmkit-{name}", "1.0")
    assert bad.reason in found.reason
    assert found.remedy
    assert {state(made, "good-one").state, state(made, "good-two").state} == {"active"}
    assert made.manager is not None
    assert made.manager.get_plugin(name) is None


def test_all_of_them_at_once(site: Any):
    for name in BAD:
        install(site, name)
    made = loaded(site)
    assert {name: state(made, name).state for name in BAD} == {name: bad.state for name, bad in BAD.items()}
    assert [s.name for s in made.active if s.name.startswith("good")] == ["good-one", "good-two"]


def test_it_is_told_in_the_log(site: Any, caplog: pytest.LogCaptureFixture):
    site.install("raises", "1 / 0")
    loaded(site)
    (told,) = [record for record in caplog.records if getattr(record, "plugin", "") == "raises"]
    assert told.getMessage().startswith(
        "Plugin raises (crmkit-raises 1.0) is failed. Its import raised ZeroDivisionError"
    )


def test_a_slow_import_is_told_in_the_log(site: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("crmkit._plugins.loading.SLOW_S", -1.0)
    site.install("slow")
    loaded(site)
    (told,) = [record for record in caplog.records if getattr(record, "plugin", "") == "slow"]
    assert told.getMessage().startswith("Plugin slow (crmkit-slow 1.0) is active. Its import took 0.")


@pytest.mark.parametrize(
    ("seconds", "reason"), [(5.0, "Its import took 5.0 s, and every command waits for it."), (0.1, "")]
)
def test_a_slow_import_is_told_and_the_plugin_is_used(site: Any, seconds: float, reason: str):
    site.install("slow")
    given = Given(disabled=frozenset(), tables={}, settings={}, environ={})
    loading = Loading(given=given, clock=itertools.count(0.0, seconds).__next__)
    loading.run(found for found in installed_plugins() if found.name == "slow")
    (entry,) = loading.entries
    assert (entry.state.state, entry.state.reason, bool(entry.state.remedy)) == ("loaded", reason, bool(reason))


@pytest.mark.parametrize("lost", range(7))
def test_any_file_of_a_wheel_may_be_lost(site: Any, lost: int):
    """Whatever is deleted of an installed plugin, the others are active and this one is active, failed or gone."""
    (package := site.folder / "crmkit_parts").mkdir()
    site.install("parts", "", module="crmkit_parts/__init__", entry="crmkit_parts.offers:plugin", manifest={})
    (package / "offers.py").write_text(
        "from crmkit_parts import more\nfrom crmkit import Plugin\nplugin = Plugin('parts')\n"
    )
    (package / "more.py").write_text("")
    (site.folder / "crmkit_parts-1.0.dist-info" / "RECORD").write_text("")
    files = sorted(path for path in site.folder.rglob("*") if path.is_file())
    assert len(files) == 7
    files[lost].unlink()
    made = loaded(site)
    assert state(made, "good-one").state == "active"
    assert {s.state for s in made.states if s.name == "parts"} <= {"active", "failed"}


def test_strict_raises_the_cause(site: Any):
    site.install("raises", "1 / 0")
    with pytest.raises(
        PluginError, match=r"Plugin raises \(crmkit-raises 1\.0\) is failed\. Its import raised"
    ) as caught:
        loaded(site, strict=True)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert (caught.value.plugin, caught.value.version) == ("raises", "1.0")


def test_a_person_stops_the_program(site: Any):
    site.install("stops", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        loaded(site)


def test_damaged_entry_points_of_one_distribution_cost_no_other(site: Any):
    site.install("damaged")
    (site.folder / "crmkit_damaged-1.0.dist-info" / "entry_points.txt").write_text(
        "[crmkit1]\nno equals sign\n", "utf-8"
    )
    made = loaded(site)
    assert state(made, "good-one").state == "active"
    assert "Its entry points can not be read" in state(made, "crmkit-damaged").reason


@pytest.mark.parametrize("file", ["METADATA", "entry_points.txt"])
def test_a_lost_file_of_the_metadata_costs_no_other(site: Any, file: str):
    site.install("lossy")
    (site.folder / "crmkit_lossy-1.0.dist-info" / file).unlink()
    assert state(loaded(site), "good-one").state == "active"


def test_two_plugins_of_one_name_are_both_named(site: Any):
    site.install("twice", module="crmkit_first")
    site.install("twice-b", "from crmkit import Plugin\nplugin = Plugin('twice')\n", module="crmkit_second")
    (site.folder / "crmkit_twice_b-1.0.dist-info" / "entry_points.txt").write_text(
        "[crmkit1]\ntwice = crmkit_second:plugin\n"
    )
    made = loaded(site)
    told = [s.reason for s in made.states if s.name == "twice"]
    assert told == [
        "Another plugin is called 'twice' too: crmkit_second:plugin.",
        "Another plugin is called 'twice' too: crmkit_first:plugin.",
    ]


def test_two_offers_of_one_name_are_an_error_naming_both(site: Any):
    for name in ("sms-a", "sms-b"):
        source = f"from crmkit import Plugin\nfrom crmkit.ports.channel import Channel\nclass Sms(Channel):\n  name = 'sms'\nplugin = Plugin({name!r}, offers=[Sms])\n"
        site.install(name, source)
    made = loaded(site)
    assert state(made, "sms-a").reason == "It offers the channel 'sms', and so does sms-b (crmkit-sms-b 1.0)."
    assert state(made, "sms-b").reason == "It offers the channel 'sms', and so does sms-a (crmkit-sms-a 1.0)."
    assert state(loaded_again(disabled=["sms-a"]), "sms-b").state == "active"


def loaded_again(**more: Any) -> Loaded:
    return load(builtins=False, **more)


def test_requirements_in_a_circle_go_down_together(site: Any):
    for name, other in (("ring-a", "ring-b"), ("ring-b", "ring-a")):
        site.install(name, more=f", requires=[{other!r}]")
    made = loaded(site)
    assert "ring-a and ring-b each want to come before the other" in state(made, "ring-a").reason
    assert "ring-a and ring-b" in state(made, "ring-b").reason


def test_what_requires_a_failed_plugin_fails_with_it(site: Any):
    site.install("base-plugin", "1 / 0")
    site.install("upon", more=", requires=['base-plugin']")
    site.install("upon-upon", more=", requires=['upon']")
    made = loaded(site)
    assert state(made, "upon").reason == "It requires the plugin 'base-plugin', which is failed."
    assert state(made, "upon-upon").reason == "It requires the plugin 'upon', which is failed."


def test_a_missing_builtin_is_a_state(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("crmkit._plugins.finding.BUILTINS", ("crmkit.builtin.gone:plugin",))
    made = load(discover=False)
    assert state(made, "gone").state == "failed"
    assert state(made, "gone").is_builtin


@pytest.mark.parametrize("words", [["--help"], ["plugins", "list"], ["plugins", "doctor", "--json"]])
def test_the_command_line_works_whatever_is_installed(site: Any, tmp_path: Path, words: list[str]):
    for name in BAD:
        install(site, name)
    site.install("good-one")
    program = "import sys; from crmkit.cli import main; sys.exit(main())"
    environ = {"PYTHONPATH": str(site.folder), "CRMKIT_STORE": "memory:", "PATH": ""}
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == (7 if "doctor" in words else 0), (
        done.stderr
    )  # the doctor says that something needs a hand
    assert "Traceback" not in done.stderr
    if "doctor" in words:
        told = {plugin["name"]: plugin for plugin in json.loads(done.stdout)["plugins"]}
        assert told["good-one"]["state"] == "active"
        assert {name: told[name]["state"] for name in BAD} == {name: bad.state for name, bad in BAD.items()}
        assert all(told[name]["reason"] and told[name]["remedy"] and told[name]["distribution"] for name in BAD)
