"""What stands behind a number: its records, and what the KPI means."""

from __future__ import annotations

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.errors import InvalidError, NotFoundError, UnsupportedError
from crmkit.query import condition_from_json, each
from crmkit.records import Answer, Deal, Span, new_id

from .world import answers, at, deal, stay

a, d, s = each(Answer), each(Deal), each(Span)


class TestDrill:
    def test_finds_the_records_of_a_component_in_a_period(self, crm: CRM):
        crm.add([deal("won"), deal("lost"), deal("won", closed_at=at(9)), deal("open")])
        row = crm.kpis.show("win-rate", by="month", last=2).rows[0]
        assert row.components == {"n": 2, "won": 1, "lost": 1}
        found = crm.kpis.drill("win-rate", period=row.period, component="won")
        assert [(one.state, one.closed_at) for one in found if isinstance(one, Deal)] == [("won", at(10))]

    def test_takes_only_the_last_of_a_customer(self, crm: CRM):
        customer = new_id()
        for score, day in ((0, 1), (10, 20)):
            crm.add(attrs.evolve(answers("nps", {score: 1}, at(10, day))[0], customer=customer))
        row = crm.kpis.show("nps", by="month", last=2).rows[0]
        assert [one.score for one in crm.kpis.drill("nps", period=row.period) if isinstance(one, Answer)] == [10]
        assert crm.kpis.drill("nps", period=row.period, component="bad") == ()

    def test_within_a_group_and_a_currency(self, crm: CRM):
        crm.add(
            [deal("won", "1", source="web"), deal("won", "2", "USD", source="web"), deal("won", "4", source="shop")]
        )
        found = crm.kpis.drill("won-value", component="total", group=("source", "web"), currency="EUR")
        assert [str(one.amount) for one in found if isinstance(one, Deal)] == ["EUR 1.00"]

    def test_finds_what_stood_at_the_end(self, crm: CRM):
        crm.add(
            [deal("open", "1", opened_at=at(8)), deal("won", "1", opened_at=at(8)), deal("open", "1", opened_at=at(11))]
        )
        row = crm.kpis.show("pipeline-value", by="month", last=3).rows[0]
        assert row.period.label == "2026-09"
        assert len(crm.kpis.drill("pipeline-value", period=row.period, component="n", currency="EUR")) == row.n == 2

    @pytest.mark.parametrize("component", ["at_start", "at_end", "kept", "lost", "entered", "left", "new"])
    def test_finds_who_came_stayed_and_went(self, crm: CRM, component: str):
        back = new_id()
        crm.add(
            [stay(at(5)), stay(at(5), at(10)), stay(at(5), at(10, 4), back), stay(at(10, 20), None, back), stay(at(10))]
        )
        row = crm.kpis.show("churn", by="month", last=2).rows[0]
        assert len(crm.kpis.drill("churn", period=row.period, component=component)) == row.components[component]

    def test_of_no_component_or_of_a_computed_one_is_refused(self, crm: CRM):
        with pytest.raises(InvalidError, match="'won'"):
            crm.kpis.drill("win-rate", component="wom")
        with pytest.raises(UnsupportedError, match="computed"):
            crm.kpis.drill("weighted-pipeline")

    def test_stops_where_it_is_told(self, crm: CRM):
        crm.add([deal("won") for _ in range(5)])
        assert len(crm.kpis.drill("win-rate", limit=3)) == 3
        assert len(crm.kpis.drill("win-rate", limit=None)) == 5


class TestExplain:
    def test_says_what_is_counted_in_words(self, crm: CRM):
        told = crm.kpis.explain("nps")
        (source,) = told.sources
        assert source.words == (
            "survey type is nps and item is empty and state is answered and score is given; of those with one customer in a period, the last"
        )
        assert {one.name: one.words for one in source.components}["good"] == "how many where score >= 9"
        assert condition_from_json(source.condition, Answer, lambda name: Answer) is not None
        assert (told.interval, told.plugin) == ("adjusted Wald interval (Rocks 2016)", "survey-types")

    def test_explains_every_supplied_kpi(self, crm: CRM):
        for fact in crm.kpis.list():
            told = crm.kpis.explain(fact.name)
            assert told.explanation.endswith(".")
            assert told.title
            assert "<" not in told.explanation
            assert all(source.words for source in told.sources)

    def test_a_name_that_is_none_gets_the_nearest(self, crm: CRM):
        with pytest.raises(NotFoundError, match="Did you mean 'win-rate'"):
            crm.kpis.explain("win-rat")
