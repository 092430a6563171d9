"""The contract of KPIs: what every KPI must do, as a pytest class for its author to run.

    class TestFirstResponse(KpiContract):
        kpi = first_response_time
        examples = (((), None), ((asked(9, 10), asked(9, 12)), 2.0))

Each example is a sequence of records and the value that they make together. References may lead nowhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

import pytest

from ..crm import CRM
from ..ports.kpi import Counted, Kpi, Source, Standing
from ..ports.plugin import Plugin
from ..query import Component, Tallied, least, most
from ..records import CORE_TYPES, Record, declaration_of
from ..services.kpis import Measurement, Series
from .contract import Contract

Example = tuple[Sequence[Record], float | None]
STORES: Final = ("memory:", "sqlite://")
ZONES: Final = ("Europe/Amsterdam", "America/New_York", "Asia/Tehran", "Africa/Cairo", "Asia/Beirut", "Pacific/Apia")
"""Where clocks change at night, at midnight, or a whole day was left out."""


class KpiContract(Contract):
    """Set ``kpi`` and ``examples``.

    Attributes:
        plugin: the plugin that offers the KPI, where the examples need more of it: its record types, pipelines, fields.
        period: the first and last day that the examples are measured in; None: all time. KPIs of who stays need one.
        places: to how many significant digits a value must agree.
    """

    kpi: ClassVar[Kpi]
    examples: ClassVar[Sequence[Example]] = ()
    plugin: ClassVar[Plugin | None] = None
    period: ClassVar[tuple[date, date] | None] = None
    places: ClassVar[int] = 9

    # --- the contract ---
    @pytest.mark.parametrize("url", STORES)
    def test_examples_have_their_value(self, url: str) -> None:
        """On every store each example makes the value that its author says."""
        assert self.examples, "A KPI without examples can not be checked: give some."
        for number, (records, value) in enumerate(self.examples):
            with self._crm(url, records) as crm:
                found = self._shown(crm).latest.value
            assert is_near(found, value, 10**-self.places), f"example {number} makes {found}, not {value}"

    def test_no_data_is_no_value_with_a_reason(self) -> None:
        """Where nothing was counted there is no value, never 0, and a clause says why; only counts and sums are 0."""
        with self._crm(STORES[0], ()) as crm:
            row = self._shown(crm).latest
        assert row.n == 0
        if self.kpi.adds_up:
            assert row.value == 0
        else:
            assert row.value is None
            assert row.reason
        assert (row.low, row.high) == (None, None)

    def test_it_is_explained(self) -> None:
        """People read what it counts and how."""
        assert self.kpi.title
        assert self.kpi.explanation, "Write a docstring: `kpis explain` prints it."
        with self._crm(STORES[0], ()) as crm:
            told = crm.kpis.explain(self.kpi.name)
        assert all(source.words for source in told.sources)

    def test_the_value_follows_from_the_counts(self) -> None:
        """The function of the counts gives the same when it is asked again: it reads nothing else."""
        for _, row in self._measured():
            again = self.kpi(Tallied((), row.components))
            assert is_near(again if row.n or self.kpi.adds_up else None, row.value)

    def test_parts_of_time_add_up(self) -> None:
        """Counts of months put together are the counts of all time: nothing is lost or counted twice at an edge."""
        self._only_mergeable()
        for crm, row in self._measured():
            _agree(self._merged(crm, row, by="month"), row, "months")

    @pytest.mark.parametrize("zone", ZONES)
    def test_every_moment_lies_in_one_day(self, zone: str) -> None:
        """Days put together are all time, in time zones with every kind of change of clocks."""
        self._only_mergeable()
        for crm, row in self._measured():
            _agree(self._merged(crm, row, by="day", zone=ZoneInfo(zone)), row, f"days in {zone}")

    def test_groups_add_up(self) -> None:
        """Counts of all groups together are the counts without groups."""
        self._only_mergeable()
        group = _groupable(self.kpi.of, self.examples)
        if group is None or len({source.of for source in self.kpi.sources}) > 1:
            pytest.skip("there is nothing to group by")
        for crm, row in self._measured():
            series = self._shown(crm, group=group)
            _agree(
                _together(self.kpi, [one for one in series if one.currency == row.currency]), row, f"groups of {group}"
            )

    def test_the_records_behind_a_count_are_as_many(self) -> None:
        """Drilling finds the records that were counted, by the conditions by which they were."""
        for crm, row in self._measured():
            for name in _counts(self.kpi.sources):
                found = crm.kpis.drill(
                    self.kpi.name, period=row.period, component=name, currency=row.currency, limit=None
                )
                assert len(found) == row.components[name], (
                    f"{name} counts {row.components[name]}, behind it are {len(found)}"
                )

    # --- how it is asked ---
    def _crm(self, url: str, records: Sequence[Record]) -> CRM:
        crm = CRM.open(url, plugins=self._plugins(), discover=False, strict=True, time_zone="Europe/Amsterdam")
        for record in records:
            crm.add(record)
        return crm

    def _plugins(self) -> tuple[Plugin, ...]:
        if self.plugin is not None:
            return (self.plugin,)
        with CRM.open(STORES[0], discover=False) as crm:
            if any(known.name == self.kpi.name for known in crm.kpis.list()):
                return ()  # a supplied one
        types = {source.of for source in self.kpi.sources} - set(CORE_TYPES)
        return (Plugin("kpi-under-test", offers=(*types, self.kpi)),)

    def _shown(self, crm: CRM, **more: Any) -> Series:
        if self.period is not None:
            more = {"since": self.period[0], "until": self.period[1], **more}
        return crm.kpis.show(self.kpi.name, **more)

    def _measured(self) -> Iterator[tuple[CRM, Measurement]]:
        for records, _ in self.examples:
            with self._crm(STORES[0], records) as crm:
                for row in self._shown(crm):
                    yield crm, row

    def _merged(self, crm: CRM, row: Measurement, **cut: Any) -> dict[str, Any]:
        days = self.period or _reach(crm, self.kpi)
        if days is None:
            return _together(self.kpi, [])
        series = self._shown(crm, since=days[0], until=days[1], compare="", **cut)
        return _together(self.kpi, [one for one in series if one.currency == row.currency])

    def _only_mergeable(self) -> None:
        if not self.kpi.is_mergeable:
            pytest.skip("its counts can not be put together")


def is_near(one: Any, other: Any, error: float = 1e-9) -> bool:
    """Whether two numbers are the same but for rounding; None is near None only."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=error, abs_tol=error)


def _agree(merged: Mapping[str, Any], row: Measurement, what: str) -> None:
    for name, value in row.components.items():
        assert is_near(merged[name], value), f"{name} of {what} together is {merged[name]}, not {value}"


def _together(kpi: Kpi, rows: Sequence[Measurement]) -> dict[str, Any]:
    components = {
        name: one for source in kpi.sources if isinstance(source, Counted) for name, one in source.components.items()
    }
    return {name: _put_together(one, [row.components[name] for row in rows]) for name, one in components.items()}


def _put_together(component: Component, values: Sequence[Any]) -> Any:
    there = [value for value in values if value is not None]
    if component.measure in ("least", "most"):
        return (min if component.measure == "least" else max)(there) if there else None
    return sum(there)


def _counts(sources: Sequence[Source]) -> list[str]:
    """Return the components that count records."""
    return [
        name
        for source in sources
        if (isinstance(source, Counted) and not source.per) or isinstance(source, Standing)
        for name, component in source.components.items()
        if component.measure == "count"
    ]


def _reach(crm: CRM, kpi: Kpi) -> tuple[date, date] | None:
    """Return the days from the first to the last event; a day more on both sides, whatever the time zone."""
    ends: list[datetime] = []
    for source in kpi.sources:
        assert isinstance(source, Counted)
        for row in crm.tally(source.of, first=least(source.at), last=most(source.at)):
            ends += [instant for instant in (row.first, row.last) if instant is not None]
    if not ends:
        return None
    return date.fromordinal(min(ends).toordinal() - 1), date.fromordinal(max(ends).toordinal() + 1)


def _groupable(of: type[Record], examples: Sequence[Example]) -> str | None:
    """Return a field to group by, one whose values differ in the examples if there is any."""
    records = [record for records, _ in examples for record in records if type(record) is of]
    fields = [field.name for field in declaration_of(of).own_fields if field.kind in ("code", "bool", "ref", "any_ref")]
    return max(fields, key=lambda name: len({getattr(record, name) for record in records}), default=None)
