"""Groups of one KPI side by side: horizontal bars, or dots, with whiskers."""

from collections.abc import Sequence

from crmkit.builtin.report.findings import comparison_finding, headline_reading, period_name
from crmkit.builtin.report.markup import Markup, element, isolated, join
from crmkit.builtin.report.measures import Measure, measure_of
from crmkit.builtin.report.reader import Reader
from crmkit.builtin.report.scales import Axis, axis_of, bar_axis
from crmkit.builtin.report.svg import Across, picture
from crmkit.builtin.report.tables import Row, bar_table, longest, note
from crmkit.builtin.report.view import Comparison, Group, KpiView, Reading

_MOST_GROUPS = 12
_HEIGHT = 22


def comparison_figure(reader: Reader, kpi: KpiView, comparison: Comparison) -> Markup:
    """The finding, a bar per group (best first), and the whole for comparison."""
    measure = measure_of(reader, kpi.unit, comparison.groups)
    finding = comparison_finding(reader, kpi, comparison, measure)
    shown, hidden = longest(_sorted(kpi, comparison.groups), _MOST_GROUPS)
    whole = headline_reading(kpi)
    rows = [_row(reader, measure, group, _axis(kpi, shown)) for group in shown]
    heads = [
        isolated(comparison.by),
        join([reader.say("col_value"), measure.head], " "),
        reader.say("col_low"),
        reader.say("col_high"),
        reader.say("col_sample"),
    ]
    return element(
        "figure",
        element("figcaption", element("h3", finding), _subtitle(reader, kpi, comparison, whole)),
        bar_table(finding, heads, rows, "grouped"),
        note(reader.say("more_groups", hidden)) if hidden else None,
    )


def _sorted(kpi: KpiView, groups: Sequence[Group]) -> list[Group]:
    sign = 1 if kpi.better == "lower" else -1
    return sorted(groups, key=lambda one: (one.value is None, sign * float(one.value or 0), one.label))


def _axis(kpi: KpiView, groups: Sequence[Group]) -> Axis:
    ends = [float(end) for one in groups for end in (one.value, one.low, one.high) if end is not None]
    return axis_of(ends) if kpi.unit.kind == "number" else bar_axis(ends)


def _subtitle(reader: Reader, kpi: KpiView, comparison: Comparison, whole: Reading | None) -> Markup:
    banded = any(group.low is not None for group in comparison.groups)
    parts = [
        isolated(kpi.title),
        reader.say("by_group", by=comparison.by, period=period_name(reader, whole)) if whole else None,
        reader.say("whisker") if banded else None,
    ]
    return element("p", join((part for part in parts if part), " · "), class_="sub")


def _row(reader: Reader, measure: Measure, group: Group, axis: Axis) -> Row:
    if group.value is None:
        reason = isolated(group.reason) if group.reason else reader.say("no_reason")
        return Row(label=isolated(group.label), bar=element("span", reason, class_="reason"), kind="none")
    numbers = [None if end is None else measure.bare(end) for end in (group.value, group.low, group.high)]
    sample = None if group.n is None else reader.count(group.n)
    return Row(label=isolated(group.label), bar=_bar(reader, measure, group, axis), cells=(*numbers, sample))


def _bar(reader: Reader, measure: Measure, group: Group, axis: Axis) -> Markup:
    across, middle = Across(reader.is_mirrored), _HEIGHT / 2
    value = axis.at(float(group.value or 0))
    drawn: list[Markup] = []
    if measure.unit.kind == "number":
        drawn.append(across.line((0, middle), (1, middle), "grid"))
    else:
        drawn.append(
            across.bar(axis.at(0), value, 3, _HEIGHT - 6, "fill negative" if (group.value or 0) < 0 else "fill")
        )
    if group.low is not None and group.high is not None:
        drawn.extend(whisker(across, axis.at(float(group.low)), axis.at(float(group.high)), middle))
    if measure.unit.kind == "number":
        drawn.append(across.dot((value, middle), 5, "dot last"))
    title = reader.spoken("value_in", period=group.label, value=measure.full(group.value or 0))
    return picture(title, reader.spoken("whisker"), _HEIGHT, *drawn, kind="rowbar")


def whisker(across: Across, low: float, high: float, y: float) -> list[Markup]:
    """An interval as a line with two caps."""
    return [
        across.line((low, y), (high, y), "whisker"),
        across.line((low, y - 4), (low, y + 4), "whisker"),
        across.line((high, y - 4), (high, y + 4), "whisker"),
    ]
