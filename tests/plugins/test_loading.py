"""Loading plugins that a program gives: what is active, in which order, and what each offers."""

from __future__ import annotations

import attrs
import pytest

from crmkit._plugins import load
from crmkit.errors import NotFoundError, PluginError
from crmkit.ports.plugin import Plugin
from crmkit.ports.work import Change, Refusal, Service, check
from crmkit.records import CORE_TYPES, Deal, FieldDefinition, Pipeline, Record, Stage


@attrs.frozen(kw_only=True)
class Bicycle(Record, shared=True):
    """What they ride."""

    number: int = 0


class Rides(Service):
    """Verbs of bicycles."""


@attrs.frozen
class SlaPolicy:
    """A door that a plugin opens."""

    name: str


selling = Pipeline("selling", of=Deal, stages=(Stage("asked"), Stage("sold", "won")))
colour = FieldDefinition(Bicycle, "colour")


@check(Deal)
def has_amount(change: Change[Deal]) -> Refusal | None:
    return None if change.after.amount else Refusal("No amount.", field="amount")


def loaded(*plugins: Plugin, **more: object):
    return load(plugins, discover=False, builtins=False, **more)


def test_offers_are_found_by_their_type():
    made = loaded(Plugin("bikes", offers=[Bicycle, Rides, selling, colour, has_amount, SlaPolicy("gold")]))
    assert [offer.value for offer in made.offers(Record)] == [Bicycle]
    assert [offer.value for offer in made.services] == [Rides]
    assert [offer.value for offer in made.pipelines] == [selling]
    assert [offer.value for offer in made.fields] == [colour]
    assert [offer.value for offer in made.offers(SlaPolicy)] == [SlaPolicy("gold")]
    assert {offer.plugin.name for offer in made.everything} == {"bikes"}
    assert made.types == (*CORE_TYPES, Bicycle)
    assert [hook.name for hook in made.hooks] == ["has_amount"]
    assert made.checks == {"bikes": ("deal",)}


def test_a_plugin_that_is_switched_off_offers_nothing():
    made = loaded(Plugin("bikes", offers=[Bicycle]), disabled=["bikes"])
    assert made.state_of("bikes").state == "disabled"
    assert made.types == CORE_TYPES


def test_an_unknown_name_is_told_with_the_nearest():
    made = loaded(Plugin("bikes"))
    with pytest.raises(NotFoundError, match="Did you mean 'bikes'"):
        made.state_of("bike")


def test_strict_raises_what_otherwise_is_a_state():
    bad = Plugin("bikes", offers=[42])
    assert loaded(bad).state_of("bikes").state == "failed"
    with pytest.raises(PluginError, match="Offer 1 is a int"):
        loaded(bad, strict=True)
