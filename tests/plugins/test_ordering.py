"""One order of calls, whatever the order in which plugins are found; cycles name every party."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from crmkit._plugins import load
from crmkit._plugins.ordering import Wish, ordered
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
    for _ in range(20):
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
