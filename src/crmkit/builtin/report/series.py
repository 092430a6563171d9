"""A KPI over time: a line with its interval as a band, and a small one for tiles."""

from collections.abc import Sequence

import attrs

from crmkit.builtin.report.findings import kpi_finding, period_name, running_reading
from crmkit.builtin.report.markup import Markup, element, isolated, join, plain, text_of
from crmkit.builtin.report.measures import Measure
from crmkit.builtin.report.reader import Reader
from crmkit.builtin.report.scales import Axis, axis_of
from crmkit.builtin.report.svg import Across, Anchor, Point, picture, runs
from crmkit.builtin.report.tables import folded, longest, note, number_table
from crmkit.builtin.report.view import KpiView, Number, Reading

_MOST_ROWS = 120
_TOP, _PLOT, _FOOT = 16, 150, 40  # px
_NARROWEST = 330  # px that a chart has at least
_CHARACTER = 7  # px
_STEEP = 12  # px


@attrs.frozen(kw_only=True)
class Plot:
    """The readings of one KPI on their axes.

    Attributes:
        readings: In time order.
        across: From positions to lengths.
        axis: Of values in shown units.
        measure: The unit.
        top: px above the axis' high end.
        height: px from its high to its low end.
        gutter: The share of the width that the axis' labels take.
    """

    readings: Sequence[Reading]
    across: Across
    axis: Axis
    measure: Measure
    top: float
    height: float
    gutter: float = 0

    def x(self, index: int) -> float:
        """Where a reading stands in time: from the gutter to 1."""
        return self.gutter + (1 - self.gutter) * (index + 0.5) / len(self.readings)

    def y(self, value: Number) -> float:
        """How far down a value stands, in px."""
        return self.at(self.measure.shown(value))

    def at(self, shown: float) -> float:
        """The same of a value in shown units."""
        return self.top + self.height * (1 - self.axis.at(shown))

    def point(self, index: int, value: Number | None) -> Point | None:
        """A value as a point; None stays a gap."""
        return None if value is None else (self.x(index), self.y(value))


def series_figure(reader: Reader, kpi: KpiView, measure: Measure) -> Markup:
    """The finding, the line, what is missing, and the numbers."""
    finding = kpi_finding(reader, kpi)
    return element(
        "figure",
        element("figcaption", element("h3", finding), _subtitle(reader, kpi, measure)),
        _chart(reader, kpi, measure, finding) if _has_values(kpi) else None,
        _gaps(reader, kpi, measure),
        folded(reader, series_table(reader, kpi, measure)),
        class_="series",
    )


def _has_values(kpi: KpiView) -> bool:
    return any(reading.value is not None for reading in kpi.readings)


def _subtitle(reader: Reader, kpi: KpiView, measure: Measure) -> Markup:
    banded = any(reading.low is not None for reading in kpi.readings)
    parts = [
        isolated(kpi.explanation) if kpi.explanation else None,
        measure.noun_head,
        reader.say("band") if banded else None,
        None if kpi.target is None else reader.say("dotted", target=measure.full(kpi.target)),
    ]
    return element("p", join((part for part in parts if part), " · "), class_="sub")


def _plot(reader: Reader, kpi: KpiView, measure: Measure, top: float, height: float) -> Plot:
    ends = [end for one in kpi.readings for end in (one.value, one.low, one.high)]
    values = [measure.shown(end) for end in (*ends, kpi.target) if end is not None]
    limits = {"share": (0.0, 100.0), "count": (0.0, None)}.get(kpi.unit.kind, (None, None))
    counted = kpi.unit.kind in ("count", "money") and min(values) >= 0
    axis = axis_of(values, zero=counted, floor_at=limits[0], top=limits[1])
    return Plot(
        measure=measure, readings=kpi.readings, across=Across(reader.is_mirrored), axis=axis, top=top, height=height
    )


def _chart(reader: Reader, kpi: KpiView, measure: Measure, finding: Markup) -> Markup:
    plot = _plot(reader, kpi, measure, _TOP, _PLOT)
    plot = attrs.evolve(plot, gutter=_gutter(plot, measure))
    return picture(
        plain(finding),
        _described(reader, kpi, measure),
        _TOP + _PLOT + _FOOT,
        *_grid(plot, measure),
        _target(plot, kpi),
        *_strokes(plot),
        *_dots(reader, plot, measure),
        _last_label(plot, measure),
        *_ticks(reader, plot),
        kind="line",
    )


def _described(reader: Reader, kpi: KpiView, measure: Measure) -> Markup:
    whole = [_spoken(reader, measure, one) for one in kpi.readings if one.value is not None]
    return join(whole[-3:], "; ")


def _spoken(reader: Reader, measure: Measure, reading: Reading) -> Markup:
    if reading.value is None:
        return reader.spoken("period_reason", period=period_name(reader, reading), reason=reading.reason)
    value = measure.full(reading.value)
    key = "so_far" if reading.partial else "value_in"
    said = reader.spoken(key, period=period_name(reader, reading), value=value)
    if reading.low is None or reading.high is None:
        return said
    interval = reader.spoken("interval", low=measure.write(reading.low), high=measure.write(reading.high))
    return reader.separated([said, interval])


def _grid(plot: Plot, measure: Measure) -> list[Markup]:
    lines: list[Markup] = []
    gap = plot.axis.gap
    for tick in plot.axis.ticks:
        y = plot.at(tick)
        lines.append(plot.across.line((plot.gutter, y), (1, y), "zero" if tick == 0 else "grid"))
        lines.append(plot.across.label((0, y + 4), plain(measure.write_tick(tick, gap)), "scale"))
    return lines


def _gutter(plot: Plot, measure: Measure) -> float:
    """Room for the labels of the grid lines, wide enough on a telephone."""
    labels = (text_of(measure.write_tick(tick, plot.axis.gap)) for tick in plot.axis.ticks)
    return min(0.35, max((len(label) for label in labels), default=0) * _CHARACTER / _NARROWEST + 0.02)


def _target(plot: Plot, kpi: KpiView) -> Markup | None:
    """The target as a line; the subtitle names it, so that nothing covers the series."""
    if kpi.target is None:
        return None
    y = plot.y(kpi.target)
    return plot.across.line((plot.gutter, y), (1, y), "target")


def _strokes(plot: Plot) -> list[Markup]:
    """Band and line; the stretch towards a running period is dashed."""
    whole = [(i, one) for i, one in enumerate(plot.readings) if not one.partial]
    lows = runs(plot.point(i, one.low) for i, one in whole)
    highs = runs(plot.point(i, one.high) for i, one in whole)
    bands = [
        plot.across.path([*high, *reversed(low)], "band", closed=True) for low, high in zip(lows, highs, strict=True)
    ]
    lines = [
        plot.across.path(run, "stroke") for run in runs(plot.point(i, one.value) for i, one in whole) if len(run) > 1
    ]
    return [plot.across.stretched(0, plot.top + plot.height, *bands, *lines, *_running(plot))]


def _running(plot: Plot) -> list[Markup]:
    last = len(plot.readings) - 1
    if last < 1 or not plot.readings[last].partial:
        return []
    ends = [plot.point(i, plot.readings[i].value) for i in (last - 1, last)]
    known = [end for end in ends if end is not None]
    return [plot.across.path(known, "stroke running")] if len(known) == 2 else []


def _dots(reader: Reader, plot: Plot, measure: Measure) -> list[Markup]:
    """A dot for each reading, with its numbers as a tooltip; whiskers where it stands alone."""
    dots: list[Markup] = []
    crowded = len(plot.readings) > 40
    last = _last_whole(plot.readings)
    for i, one in enumerate(plot.readings):
        point = plot.point(i, one.value)
        if point is None or (crowded and i != last and not one.partial):
            continue
        title = element("title", _spoken(reader, measure, one))
        if one.low is not None and one.high is not None and (one.partial or _stands_alone(plot.readings, i)):
            dots.append(
                plot.across.line(
                    (point[0], plot.y(one.low)),
                    (point[0], plot.y(one.high)),
                    "whisker running" if one.partial else "whisker",
                )
            )
        kind = "dot running" if one.partial else "dot last" if i == last else "dot"
        dots.append(plot.across.dot(point, 4.5 if i == last or one.partial else 2.5, kind, title))
    return dots


def _stands_alone(readings: Sequence[Reading], index: int) -> bool:
    near = [readings[i] for i in (index - 1, index + 1) if 0 <= i < len(readings)]
    return all(one.value is None or one.partial for one in near)


def _last_whole(readings: Sequence[Reading]) -> int:
    return max((i for i, one in enumerate(readings) if one.value is not None and not one.partial), default=-1)


def _last_label(plot: Plot, measure: Measure) -> Markup | None:
    """The last whole value, on the side that the line does not come from."""
    index = _last_whole(plot.readings)
    if index < 0:
        return None
    one = plot.readings[index]
    value = one.value or 0
    before = plot.readings[index - 1].value if index else None
    if before is not None and plot.y(value) - plot.y(before) > _STEEP:
        y = min(plot.y(value if one.low is None else one.low) + 17, plot.top + plot.height)
    else:
        y = max(12.0, plot.y(value if one.high is None else one.high) - 8)
    x = plot.x(index)
    anchor: Anchor = "end" if x > 0.75 else "start" if x < 0.25 else "middle"
    return plot.across.label((x, y), plain(measure.write(value)), "value", anchor)


def _ticks(reader: Reader, plot: Plot) -> list[Markup]:
    """Names of periods; on a narrow page every second of them."""
    count = len(plot.readings)
    wide, narrow = -(-count // 8), -(-count // 8) * 2
    y = plot.top + plot.height + 18
    drawn: list[Markup] = []
    year_before = ""
    for i in range((count - 1) % wide, count, wide):
        short, year = _tick(reader, plot.readings[i])
        coarse = (count - 1 - i) % narrow == 0
        drawn.append(_tick_label(plot, i, y, short, "tick" if coarse else "tick fine"))
        if coarse and year != year_before:
            drawn.append(_tick_label(plot, i, y + 15, year, "tick"))
            year_before = year
    return drawn


def _tick(reader: Reader, reading: Reading) -> tuple[str, str]:
    return (reading.label, "") if reading.label else reader.tick(reading.start, reading.end)


def _tick_label(plot: Plot, index: int, y: float, words: str, kind: str) -> Markup:
    x = plot.x(index)
    anchor: Anchor = "end" if x > 0.96 else "middle"
    edge = 1.0 if anchor == "end" else x
    return plot.across.label((edge, y), plain(isolated(words)), kind, anchor)


def _gaps(reader: Reader, kpi: KpiView, measure: Measure) -> Markup:
    """Which periods have no data, and why; and which one still runs."""
    missing = [
        reader.say("period_reason", period=period_name(reader, one), reason=one.reason or reader.say("no_reason"))
        for one in kpi.readings
        if one.value is None and not one.partial
    ]
    shown, hidden = longest(missing[::-1], 3)
    more = [reader.say("more_periods", hidden)] if hidden else []
    said = reader.say("no_data_in", periods=reader.listed([*shown, *more])) if shown else None
    return join([note(said), note(running_words(reader, kpi, measure))])


def running_words(reader: Reader, kpi: KpiView, measure: Measure) -> Markup | None:
    """What the period that still runs shows so far."""
    one = running_reading(kpi)
    if one is None:
        return None
    if one.value is None:
        return reader.say("so_far_no_data", period=period_name(reader, one, brief=True))
    return reader.say("so_far", period=period_name(reader, one, brief=True), value=measure.full(one.value))


def sparkline(reader: Reader, kpi: KpiView, measure: Measure) -> Markup | None:
    """The line alone, for a tile."""
    if not _has_values(kpi) or len(kpi.readings) < 2:
        return None
    plot = _plot(reader, attrs.evolve(kpi, target=None), measure, 6, 42)
    return picture(
        plain(kpi_finding(reader, kpi)),
        _described(reader, kpi, measure),
        56,
        *_strokes(plot),
        *_end_dots(plot),
        kind="line spark",
    )


def _end_dots(plot: Plot) -> list[Markup]:
    last = _last_whole(plot.readings)
    drawn: list[Markup] = []
    for i, one in enumerate(plot.readings):
        point = plot.point(i, one.value)
        if point is not None and (i == last or one.partial):
            drawn.append(plot.across.dot(point, 4, "dot running" if one.partial else "dot last"))
    return drawn


def series_table(reader: Reader, kpi: KpiView, measure: Measure) -> Markup:
    """The readings as numbers, latest first."""
    shown, hidden = longest(kpi.readings[::-1], _MOST_ROWS)
    head = join([reader.say("col_value"), measure.head], " ")
    heads = [
        reader.say("col_period"),
        head,
        reader.say("col_low"),
        reader.say("col_high"),
        reader.say("col_sample"),
        reader.say("col_note"),
    ]
    rows = [_table_row(reader, measure, one) for one in shown]
    table = number_table(isolated(kpi.title), heads, rows, "periods")
    return join([table, note(reader.say("more_rows", hidden)) if hidden else None])


def _table_row(reader: Reader, measure: Measure, one: Reading) -> list[Markup | None]:
    numbers = [None if end is None else measure.bare(end) for end in (one.value, one.low, one.high)]
    remark = reader.say("unfinished") if one.partial else None
    if one.value is None:
        remark = isolated(one.reason) if one.reason else reader.say("no_reason")
    return [isolated(period_name(reader, one)), *numbers, None if one.n is None else reader.count(one.n), remark]


def is_drawn(kpi: KpiView) -> bool:
    """Whether a KPI has enough readings to be drawn over time."""
    return len(kpi.readings) >= 2 and _has_values(kpi)
