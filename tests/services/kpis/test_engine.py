"""The engine: periods, groups, comparison, reasons, and the records behind a number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.errors import ConflictError, InvalidError, NotFoundError, PluginError, RefusedError
from crmkit.ports import kpis
from crmkit.ports.calendar import Calendar
from crmkit.ports.kpi import kpi
from crmkit.ports.plugin import Plugin
from crmkit.query import Tallied, count, each
from crmkit.records import Answer, AnyRef, Customer, Deal, Span, Survey, SurveyResponse, new_id

from .world import NOW, answers, at, deal, stay

a, d, s = each(Answer), each(Deal), each(Span)


class TestPeriods:
    def test_without_a_calendar_there_is_one_value_of_all_time(self, crm: CRM):
        crm.add([*answers("csat", {5: 1}, at(1, year=1990)), *answers("csat", {1: 1}, at(12, year=2090))])
        (row,) = crm.kpis.show("csat")
        assert (row.n, row.value, row.previous, row.is_partial) == (2, 0.5, None, False)

    def test_the_running_period_is_the_last_and_is_partial(self, crm: CRM):
        series = crm.kpis.show("csat", by="month")
        assert [row.period.label for row in series][-2:] == ["2026-10", "2026-11"]
        assert [row.is_partial for row in series] == [False] * 11 + [True]
        assert len(series.whole) == 11
        assert series.latest.period.label == "2026-11"

    @pytest.mark.parametrize(
        ("by", "n"), [("day", 30), ("week", 13), ("month", 12), ("quarter", 8), ("year", 5), ("7-days", 12)]
    )
    def test_so_many_periods_are_shown_where_nothing_is_said(self, crm: CRM, by: str, n: int):
        assert len(crm.kpis.show("csat", by=by)) == n

    def test_days_of_the_business_part_the_months(self, crm: CRM):
        """23:30 UTC on 31 October is November in Amsterdam, and October in New York."""
        crm.add(answers("csat", {5: 1}, datetime.fromisoformat("2026-10-31T23:30:00+00:00")))
        counts = {row.period.label: row.n for row in crm.kpis.show("csat", by="month", last=2)}
        assert counts == {"2026-10": 0, "2026-11": 1}
        there = crm.kpis.show("csat", by="month", last=2, zone=ZoneInfo("America/New_York"))
        assert [row.n for row in there] == [1, 0]

    def test_from_a_day_to_a_day(self, crm: CRM):
        crm.add(
            [
                *answers("csat", {5: 1}, at(10, 1)),
                *answers("csat", {5: 1}, at(10, 31)),
                *answers("csat", {1: 9}, at(9, 30)),
            ]
        )
        (row,) = crm.kpis.show("csat", since=date(2026, 10, 1), until=date(2026, 10, 31))
        assert (row.n, row.value, row.previous) == (2, 1, 0)  # compared with the 31 days before
        (first,) = crm.kpis.show("csat", until=date(2026, 9, 30))
        assert first.n == 9

    def test_fiscal_quarters_and_rolling_windows(self, crm: CRM):
        crm.add(answers("csat", {5: 3}, at(10)))
        rows = crm.kpis.show("csat", by="quarter-from-february", last=2)
        assert [(row.period.label, row.n) for row in rows] == [("2026/27-Q3", 3), ("2026/27-Q4", 0)]
        assert [row.n for row in crm.kpis.show("csat", by="30-days", last=2)] == [3, 0]

    def test_since_and_last_together(self, crm: CRM):
        rows = crm.kpis.show("csat", by="month", since=date(2026, 1, 1), until=date(2026, 6, 30), last=2)
        assert [row.period.label for row in rows] == ["2026-05", "2026-06"]
        rows = crm.kpis.show("csat", by="month", until=date(2026, 6, 30), last=2)
        assert [row.period.label for row in rows] == ["2026-05", "2026-06"]

    def test_time_without_sense_is_refused(self, crm: CRM):
        with pytest.raises(InvalidError, match="month"):
            crm.kpis.show("csat", by="moth")
        with pytest.raises(InvalidError, match="which with `by`"):
            crm.kpis.show("csat", last=3)
        with pytest.raises(InvalidError, match="too many"):
            crm.kpis.show("csat", by="day", since=date(1900, 1, 1))
        with pytest.raises(InvalidError, match="level"):
            crm.kpis.show("csat", level=95)


class TestComparison:
    def test_with_the_period_before(self, crm: CRM):
        crm.add([*answers("csat", {5: 50, 1: 50}, at(9)), *answers("csat", {5: 80, 1: 20}, at(10))])
        row = crm.kpis.show("csat", by="month", last=2).rows[0]
        assert (row.previous, row.change_is_clear) == (0.5, True)
        assert row.change == pytest.approx(0.3)

    def test_a_small_sample_tells_no_change(self, crm: CRM):
        crm.add([*answers("nps", {10: 3, 0: 2}, at(9)), *answers("nps", {10: 4, 0: 1}, at(10))])
        row = crm.kpis.show("nps", by="month", last=2).rows[0]
        assert (row.change, row.change_is_clear) == (40, False)

    def test_with_the_same_month_of_the_year_before(self, crm: CRM):
        crm.add([*answers("csat", {1: 1}, at(10, year=2025)), *answers("csat", {5: 1}, at(10))])
        rows = crm.kpis.show("csat", by="month", last=14, compare="year")
        by_label = {row.period.label: row for row in rows}
        assert (by_label["2026-10"].previous, by_label["2026-10"].change) == (0, 1)
        assert by_label["2025-10"].previous is None

    def test_windows_of_a_year_ago_may_overlap_those_that_are_shown(self, crm: CRM):
        crm.add(answers("csat", {5: 1}, NOW - timedelta(days=370)))
        rows = crm.kpis.show("csat", by="100-days", last=5, compare="year")
        assert sum(row.n for row in rows) == 1
        assert rows.latest.previous == 1

    def test_with_nothing(self, crm: CRM):
        crm.add(answers("csat", {5: 1}))
        assert all(row.previous is None for row in crm.kpis.show("csat", by="month", compare=""))

    def test_a_running_month_is_no_match_for_a_whole_one_where_it_adds_up(self, crm: CRM):
        crm.add([deal("won", "100", closed_at=at(10)), deal("won", "10", closed_at=at(11))])
        row = crm.kpis.show("won-value", by="month", last=2).latest
        assert (row.value, row.previous, row.change) == (10, 100, None)
        size = crm.kpis.show("deal-size", by="month", last=2).latest
        assert (size.change, size.change_is_clear) == (
            -90,
            None,
        )  # a mean may be compared; of one value it is not clear

    def test_medians_are_compared_by_their_intervals(self, crm: CRM):
        for month, shift in ((9, 0), (10, 30)):
            crm.add([
                deal("won", closed_at=at(month), opened_at=at(month) - timedelta(days=days + shift)) for days in range(1, 12)
            ])  # fmt: skip
        row = crm.kpis.show("sales-cycle", by="month", last=2).rows[0]
        assert (row.change, row.change_is_clear) == (30, True)

    @pytest.mark.parametrize(("target", "status"), [(0.5, "met"), (0.9, "missed")])
    def test_with_a_target(self, crm: CRM, target: float, status: str):
        crm.add([*answers("csat", {5: 3, 1: 1}, at(10)), *answers("csat", {5: 1}, at(11))])
        rows = crm.kpis.show("csat", by="month", last=2, target=target).rows
        assert [row.status for row in rows] == [status, ""]  # the running month is not judged


class TestGroups:
    def test_by_a_field(self, crm: CRM):
        crm.add([*answers("csat", {5: 2}, touchpoint="shop"), *answers("csat", {1: 1}, touchpoint="accounting")])
        rows = [
            row
            for row in crm.kpis.show("csat", by="month", last=2, group="touchpoint")
            if row.period.label == "2026-10"
        ]
        assert [(row.group, row.n, row.value) for row in rows] == [("accounting", 1, 0), ("shop", 2, 1)]

    def test_groups_are_the_same_in_every_period(self, crm: CRM):
        crm.add(
            [*answers("csat", {5: 1}, at(9), touchpoint="shop"), *answers("csat", {1: 1}, at(10), touchpoint="web")]
        )
        series = crm.kpis.show("csat", by="month", last=3, group=a.touchpoint)
        assert series.groups == ("shop", "web")
        assert [row.n for row in series.of_group("shop")] == [1, 0, 0]
        assert series.of_group("shop")[1].reason == "nobody answered CSAT"

    def test_over_a_reference(self, crm: CRM):
        dutch = crm.add(Customer(name="Anna", country="NL"))
        crm.add([*answers("csat", {5: 1}), *(attrs.evolve(one, customer=dutch.id) for one in answers("csat", {1: 1}))])
        rows = {row.group: row.value for row in crm.kpis.show("csat", group="customer.country")}
        assert rows == {"NL": 0, None: 1}

    def test_the_sum_of_groups_is_the_whole(self, crm: CRM):
        crm.add([deal("won", source=source) for source in ("web", "shop", "web", "")])
        rows = crm.kpis.show("win-rate", by="month", last=2, group="source").rows
        assert sum(row.n for row in rows) == 4

    def test_nothing_to_group_by_is_told(self, crm: CRM):
        with pytest.raises(InvalidError, match="touchpoint"):
            crm.kpis.show("csat", group="touchpont")
        with pytest.raises(InvalidError, match="several sources"):
            crm.kpis.show("cac", group="kind")
        with pytest.raises(InvalidError):
            crm.kpis.show("csat", group="customer.tags")
        with pytest.raises(InvalidError, match="nothing to group by"):
            crm.kpis.show("csat", group="__class__")
        series = crm.kpis.show("csat", group="touchpoint")
        with pytest.raises(NotFoundError, match="no measurement"):
            _ = series.latest


class TestConditions:
    def test_narrow_what_counts(self, crm: CRM):
        crm.add([*answers("csat", {5: 2}, channel="mail"), *answers("csat", {1: 2}, channel="web")])
        assert crm.kpis.show("csat", a.channel == "mail").latest.value == 1

    def test_of_another_type_are_refused(self, crm: CRM):
        with pytest.raises(InvalidError, match="counts Answer, the condition is about Deal"):
            crm.kpis.show("csat", d.state == "won")

    def test_apply_to_the_sources_of_their_type(self, crm: CRM):
        crm.add([stay(at(10)), stay(at(10))])
        assert crm.kpis.show("cac", s.pipeline == "x", by="month", last=2).rows[0].n == 0


class TestLeftOut:
    def test_test_customers_and_erased_ones(self, crm: CRM):
        real, tester, erased = crm.add([
            Customer(name="Anna"), Customer(name="Test", is_test=True), Customer(name="Bob")
        ])  # fmt: skip
        for customer in (real, tester, erased):
            crm.add(deal("won", "10", customer=customer.id))
            response = crm.add(SurveyResponse(customer=customer.id, survey=new_id()))
            crm.add(attrs.evolve(answers("csat", {5: 1})[0], response=response.id, customer=customer.id))
            crm.add(Span(
                record=AnyRef("customer", customer.id), of="customer", field="status", value="customer", entered_at=at(10)
            ))  # fmt: skip
        crm.customers.erase(erased)
        assert crm.kpis.show("win-rate").latest.n == 1
        assert crm.kpis.show("csat").latest.n == 1
        assert crm.kpis.show("customers").latest.value == 1
        assert len(crm.kpis.drill("win-rate")) == 1

    @pytest.mark.parametrize(("min_cell", "n", "is_shown"), [(1, 4, False), (1, 5, True), (3, 2, False), (3, 3, True)])
    def test_few_answers_of_an_anonymous_survey(self, crm: CRM, min_cell: int, n: int, is_shown: bool):
        survey = crm.add(Survey(key="s", is_anonymous=True, min_cell=min_cell))
        crm.add(answers("csat", {5: n}, survey=survey.id))
        row = crm.kpis.show("csat").latest
        if is_shown:
            assert row.value == 1
        else:
            assert (row.value, row.components) == (None, {})
            assert row.reason.endswith("answers to an anonymous survey")
        with pytest.raises(RefusedError, match="never shown one by one"):
            crm.kpis.drill("csat")

    def test_a_survey_that_is_not_anonymous_shows_every_answer(self, crm: CRM):
        survey = crm.add(Survey(key="s"))
        crm.add(answers("csat", {5: 1}, survey=survey.id))
        assert crm.kpis.show("csat").latest.value == 1
        assert len(crm.kpis.drill("csat")) == 1


class TestReasons:
    def test_are_made_of_the_type_and_the_time(self, open_crm: Callable[..., CRM]):
        mine = kpis.duration("x-time", of=Deal, start=d.opened_at, end=d.closed_at)
        crm = open_crm(plugins=[Plugin("mine", offers=(mine,))], discover=False)
        assert crm.kpis.show("x-time").latest.reason == "no deal was closed"


class TestPlugins:
    def test_a_kpi_that_fails_names_its_plugin(self, open_crm: Callable[..., CRM]):
        @kpi(of=Deal, at=d.closed_at, count={"n": count()})
        def broken(t: Tallied) -> float | None:
            """Divides by nothing."""
            return 1 / t.n

        crm = open_crm(plugins=[Plugin("mine", offers=(broken,))], discover=False)
        with pytest.raises(PluginError, match=r"'mine'.*ZeroDivisionError"):
            crm.kpis.show("broken")
        assert crm.kpis.show("win-rate").latest.value is None  # the others go on

    def test_nothing_counted_is_no_value_whatever_the_function_says(self, open_crm: Callable[..., CRM]):
        @kpi(of=Deal, at=d.closed_at, count={"n": count(), "won": count(d.state == "won")})
        def careless(t: Tallied) -> float | None:
            """Never divides by nothing, and so makes a 0 of it."""
            return t.won / max(t.n, 1)

        crm = open_crm(plugins=[Plugin("mine", offers=(careless,))], discover=False)
        row = crm.kpis.show("careless").latest
        assert (row.value, row.reason) == (None, "no deal was closed")

    def test_a_value_that_is_no_number_names_its_plugin(self, open_crm: Callable[..., CRM]):
        @kpi(of=Deal, at=d.closed_at, count={"n": count()})
        def endless(t: Tallied) -> float | None:
            """No number."""
            return float("inf")

        crm = open_crm(plugins=[Plugin("mine", offers=(endless,))], discover=False)
        with pytest.raises(PluginError, match="inf is no value"):
            crm.kpis.show("endless")

    def test_a_kpi_named_as_one_of_a_survey_type_is_a_conflict(self, open_crm: Callable[..., CRM]):
        mine = kpis.count("csat-mean", of=Deal, at=d.closed_at)
        crm = open_crm(plugins=[Plugin("mine", offers=(mine,))], discover=False)
        with pytest.raises(ConflictError, match="'survey-types'"):
            crm.kpis.show("csat-mean")
        assert crm.kpis.show("csat").latest.n == 0

    def test_conversion_of_stages(self, open_crm: Callable[..., CRM]):
        """Of ten deals that entered a stage six went on: 60 % (Uspacy); who skipped it does not count."""
        rate = kpis.conversion("lead-conversion", of=Deal, first="lead", then=("offer", "won"))
        crm = open_crm(plugins=[Plugin("mine", offers=(rate,))], discover=False)
        for number in range(10):
            made = crm.add(deal("open"), at=at(10, 2))
            if number < 6:
                crm.move(made, "offer" if number % 2 else "won", at=at(10, 20))
        crm.add(Deal(pipeline="sales", stage="offer"), at=at(10, 3))
        row = crm.kpis.show("lead-conversion", by="month", last=2).rows[0]
        assert (row.n, row.value) == (10, 0.6)
        assert len(crm.kpis.drill("lead-conversion", period=row.period, component="followed")) == 6
        assert len(crm.kpis.drill("lead-conversion", period=row.period)) == 10

    def test_a_ratio_has_its_interval(self, open_crm: Callable[..., CRM]):
        mine = kpis.ratio("odds", of=Answer, at=a.answered_at, above=a.score, below=a.raw)
        crm = open_crm(plugins=[Plugin("mine", offers=(mine,))], discover=False)
        crm.add([attrs.evolve(one, score=score) for one, score in zip(answers("x", {4: 3}), (1, 2, 3), strict=True)])
        row = crm.kpis.show("odds").latest
        assert row.value == 0.5
        assert row.low is not None
        assert row.high is not None
        assert row.low < 0.5 < row.high


def test_a_unit_of_work_sees_what_it_wrote(crm: CRM):
    with crm.transaction() as tx:
        tx.add(answers("csat", {5: 1}))
        assert tx.kpis.show("csat").latest.value == 1


class FourWeeks(Calendar):
    """Periods of four weeks."""

    name = "four-weeks"

    def first(self, day: date) -> date:
        return day - timedelta(days=(day - date(2024, 1, 1)).days % 28)

    def following(self, first: date) -> date:
        return first + timedelta(days=28)

    def year_before(self, first: date) -> date:
        return first - timedelta(days=364)

    def label(self, first: date) -> str:
        return f"from {first.isoformat()}"


class TestCalendars:
    def test_a_plugin_brings_its_own(self, open_crm: Callable[..., CRM]):
        crm = open_crm(plugins=[Plugin("calendar", offers=(FourWeeks(),))], discover=False)
        crm.add(answers("csat", {5: 2}, at(10)))
        rows = crm.kpis.show("csat", by="four-weeks", last=3).rows
        assert [(row.period.label, row.n) for row in rows] == [
            ("from 2026-09-07", 0), ("from 2026-10-05", 2), ("from 2026-11-02", 0)
        ]  # fmt: skip
        with pytest.raises(InvalidError, match="four-weeks"):
            crm.kpis.show("csat", by="four-week")

    def test_one_is_given_as_it_is(self, crm: CRM):
        series = crm.kpis.show("csat", by=FourWeeks(), last=2)
        assert (series.by, len(series)) == ("four-weeks", 2)
