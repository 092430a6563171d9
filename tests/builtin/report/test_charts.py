"""What is drawn: where bars begin, what is mirrored, what is left out."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import attrs
import pytest

from crmkit.builtin.report import render_report
from crmkit.builtin.report.board import board_figure
from crmkit.builtin.report.catalogue import reader_of
from crmkit.builtin.report.comparison import comparison_figure
from crmkit.builtin.report.contacts import touchpoints_figure, waiting_table
from crmkit.builtin.report.gaps import gap_figure
from crmkit.builtin.report.grids import grid_figure
from crmkit.builtin.report.markup import Markup
from crmkit.builtin.report.measures import measure_of
from crmkit.builtin.report.reader import Reader
from crmkit.builtin.report.scales import axis_of, bar_axis
from crmkit.builtin.report.series import series_figure
from crmkit.builtin.report.surveys import survey_section
from crmkit.builtin.report.svg import Across
from crmkit.builtin.report.view import (
    Amount,
    AnswerCount,
    BoardView,
    Comparison,
    ContactCount,
    Group,
    KpiView,
    Number,
    QuestionView,
    Reading,
    ReportView,
    StageView,
    SurveyView,
    Unit,
    WaitingView,
)

TODAY = date(2026, 11, 24)
READER = reader_of("en", TODAY)
MIRRORED = reader_of("he", TODAY)
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


def series(values: Sequence[Number | None], unit: Unit, **more: object) -> KpiView:
    """Days of November, the last of them still running."""
    days = [TODAY - timedelta(days=len(values) - 1 - i) for i in range(len(values))]
    readings = [
        Reading(start=day, end=day + timedelta(days=1), value=value, partial=day == TODAY)
        for day, value in zip(days, values, strict=True)
    ]
    return KpiView(key="k", title="Calls", unit=unit, readings=tuple(readings), **more)  # type: ignore[arg-type] - fields by name


def drawn(view: KpiView, reader: Reader = READER) -> Markup:
    return series_figure(reader, view, measure_of(reader, view.unit, view.readings))


def compared(groups: Sequence[Group], unit: Unit, reader: Reader = READER) -> Markup:
    view = series([1, 2], unit)
    return comparison_figure(reader, view, Comparison(by="shop", groups=tuple(groups)))


def bars(source: str) -> list[tuple[float, float]]:
    """Begin and width of every bar, in per cent."""
    found = re.findall(r'<rect class="fill[^"]*" x="([\d.]+)%" width="([\d.]+)%"', source)
    return [(float(begin), float(width)) for begin, width in found]


def test_bars_begin_at_zero() -> None:
    """Positive bars grow from the start, the longest is the whole width."""
    groups = [Group(label="a", value=0.5), Group(label="b", value=0.25), Group(label="c", value=0)]
    assert bars(compared(groups, Unit(kind="share"))) == [(0, 100), (0, 50), (0, 0)]


def test_negative_bars_grow_the_other_way() -> None:
    """All-negative values end at zero; mixed ones meet there."""
    money = Unit(kind="money", currency="EUR")
    below = compared([Group(label="a", value=-50), Group(label="b", value=-100)], money)
    assert bars(below) == [(50, 50), (0, 100)]
    assert below.count("fill negative") == 2
    assert bars(compared([Group(label="a", value=50), Group(label="b", value=-50)], money)) == [(50, 50), (0, 50)]


def test_bars_are_mirrored_from_right_to_left() -> None:
    """A right-to-left page mirrors every bar."""
    groups = [Group(label="a", value=0.5), Group(label="b", value=0.25)]
    assert bars(compared(groups, Unit(kind="share"), MIRRORED)) == [(0, 100), (50, 50)]


def test_time_runs_in_reading_direction() -> None:
    """The last reading stands at the end of reading: right, or left."""
    view = series([1, 2, 3, 4], Unit(kind="count"))
    last = {
        reader.direction: float(re.findall(r'<circle class="dot running" cx="([\d.]+)%"', drawn(view, reader))[0])
        for reader in (READER, MIRRORED)
    }
    assert last["ltr"] > 80
    assert last["rtl"] == pytest.approx(100 - last["ltr"])


def test_labels_keep_their_side_when_mirrored() -> None:
    """What starts a line starts it at the right in a right-to-left page."""
    label = Across(mirrored=True).label((0.25, 10), Markup("x"), anchor="start")
    assert 'x="75%"' in label
    assert 'text-anchor="end"' in label


def test_gaps_break_the_line_and_say_why() -> None:
    """A period without data is neither drawn nor bridged, and is named below."""
    view = series([1, 2, None, 4, 5, 6], Unit(kind="count"))
    source = drawn(view)
    assert len(re.findall(r'<path class="stroke"', source)) == 2
    assert "No data in" in source
    assert "nothing was counted" in source


def test_running_period_is_dashed_and_hollow() -> None:
    """The running period is drawn apart from the line."""
    source = drawn(series([1, 2, 3, 9], Unit(kind="count")))
    assert source.count('class="stroke running"') == 1
    assert source.count('class="dot running"') == 1
    assert "so far" in source


def test_interval_is_a_band() -> None:
    """Whole periods with an interval have one band around the line."""
    view = series([0.5, 0.6, 0.7, 0.6], Unit(kind="share"))
    readings = tuple(
        attrs.evolve(one, low=float(one.value or 0) - 0.1, high=float(one.value or 0) + 0.1) for one in view.readings
    )
    source = drawn(attrs.evolve(view, readings=readings))
    assert source.count('<path class="band"') == 1
    assert "95% interval" in source


@pytest.mark.parametrize(
    "values",
    [
        [3],
        [None],
        [0, 0, 0],
        [-5, -5],
        [-9, -3, -7],
        [10**12, 2 * 10**12],
        [1e-9, 2e-9],
        [None, 4, None],
        list(range(800)),
    ],
)
@pytest.mark.parametrize("kind", ["count", "share", "points", "number", "seconds", "days", "money"])
def test_every_series_can_be_drawn(values: list[Number | None], kind: str) -> None:
    """One value, none, constants, negatives, huge and tiny ones: all points stay within the picture."""
    source = drawn(series(values, Unit(kind=kind, currency="EUR")))  # type: ignore[arg-type] - every kind in turn
    assert "nan" not in source
    for height in re.findall(r'cy="([^"]+)"', source):
        assert 0 <= float(height) <= 180


def test_axes_hold_their_values() -> None:
    """An axis is never empty, holds all values, and has a handful of round ticks."""
    for values in ([], [0], [7, 7], [-3, -2], [0.001, 0.002], [1, 10**12]):
        axis = axis_of(values)
        assert axis.low < axis.high
        assert all(0 <= axis.at(value) <= 1 for value in values)
        assert 2 <= len(axis.ticks) <= 8
    assert bar_axis([]).at(0) == 0
    assert axis_of([2, 9], zero=True).low == 0
    assert axis_of([95, 100], top=100).high == 100


def test_long_comparisons_are_cut_and_counted() -> None:
    """The first twelve of ten thousand groups, and how many more there are."""
    groups = [Group(label=f"g{i}", value=i) for i in range(10_000)]
    source = compared(groups, Unit(kind="count"))
    assert len(bars(source)) == 12
    assert "9,988" in source


def test_columns_that_nothing_fills_are_left_out() -> None:
    """Without intervals and samples there are no empty columns for them."""
    source = compared([Group(label="a", value=1)], Unit(kind="count"))
    assert "Value" in source
    assert "From" not in source
    assert "Sample" not in source


def test_boards_never_add_currencies() -> None:
    """Sums stand side by side, each in its currency."""
    sums = (Amount(value=Decimal("10.50"), currency="EUR"), Amount(value=Decimal(7), currency="AED"))
    stages = (
        StageView(label="A", count=2, sums=sums),
        StageView(label="B", count=1, sums=sums[:1]),
        StageView(label="C", state="won", count=9, sums=sums),
    )
    source = re.sub(r"<[^>]*>", "", board_figure(READER, BoardView(title="Sale", stages=stages)))
    assert "Sale: 3 open, worth €21 and AED\u00a07" in source
    assert "€10.50" in source


def test_nps_bar_is_whole() -> None:
    """The three parts fill the bar, and the score stands beside it."""
    answers = tuple(AnswerCount(score=score, count=count) for score, count in ((0, 1), (6, 1), (7, 2), (9, 3), (10, 3)))
    source = survey_section(
        READER, SurveyView(title="S", answered=10, questions=(QuestionView(text="Q", form="nps", answers=answers),))
    )
    parts = [
        (float(x), float(width))
        for x, width in re.findall(r'<rect class="part \w+" x="([\d.]+)%" width="([\d.]+)%"', source)
    ]
    assert parts == [(0, 20), (20, 20), (40, 60)]
    assert re.search(r'<strong><bdi dir="ltr">40</bdi></strong>', source)
    assert "More promoters than detractors" in source


def test_scales_share_their_middle() -> None:
    """The middle of the neutral part is at the same place in every row."""
    counts = ((1, 1, 2, 3, 3), (4, 3, 1, 1, 1), (0, 0, 0, 1, 0))
    questions = tuple(
        QuestionView(text=f"Q{i}", answers=tuple(AnswerCount(score=s, count=c) for s, c in enumerate(row, 1)))
        for i, row in enumerate(counts)
    )
    source = survey_section(READER, SurveyView(title="S", answered=10, questions=questions))
    axes = set(re.findall(r'<line class="axis" x1="([\d.]+)%"', source))
    neutral = [
        (float(x), float(width))
        for x, width in re.findall(r'<rect class="part neutral" x="([\d.]+)%" width="([\d.]+)%"', source)
    ]
    assert len(axes) == 1
    assert len(neutral) == 2
    assert all(x + width / 2 == pytest.approx(float(next(iter(axes))), abs=0.02) for x, width in neutral)


def test_small_anonymous_results_are_not_shown() -> None:
    """A question with a reason shows that, and none of its numbers."""
    secret = QuestionView(text="Q", answers=(AnswerCount(score=1, count=3),), reason="too few answers")
    source = survey_section(READER, SurveyView(title="S", answered=3, questions=(secret,)))
    assert "too few answers" in source
    assert "<table" not in source
    assert "<rect" not in source


def test_gaps_and_grids(report: ReportView) -> None:
    """The widest gap leads; cells that are not complete stay empty."""
    gap = gap_figure(READER, report.gaps[0])
    assert re.sub(r"<[^>]*>", "", gap).startswith("Widest at Deliveries: we measure 94%, customers say 58%")
    grid = grid_figure(READER, report.grids[0])
    assert grid.count("<td></td>") == 10
    assert grid.count('class="shade5"') == 6


def test_touchpoints_without_offices_are_compared_all_the_same(report: ReportView) -> None:
    """Where no office is known, the busiest touchpoint is the finding."""
    view = attrs.evolve(
        report, touchpoints=(ContactCount(label="Shop", inbound=3), ContactCount(label="Web", inbound=1))
    )
    assert "Most contact is at Shop: 75%" in re.sub(r"<[^>]*>", "", touchpoints_figure(READER, view))


def test_those_who_wait_longest_come_first(report: ReportView) -> None:
    """The table is in order of waiting, whatever the view's order."""
    view = attrs.evolve(report, waiting=report.waiting[::-1])
    table = waiting_table(READER, view) or ""
    assert table.index("Bé Jansen") < table.index("דוד") < table.index("شركة") < table.index("شرکت")


def test_extremes_stay_small_and_whole(report: ReportView) -> None:
    """Ten thousand rows, names of 80 characters and twelve digits make a page below 500 KB that shows them."""
    many = tuple(Group(label=f"{LONG}{i}", value=Decimal(987654321098), n=i) for i in range(10_000))
    kpi = attrs.evolve(
        series([Decimal(123456789012)] * 800, Unit(kind="money", currency="EUR")),
        comparisons=(Comparison(by=LONG, groups=many),),
    )
    view = attrs.evolve(
        report,
        company=LONG,
        kpis=(kpi,) * 8,
        touchpoints=tuple(ContactCount(label=f"{LONG}{i}", inbound=i) for i in range(10_000)),
        waiting=tuple(WaitingView(customer=LONG, since_at=report.generated_at, subject=LONG) for _ in range(10_000)),
    )
    page = render_report(view)
    assert len(page.encode()) < 500_000
    assert "€987,654,321,098" in page.replace('<bdi dir="ltr">', "") or "987,654,321,098" in page
    assert LONG in page
