"""The verbs about KPIs: list them, show a series, explain one, see the records behind a number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from crmkit.ports.calendar import Calendar
from crmkit.ports.kpi import Kpi
from crmkit.ports.work import Service, verb
from crmkit.query import Condition, Path
from crmkit.records import Record
from crmkit.services.kpis.asking import Ask
from crmkit.services.kpis.choosing import ALL_TIME, Wish, chosen
from crmkit.services.kpis.drilling import drilled
from crmkit.services.kpis.explaining import explained, times_of
from crmkit.services.kpis.grouping import group_path, related
from crmkit.services.kpis.known import known_kpi, known_kpis, offered_calendars, zone_of
from crmkit.services.kpis.leaving_out import named, of_real_customers
from crmkit.services.kpis.measuring import Measurer
from crmkit.services.kpis.periods import Period
from crmkit.services.kpis.series import Compare, Explanation, KpiFacts, Series


class Kpis(Service):
    """What we measure."""

    @verb
    def list(self) -> tuple[KpiFacts, ...]:
        """Return all KPIs, by area and name."""
        facts = [
            KpiFacts(
                name=kpi.name, title=kpi.title, unit=kpi.unit, better=kpi.better, area=kpi.area, explanation=kpi.explanation,
                plugin=known.plugin,
            )
            for known in known_kpis(self.unit).values()
            for kpi in (known.kpi,)
        ]  # fmt: skip
        return tuple(sorted(facts, key=lambda fact: (fact.area or "~", fact.name)))

    @verb
    def show(
        self,
        name: str,
        *where: Condition,
        by: str | Calendar | None = None,
        last: int | None = None,
        since: date | None = None,
        until: date | None = None,
        group: Path | str | None = None,
        compare: Compare = "previous",
        level: float = 0.95,
        target: float | None = None,
        zone: ZoneInfo | None = None,
    ) -> Series:
        """Measure a KPI.

        Args:
            where: more conditions on the records that count (each applies to the sources of its record type).
            by: the calendar: day, week, month, quarter, year, week-from-saturday, year-from-april, 30-days, or one of your
                own; None: one value for all time, or for the days from ``since`` to ``until``.
            last: how many periods, the running one included; by default 12 months, 13 weeks, 30 days, 8 quarters, 5 years.
            since, until: the first and last day, both inclusive.
            group: a field to group by, or a path over references (``customer.country``).
            compare: each period with the one before, with the same of the year before (``year``), or with none (empty).
            level: the confidence of the intervals.
            target: the value aimed at, instead of the KPI's own.
            zone: the time zone in which days begin, instead of the business's.

        Raises:
            NotFoundError: there is no such KPI. InvalidError: a condition, group, calendar or level makes no sense.
            PluginError: the KPI's own function failed.
        """
        known, time_zone = known_kpi(self.unit, name), zone or zone_of(self.unit)
        kpi, path = known.kpi, None if group is None else group_path(known.kpi, group)
        wish = Wish(by=by, last=last, since=since, until=until, compare=compare, offered=offered_calendars(self.unit))
        goal = kpi.target if target is None else target
        ask = Ask(work=self.unit, periods=(), where=self._where(kpi, where), group=path)
        measurer = Measurer(known=known, level=level, target=goal)
        return Series(
            name=kpi.name, title=kpi.title, unit=kpi.unit, better=kpi.better, area=kpi.area, explanation=kpi.explanation,
            rows=measurer.rows(ask, chosen(wish, time_zone, self.now)), zone=time_zone, by=wish.name, at=times_of(kpi),
            group="" if group is None else str(group), level=level, compare=compare, target=goal, plugin=known.plugin,
        )  # fmt: skip

    @verb
    def explain(self, name: str) -> Explanation:
        """Return what a KPI counts and how its value and interval are found.

        Raises:
            NotFoundError: there is no such KPI.
        """
        return explained(known_kpi(self.unit, name))

    @verb
    def drill(
        self,
        name: str,
        *where: Condition,
        period: Period | None = None,
        component: str = "",
        group: tuple[Path | str, object] | None = None,
        currency: str = "",
        limit: int | None = 1000,
    ) -> tuple[Record, ...]:
        """Return the records behind a number, found by the conditions by which they were counted.

        Args:
            where: as in ``show``.
            period: a measurement's; None: all time.
            component: what was counted; by default the sample size.
            group: by what was grouped, and the measurement's group.
            currency: the measurement's.
            limit: at most so many; None: all.

        Raises:
            NotFoundError: there is no such KPI.
            InvalidError: it has no such component. RefusedError: the answers are anonymous. UnsupportedError: the KPI is computed.
        """
        kpi = known_kpi(self.unit, name).kpi
        path = None if group is None else (group_path(kpi, group[0]), group[1])
        ask = Ask(work=self.unit, periods=(period or ALL_TIME,), where=self._where(kpi, where), currency=currency)
        return named(kpi, self.unit, drilled(kpi, ask, component or kpi.n, path, limit))

    def _where(self, kpi: Kpi, where: Sequence[Condition]) -> tuple[Condition, ...]:
        return (*related(kpi, where), *of_real_customers(self.unit, kpi))
