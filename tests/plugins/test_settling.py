"""Whose plugin and whose offer counts, and what fails closed where a plugin that checks is missing."""

from __future__ import annotations

import sys
import threading
import types
from pathlib import Path
from typing import Any

import attrs
import pytest

from crmkit._hooks import Hooks
from crmkit._plugins import Loaded, load
from crmkit.errors import PluginError, RefusedError
from crmkit.hookspecs import hookimpl
from crmkit.ports.channel import Channel
from crmkit.ports.plugin import Plugin
from crmkit.ports.work import Change, Refusal, check
from crmkit.records import Deal, Touchpoint


def sms() -> Any:
    return type("Sms", (Channel,), {"name": "sms"})


@check(Deal)
def refuses(change: Change[Deal]) -> Refusal | None:
    return Refusal("No.")


def alone(*plugins: Any, **more: Any) -> Loaded:
    return load(plugins, discover=False, builtins=False, **more)


def test_a_programs_own_plugin_goes_before_an_installed_one_of_the_same_name(site: Any):
    site.install("mine")
    own = Plugin("mine", capabilities=["own"])
    made = load([own], builtins=False)
    assert [state.plugin for state in made.active if state.name == "mine"] == [own]
    assert [state.reason for state in made.states if state.name == "mine" and state.state == "failed"] == [
        "Another plugin is called 'mine' too: mine."
    ]


def test_a_programs_own_offer_goes_before_an_installed_one(site: Any):
    source = "from crmkit import Plugin\nfrom crmkit.ports.channel import Channel\nclass Sms(Channel):\n  name = 'sms'\nplugin = Plugin('theirs', offers=[Sms])\n"
    site.install("theirs", source)
    made = load([Plugin("mine", offers=[sms()])], builtins=False)
    assert made.state_of("mine").state == "active"
    assert made.state_of("theirs").reason == "It offers the channel 'sms', and so does mine."


def test_a_plugin_that_is_given_and_installed_is_one_with_its_distribution(site: Any):
    module = site.install("both")
    plugin = __import__(module).plugin
    made = load([plugin], builtins=False)
    (state,) = [state for state in made.states if state.name == "both"]
    assert (state.state, state.distribution, state.version) == ("active", "crmkit-both", "1.0")


def test_a_plain_module_is_as_good_a_plugin():
    module: Any = types.ModuleType("plain_rules")

    @hookimpl
    def crmkit_check(context: Any, change: Change[Any]) -> Refusal | None:
        return Refusal(f"{context.plugin} says no.") if change.after.custom else None

    @hookimpl
    def crmkit_adjust(change: Change[Any]) -> Any:
        return attrs.evolve(change.after, title="adjusted") if isinstance(change.after, Deal) else None

    @hookimpl
    def crmkit_check_batch(changes: Any) -> Any:
        return [None for _ in changes]

    @hookimpl
    def crmkit_subscribe() -> None:
        seen.append("told")

    @hookimpl
    def crmkit_offers() -> Any:
        return [refuses]

    seen: list[str] = []
    vars(module).update(
        crmkit_check=crmkit_check, crmkit_adjust=crmkit_adjust, crmkit_check_batch=crmkit_check_batch, crmkit_subscribe=crmkit_subscribe,
        crmkit_offers=crmkit_offers,
    )  # fmt: skip
    made = alone(module)
    hooks = Hooks(made.hooks)
    assert made.state_of("plain_rules").state == "active"
    assert made.checks == {"plain_rules": ("*", "deal")}
    adjust: Any = hooks.adjusters(Deal)
    assert adjust(Change(None, Deal(), "added"), None).title == "adjusted"
    touchpoint = Touchpoint(key="shop")
    unaltered: Any = hooks.adjusters(Touchpoint)
    assert unaltered(Change(None, touchpoint, "added"), None) is touchpoint
    checks: Any = hooks.checkers(Touchpoint)
    checks([Change(None, touchpoint, "added")], None)
    with pytest.raises(RefusedError, match=r"Refused by plain_rules \(crmkit_check\): plain_rules says no\."):
        checks([Change(None, attrs.evolve(touchpoint, custom={"a": 1}), "added")], None)
    (subscription,) = hooks.subscribers
    event: Any = None
    subscription.call(event, None)
    assert (subscription.name, seen) == ("plain_rules/crmkit_subscribe", ["told"])


def test_a_failed_plugin_that_checks_closes_what_it_checks():
    @attrs.frozen
    class Settings:
        url: str

    made = alone(Plugin("rules", settings=Settings, offers=[refuses]))
    assert made.state_of("rules").state == "failed"
    assert not made.hooks
    assert (made.missing_check("deal"), made.missing_check("customer")) == ("rules", None)


def test_so_does_one_that_could_not_be_imported_by_its_manifest(site: Any):
    site.install("rules", "1 / 0", manifest={"checks": ["deal", "*"]})
    made = load(builtins=False)
    assert made.missing_check("deal") == "rules"
    assert made.missing_check("anything") == "rules"
    assert made.missing_check("cursor") is None


def test_so_does_one_that_is_gone_by_the_ledger_until_a_person_switches_it_off():
    ledger = {"rules": ["deal"], "here": ["customer"]}
    made = alone(Plugin("here")).require(ledger)
    assert dict(made.missing_checks) == {"deal": "rules"}
    assert not alone(Plugin("here"), Plugin("rules"), disabled=["rules"]).require(ledger).missing_checks
    assert not alone(Plugin("here"), disabled=["rules"]).require(ledger).missing_checks


def test_what_the_host_says_of_plugins_that_are_not_there_is_told():
    made = alone(Plugin("two-wheels"), settings={"two-wheel": {"a": 1}}, disabled=["two-wheelz", "gone"])
    assert made.problems == (
        "There are settings for 'two-wheel', but no plugin is called so. Did you mean 'two-wheels'?",
        "You have switched off 'two-wheelz', but no plugin is called so. Did you mean 'two-wheels'?",
    )


def test_settings_for_a_plugin_without_any_are_a_mistake():
    assert "has no settings" in alone(Plugin("plain"), settings={"plain": {"a": 1}}).state_of("plain").reason


def test_a_required_plugin_that_is_not_active_stops_the_program():
    tables = {"rules": {"required": True}}
    assert alone(Plugin("rules"), tables=tables).state_of("rules").state == "active"
    for missing in (
        {"plugins": [Plugin("rules", offers=[1])]},
        {"plugins": []},
        {"plugins": [Plugin("rules")], "disabled": ["rules"]},
    ):
        with pytest.raises(PluginError, match="rules"):
            load(discover=False, builtins=False, tables=tables, **missing)


def test_modules_of_a_project_are_found_beside_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "bicycle_rules.py").write_text("from crmkit import Plugin\nplugin = Plugin('bicycles')\n", "utf-8")
    made = load(["bicycle_rules"], discover=False, builtins=False, folder=tmp_path)
    assert made.state_of("bicycles").state == "active"
    other = tmp_path / "other"
    other.mkdir()
    (other / "bicycle_rules.py").write_text("", "utf-8")
    again = load(["bicycle_rules"], discover=False, builtins=False, folder=other)
    assert "Another module 'bicycle_rules' is already imported from" in again.states[0].reason
    del sys.modules["bicycle_rules"]


def test_two_sets_of_plugins_live_in_one_process():
    """Many loads in threads, each with its own plugins and settings, and none sees another's."""

    @attrs.frozen
    class Settings:
        n: int = 0

    found: dict[int, Any] = {}

    def work(n: int) -> None:
        made = alone(
            Plugin("shared", settings=Settings, offers=[refuses] if n % 2 else []),
            Plugin(f"own-{n}"),
            settings={"shared": {"n": n}},
        )
        found[n] = (made.settings_of("shared").n, len(made.hooks), [state.name for state in made.states])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: (n, n % 2, [f"own-{n}", "shared"]) for n in range(8)}


def test_quarantined_plugins_are_marked_where_states_are_shown():
    made = alone(Plugin("a"), Plugin("b"))
    assert [(s.name, s.state) for s in made.states_now({"b"})] == [("a", "active"), ("b", "quarantined")]
