"""What a CRM's report says, from the records that are in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import attrs
import pytest

from crmkit import CRM, Cost, InvalidError, LocalText, Money, Survey, Touchpoint
from crmkit.builtin.report.filling import fill
from crmkit.builtin.report.page import render_report
from tests.services.kpis.world import answers
from tests.services.shop import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def crm(clock: Clock) -> Iterator[CRM]:
    with CRM.open("memory:", discover=False, clock=clock, time_zone="Europe/Amsterdam") as opened:
        yield opened


def page(crm: CRM, **wishes: str) -> str:
    """The report as people read it: no tags, no isolates."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>|[\u2066-\u2069]", " ", render_report(fill(crm, **wishes)))))  # type: ignore[arg-type]  # texts by name


class TestFunnels:
    def test_what_is_still_open_is_not_lost(self, crm: CRM) -> None:
        """One deal that was opened and has gone nowhere yet is one that came in."""
        crm.deals.open(None, title="first")
        (funnel,) = fill(crm).funnels
        assert [(step.count, step.standing, step.rate) for step in funnel.steps][:2] == [(1, 1, None), (0, 0, None)]
        shown = page(crm)
        assert "1 came in" in shown
        assert "lost before" not in shown

    def test_rates_are_of_those_that_went_on_or_were_lost(self, crm: CRM) -> None:
        deals = [crm.deals.open(None, title=str(n)) for n in range(6)]
        second = crm.pipelines.stages("sales")[1]
        for deal in deals[:3]:
            crm.deals.move(deal, second.key)
        crm.deals.lose(deals[3], reason="price")
        (funnel,) = fill(crm).funnels
        assert [(step.count, step.standing) for step in funnel.steps][:2] == [(6, 2), (3, 3)]
        assert funnel.steps[1].rate == 3 / 4
        assert f"most are lost before {second.name}" in re.sub(r" ,", ",", page(crm))

    def test_one_that_went_back_is_open_at_its_furthest_step(self, crm: CRM) -> None:
        first, second = (stage.key for stage in crm.pipelines.stages("sales")[:2])
        deal = crm.deals.open(None, title="x")
        crm.deals.move(crm.deals.move(deal, second), first)
        (funnel,) = fill(crm).funnels
        assert [(step.count, step.standing, step.rate) for step in funnel.steps][:2] == [(1, 0, None), (1, 1, 1)]


def test_time_in_stage_has_the_line_that_its_caption_tells_of(crm: CRM, clock: Clock) -> None:
    """The middle half: from the first quartile to the third."""
    stages = [stage.key for stage in crm.pipelines.stages("sales")]
    deals = [crm.deals.open(None, title=str(n)) for n in range(3)]
    for n, deal in enumerate([*deals]):
        clock.advance(days=[1, 1, 5][n])
        deals[n] = crm.deals.move(deal, stages[1])
    for deal in deals:
        clock.advance(days=2)
        crm.deals.move(deal, stages[2])
    first = fill(crm).boards[0].stages[0]
    assert (first.low_days, first.median_days, first.high_days) == (1.5, 2, 4.5)
    html = render_report(fill(crm))
    times = html[html.index('class="bars times"') :]
    times = times[: times.index("</table>")]
    assert times.count('class="dot last"') == 2
    assert times.count('class="whisker"') == 2 * 3
    assert timedelta(days=first.median_days) == crm.deals.durations()[0].median


ENGLISH = (
    "Customer report",
    "touchpoint",
    "nobody answered",
    "deals",
    "Qualified",
    "Win rate",
    "Recommendation",
    "Customers",
)


@pytest.fixture
def busy(crm: CRM, clock: Clock) -> CRM:
    """A deal at each stage, a customer, and an answer of long ago."""
    for stage in [stage.key for stage in crm.pipelines.stages("sales") if stage.state == "open"]:
        crm.deals.open(None, title="x", stage=stage)
    customer = crm.customers.add(name="Anna", email="anna@example.nl")
    crm.add([
        attrs.evolve(one, customer=customer.id, touchpoint="shop") for one in answers("nps", {9: 1}, clock.now)
    ])  # fmt: skip
    clock.advance(days=70)
    return crm


@pytest.mark.parametrize("language", ["nl", "he", "ar", "fa", "hu"])
def test_a_report_is_in_one_language(busy: CRM, language: str) -> None:
    """Names of KPIs and of stages, nouns, the title, and why there is no value."""
    english, shown = page(busy), page(busy, language=language)
    assert [word for word in ENGLISH[:2] if word not in english] == []
    assert "nobody answered NPS" in english
    borrowed = ("deals",) if language == "nl" else ()
    assert [word for word in ENGLISH if word in shown and word not in borrowed] == []
    view = fill(busy, language=language)
    board = {stage.label for stage in view.boards[0].stages}
    assert {step.label for step in view.funnels[0].steps} <= board


@pytest.mark.parametrize("language", ["zz", "english", "-"])
def test_an_unknown_language_is_refused_with_the_known_ones(crm: CRM, language: str) -> None:
    with pytest.raises(InvalidError, match=f"{language!r}: its languages are ar, en, fa, he, hu, nl."):
        fill(crm, language=language)


def test_a_region_is_no_other_language(crm: CRM) -> None:
    assert fill(crm, language="he-IL").title == fill(crm, language="he").title == "דוח לקוחות"


def test_what_is_hidden_says_so_in_the_reader_s_language(busy: CRM, clock: Clock) -> None:
    """Fewer answers to an anonymous survey than may be shown are not "nothing was counted"."""
    survey = busy.add(Survey(key="quiet", is_anonymous=True))
    busy.add([attrs.evolve(one, survey=survey.id) for one in answers("nps", {9: 1}, clock.now)])
    (nps,) = (kpi for kpi in fill(busy, language="he").kpis if kpi.key == "nps")
    assert nps.readings[-1].reason == "מעט מדי תשובות לסקר אנונימי"
    assert nps.readings[-2].reason == ""


def test_a_number_without_a_value_says_so_in_the_reader_s_language(busy: CRM, clock: Clock) -> None:
    """A new customer, and no cost: something was counted, and still there is no value."""
    busy.add(Cost(amount=Money("50", "EUR"), incurred_at=clock.now))
    busy.customers.add(name="Bert", status="customer")
    clock.advance(days=40)
    busy.customers.add(name="Cees", status="customer")
    (cac,) = (kpi for kpi in fill(busy, language="nl").kpis if kpi.key == "cac-eur")
    assert (cac.readings[-1].value, cac.readings[-1].reason) == (None, "wat geteld is geeft geen waarde")


def test_who_waits_is_told_in_names(busy: CRM) -> None:
    """Of channels and touchpoints, not in their keys."""
    busy.add(Touchpoint(key="desk", name=LocalText.of("Desk", he="דלפק"), office="front"))
    busy.interactions.record("anna@example.nl", subject="Is it ready?", channel="phone", touchpoint="desk")
    view = fill(busy, language="he")
    assert [(one.channel, one.touchpoint) for one in view.waiting] == [("טלפון", "דלפק")]
    assert ([one.label for one in view.channels], [one.label for one in view.touchpoints]) == (["טלפון"], ["דלפק"])
