"""Every hook, and everything that a plugin's function can do wrong: the CRM answers, the others' work is whole, the culprit is named.

Three plugins have the same hook: two that do it well stand before and behind one with a fault. The hooks are those that
there are: a new one without its place here is a failure.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, get_args

import attrs
import pytest

from crmkit import CRM, CRMError, Customer, Deal, PluginError, Refusal, hookspecs
from crmkit.ports.hook import HookOffer
from crmkit.ports.watching import PluginEvent
from crmkit.query import each
from crmkit.records import Retry
from tests.plugins.faults import ALL, FAULTS, Called, Fault, Stage

AROUND, BAD = ("aaa", "zzz"), "bad"
d = each(Deal)

# --- the hooks that there are -----------------------------------------------------------------------------------------
PLAIN = """
from crmkit import hookimpl
@hookimpl
def {name}({arguments}):
    return DOES({first}, {context})
"""
DECORATED = """
from crmkit import Deal, Plugin, {hook}
@{hook}(Deal{more})
def {hook}_hook(subject{arguments}):
    return DOES(subject, {context})
plugin = Plugin({plugin!r}, offers=[{hook}_hook])
"""
ACCESS = """
from crmkit import AccessRule, Deal, Plugin
def access_hook(actor):
    return DOES(actor, None)
plugin = Plugin({plugin!r}, offers=[AccessRule(of=Deal, rule=access_hook)])
"""


@attrs.frozen
class Hook:
    """One way to be called: its kind, and the source of a module of which ``DOES`` is the behaviour."""

    kind: str
    function: str
    source: Callable[[str], str] = attrs.field(repr=False)
    is_module: bool = False


def plain(name: str) -> Hook:
    arguments = list(inspect.signature(getattr(hookspecs, name)).parameters)
    first, context = (*arguments, "None", "None")[:2]
    source = PLAIN.format(name=name, arguments=", ".join(arguments), first=first, context=context)
    kinds = {"crmkit_adjust": "adjust or none", "crmkit_check_batch": "batch", "crmkit_subscribe": "subscriber"}
    return Hook(kinds.get(name) or name.removeprefix("crmkit_"), name, lambda _: source, is_module=True)


def decorated(hook: str, *, takes_context: bool, batch: bool = False) -> Hook:
    more = {"hook": hook, "more": ", batch=True" if batch else ""}
    more |= {"arguments": ", context", "context": "context"} if takes_context else {"arguments": "", "context": "None"}
    return Hook("batch" if batch else hook, f"{hook}_hook", lambda name: DECORATED.format(plugin=name, **more))


def hooks_that_there_are() -> Iterator[tuple[str, Hook]]:
    for name in vars(hookspecs):
        if name.startswith("crmkit_"):
            yield name, plain(name)
    for hook in get_args(inspect.get_annotations(HookOffer, eval_str=True)["hook"]):
        yield f"@{hook}", decorated(hook, takes_context=False)
        yield f"@{hook} with context", decorated(hook, takes_context=True)
    yield "@check batch", decorated("check", takes_context=False, batch=True)
    yield "@check batch with context", decorated("check", takes_context=True, batch=True)
    yield "AccessRule", Hook("access", "access_hook", lambda name: ACCESS.format(plugin=name))


HOOKS = dict(hooks_that_there_are())


def test_every_hook_that_there_is_has_its_place():
    """A new specification or decorator is in the grid by itself; a kind that the grid can not judge fails here."""
    assert {name for name in HOOKS if name.startswith("crmkit_")} == {
        name for name, hook in vars(hookspecs).items() if name.startswith("crmkit_") and inspect.isfunction(hook)
    }
    assert {hook.kind for hook in HOOKS.values()} == set(ALL) == set(GOOD)
    assert len(FAULTS) >= 10


# --- three plugins with one hook --------------------------------------------------------------------------------------
class Door:
    """What plugins offer through crmkit_offers."""


@attrs.define(eq=False)
class World:
    """An open CRM, what its plugins met with, and what it told of them."""

    crm: CRM
    stage: Stage
    seen: dict[str, list[Any]]
    events: list[PluginEvent]


def tidy(name: str, subject: Any) -> Any:
    if not isinstance(subject.after, Deal):
        return None
    return attrs.evolve(subject.after, title=f"{subject.after.title}+{name}")


GOOD: dict[str, Callable[[str, Any], Any]] = {
    "offers": lambda name, subject: [Door()],
    "adjust": tidy,
    "adjust or none": tidy,
    "check": lambda name, subject: Refusal("No.") if getattr(subject.after, "title", "") == "forbidden" else None,
    "batch": lambda name, subject: [GOOD["check"](name, change) for change in subject],
    "subscriber": lambda name, subject: None,
    "access": lambda name, subject: None if subject == "system" else d.title != "hidden",
}
"""By kind of hook: the answer of a plugin without fault."""


def about_a_deal(subject: Any) -> bool:
    """Plain modules are called for records of every type; the faults are about deals."""
    subject = subject[0] if isinstance(subject, list | tuple) else subject
    record = getattr(subject, "after", None) or getattr(subject, "record", None)
    return record is None or isinstance(record, Deal)


def behaviour(hook: Hook, name: str, stage: Stage, seen: list[Any], fault: Fault | None) -> Callable[[Any, Any], Any]:
    def does(subject: Any, context: Any) -> Any:
        if about_a_deal(subject):
            seen.append(subject)
        if context is not None:
            assert callable(context.crm.find), "another plugin changed what this one is given"
            assert context.plugin == name
        if fault is None or not about_a_deal(subject):
            return GOOD[hook.kind](name, subject)
        return fault.does(Called(subject, context, lambda: GOOD[hook.kind](name, subject), stage))

    return does


@pytest.fixture
def opened(site: Any) -> Iterator[Callable[[Hook, Fault], World]]:
    """Install the three plugins, open a CRM that finds them, and put everything away afterwards."""
    worlds: list[World] = []
    stages: list[Stage] = []

    def open_(hook: Hook, fault: Fault) -> World:
        stage, seen, events = Stage(), dict[str, list[Any]](), list[PluginEvent]()
        stages.append(stage)
        for name in (*AROUND, BAD):
            module = site.install(name, hook.source(name), entry=f"crmkit_{name}" if hook.is_module else "")
            seen[name] = []
            does = behaviour(hook, name, stage, seen[name], fault if name == BAD else None)
            importlib.import_module(module).DOES = does
        stage.crm = crm = CRM.open(
            "memory:", pause=lambda _: None, environ={}, on_plugin=events.append, ticks=stage.clock, hook_budget_s=1.0
        )
        worlds.append(World(crm, stage, seen, events))
        return worlds[-1]

    yield open_
    for stage in stages:
        stage.go_on.set()
        for thread in stage.threads:
            thread.join(10)
    for world in worlds:
        world.crm.close()


# --- what is asked of the CRM, and what must be true ------------------------------------------------------------------
def use(world: World, kind: str) -> Deal:
    """Do what calls the hook; return the record as the CRM keeps it."""
    crm = world.crm
    if kind == "access":
        hidden = crm.add(Deal(title="hidden"))
        found = {deal.title for deal in crm.acting_as("anna").find(Deal)}
        assert hidden.title not in found
    kept = crm.add(Deal(title="bike"))
    if kind == "subscriber":
        crm.work()
    return crm.find(Deal, d.id == kept.id)[0]


def named(told: Any, hook: Hook) -> bool:
    where = "" if hook.kind == "offers" else hook.function
    return (told.plugin, told.distribution, told.version) == (BAD, "crmkit-bad", "1.0") and where in (told.hook, "")


def is_whole(world: World, hook: Hook, deal: Deal, *, is_good: bool) -> None:
    """The record is as the plugins without fault leave it, and each of them was called."""
    good = [name for name in ("aaa", BAD, "zzz") if is_good or name != BAD]
    adjusted = "".join(f"+{name}" for name in good) if hook.kind.startswith("adjust") else ""
    assert deal.title == f"bike{adjusted}"
    assert all(world.seen[name] for name in AROUND)
    if hook.kind in ("check", "batch", "access"):
        return
    if hook.kind == "offers":
        assert len(world.crm.offers(Door)) == len(good)


def answers_on(world: World) -> None:
    """What the hook has nothing to do with goes on as ever."""
    world.crm.add(Customer(name="Anna"))
    assert [customer.name for customer in world.crm.find(Customer)][-1:] == ["Anna"]


def holds(world: World, hook: Hook, fault: Fault) -> None:
    """What must be true of one hook and one fault: the cell of the grid."""
    is_good = hook.kind in fault.is_answer_to
    if hook.kind in fault.goes_through:
        goes_through(world, hook)
    elif is_good:
        is_whole(world, hook, use(world, hook.kind), is_good=fault is not FAULTS["None"])
        assert not [event for event in world.events if event.name == "plugin.failed"]
    elif hook.kind in ("check", "batch", "access"):
        fails_closed(world, hook)
    else:
        is_whole(world, hook, use(world, hook.kind), is_good=False)
        is_told(world, hook)
    answers_on(world)
    if fault in AFTERWARDS:
        AFTERWARDS[fault](world, hook)


def fails_closed(world: World, hook: Hook) -> None:
    with pytest.raises(PluginError) as caught:
        use(world, hook.kind)
    assert named(caught.value, hook)
    assert "bad (crmkit-bad 1.0)" in str(caught.value)
    assert len(str(caught.value)) < 700
    if hook.kind != "access":
        assert not world.crm.find(Deal)
    assert world.seen["aaa"]


def is_told(world: World, hook: Hook) -> None:
    if hook.kind == "offers":
        (state,) = [state for state in world.crm.plugins if state.name == BAD]
        assert (state.state, state.distribution, state.version) == ("failed", "crmkit-bad", "1.0")
        assert "offer" in state.reason.lower()
        assert state.remedy
    elif hook.kind == "subscriber":
        (waiting,) = world.crm.find(Retry)
        assert waiting.subscriber == f"{BAD}/{hook.function}"
        assert waiting.error.startswith(f"Plugin bad (crmkit-bad 1.0) failed in its subscriber {hook.function}: ")
        assert len(waiting.error) <= 500
    if hook.kind != "offers":
        (event,) = world.events
        assert named(event, hook)
        assert event.name == "plugin.failed"
        assert 0 < len(event.told) <= 300


def goes_through(world: World, hook: Hook) -> None:
    """It comes out as it is, with a note of the way it came; nothing of the work is kept, and the CRM can be used."""
    if hook.kind == "subscriber":
        with pytest.raises(KeyboardInterrupt):
            use(world, hook.kind)
        assert [deal.title for deal in world.crm.find(Deal)] == ["bike"]
        return
    with pytest.raises((KeyboardInterrupt, CRMError)) as caught:
        use(world, hook.kind)
    assert f"It came through the hook {hook.function} of the plugin bad (crmkit-bad 1.0)." in caught.value.__notes__
    if hook.kind != "access":
        assert not world.crm.find(Deal)


def is_measured(world: World, hook: Hook) -> None:
    """A hook that takes long is told, with its name; it is not cut short."""
    if hook.kind == "offers":
        return
    overran = [event for event in world.events if event.name == "plugin.overran"]
    assert overran
    assert all(named(event, hook) for event in overran)
    assert overran[0].told == "it took 5,000 ms"


def threads_met_a_closed_door(world: World, hook: Hook) -> None:
    """What a leaked thread does later with the CRM that its hook was lent is an answer or an error, and changes nothing."""
    world.stage.go_on.set()
    for thread in world.stage.threads:
        thread.join(10)
        assert not thread.is_alive()
    assert len(world.stage.said) == len(world.stage.threads) > 0
    assert not [said for said in world.stage.said if isinstance(said, BaseException) and not isinstance(said, CRMError)]
    if hook.kind in ("adjust", "check", "batch"):
        assert {getattr(said, "code", said) for said in world.stage.said} <= {"unit_over", "no CRM"}
    answers_on(world)


AFTERWARDS = {FAULTS["sleeps"]: is_measured, FAULTS["leaks a thread"]: threads_met_a_closed_door}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("hook", HOOKS)
def test_the_grid(opened: Callable[[Hook, Fault], World], hook: str, fault: str):
    one, wrong = HOOKS[hook], FAULTS[fault]
    if one.kind == "offers" and one.kind in wrong.goes_through:
        with pytest.raises(KeyboardInterrupt):
            opened(one, wrong)
        return
    holds(opened(one, wrong), one, wrong)


@pytest.mark.parametrize("hook", HOOKS)
def test_without_isolation_the_grid_fails(
    opened: Callable[[Hook, Fault], World], monkeypatch: pytest.MonkeyPatch, hook: str
):
    """The control: where nothing is caught, the same cell does not hold."""
    for place in CATCHES:
        monkeypatch.setattr(f"crmkit.{place}", (BaseException,))
    with pytest.raises(SystemExit):
        holds(opened(HOOKS[hook], FAULTS["exits"]), HOOKS[hook], FAULTS["exits"])


CATCHES = (
    "_hooks.adjusting.LET_THROUGH",
    "_hooks.checking.LET_THROUGH",
    "_hooks.access.LET_THROUGH",
    "_hooks.subscribing.STOPS",
    "_plugins.registering.PASSED_ON",
    "_plugins.loading.PASSED_ON",
)
"""What isolation lets through: here it is switched off."""


def test_a_plugin_that_keeps_failing_is_quarantined_probed_and_back(opened: Callable[[Hook, Fault], World]):
    """Five failures, one event; a probe a minute; where it succeeds, an event again. The others' work is whole all the while."""
    hook = HOOKS["@adjust"]
    world = opened(hook, FAULTS["raises"])
    for _ in range(7):
        is_whole(world, hook, use(world, hook.kind), is_good=False)
    assert [event.name for event in world.events] == ["plugin.failed"] * 5 + ["plugin.quarantined"]
    assert len(world.seen[BAD]) == 5
    assert {s.name: s.state for s in world.crm.plugins}[BAD] == "quarantined"
    world.stage.seconds += 60
    is_whole(world, hook, use(world, hook.kind), is_good=False)
    assert len(world.seen[BAD]) == 6
    importlib.import_module(f"crmkit_{BAD}").DOES = lambda subject, context: tidy(BAD, subject)
    world.stage.seconds += 60
    is_whole(world, hook, use(world, hook.kind), is_good=True)
    assert world.events[-1].name == "plugin.recovered"
    assert {s.name: s.state for s in world.crm.plugins}[BAD] == "active"


@pytest.mark.parametrize("hook", ["@check", "@check batch", "crmkit_check", "crmkit_check_batch", "AccessRule"])
def test_what_guards_is_never_passed_over(opened: Callable[[Hook, Fault], World], hook: str):
    world = opened(HOOKS[hook], FAULTS["raises"])
    for _ in range(12):
        fails_closed(world, HOOKS[hook])
    assert len(world.seen[BAD]) >= 12
    assert {s.name: s.state for s in world.crm.plugins}[BAD] == "active"


def test_nothing_huge_is_kept_alive_by_what_is_told(opened: Callable[[Hook, Fault], World]):
    """Reports are words: an answer of 100 MB, or the record that it was about, is gone with the call."""
    world = opened(HOOKS["@adjust"], FAULTS["100 MB"])
    use(world, "adjust")
    (report,) = world.crm.house.hooks.reports
    assert all(isinstance(value, str | datetime) for value in attrs.asdict(report, recurse=False).values())
