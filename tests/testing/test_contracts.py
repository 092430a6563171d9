"""The contracts of record types, hooks and plugins: each mistake is caught by the checks that are for it, and by no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmkit import Commands, Plugin
from crmkit._plugins import manifest_of
from crmkit.testing import HooksContract, PluginContract, RecordTypeContract
from crmkit.testing.contract import Contract
from tests.testing import broken_hooks as hooks
from tests.testing import broken_plugins as plugins
from tests.testing import broken_record_types as types
from tests.testing.trial import failed

pytestmark = pytest.mark.once(each=5)


def of_type(of: Any, **more: Any) -> Callable[[], set[str]]:
    return lambda: failed(RecordTypeContract, record_type=of, **more)


def of_hook(*offers: Any, **more: Any) -> Callable[[], set[str]]:
    return lambda: failed(HooksContract, plugin=Plugin("rules", offers=offers), **more)


def of_module(**named: Any) -> Callable[[], set[str]]:
    return lambda: failed(
        HooksContract, plugin=hooks.module(**{f"crmkit_{name}": hook for name, hook in named.items()})
    )


def of_plugin(plugin: Any, **more: Any) -> Callable[[], set[str]]:
    return lambda: failed(PluginContract, plugin=plugin, **more)


def forgetful(self: Any, crm: Any, where: Any) -> set[Any]:
    """The engine as it must not be, since no declaration can make it so: it does not find what has a value."""
    return {record.id for record in crm.find(self.record_type, where) if not record.shop.startswith("anna")}


MANIFEST = manifest_of(plugins.good, distribution="crmkit-visits", version="1.0")
CHANGED, EXPORT, STAYS = "test_a_change_can_be_taken_back", "test_an_export_comes_back", "test_it_stays_as_it_is"
SURVIVED, TWO = "test_every_subject_is_survived", "test_two_crms_do_not_meet"

# fmt: off
MISTAKES: list[tuple[type[Contract], str, Callable[[], set[str]], set[str]]] = [
    (RecordTypeContract, "right", of_type(types.Order), set()),
    (RecordTypeContract, "right, on a path", of_type(types.Job, plugin=types.shop), set()),
    (RecordTypeContract, "right, with examples", of_type(types.Order, examples=(types.Order(shop="a", number=1),)), set()),
    (RecordTypeContract, "merges are refused where both have one", of_type(types.Proud), set()),
    (RecordTypeContract, "keeps less than given", of_type(types.Rounding), {"test_it_is_kept_as_it_was_given"}),
    (RecordTypeContract, "takes no gaps", of_type(types.Demanding), {"test_missing_values_are_taken"}),
    (RecordTypeContract, "is equal to none", of_type(types.Alone), {STAYS}),
    (RecordTypeContract, "changes what it changed", of_type(types.Growing), {
        "test_json_is_exact", "test_it_is_kept_as_it_was_given", CHANGED, STAYS, EXPORT}),
    (RecordTypeContract, "computes a field", of_type(types.Computed), {
        "test_json_is_exact", "test_missing_values_are_taken", "test_fields_may_be_added_later", CHANGED, EXPORT}),
    (RecordTypeContract, "the engine forgets", of_type(types.Order, _found=forgetful), {"test_each_field_can_be_asked_for"}),
    (RecordTypeContract, "has a plural that is none to type", of_type(types.Titled), {"test_people_can_name_it"}),
    (RecordTypeContract, "does not say what it is", of_type(types.Silent), {"test_people_can_name_it"}),
    (RecordTypeContract, "can not be shown", of_type(types.Unprintable), {"test_people_can_name_it"}),
    (RecordTypeContract, "fills gaps with something", of_type(types.Hopeful), {EXPORT}),
    (RecordTypeContract, "refuses changes late", of_type(types.Sealed), {CHANGED}),
    (RecordTypeContract, "has another default each time", of_type(types.Restless), {"test_fields_may_be_added_later"}),
    (RecordTypeContract, "stays with its customer", of_type(types.Faithful), {"test_a_merge_moves_it"}),
    (RecordTypeContract, "names a customer, and belongs to none", of_type(types.Stray), {"test_an_erasure_finds_it"}),
    (RecordTypeContract, "tells of a person, and is shared", of_type(types.Whispering), {"test_an_erasure_finds_it"}),
    (RecordTypeContract, "says again what was blanked", of_type(types.Repeating), {"test_an_erasure_finds_it"}),

    (HooksContract, "right", of_hook(*hooks.good.offers), set()),
    (HooksContract, "right, in a module", of_module(check=hooks.crmkit_check, adjust=hooks.crmkit_adjust, subscribe=hooks.crmkit_subscribe), set()),
    (HooksContract, "a module answers to no batch", of_module(check_batch=hooks.crmkit_check_batch), {"test_answers_are_of_the_right_type"}),
    (HooksContract, "wants an argument more", of_hook(hooks.wants_more), {"test_it_takes_what_it_is_given", SURVIVED}),
    (HooksContract, "waits for an event that is none", of_hook(hooks.waits_for_ever), {"test_each_hook_is_called"}),
    (HooksContract, "reads ASCII alone", of_hook(hooks.knows_ascii), {SURVIVED}),
    (HooksContract, "writes in a check", of_hook(hooks.writes), {SURVIVED}),
    (HooksContract, "says True", of_hook(hooks.says_false), {"test_answers_are_of_the_right_type"}),
    (HooksContract, "answers once for many", of_hook(hooks.answers_once), {"test_answers_are_of_the_right_type"}),
    (HooksContract, "names a field that is none", of_hook(hooks.names_no_field), {"test_refusals_are_read_by_people"}),
    (HooksContract, "refuses in silence", of_hook(hooks.refuses_in_silence), {"test_refusals_are_read_by_people"}),
    (HooksContract, "writes on what it was given", of_hook(hooks.writes_on_it), {"test_subjects_are_left_as_they_were"}),
    (HooksContract, "empties an event", of_hook(hooks.empties_it), {"test_subjects_are_left_as_they_were"}),
    (HooksContract, "changes a stamp", of_hook(hooks.stamps_it), {"test_stamps_are_left_alone"}),
    (HooksContract, "reads in an adjust hook", of_hook(hooks.reads), {"test_adjusting_is_pure"}),
    (HooksContract, "counts in an adjust hook", of_hook(hooks.gives_numbers), {"test_adjusting_is_pure", TWO}),
    (HooksContract, "dawdles", of_hook(hooks.dawdles, budget_s=0.002), {"test_it_returns_soon"}),
    (HooksContract, "remembers", of_hook(hooks.remembers), {TWO}),
    (HooksContract, "knows two people only", of_hook(hooks.shy), {"test_access_rules_answer_for_everyone"}),
    (HooksContract, "its rule is no condition", of_hook(hooks.all_open), {"test_access_rules_answer_for_everyone"}),

    (PluginContract, "right", of_plugin(plugins.good, manifest=lambda self: MANIFEST), set()),
    (PluginContract, "right, a module", of_plugin(hooks.module(crmkit_check=hooks.crmkit_check)), set()),
    (PluginContract, "requires what is not there", of_plugin(Plugin("odd", requires=["absent"])), {
        "test_it_loads", "test_it_loads_beside_others"}),
    (PluginContract, "undoes its neighbour's", of_plugin(Plugin("odd", offers=[plugins.takes_all_tags])), {"test_it_loads_beside_others"}),
    (PluginContract, "has a stale manifest", of_plugin(plugins.good, manifest=lambda self: {**MANIFEST, "offers": {}}), {"test_its_manifest_is_current"}),
    (PluginContract, "has no manifest", of_plugin(plugins.good, manifest=lambda self: {}), {"test_its_manifest_is_current"}),
    (PluginContract, "tells wrong settings one by one", of_plugin(Plugin("odd", settings=plugins.OwnTypes)), {"test_wrong_settings_are_told_at_once"}),
    (PluginContract, "refuses its defaults", of_plugin(Plugin("odd", settings=plugins.BadDefaults), settings={"timeout_s": 1}), {
        "test_missing_settings_are_told_at_once"}),
    (PluginContract, "shows a secret", of_plugin(Plugin("odd", settings=plugins.OpenSecret)), {"test_secrets_are_not_shown"}),
    (PluginContract, "logs a secret", of_plugin(Plugin("odd", settings=plugins.Settings, offers=[plugins.logs_secrets])), {"test_secrets_are_not_shown"}),
    (PluginContract, "keeps what it learns", of_plugin(Plugin("odd", offers=[plugins.Remembering]), happens=plugins.learns), {
        "test_it_keeps_nothing_for_the_process"}),
    (PluginContract, "begins threads", of_plugin(Plugin("odd", offers=[plugins.begins_threads])), {"test_it_leaves_no_threads"}),
    (PluginContract, "a service wants more", of_plugin(Plugin("odd", offers=[plugins.Demanding])), {"test_its_services_can_be_used"}),
    (PluginContract, "a service has what is no verb", of_plugin(Plugin("odd", offers=[plugins.HalfVerbs])), {"test_its_services_can_be_used"}),
    (PluginContract, "a command is anyone's", of_plugin(Plugin("odd", offers=[Commands("report-all", f"{plugins.__name__}:visits")])), {
        "test_its_commands_are_a_group_of_its_own"}),
    (PluginContract, "a command is not there", of_plugin(Plugin("odd", offers=[Commands("odd", "no_such_module:odd")])), {
        "test_its_commands_are_a_group_of_its_own"}),
    (PluginContract, "a command has no help", of_plugin(Plugin("silent", offers=[plugins.silent])), {"test_its_commands_are_a_group_of_its_own"}),
    (PluginContract, "its data are legible to itself alone", of_plugin(Plugin("odd", offers=[plugins.Diary])), {"test_its_data_outlives_it"}),
]
# fmt: on


@pytest.mark.parametrize(
    ("trial", "caught_by"), [row[2:] for row in MISTAKES], ids=[f"{row[0].__name__}-{row[1]}" for row in MISTAKES]
)
def test_a_mistake_is_caught_by_the_checks_that_are_for_it(trial: Callable[[], set[str]], caught_by: set[str]) -> None:
    assert trial() == caught_by
