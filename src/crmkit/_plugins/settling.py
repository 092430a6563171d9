"""Settling between plugins: what they require of each other, names that two claim, and their order."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import nearest
from ..records import CORE_TYPES, declaration_of
from .loading import Entry, Loading, losers
from .ordering import Wish, ordered

Claim = tuple[str, str]


def settle(loading: Loading) -> tuple[str, ...]:
    """Mark failed what can not be, and return the names of the others in the order in which their hooks are called."""
    _missing(loading)
    _clashes(loading)
    _missing(loading)
    order = _order(loading)
    if _missing(loading):
        order = _order(loading)
    return order


def _missing(loading: Loading) -> bool:
    """Fail what requires a plugin that is not active, and what requires that in turn."""
    failed = False
    while True:
        there = {entry.name for entry in loading.good()}
        lacking = [
            (entry, name) for entry in loading.good() for name in entry.declared("requires") if name not in there
        ]
        if not lacking:
            return failed
        for entry, name in lacking:
            loading.fail(entry, *_why_missing(loading, name))
        failed = True


def _why_missing(loading: Loading, name: str) -> tuple[str, str]:
    found = next((entry for entry in loading.entries if entry.name == name), None)
    if found is None:
        hint = nearest(name, (entry.name for entry in loading.entries))
        return f"It requires the plugin {name!r}, which is not installed.{hint}", f"Install {name!r}."
    return f"It requires the plugin {name!r}, which is {found.state.state}.", f"Mend or switch on {name!r} first."


def _core_claims() -> Iterator[Claim]:
    for of in CORE_TYPES:
        declaration = declaration_of(of)
        yield "record type", declaration.name
        yield "plural", declaration.plural


def _clashes(loading: Loading) -> None:
    """Two offers of one name: what comes with crmkit stays, a program's own goes before an installed one, of equals none counts."""
    core = frozenset(_core_claims())
    holders: dict[Claim, list[Entry]] = {}
    for entry in loading.good():
        for claim in entry.claims:
            holders.setdefault(claim, []).append(entry)
    for claim, entries in sorted(holders.items()):
        if claim in core:
            for entry in entries:
                loading.fail(
                    entry, f"It offers the {_worded(claim)}, which is crmkit's own.", "Its author takes another name."
                )
        elif len(entries) > 1:
            _fail_weaker(loading, claim, entries)


def _fail_weaker(loading: Loading, claim: Claim, entries: list[Entry]) -> None:
    for entry in list(losers(entries)):
        others = " and ".join(sorted(other.state.source for other in entries if other is not entry))
        loading.fail(
            entry,
            f"It offers the {_worded(claim)}, and so does {others}.",
            "Switch one of them off: crmkit plugins disable NAME",
        )


def _worded(claim: Claim) -> str:
    kind, name = claim
    return f"{'record type with the plural' if kind == 'plural' else kind} {name!r}"


def wishes_of(loading: Loading) -> list[Wish]:
    """Return what the good plugins declare of their places."""
    return [
        Wish(
            name=entry.name, rank=0 if entry.found.is_builtin else 1, before=entry.declared("before"),
            after=entry.declared("after"), requires=entry.declared("requires"),
        )
        for entry in loading.good()
    ]  # fmt: skip


def _order(loading: Loading) -> tuple[str, ...]:
    order, cycles = ordered(wishes_of(loading), loading.given.order)
    by_name = {entry.name: entry for entry in loading.good()}
    for cycle in cycles:
        parties = " and ".join(cycle)
        for name in cycle:
            loading.fail(
                by_name[name],
                f"The plugins {parties} each want to come before the other.",
                "Give them an order (order = [...] in crmkit.toml), or switch one of them off.",
            )
    return order
