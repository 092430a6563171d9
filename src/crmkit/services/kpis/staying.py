"""Counting who comes, stays and goes: stays fall into a matrix of where they begin and where they end, in one scan.

Whoever has one stay only is counted by that matrix. Who has several (people come back, subscriptions overlap) is read and
counted one by one, so that nobody counts twice: in practice these are few.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import attrs

from crmkit.ports.kpi import Followed, Stays
from crmkit.query import Condition, by_edges, count, distinct, least
from crmkit.services.kpis.asking import Ask, Cells, conditions_of, group_of

_EVER: Final = datetime.min.replace(tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_AT_ONCE: Final = 500

Stay = tuple[int, int]
"""The numbers of the stretches in which a stay begins and ends. Stretch 0 lies before the first edge, the last one after all."""


@attrs.define
class Movement:
    """Counts by edge (who is there just before it), and by stretch (what happens in it)."""

    there: Counter[int] = attrs.field(factory=Counter[int])
    entered: Counter[int] = attrs.field(factory=Counter[int])
    left: Counter[int] = attrs.field(factory=Counter[int])
    lost: Counter[int] = attrs.field(factory=Counter[int])
    new: Counter[int] = attrs.field(factory=Counter[int])

    def add_lone(self, stay: Stay, n: int, edges: int) -> None:
        """Count so many who have one stay only. ``there`` holds differences until ``summed``."""
        begins, ends = stay
        self.entered[begins] += n
        self.new[begins] += n
        self.left[ends] += n
        self.there[begins] += n
        self.there[ends] -= n
        if begins < ends <= edges:
            self.lost[ends] += n

    def summed(self, edges: int) -> None:
        """Turn the differences of ``there`` into counts."""
        total = 0
        for edge in range(edges):
            total += self.there[edge]
            self.there[edge] = total

    def add_one(self, stays: Sequence[Stay], edges: int) -> None:
        """Count somebody who has several stays, once."""
        there = {edge for begins, ends in stays for edge in range(begins, min(ends, edges))}
        self.there.update(there)
        self.lost.update(edge + 1 for edge in there if edge + 1 < edges and edge + 1 not in there)
        self.entered.update(begins for begins, _ in stays)
        self.left.update(ends for _, ends in stays)
        self.new[min(begins for begins, _ in stays)] += 1

    def of_period(self, place: int) -> dict[str, int]:
        """Return the components of the period between an edge and the next."""
        lost, at_start = self.lost[place + 1], self.there[place]
        return {
            "at_start": at_start, "at_end": self.there[place + 1], "kept": at_start - lost, "lost": lost,
            "entered": self.entered[place + 1], "left": self.left[place + 1], "new": self.new[place + 1],
        }  # fmt: skip


def stays_cells(source: Stays, ask: Ask) -> Cells:
    """Return the components of ``Stays`` in each period and group."""
    edges = ask.edges
    where = stays_that_count(source, ask)
    several = _several(source, ask, where)
    movements: dict[Any, Movement] = {}
    for group, stay, n in _matrix(source, ask, where):
        lone = n - several.spent.get((group, stay), 0)
        movements.setdefault(group, Movement()).add_lone(stay, lone, len(edges))
    for group, movement in movements.items():
        movement.summed(len(edges))
        for stays in several.by_group.get(group, ()):
            movement.add_one(stays, len(edges))
    places = {edge: number for number, edge in enumerate(edges)}
    return {
        (period.start, group): movement.of_period(places[period.start])
        for group, movement in movements.items()
        for period in ask.periods
    }


def stays_that_count(source: Stays, ask: Ask) -> tuple[Condition, ...]:
    """Return the conditions on stays: they have a beginning, and do not end before it."""
    return (*conditions_of(source, ask), ~source.since.is_missing, ~(source.until < source.since))


def _matrix(source: Stays, ask: Ask, where: Sequence[Condition]) -> Iterator[tuple[Any, Stay, int]]:
    """Yield how many stays begin in one stretch and end in another, by group."""
    edges = sorted({_EVER, *ask.edges, _NEVER})
    numbers = {edge: bisect_right(ask.edges, edge) for edge in edges}
    since, until = by_edges(source.since, edges), by_edges(source.until, edges)
    for row in ask.work.tally(source.of, *where, by=(since, until, *ask.keys), n=count()):
        yield group_of(row.key[2:]), (numbers[row.key[0]], numbers[row.key[1]]), row.n
    for row in ask.work.tally(source.of, *where, source.until.is_missing, by=(since, *ask.keys), n=count()):
        yield group_of(row.key[1:]), (numbers[row.key[0]], len(ask.edges) + 1), row.n


# --- who has several stays ---
@attrs.define
class Several:
    """The stays of those who have several: by group and person, and how many of the matrix they are."""

    by_group: dict[Any, list[list[Stay]]] = attrs.field(factory=dict[Any, list[list[Stay]]])
    spent: Counter[tuple[Any, Stay]] = attrs.field(factory=Counter[tuple[Any, Stay]])


def _several(source: Stays, ask: Ask, where: Sequence[Condition]) -> Several:
    found = Several()
    totals = ask.work.tally(source.of, *where, by=ask.keys, stays=count(), people=distinct(source.who))
    if all(row.stays == row.people for row in totals):
        return found
    rows = ask.work.tally(source.of, *where, by=(source.who, *ask.keys), n=count())
    people = iter([row.key[0] for row in rows if row.n > 1 and row.key[0] is not None])
    while some := list(islice(people, _AT_ONCE)):
        _read(source, ask, (*where, source.who.in_(some)), found)
    return found


def _read(source: Stays, ask: Ask, where: Sequence[Condition], found: Several) -> None:
    edges = ask.edges
    stays: dict[tuple[Any, Any], list[Stay]] = {}
    keys = (source.who, source.since, source.until, *ask.keys)
    for row in ask.work.tally(source.of, *where, by=keys, n=count()):
        group, until = group_of(row.key[3:]), row.key[2]
        ends = len(edges) + 1 if until is None else bisect_right(edges, until)
        stay = (bisect_right(edges, row.key[1]), ends)
        stays.setdefault((group, row.key[0]), []).extend([stay] * row.n)
        found.spent[(group, stay)] += row.n
    for (group, _), of_one in stays.items():
        found.by_group.setdefault(group, []).append(of_one)


# --- who went on ---
def followed_cells(source: Followed, ask: Ask) -> Cells:
    """Return the components of ``Followed`` in each period and group."""
    where = conditions_of(source, ask)
    went_on = {row.key for row in ask.work.tally(source.of, *where, source.then, by=(source.who, *ask.keys))}
    counts: dict[Any, dict[int, Counter[str]]] = {}
    firsts = ask.work.tally(source.of, *where, source.first, by=(source.who, *ask.keys), at=least(source.at))
    for row in firsts:
        if row.at is not None:
            place = bisect_right(ask.edges, row.at) - 1
            counter = counts.setdefault(group_of(row.key[1:]), {}).setdefault(place, Counter[str]())
            counter.update(n=1, followed=int(row.key in went_on))
    return {
        (period.start, group): _of(by_place, number)
        for group, by_place in counts.items()
        for number, edge in enumerate(ask.edges)
        for period in ask.periods
        if period.start == edge
    }


def _of(by_place: Mapping[int, Counter[str]], place: int) -> dict[str, int]:
    counter = by_place.get(place, Counter[str]())
    return {"n": counter["n"], "followed": counter["followed"]}
