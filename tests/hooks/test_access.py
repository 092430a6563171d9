"""Access rules: joined, and where one fails nothing is shown."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit._hooks import Plugged, compile_access
from crmkit._plugins import load
from crmkit.errors import PluginError
from crmkit.ports.plugin import Plugin
from crmkit.ports.work import AccessRule
from crmkit.query import condition_to_json, each
from crmkit.records import Customer, Deal, Staged

d = each(Deal)


def compiled(*rules: Any) -> Any:
    plugin = Plugged(name="shops", distribution="crmkit-shops", version="1.0")
    return compile_access(Deal, [(AccessRule(of=Deal, rule=rule), plugin) for rule in rules])


def sees_open(actor: str) -> Any:
    return None if actor == "boss" else d.state == "open"


def sees_titled(actor: str) -> Any:
    return d.title == actor


def test_conditions_are_joined_and_none_shows_all():
    assert compiled(sees_open)("boss") is None
    joined = compiled(sees_open, sees_titled)("mina")
    assert condition_to_json(joined) == condition_to_json((d.state == "open") & (d.title == "mina"))


@pytest.mark.parametrize("answer", [True, False, "open", Deal(), each(Customer).name == "x"])
def test_what_is_no_condition_on_the_type_shows_nothing(answer: Any):
    with pytest.raises(PluginError) as caught:
        compiled(lambda actor: answer)("mina")
    assert (caught.value.code, caught.value.plugin, caught.value.version) == ("access_failed", "shops", "1.0")


def test_a_rule_that_raises_shows_nothing():
    def fails(actor: str) -> Any:
        raise SystemExit(1)

    with pytest.raises(PluginError, match=r"shops \(crmkit-shops 1\.0\) failed in its access rule fails"):
        compiled(fails)("mina")


def test_a_failed_plugin_shows_nothing_of_what_it_decides_until_it_is_switched_off():
    rules = Plugin("shops", offers=[AccessRule(of=Deal, rule=sees_open)], requires=["gone"])
    made = load([rules], discover=False, builtins=False)
    access: Any = made.access(Deal)
    with pytest.raises(PluginError, match="'shops' decides who sees a deal and is not active"):
        access("boss")
    assert made.access(Customer) is None
    assert load([rules], discover=False, builtins=False, disabled=["shops"]).access(Deal) is None


def test_a_rule_on_a_kind_of_record_is_refused_rather_than_never_asked():
    made = load([Plugin("shops", offers=[AccessRule(of=Staged, rule=sees_open)])], discover=False, builtins=False)
    assert "an access rule on Staged, of which no records are kept" in made.state_of("shops").reason
