"""The one order of plugins: what they declare of each other, then their names."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence

import attrs


@attrs.frozen(kw_only=True)
class Wish:
    """What a plugin declares of its place.

    Attributes:
        rank: plugins of a lower one come first where nothing is declared (built-ins before others).
        before, after: names of plugins whose hooks run after (before) its own. A name that is not there says nothing.
        requires: names of plugins that come before it, since it can not do without them.
    """

    name: str
    rank: int = 1
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()


def ordered(wishes: Collection[Wish], host: Sequence[str] = ()) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the names in order, and the cycles: each the names of plugins that wait for each other.

    The order does not depend on the order of what is given. The names of a cycle are not in it, nor hold up others.

    Args:
        host: names that the host puts into this order: it beats what they declare of each other.
    """
    follows: dict[str, set[str]] = {wish.name: set() for wish in wishes}
    for edge in _edges(wishes, host):
        follows[edge.later].add(edge.earlier)
    cycles = tuple(_cycles(follows))
    stuck = {name for cycle in cycles for name in cycle}
    free = [wish for wish in wishes if wish.name not in stuck]
    return tuple(_walked(free, {name: follows[name] - stuck for name in follows if name not in stuck})), cycles


@attrs.frozen
class _Edge:
    """One plugin comes before another, and who says so; ``speaker`` is empty where the host does."""

    earlier: str
    later: str
    speaker: str = ""
    is_requirement: bool = False


def _edges(wishes: Collection[Wish], host: Sequence[str]) -> Iterator[_Edge]:
    names = {wish.name for wish in wishes}
    chosen = [name for name in dict.fromkeys(host) if name in names]
    yield from (_Edge(earlier, later) for earlier, later in itertools.pairwise(chosen))
    for edge in _declared(wishes):
        if {edge.earlier, edge.later} <= names and not {edge.earlier, edge.later} <= set(chosen):
            yield edge


def _declared(wishes: Collection[Wish]) -> Iterator[_Edge]:
    for wish in wishes:
        yield from (_Edge(wish.name, name, wish.name) for name in wish.before)
        yield from (_Edge(name, wish.name, wish.name) for name in wish.after)
        yield from (_Edge(name, wish.name, wish.name, is_requirement=True) for name in wish.requires)


def reasons(wishes: Collection[Wish], host: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """Return why each plugin stands where it does, in words: what it and others declare, what the host says, else its name."""
    told: dict[str, list[str]] = {wish.name: [] for wish in wishes}
    for edge in _edges(wishes, host):
        why = "requires it" if edge.is_requirement else "says so"
        speaker = edge.speaker or "the project's order"
        told[edge.earlier].append(f"before {edge.later}: {_who(edge.earlier, speaker)} {why}")
        told[edge.later].append(f"after {edge.earlier}: {_who(edge.later, speaker)} {why}")
    ranks = {wish.name: wish.rank for wish in wishes}
    return {name: tuple(dict.fromkeys(said)) or (_by_itself(ranks[name]),) for name, said in told.items()}


def _who(name: str, speaker: str) -> str:
    return "it" if speaker == name else speaker


def _by_itself(rank: int) -> str:
    return "by name" if rank else "built-in, by name"


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
