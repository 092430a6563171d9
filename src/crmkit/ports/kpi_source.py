"""What a KPI counts: events in a period, what lasts over its end, who comes, stays and goes, who goes on, or what is computed.

``@kpi`` and the shortcuts of ``crmkit.kpis`` make the usual ones; a KPI of several sources is made by ``kpi_over``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

import attrs

from ..errors import InvalidError
from ..query import (
    Bucket,
    Component,
    Condition,
    Difference,
    Path,
    Product,
    Tally,
    check_tally,
    count,
    each,
    final_field,
)
from ..records import Record

if TYPE_CHECKING:
    from .work import Work


def _copied(values: Mapping[str, Component]) -> Mapping[str, Component]:
    return dict(values)


def _money(components: Mapping[str, Component]) -> Path | None:
    """Return the first money that is summed or compared: its currency cuts the cells."""
    for component in components.values():
        field = final_field(component.of) if isinstance(component.of, Path) else None
        if field is not None and field.kind == "money":
            assert isinstance(component.of, Path)
            return component.of
    return None


@attrs.frozen(kw_only=True, eq=False)
class Counted:
    """What happens at an instant: the records whose ``at`` lies in a period.

    Args:
        one_per: of the records with one value here, only the last in the period counts.
        per: components are taken over one sum per value of these in a period (all stays of a deal in one stage together),
            not over records.
    """

    of: type[Record]
    at: Path
    where: Condition | None = None
    one_per: Path | None = None
    per: tuple[Path, ...] = ()
    components: Mapping[str, Component] = attrs.field(converter=_copied)

    def __attrs_post_init__(self) -> None:
        check_tally(self.tally)
        if self.per:
            _one_expression(self)

    @property
    def names(self) -> tuple[str, ...]:
        """The components that it gives."""
        return tuple(self.components)

    @property
    def money(self) -> Path | None:
        """The amount whose currency cuts the cells; None where no money is counted."""
        return _money(self.components)

    @property
    def tally(self) -> Tally:
        """What is asked of the store, before periods are cut."""
        by = (Bucket(self.at),)
        return Tally(of=self.of, where=self.where, by=by, components=self.components, one_per=self.one_per)

    @property
    def is_mergeable(self) -> bool:
        """Counts of disjoint periods can be put together without the records."""
        return not self.per and self.tally.is_mergeable


@attrs.frozen(kw_only=True, eq=False)
class Standing:
    """What lasts: the records that had begun before the end of a period and not yet ended then, such as open deals.

    Just before an instant ``t`` a record stands if ``since < t`` and ``until >= t`` or is missing: what begins exactly
    at the start of a period belongs to that period.

    Args:
        since: from when on; where it is missing, the moment that the record was added.
    """

    of: type[Record]
    since: Path
    until: Path
    where: Condition | None = None
    components: Mapping[str, Component] = attrs.field(converter=_copied)

    def __attrs_post_init__(self) -> None:
        for path in (self.since, self.until):
            check_tally(Tally(of=self.of, where=self.where, by=(Bucket(path),), components=self.components))

    @property
    def names(self) -> tuple[str, ...]:
        """The components that it gives."""
        return tuple(self.components)

    @property
    def money(self) -> Path | None:
        """The amount whose currency cuts the cells; None where no money is counted."""
        return _money(self.components)

    is_mergeable: ClassVar[bool] = False


def standing_at(since: Path, until: Path, instant: datetime) -> Condition:
    """Return the condition that a record stood just before an instant (see ``Standing``)."""
    added = each(since._root).created_at
    begun = (since < instant) | (since.is_missing & (added < instant))
    return begun & ((until >= instant) | until.is_missing)


STAY_WORDS: Final[Mapping[str, str]] = {
    "at_start": "who was there just before the period began",
    "at_end": "who was there just before it ended",
    "kept": "of those at the start, who was there at the end",
    "lost": "of those at the start, who was not there at the end",
    "entered": "how many stays began in the period",
    "left": "how many stays ended in the period",
    "new": "who was there for the first time ever",
}
"""What ``Stays`` counts; who comes twice is counted once, except in ``entered`` and ``left``."""


@attrs.frozen(kw_only=True, eq=False)
class Stays:
    """Who comes, stays and goes: stays such as spans of the status "customer", several of which may be one customer's.

    Gives the components of ``STAY_WORDS``.
    """

    of: type[Record]
    who: Path
    since: Path
    until: Path
    where: Condition | None = None

    def __attrs_post_init__(self) -> None:
        for path in (self.since, self.until):
            check_tally(Tally(of=self.of, where=self.where, by=(self.who, Bucket(path)), components={"n": count()}))

    @property
    def names(self) -> tuple[str, ...]:
        """The components that it gives."""
        return tuple(STAY_WORDS)

    money: ClassVar[Path | None] = None
    is_mergeable: ClassVar[bool] = False


@attrs.frozen(kw_only=True, eq=False)
class Followed:
    """Who went on: of those for whom ``first`` held for the first time in a period, those for whom ``then`` held at any time.

    A cohort: a period's value still moves as long as people may go on. Gives the components ``n`` and ``followed``.
    """

    of: type[Record]
    who: Path
    at: Path
    first: Condition
    then: Condition

    def __attrs_post_init__(self) -> None:
        for condition in (self.first, self.then):
            check_tally(Tally(of=self.of, where=condition, by=(self.who, Bucket(self.at)), components={"n": count()}))

    @property
    def names(self) -> tuple[str, ...]:
        """The components that it gives."""
        return ("n", "followed")

    money: ClassVar[Path | None] = None
    is_mergeable: ClassVar[bool] = False


@attrs.frozen(kw_only=True)
class Asked:
    """What a ``Computed`` source is asked: for one period, as far as ``where`` holds."""

    start: datetime
    end: datetime
    now: datetime
    where: tuple[Condition, ...] = ()


@attrs.frozen(kw_only=True, eq=False)
class Computed:
    """What no tally can say: a function of the unit of work that reads what it needs, once per period.

    Args:
        compute: ``(work, asked) -> {currency: {name: value}}``; the currency is empty where no money is counted.
        names: the names that it gives.
        is_money: it gives one answer per currency.
    """

    of: type[Record]
    names: tuple[str, ...]
    compute: Callable[[Work, Asked], Mapping[str, Mapping[str, float]]]
    is_money: bool = False
    is_mergeable: ClassVar[bool] = False


Source: TypeAlias = Counted | Standing | Stays | Followed | Computed


def _one_expression(source: Counted) -> None:
    found = [component.of for component in source.components.values() if component.of is not None]
    summed = {component.measure for component in source.components.values()} <= {
        "count",
        "total",
        "squares",
        "quantile",
    }
    if source.one_per is not None or not summed or any(not _same(one, found[0]) for one in found):
        raise InvalidError(
            "With per= the components are count(), and total, squares or quantile of one and the same expression.",
            code="per",
        )


def _same(one: Path | Difference | Product, other: Path | Difference | Product) -> bool:
    return Component("total", one) == Component("total", other)


def paths(given: Path | tuple[Path, ...]) -> tuple[Path, ...]:
    """Return one path, or several, as a tuple."""
    return (given,) if isinstance(given, Path) else given
