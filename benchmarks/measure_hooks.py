"""What calling hooks costs: against a plain loop over the functions, and against pluggy, which neither isolates nor attributes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs
import pluggy

from benchmarks.pairs import Pair, Side
from crmkit._hooks import Hook, Hooks, Plugged
from crmkit.ports.work import Change, HookOffer, hook_of
from crmkit.ports.work import adjust as adjusts
from crmkit.ports.work import check as checks
from crmkit.records import Deal

spec, impl = pluggy.HookspecMarker("floor"), pluggy.HookimplMarker("floor")
BEFORE = Deal(title="bike")
CHANGE = Change(BEFORE, attrs.evolve(BEFORE, title="bicycle"))
FACE = type("Face", (), {})()
TIMES = range(100)
"""Calls in one run: so that what the harness adds to a run does not count."""


@spec
def floor_check(change: object, context: object) -> object:
    """The specification that pluggy is called by."""
    raise AssertionError


def at_once(_: Any) -> Any:
    """A body that returns at once."""


def busy(change: Any) -> Any:
    """A body that does a little work, about a microsecond, as most checks do: it asks what the change is."""
    if change.becomes(state="won") and change.after.amount is None:
        return "refused"
    return "refused" if change.changes("amount", "stage") else None


def copies(body: Callable[[Any], Any], n: int) -> list[Callable[[Any], Any]]:
    """Return n functions of one body, as n plugins would have them."""

    def one() -> Callable[[Any], Any]:
        def hook(change: Any) -> Any:
            return body(change)

        def empty(change: Any) -> Any:
            return None

        return empty if body is at_once else hook

    return [one() for _ in range(n)]


def hooks(functions: Sequence[Callable[..., Any]], note: Callable[..., Any]) -> Hooks:
    """Compile functions as the hooks of as many plugins."""
    made = []
    for n, function in enumerate(functions):
        offer = hook_of(note(Deal)(function))
        assert isinstance(offer, HookOffer)
        made.append(Hook(plugin=Plugged(name=f"p{n}"), name=offer.name, function=function, offer=offer))
    return Hooks(made)


def ours(functions: Sequence[Callable[..., Any]]) -> Side:
    """As the unit of work checks one change: look up what is compiled, call it if there is any."""
    made, changes = hooks(functions, checks), [CHANGE]

    def run(_: object) -> None:
        for _ in TIMES:
            check = made.checkers(Deal)
            if check is not None:
                check(changes, FACE)

    return Side(run=run)


def ours_adjusting(functions: Sequence[Callable[..., Any]]) -> Side:
    """As the unit of work adjusts one change."""
    made = hooks(functions, adjusts)

    def run(_: object) -> None:
        for _ in TIMES:
            adjust = made.adjusters(Deal)
            if adjust is not None:
                adjust(CHANGE, FACE)

    return Side(run=run)


def by_pluggy(functions: Sequence[Callable[..., Any]]) -> Side:
    """One call of pluggy's for as many implementations."""
    manager = pluggy.PluginManager("floor")
    manager.add_hookspecs(sys.modules[__name__])
    for n, function in enumerate(functions):
        manager.register(type("Holder", (), {"floor_check": staticmethod(impl(function))})(), f"p{n}")
    call = manager.hook.floor_check

    def run(_: object) -> None:
        for _ in TIMES:
            call(change=CHANGE, context=FACE)

    return Side(run=run)


def plain_call() -> Side:
    """One call of a function that returns at once."""

    def run(_: object) -> None:
        for _ in TIMES:
            at_once(CHANGE)

    return Side(run=run)


def plain_loop(functions: Sequence[Callable[..., Any]]) -> Side:
    """The functions called one after the other, without isolation, attribution or looking at results."""

    def run(_: object) -> None:
        for _ in TIMES:
            for function in functions:
                function(CHANGE)

    return Side(run=run)


def pairs() -> Iterator[Pair]:
    """Checks and adjust hooks of 0, 1, 10 and 50 plugins."""
    n = len(TIMES)
    yield Pair(name="check, no plugin / plain call", ours=ours([]), floor=plain_call(), limit=5, n=n, repeatable=True)
    yield Pair(
        name="adjust, no plugin / plain call",
        ours=ours_adjusting([]),
        floor=plain_call(),
        limit=5,
        n=n,
        repeatable=True,
    )
    for plugins in (1, 10, 50):
        own, theirs = copies(at_once, plugins), copies(at_once, plugins)
        name = f"check, {plugins} plugins / pluggy"
        yield Pair(
            name=name,
            ours=ours(own),
            floor=by_pluggy(theirs),
            limit=0.2 if plugins < 50 else None,
            n=n,
            repeatable=True,
        )
        keep = [lambda change: change.after for _ in range(plugins)]
        name = f"adjust, {plugins} plugins / pluggy"
        yield Pair(
            name=name,
            ours=ours_adjusting(keep),
            floor=by_pluggy(theirs),
            limit=0.35 if plugins == 10 else None,
            n=n,
            repeatable=True,
        )
        yield Pair(
            name=f"check, {plugins} plugins / plain loop", ours=ours(own), floor=plain_loop(own), n=n, repeatable=True
        )
    for plugins in (1, 10):
        working = copies(busy, plugins)
        name = f"check that works a little, {plugins} plugins / plain loop"
        yield Pair(name=name, ours=ours(working), floor=plain_loop(working), limit=1.2, n=n, repeatable=True)
