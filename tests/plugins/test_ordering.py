"""One order of calls, whatever the order in which plugins are found; cycles name every party."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from crmkit._plugins import load
from crmkit._plugins.ordering import Wish, ordered, reasons
from crmkit.ports.plugin import Plugin
from crmkit.ports.work import Change, Refusal, check
from crmkit.records import Deal


def named(name: str) -> object:
    def hook(change: Change[Deal]) -> Refusal | None:
        return None

    hook.__name__ = name
    return check(Deal)(hook)


def test_one_call_order_in_a_thousand_registration_orders():
    wishes = [
        Wish(name="audit", after=("rules",)),
        Wish(name="rules"),
        Wish(name="zeal", before=("rules",)),
        Wish(name="core", rank=0),
        Wish(name="late", after=("audit", "not there")),
        *(Wish(name=f"p{n}") for n in range(10)),
    ]
    shuffle = random.Random(7).shuffle
    seen = set()
    for _ in range(1_000):
        shuffle(wishes)
        seen.add(ordered(wishes)[0])
    assert len(seen) == 1
    (order,) = seen
    assert order[0] == "core"
    assert order.index("zeal") < order.index("rules") < order.index("audit") < order.index("late")


def test_names_decide_where_nothing_is_declared():
    assert ordered([Wish(name="b"), Wish(name="c"), Wish(name="a")]) == (("a", "b", "c"), ())


def test_hooks_of_loaded_plugins_are_called_in_that_order():
    plugins = [
        Plugin("a", offers=[named("two"), named("three")]),
        Plugin("b", before=["a"], offers=[named("one")]),
        Plugin("c", requires=["d"], offers=[named("five")]),
        Plugin("d", after=["a"], offers=[named("four")]),
    ]
    shuffle = random.Random(7).shuffle
    for _ in range(1_000):
        shuffle(plugins)
        made = load(plugins, discover=False, builtins=False)
        assert [hook.name for hook in made.hooks] == ["one", "two", "three", "four", "five"]


def test_a_cycle_names_every_party_and_costs_no_other():
    order, cycles = ordered(
        [
            Wish(name="a", before=("b",)),
            Wish(name="b", before=("c",)),
            Wish(name="c", before=("a",)),
            Wish(name="d", after=("a",)),
        ]
    )
    assert (order, cycles) == (("d",), (("a", "b", "c"),))


def test_a_plugin_that_waits_for_itself_is_a_cycle_of_one():
    assert ordered([Wish(name="a", after=("a",)), Wish(name="b")]) == (("b",), (("a",),))


names = st.sampled_from("abcdef")
wishes = st.lists(
    st.builds(
        Wish, name=names, before=st.lists(names, max_size=2).map(tuple), after=st.lists(names, max_size=2).map(tuple)
    ),
    unique_by=lambda wish: wish.name,
)


@given(wishes, st.randoms(use_true_random=False))
def test_every_wish_is_kept_and_nobody_is_lost(given_wishes: list[Wish], shuffler: random.Random):
    order, cycles = ordered(given_wishes)
    shuffler.shuffle(given_wishes)
    assert ordered(given_wishes) == (order, cycles)
    assert sorted((*order, *(name for cycle in cycles for name in cycle))) == sorted(wish.name for wish in given_wishes)
    place = {name: n for n, name in enumerate(order)}
    for wish in given_wishes:
        if wish.name in place:
            assert all(place[name] < place[wish.name] for name in wish.after if name in place)
            assert all(place[name] > place[wish.name] for name in wish.before if name in place)


def test_the_host_has_the_last_word():
    """What it puts in order beats what these declare of each other, and nothing else."""
    wishes = [
        Wish(name="a", before=("b", "z")),
        Wish(name="b", requires=("a",)),
        Wish(name="c"),
        Wish(name="core", rank=0),
        Wish(name="z"),
    ]
    assert ordered(wishes)[0] == ("core", "a", "b", "c", "z")
    assert ordered(wishes, ["b", "a"])[0] == ("core", "b", "a", "c", "z")
    assert ordered(wishes, ["z", "c", "gone"])[0] == ("core", "a", "b", "z", "c")
    assert ordered(wishes, ["b", "a", "core"]) == (("b", "a", "core", "c", "z"), ())


def test_an_order_that_can_not_be_names_every_party():
    wishes = [Wish(name="a", before=("b",)), Wish(name="b", before=("c",)), Wish(name="c"), Wish(name="d")]
    assert ordered(wishes, ["c", "a"]) == (("d",), (("a", "b", "c"),))


def test_each_place_has_its_reasons():
    wishes = [
        Wish(name="audit", after=("rules",)),
        Wish(name="core", rank=0),
        Wish(name="rules", before=("gone",)),
        Wish(name="upon", requires=("audit",)),
        Wish(name="x"),
        Wish(name="y"),
        Wish(name="z"),
    ]
    assert reasons(wishes, ["y", "x"]) == {
        "audit": ("after rules: it says so", "before upon: upon requires it"),
        "core": ("built-in, by name",),
        "rules": ("before audit: audit says so",),
        "upon": ("after audit: it requires it",),
        "x": ("after y: the project's order says so",),
        "y": ("before x: the project's order says so",),
        "z": ("by name",),
    }


def test_a_cycle_is_mended_by_the_host():
    plugins = [Plugin("a", before=["b"], offers=[named("one")]), Plugin("b", before=["a"], offers=[named("two")])]
    made = load(plugins, discover=False, builtins=False)
    assert [state.reason for state in made.states] == ["The plugins a and b each want to come before the other."] * 2
    assert "order = [...]" in made.states[0].remedy
    made = load(plugins, discover=False, builtins=False, order=["b", "a", "c"])
    assert [hook.name for hook in made.hooks] == ["two", "one"]
    assert made.problems == ("The order of hooks names 'c', but no plugin is called so.",)
