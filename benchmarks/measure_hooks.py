"""What calling hooks costs: against a plain loop over the functions, and against pluggy, blinker and stevedore.

Ours isolates, attributes and looks at the types of results; the others do none of it. The peers are in the dependency
group ``benchmarks``.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
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


def at_once(change: Any) -> Any:
    """A body that returns at once."""


def busy(change: Any) -> Any:
    """A body that does a little work, about a microsecond, as most checks do: it asks what the change is."""
    if change.becomes(state="won") and change.after.amount is None:
        return "refused"
    return "refused" if change.changes("amount", "stage") else None


def keep(change: Any) -> Any:
    """A body that leaves the record as it is."""
    return change.after


def copies(body: Callable[[Any], Any], n: int) -> list[Callable[[Any], Any]]:
    """Return n functions of one body, as n plugins would have them."""
    return [types.FunctionType(body.__code__, body.__globals__, body.__name__) for _ in range(n)]


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


def by_blinker(functions: Sequence[Callable[..., Any]]) -> Side:
    """One signal of blinker's with as many receivers."""
    if find_spec("blinker") is None:
        return plain_call()
    import blinker  # a peer, in the dependency group of benchmarks

    signal = blinker.Signal()
    for function in functions:
        signal.connect(function, weak=False)

    def run(_: object) -> None:
        for _ in TIMES:
            signal.send(CHANGE)

    return Side(run=run)


def by_stevedore(functions: Sequence[Callable[..., Any]]) -> Side:
    """One call of as many of stevedore's extensions."""
    if find_spec("stevedore") is None:
        return plain_call()
    from stevedore import ExtensionManager  # a peer, in the dependency group of benchmarks
    from stevedore.extension import Extension

    found = []
    for n, function in enumerate(functions):
        holder = type("Holder", (), {"floor_check": staticmethod(function)})()
        found.append(Extension(f"p{n}", None, None, holder))  # type: ignore[arg-type]  # it asks for no entry point here
    manager = ExtensionManager.make_test_instance(found)

    def run(_: object) -> None:
        for _ in TIMES:
            manager.map_method("floor_check", CHANGE)

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


def pairs() -> Iterator[Pair | dict[str, Any]]:
    """Checks and adjust hooks of 0, 1, 10 and 50 plugins; a peer that is not installed is told and left out."""
    missing = [peer for peer in ("blinker", "stevedore") if find_spec(peer) is None]
    yield from ({"name": f"{peer} is not installed: uv pip install --group benchmarks"} for peer in missing)
    yield from (one for one in _all() if one.name.rpartition("/ ")[2] not in missing)


def _all() -> Iterator[Pair]:
    n = len(TIMES)

    def pair(name: str, side: Side, floor: Side, limit: float | None = None) -> Pair:
        return Pair(name=name, ours=side, floor=floor, limit=limit, n=n, repeatable=True)

    yield pair("check, no plugin / plain call", ours([]), plain_call(), 5)
    yield pair("adjust, no plugin / plain call", ours_adjusting([]), plain_call(), 5)
    yield pair("check, no plugin / pluggy", ours([]), by_pluggy([]), 0.2)
    yield pair("check, no plugin / blinker", ours([]), by_blinker([]))
    for plugins in (1, 10, 50):
        own, theirs = copies(at_once, plugins), copies(at_once, plugins)
        yield pair(f"check, {plugins} plugins / pluggy", ours(own), by_pluggy(theirs), 0.2)
        yield pair(f"check, {plugins} plugins / blinker", ours(own), by_blinker(theirs))
        yield pair(f"check, {plugins} plugins / stevedore", ours(own), by_stevedore(theirs))
        yield pair(f"check, {plugins} plugins / plain loop", ours(own), plain_loop(own))
        own, theirs = copies(keep, plugins), copies(keep, plugins)
        yield pair(f"adjust, {plugins} plugins / pluggy", ours_adjusting(own), by_pluggy(theirs), 0.2)
    for plugins in (1, 10, 50):
        working = copies(busy, plugins)
        yield pair(
            f"check that works a little, {plugins} plugins / plain loop", ours(working), plain_loop(working), 1.2
        )
