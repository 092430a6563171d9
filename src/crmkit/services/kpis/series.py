"""What the engine answers: a series of measurements, and the explanation of a KPI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal
from zoneinfo import ZoneInfo

import attrs

from crmkit.errors import NotFoundError
from crmkit.ports.kpi import Area, Better, Unit
from crmkit.services.kpis.periods import Period

Compare = Literal["previous", "year", ""]
Status = Literal["met", "missed", ""]


@attrs.frozen(kw_only=True)
class Measurement:
    """The value of a KPI in one period, group and currency.

    Attributes:
        group: the value of the field that is grouped by (ids for references, None where it is missing); None without one.
        currency: of a value that is money, else empty.
        value: in the series' unit; None where there is nothing to measure, and ``reason`` says why.
        n: the sample size.
        low, high: the interval of the value; None where it is exact or the sample too small to tell.
        components: what was counted.
        previous: the value of the period that it is compared with.
        change: the value less that one; None where one of them is missing, or a running period still adds up.
        change_is_clear: whether "no change" lies outside the interval of the change; None where that can not be told,
            as with exact values.
        is_partial: the period is not over.
        status: whether the target is met; empty without one, and while the period is not over.
    """

    period: Period
    group: Any = None
    currency: str = ""
    value: float | None = None
    n: int = 0
    low: float | None = None
    high: float | None = None
    components: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    previous: float | None = None
    change: float | None = None
    change_is_clear: bool | None = None
    is_partial: bool = False
    reason: str = ""
    status: Status = ""


@attrs.frozen(kw_only=True)
class Series:
    """The measurements of a KPI: periods oldest first; in each, groups in their order, and in each of those currencies.

    Attributes:
        by: the calendar's name, such as ``month``; empty for one period.
        at: the fields by which records fall into periods, such as ``closed_at``.
        group: what is grouped by; empty without.
        level: the confidence of the intervals.
        compare: what ``previous`` is.
    """

    name: str
    title: str
    unit: Unit
    better: Better
    area: Area
    explanation: str
    rows: tuple[Measurement, ...]
    zone: ZoneInfo
    by: str = ""
    at: tuple[str, ...] = ()
    group: str = ""
    level: float = 0.95
    compare: Compare = "previous"
    target: float | None = None
    plugin: str = ""

    def __iter__(self) -> Iterator[Measurement]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def latest(self) -> Measurement:
        """The last measurement: of the newest period, which may not be over.

        Raises:
            NotFoundError: nothing was found to group by, so that there is no row at all.
        """
        if not self.rows:
            raise NotFoundError(f"KPI {self.name!r} has no measurement: nothing was counted in any group.")
        return self.rows[-1]

    @property
    def whole(self) -> tuple[Measurement, ...]:
        """The measurements of periods that are over."""
        return tuple(row for row in self.rows if not row.is_partial)

    def of_group(self, group: object) -> tuple[Measurement, ...]:
        """The measurements of one group, oldest first."""
        return tuple(row for row in self.rows if row.group == group)

    @property
    def groups(self) -> tuple[Any, ...]:
        """The groups in their order."""
        return tuple(dict.fromkeys(row.group for row in self.rows))

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies in their order."""
        return tuple(dict.fromkeys(row.currency for row in self.rows))


@attrs.frozen(kw_only=True)
class KpiFacts:
    """A KPI in a list."""

    name: str
    title: str
    unit: Unit
    better: Better
    area: Area
    explanation: str
    plugin: str


@attrs.frozen(kw_only=True)
class ComponentFacts:
    """What one component of a KPI counts, in words, and its condition as JSON (None: all that the source counts)."""

    name: str
    words: str
    condition: Any = None


@attrs.frozen(kw_only=True)
class SourceFacts:
    """What a source counts: of which records, in words and its condition as JSON, and by which times."""

    of: str
    words: str
    condition: Any = None
    at: tuple[str, ...] = ()
    components: tuple[ComponentFacts, ...] = ()


@attrs.frozen(kw_only=True)
class Explanation:
    """What a KPI means and how it is found."""

    name: str
    title: str
    unit: Unit
    better: Better
    area: Area
    explanation: str
    plugin: str
    sources: tuple[SourceFacts, ...]
    interval: str
    n: str
    groups: tuple[str, ...] = ()
    target: float | None = None
    is_mergeable: bool = False
