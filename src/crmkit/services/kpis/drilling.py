"""Drilling: the records behind a number, by the very conditions by which they were counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final
from uuid import UUID

from crmkit.errors import InvalidError, UnsupportedError, nearest
from crmkit.ports.kpi import Computed, Counted, Followed, Kpi, Standing, Stays, standing_at
from crmkit.query import Component, Condition, Difference, Path, Product, each
from crmkit.records import Record
from crmkit.services.kpis.asking import Ask, Tallied, conditions_of
from crmkit.services.kpis.periods import Period

Group = tuple[Path, object]


def drilled(kpi: Kpi, ask: Ask, name: str, group: Group | None, limit: int | None) -> tuple[Record, ...]:
    """Return the records that a component counted in the one period of an ask.

    Raises:
        InvalidError: the KPI has no such component. UnsupportedError: it is computed.
    """
    source = next((source for source in kpi.sources if name in source.names), None)
    if source is None:
        raise InvalidError(
            f"KPI {kpi.name!r} has no component {name!r}.{nearest(name, kpi.components)}", code="unknown_component"
        )
    if isinstance(source, Computed):
        raise UnsupportedError(
            f"{name!r} of KPI {kpi.name!r} is computed: no records stand behind it.", code="computed"
        )
    where = list(conditions_of(source, ask))
    if group is not None:
        where.append(group[0].is_missing if group[1] is None else group[0] == group[1])
    return tuple(islice(_records(source, ask, name, where), limit))


def _records(source: Tallied, ask: Ask, name: str, where: list[Condition]) -> Iterator[Record]:
    (period,) = ask.periods
    if isinstance(source, Counted):
        return _events(source, ask, name, [*where, source.at >= period.start, source.at < period.end])
    if isinstance(source, Standing):
        where += [standing_at(source.since, source.until, period.end), *_of_component(source.components[name])]
        return ask.work.stream(source.of, *where, order=(source.since,))
    return _who(source, ask, name, where, period)


def _of_component(component: Component) -> Iterator[Condition]:
    """Yield the conditions under which a record counts in a component: its own, and that its values are there."""
    if component.where is not None:
        yield component.where
    of = component.of
    for path in (of.left, of.right) if isinstance(of, Difference | Product) else () if of is None else (of,):
        yield ~path.is_missing


def _events(source: Counted, ask: Ask, name: str, where: list[Condition]) -> Iterator[Record]:
    inside = list(_of_component(source.components[name]))
    if source.one_per is None:
        return ask.work.stream(source.of, *where, *inside, order=(source.at,))
    return _last_of_each(source, ask, where, inside)


def _last_of_each(source: Counted, ask: Ask, where: list[Condition], inside: list[Condition]) -> Iterator[Record]:
    """Of the records with one value only the last counts, whether or not it is one that the component counts."""
    assert source.one_per is not None
    last: dict[Any, UUID] = {}
    for row in ask.work.tally(source.of, *where, by=(source.at, each(source.of).id, source.one_per)):
        last[row.key[1] if row.key[2] is None else (row.key[2],)] = row.key[1]
    kept = set(last.values())
    return (one for one in ask.work.stream(source.of, *where, *inside, order=(source.at,)) if one.id in kept)


# --- who ---
def _who(source: Stays | Followed, ask: Ask, name: str, where: list[Condition], period: Period) -> Iterator[Record]:
    if isinstance(source, Followed):
        return _cohort(source, ask, name, where, period)
    since, until = source.since, source.until
    where = [*where, ~since.is_missing, ~(until < since)]
    at_start, at_end = standing_at(since, until, period.start), standing_at(since, until, period.end)
    inside: dict[str, Condition] = {
        "at_start": at_start, "kept": at_start, "lost": at_start, "at_end": at_end,
        "entered": (since >= period.start) & (since < period.end), "left": (until >= period.start) & (until < period.end),
        "new": (since >= period.start) & (since < period.end),
    }  # fmt: skip
    found = ask.work.stream(source.of, *where, inside[name], order=(since,))
    if name in ("entered", "left"):
        return found
    others = _named(source, ask, [*where, since < period.start if name == "new" else at_end])
    wanted = {"kept": True, "lost": False, "new": False}.get(name)
    return _first_of_each(found, _reader(source.who), lambda who: wanted is None or (who in others) is wanted)


def _cohort(source: Followed, ask: Ask, name: str, where: list[Condition], period: Period) -> Iterator[Record]:
    in_period = [*where, source.first, source.at >= period.start, source.at < period.end]
    before = _named(source, ask, [*where, source.first, source.at < period.start])
    then = _named(source, ask, [*where, source.then]) if name == "followed" else None
    found = ask.work.stream(source.of, *in_period, order=(source.at,))
    return _first_of_each(found, _reader(source.who), lambda who: who not in before and (then is None or who in then))


def _named(source: Stays | Followed, ask: Ask, where: list[Condition]) -> set[Any]:
    return {row.key[0] for row in ask.work.tally(source.of, *where, by=(source.who,))}


def _reader(who: Path) -> Callable[[Record], Any]:
    names: Final = str(who).split(".")
    return lambda record: getattr(record, names[0])


def _first_of_each(
    records: Iterable[Record], who: Callable[[Record], Any], counts: Callable[[Any], bool]
) -> Iterator[Record]:
    seen: set[Any] = set()
    for record in records:
        one = who(record)
        if one not in seen and counts(one):
            seen.add(one)
            yield record
