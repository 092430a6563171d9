"""The one order of plugins: what they declare of each other, then their names."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence

import attrs


@attrs.frozen(kw_only=True)
class Wish:
    """What a plugin declares of its place.

    Attributes:
        rank: plugins of a lower one come first where nothing is declared (built-ins before others).
        before, after: names of plugins whose hooks run after (before) its own. A name that is not there says nothing.
    """

    name: str
    rank: int = 1
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def ordered(wishes: Collection[Wish]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the names in order, and the cycles: each the names of plugins that wait for each other.

    The order does not depend on the order of what is given. The names of a cycle are not in it, nor hold up others.
    """
    follows = _follows(wishes)
    cycles = tuple(_cycles(follows))
    stuck = {name for cycle in cycles for name in cycle}
    free = [wish for wish in wishes if wish.name not in stuck]
    return tuple(_walked(free, {name: follows[name] - stuck for name in follows if name not in stuck})), cycles


def _follows(wishes: Collection[Wish]) -> dict[str, set[str]]:
    """Name -> names that come before it."""
    follows: dict[str, set[str]] = {wish.name: set() for wish in wishes}
    for wish in wishes:
        follows[wish.name].update(name for name in wish.after if name in follows)
        for name in wish.before:
            if name in follows:
                follows[name].add(wish.name)
    return follows


def _walked(wishes: Sequence[Wish], follows: Mapping[str, set[str]]) -> Iterator[str]:
    ranks = {wish.name: wish.rank for wish in wishes}
    waiting = {name: set(before) for name, before in follows.items()}
    ready = [(ranks[name], name) for name, before in waiting.items() if not before]
    heapq.heapify(ready)
    while ready:
        _, name = heapq.heappop(ready)
        yield name
        for other, before in waiting.items():
            if name in before:
                before.discard(name)
                if not before:
                    heapq.heappush(ready, (ranks[other], other))


def _cycles(follows: Mapping[str, set[str]]) -> Iterator[tuple[str, ...]]:
    """Yield the groups of names that reach each other, each sorted."""
    reach = {name: _reached(name, follows) for name in follows}
    seen: set[str] = set()
    for name in sorted(follows):
        if name in reach[name] and name not in seen:
            group = sorted(other for other in reach[name] if name in reach[other])
            seen.update(group)
            yield tuple(group)


def _reached(name: str, follows: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    left = list(follows[name])
    while left:
        one = left.pop()
        if one not in reached:
            reached.add(one)
            left += follows.get(one, ())
    return reached
