"""What a CRM's report says, from the records that are in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest

from crmkit import CRM
from crmkit.builtin.report.filling import fill
from crmkit.builtin.report.page import render_report
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
