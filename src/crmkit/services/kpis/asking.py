"""What is asked of a source of a KPI: which periods, more conditions, a group, a currency."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

import attrs

from crmkit.ports.kpi import Counted, Followed, Standing, Stays
from crmkit.ports.work import Work
from crmkit.query import Condition, Path
from crmkit.records import Money
from crmkit.services.kpis.periods import Period

Tallied: TypeAlias = Counted | Standing | Stays | Followed
"""The sources that a store can tally."""
Cell = tuple[datetime, Any]
"""The start of a period, and the group (None where nothing is grouped)."""
Cells = dict[Cell, dict[str, Any]]


@attrs.frozen(kw_only=True)
class Ask:
    """What is asked of a source.

    Attributes:
        periods: in time order; they do not overlap.
        where: more conditions on the source's records.
        group: the path whose values part the cells.
        currency: only amounts in it; empty where no money is counted.
    """

    work: Work
    periods: tuple[Period, ...]
    where: tuple[Condition, ...] = ()
    group: Path | None = None
    currency: str = ""

    @property
    def edges(self) -> tuple[datetime, ...]:
        """All starts and ends."""
        return tuple(sorted({edge for period in self.periods for edge in (period.start, period.end)}))

    @property
    def keys(self) -> tuple[Path, ...]:
        """The keys beside the period."""
        return () if self.group is None else (self.group,)


def conditions_of(source: Tallied, ask: Ask) -> tuple[Condition, ...]:
    """Return the conditions on a source's records that hold in every period."""
    own = None if isinstance(source, Followed) else source.where
    inside = in_currency(source.money, ask.currency) if source.money is not None and ask.currency else None
    asked = (condition for condition in ask.where if condition.root is source.of)
    return tuple(condition for condition in (own, *asked, inside) if condition is not None)


def in_currency(money: Path, currency: str) -> Condition:
    """Return the condition that an amount is in a currency: money compares within one currency only."""
    zero = Money(0, currency)
    return (money >= zero) | (money < zero)


def group_of(key: Sequence[Any]) -> Any:
    """Return the group in the rest of a tally's key."""
    return key[0] if key else None
