"""The sentences respect the interval, and no data is never zero."""

from datetime import date
from decimal import Decimal

import attrs
import pytest

from crmkit.builtin.report import render_report
from crmkit.builtin.report.catalogue import reader_of
from crmkit.builtin.report.contacts import waiting_finding
from crmkit.builtin.report.findings import change_words, comparison_finding, headline, kpi_finding
from crmkit.builtin.report.funnel import funnel_finding
from crmkit.builtin.report.markup import Markup, plain
from crmkit.builtin.report.measures import measure_of
from crmkit.builtin.report.reader import Reader
from crmkit.builtin.report.tiles import tile
from crmkit.builtin.report.view import (
    Comparison,
    FunnelStep,
    FunnelView,
    Group,
    KpiView,
    Number,
    Reading,
    ReportView,
    Unit,
)

SHARE = Unit(kind="share")
READER: Reader = reader_of("en", date(2026, 11, 24))


def seen(source: Markup) -> str:
    return str(plain(source)).translate(dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069")))


def reading(month: int, value: Number | None, **more: object) -> Reading:
    return Reading(start=date(2026, month, 1), end=date(2026, month + 1, 1), value=value, **more)  # type: ignore[arg-type] - fields by name


def kpi(last: Reading, unit: Unit = SHARE, **more: object) -> KpiView:
    """A KPI of September, October and a running November."""
    readings = (reading(9, 0.8), last, reading(11, 0.1, partial=True))
    return KpiView(key="csat", title="Satisfaction", unit=unit, better="higher", readings=readings, **more)  # type: ignore[arg-type] - fields by name


@pytest.mark.parametrize(
    ("change", "clear", "words"),
    [
        (-0.07, True, "Satisfaction fell 7 points to 73% in October"),
        (0.04, True, "Satisfaction rose 4 points to 73% in October"),
        (-0.07, False, "Satisfaction is 73% in October, no clear change"),
        (0.0, False, "Satisfaction is 73% in October, no clear change"),
        (-0.07, None, "Satisfaction fell 7 points to 73% in October"),
        (0, None, "Satisfaction is 73% in October, as before"),
        (None, None, "Satisfaction is 73% in October"),
    ],
)
def test_a_change_is_called_one_only_when_it_is(change: float | None, clear: bool | None, words: str) -> None:
    """A change within its interval is no change, however large."""
    assert seen(kpi_finding(READER, kpi(reading(10, 0.73, change=change, clear=clear)))) == words


def test_the_running_period_is_not_the_finding() -> None:
    """The last whole period speaks; the running one is marked."""
    assert "73%" in seen(kpi_finding(READER, kpi(reading(10, 0.73))))
    assert "November so far: 10%" in seen(tile(READER, kpi(reading(10, 0.73))))


def test_only_a_running_period_is_marked_unfinished() -> None:
    """A KPI without a whole period shows the running one and says so."""
    running = KpiView(
        key="k", title="K", unit=SHARE, readings=(reading(11, 0.5, partial=True, change=0.2, clear=True),)
    )
    assert "not over yet" in seen(tile(READER, running))
    assert "up" not in seen(tile(READER, running))


def test_no_data_says_why_and_is_not_zero() -> None:
    """A missing value is words, never 0."""
    shown = seen(tile(READER, kpi(reading(10, None, reason="no survey was sent", n=0))))
    assert "No data" in shown
    assert "no survey was sent" in shown
    assert "0%" not in shown.replace("10%", "").replace("80%", "")
    assert seen(kpi_finding(READER, kpi(reading(10, None)))) == "Satisfaction: no data in October"
    assert seen(kpi_finding(READER, KpiView(key="k", title="K"))) == "K: no data yet"


@pytest.mark.parametrize(
    ("half", "written"),
    [(0.2, "73%"), (0.006, "73%"), (0.004, "73.2%"), (0.0003, "73.21%"), (None, "73%")],
)
def test_no_more_digits_than_the_interval_allows(half: float | None, written: str) -> None:
    """Half the interval decides the places."""
    low, high = (None, None) if half is None else (0.7321 - half, 0.7321 + half)
    one = reading(10, 0.7321, low=low, high=high)
    assert seen(measure_of(READER, SHARE, [one]).write(0.7321)) == written


@pytest.mark.parametrize(
    ("unit", "value", "delta", "words"),
    [
        (Unit(kind="points"), 42, 4, "up 4 points since September"),
        (Unit(kind="points"), 42, -1, "down 1 point since September"),
        (Unit(kind="money", currency="EUR"), Decimal(1200), Decimal("-0.4"), "down €0.4 since September"),
        (Unit(kind="seconds"), 5 * 86400, 86400, "up 1 day since September"),
        (Unit(kind="seconds"), 5 * 3600, 1800, "up 0.5 hours since September"),
        (Unit(kind="days"), 0.4, 0.1, "up 0.1 days since September"),
        (Unit(kind="count"), 7, 3, "up 3 since September"),
        (Unit(kind="number", name="stars"), 4.12, 0.3, "up 0.3 stars since September"),
    ],
)
def test_changes_have_their_unit(unit: Unit, value: Number, delta: Number, words: str) -> None:
    """A share and a score change by points, the others by their own unit; no change is rounded to nothing."""
    last = reading(10, value, change=delta)
    view = KpiView(key="k", title="K", unit=unit, readings=(reading(9, value), last))
    assert seen(change_words(READER, measure_of(READER, unit, view.readings), view, last)) == words


def test_a_change_that_can_not_be_told_is_not_called_one() -> None:
    """With an interval of the values but none of the change, the page shows both values and judges nothing."""
    last = reading(10, 0.7, low=0.5, high=0.9, change=-0.2)
    view = kpi(last)
    assert seen(change_words(READER, measure_of(READER, SHARE, [last]), view, last)) == "September: 90%"
    assert seen(kpi_finding(READER, view)) == "Satisfaction is 70% in October"


@pytest.mark.parametrize(
    ("better", "target", "words"),
    [
        ("higher", 0.5, "target 50%: reached"),
        ("higher", 0.9, "target 90%: missed"),
        ("higher", 0.75, "target 75%: within the margin"),
        ("lower", 0.5, "target 50%: missed"),
        ("", 0.5, "target 50%"),
    ],
)
def test_targets_respect_the_interval(better: str, target: float, words: str) -> None:
    """A target within the interval is neither reached nor missed."""
    view = attrs.evolve(kpi(reading(10, 0.73, low=0.7, high=0.76)), target=target, better=better)
    facts = seen(tile(READER, view))
    assert words in facts
    assert ("reached" in facts, "missed" in facts) == ("reached" in words, "missed" in words)


def test_better_and_worse_follow_the_kpi() -> None:
    """Falling is good where lower is better; exact changes are not judged."""
    fallen = kpi(reading(10, 0.73, change=-0.1, clear=True))
    assert "worse" in seen(tile(READER, fallen))
    assert "better" in seen(tile(READER, attrs.evolve(fallen, better="lower")))
    exact = kpi(reading(10, 0.73, change=-0.1))
    assert "worse" not in seen(tile(READER, exact))


def groups(*values: tuple[str, float, float, float]) -> Comparison:
    made = (Group(label=name, value=value, low=low, high=high, n=50) for name, value, low, high in values)
    return Comparison(by="touchpoint", groups=tuple(made))


@pytest.mark.parametrize(
    ("lowest", "words"),
    [
        ((0.5, 0.4, 0.6), "Satisfaction is lowest in Deliveries: 50%"),
        ((0.5, 0.3, 0.75), "Satisfaction: no clear difference by touchpoint"),
    ],
)
def test_groups_differ_only_clearly(lowest: tuple[float, float, float], words: str) -> None:
    """A group whose interval holds the whole is not called different."""
    view = kpi(reading(10, 0.73))
    comparison = groups(("Shop", 0.74, 0.6, 0.85), ("Deliveries", *lowest))
    measure = measure_of(READER, SHARE, comparison.groups)
    assert seen(comparison_finding(READER, view, comparison, measure)) == words


def test_headline_tells_the_clear_worsening_first(report: ReportView) -> None:
    """A clear change for the worse comes before a clear one for the better, with the group that made it."""
    assert seen(headline(READER, report)) == "Satisfaction fell in October, mostly in Deliveries."
    without = attrs.evolve(report, kpis=report.kpis[1:])
    assert seen(headline(READER, without)) == "Time to first answer fell in October."


def test_headline_is_silent_about_noise(report: ReportView) -> None:
    """Without a clear change the page says so; a given sentence is kept."""
    level = attrs.evolve(report, kpis=report.kpis[1:3])
    assert seen(headline(READER, level)) == "No key figure changed clearly in October."
    assert seen(headline(READER, attrs.evolve(level, sentence="All is well."))) == "All is well."
    assert seen(headline(READER, attrs.evolve(level, kpis=()))) == "There is nothing to show yet."


def test_days_are_on_and_months_are_in() -> None:
    """A period of one day is named as one says it."""
    day = Reading(start=date(2026, 11, 3), end=date(2026, 11, 4), value=3)
    assert seen(kpi_finding(READER, KpiView(key="k", title="Calls", readings=(day,)))) == "Calls is 3 on 3 November"


def test_funnels_name_their_weakest_step() -> None:
    """The step with the lowest rate, or that nothing came in."""
    steps = (
        FunnelStep(label="Asked", count=10),
        FunnelStep(label="Offer", count=5, rate=0.5),
        FunnelStep(label="Sold", count=4, rate=0.8),
    )
    assert (
        seen(funnel_finding(READER, FunnelView(title="Sale", steps=steps)))
        == "Sale: most are lost before Offer, 50% go on"
    )
    assert seen(funnel_finding(READER, FunnelView(title="Sale"))) == "Sale: nothing has come in yet"


def test_waiting_counts_all(report: ReportView) -> None:
    """One customer waits, four wait; the count may be larger than the list."""
    one = attrs.evolve(report, waiting=report.waiting[1:2])
    assert seen(waiting_finding(READER, one)) == "1 customer waits for an answer, the longest for 2 days"
    assert seen(waiting_finding(READER, attrs.evolve(report, waiting_count=31))).startswith("31 customers wait")
    assert "and 27 more customers" in seen(Markup(render_report(attrs.evolve(report, waiting_count=31))))
    assert seen(waiting_finding(READER, attrs.evolve(report, waiting=()))) == "Nobody waits for an answer."
