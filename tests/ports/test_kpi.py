"""Definitions of KPIs: what they hold, and what is refused where it is written."""

from __future__ import annotations

import pytest

from crmkit.errors import DeclarationError, InvalidError
from crmkit.ports import kpis
from crmkit.ports.kpi import (
    AdjustedWald,
    Counted,
    MeanInterval,
    QuantileInterval,
    RatioInterval,
    Stays,
    Wilson,
    kpi,
    kpi_over,
)
from crmkit.query import Tallied, count, each, quantile, total
from crmkit.records import Answer, Cost, Customer, Deal, Interaction, Invitation, Span

a, d, i, s = each(Answer), each(Deal), each(Interaction), each(Span)


def counts(**values: object) -> Tallied:
    return Tallied((), values)


class TestDecorator:
    def test_the_function_becomes_the_kpi_and_stays_callable(self):
        """Name, title and explanation follow from the function."""

        @kpi(
            of=Answer, at=a.answered_at, where=a.survey_type == "nps", one_per=a.customer, unit="points",
            interval=AdjustedWald("promoters", "detractors"),
            count={"n": count(), "promoters": count(a.score >= 9), "detractors": count(a.score <= 6)},
        )  # fmt: skip
        def promoter_score(t: Tallied) -> float | None:
            """Promoters less detractors, per hundred answers."""
            return 100 * (t.promoters - t.detractors) / t.n if t.n else None

        assert (promoter_score.name, promoter_score.title) == ("promoter-score", "Promoter score")
        assert promoter_score.explanation == "Promoters less detractors, per hundred answers."
        assert promoter_score(counts(n=4, promoters=3, detractors=1)) == 50
        assert promoter_score(counts(n=0, promoters=0, detractors=0)) is None
        assert promoter_score.of is Answer
        assert not promoter_score.is_mergeable  # the last of each customer can not be merged

    def test_the_sample_size_is_counted_where_it_is_not_given(self):
        @kpi(of=Deal, at=d.closed_at, count={"won": count(d.state == "won")})
        def won(t: Tallied) -> float | None:
            return t.won or None

        assert won.components == ("n", "won")
        assert won.is_mergeable

    def test_several_sources_give_their_components_together(self):
        c = each(Cost)
        cost = Counted(of=Cost, at=c.incurred_at, components={"cost": total(c.amount), "n": count()})
        came = Stays(of=Span, who=s.record, since=s.entered_at, until=s.left_at)

        @kpi_over(cost, came, unit="money", nothing={"new": "nobody came"})
        def cost_each(t: Tallied) -> float | None:
            return t.cost / t.new if t.new else None

        assert {"cost", "new", "lost"} <= set(cost_each.components)
        assert cost.money is c.amount or str(cost.money) == "amount"
        assert came.money is None


class TestRefused:
    def test_a_condition_about_another_type(self):
        with pytest.raises(InvalidError, match="Deal"):
            kpi(of=Answer, at=a.answered_at, where=d.state == "won", count={"n": count()})

    def test_a_time_that_is_none(self):
        with pytest.raises(InvalidError, match="no instant"):
            kpi(of=Deal, at=d.title, count={"n": count()})

    def test_a_component_about_another_type(self):
        with pytest.raises(InvalidError, match="Deal"):
            kpi(of=Answer, at=a.answered_at, count={"n": count(), "won": count(d.state == "won")})

    def test_an_interval_of_what_is_not_counted(self):
        with pytest.raises(DeclarationError, match="Nothing counts part"):
            kpi(of=Deal, at=d.closed_at, count={"n": count()}, name="x", interval=Wilson("part"))(lambda t: 1.0)

    def test_two_sources_that_count_the_same_name(self):
        source = Counted(of=Deal, at=d.closed_at, components={"n": count()})
        with pytest.raises(DeclarationError, match="different names"):
            kpi_over(source, source, name="twice")(lambda t: 1.0)

    @pytest.mark.parametrize("name", ["", "Won", "won deals", "won_deals"])
    def test_a_name_that_is_none(self, name: str):
        with pytest.raises(DeclarationError, match="name"):
            kpis.count(name, of=Deal, at=d.closed_at)

    def test_a_unit_that_is_none(self):
        with pytest.raises(DeclarationError, match="furlongs"):
            kpi(of=Deal, at=d.closed_at, count={"n": count()}, name="x", unit="furlongs")(lambda t: 1.0)  # type: ignore[arg-type]  # the mistake

    def test_components_over_sums_of_two_expressions(self):
        with pytest.raises(InvalidError, match="per="):
            Counted(
                of=Span, at=s.left_at, per=(s.record,),
                components={"a": quantile(s.left_at - s.entered_at, 0.5), "b": quantile(s.entered_at - s.left_at, 0.5)},
            )  # fmt: skip

    def test_spans_of_a_field_that_keeps_none(self):
        with pytest.raises(InvalidError, match="History"):
            kpis.spans("churn-x", of=Customer, field="name", value="customer", measure="churn")


class TestShortcuts:
    def test_duration_is_a_mean_in_its_unit(self):
        days = kpis.duration("days-open", of=Deal, start=d.opened_at, end=d.closed_at)
        assert (days.unit, days.better, days.interval) == ("days", "lower", MeanInterval(scale=86400))
        assert days(counts(n=2, total=3 * 86400.0, squares=0.0)) == 1.5
        assert days.explanation == "Mean, from opened to closed."

    def test_duration_may_be_a_median_by_its_start(self):
        hours = kpis.duration(
            "first-response-time", of=Interaction, start=i.occurred_at, end=i.answered_at, period="start", stat="median",
            unit="hours",
        )  # fmt: skip
        assert hours(counts(n=2, median=7200.0)) == 2
        assert hours.interval == QuantileInterval(scale=3600)
        assert isinstance(hours.sources[0], Counted)
        assert str(hours.sources[0].at) == "occurred_at"

    def test_proportion(self):
        used = kpis.proportion(
            "used", of=Invitation, at=each(Invitation).sent_at, part=~each(Invitation).used_at.is_missing
        )
        assert used(counts(n=4, part=1)) == 0.25
        assert used(counts(n=0, part=0)) is None
        assert (used.unit, used.interval) == ("share", Wilson("part"))

    def test_mean_and_total_of_money_are_money(self):
        size = kpis.mean("deal-size", of=Deal, at=d.closed_at, value=d.amount)
        won = kpis.total("won", of=Deal, at=d.closed_at, value=d.amount)
        assert size.unit == won.unit == "money"
        assert (size.adds_up, won.adds_up) == (False, True)

    def test_ratio_of_numbers_has_an_interval_and_that_of_money_none(self):
        share = kpis.ratio("r", of=Deal, at=d.closed_at, above=d.probability, below=d.probability)
        assert share.interval == RatioInterval()
        assert share(counts(n=2, above=1, below=4)) == 0.25
        assert share(counts(n=2, above=1, below=0)) is None
        assert kpis.ratio("m", of=Deal, at=d.closed_at, above=d.amount, below=d.amount).interval is None

    @pytest.mark.parametrize(
        ("measure", "value"),
        [("churn", 0.2), ("retention", 0.8), ("losses", 0.25), ("formula", (95 - 20) / 100), ("stock", 95), ("new", 7)],
    )
    def test_spans(self, measure: kpis.Measure, value: float):
        found = kpis.spans("x", of=Customer, field="status", value="customer", measure=measure)
        assert found(counts(at_start=100, at_end=95, kept=80, lost=20, entered=20, left=25, new=7)) == value

    def test_churn_of_nobody_is_unknown(self):
        found = kpis.spans("x", of=Customer, field="status", value="customer", measure="churn")
        assert found(counts(at_start=0, at_end=5, kept=0, lost=0, entered=5, left=0, new=5)) is None

    def test_conversion_is_a_share_of_who_entered(self):
        found = kpis.conversion("x", of=Deal, first="offer", then=("sold", "paid"))
        assert found(counts(n=10, followed=6)) == 0.6
        assert found.explanation == "Share of deal records that entered offer and went on to sold or paid."
