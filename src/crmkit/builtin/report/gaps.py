"""Perception gaps: two dots and the line between them, per touchpoint."""

from crmkit.builtin.report.markup import Markup, element, isolated, join, plain
from crmkit.builtin.report.measures import Measure, measure_of
from crmkit.builtin.report.reader import Reader
from crmkit.builtin.report.scales import Axis, axis_of
from crmkit.builtin.report.svg import Across, picture, swatch
from crmkit.builtin.report.tables import Row, bar_table, longest, note
from crmkit.builtin.report.view import GapRow, GapView, Group

_HEIGHT = 22
_MOST_ROWS = 12


def gap_figure(reader: Reader, gap: GapView) -> Markup:
    """Where the picture that we have of ourselves is farthest from that of our customers."""
    ordered = sorted(gap.rows, key=lambda row: (_width(row) is None, -abs(_width(row) or 0)))
    shown, hidden = longest(ordered, _MOST_ROWS)
    ends = [Group(label=row.label, value=end) for row in gap.rows for end in (row.ours, row.theirs)]
    measure = measure_of(reader, gap.unit, ends)
    finding = _finding(reader, gap, ordered, measure)
    axis = axis_of(measure.shown(end.value) for end in ends if end.value is not None)
    heads = [reader.say("col_touchpoint"), _head(gap.ours, measure, "ours"), _head(gap.theirs, measure, "theirs")]
    return element(
        "figure",
        element("figcaption", element("h3", finding), element("p", isolated(gap.title), class_="sub")),
        bar_table(finding, heads, [_row(reader, gap, measure, row, axis) for row in shown], "gaps"),
        note(reader.say("more_groups", hidden)) if hidden else None,
    )


def _width(row: GapRow) -> float | None:
    return None if row.ours is None or row.theirs is None else float(row.ours) - float(row.theirs)


def _head(name: str, measure: Measure, kind: str) -> Markup:
    return join([swatch(kind), isolated(name), measure.head], " ")


def _finding(reader: Reader, gap: GapView, ordered: list[GapRow], measure: Measure) -> Markup:
    widest = ordered[0] if ordered and _width(ordered[0]) else None
    if widest is None or widest.ours is None or widest.theirs is None:
        return reader.say("gap_none", title=gap.title)
    both = {"ours": measure.write(widest.ours), "theirs": measure.write(widest.theirs)}
    return reader.say("gap_widest", group=widest.label, our=gap.ours, their=gap.theirs, **both)


def _row(reader: Reader, gap: GapView, measure: Measure, row: GapRow, axis: Axis) -> Row:
    across, middle = Across(reader.is_mirrored), _HEIGHT / 2
    places = [None if end is None else axis.at(measure.shown(end)) for end in (row.ours, row.theirs)]
    drawn = [across.line((0, middle), (1, middle), "grid")]
    if places[0] is not None and places[1] is not None:
        drawn.append(across.line((places[0], middle), (places[1], middle), "between"))
    for place, kind in zip(places, ("ours", "theirs"), strict=True):
        if place is not None:
            drawn.append(across.dot((place, middle), 6, f"dot {kind}"))
    numbers = [None if end is None else measure.bare(end) for end in (row.ours, row.theirs)]
    said = [
        reader.spoken("value_in", period=name, value=measure.write(end))
        for name, end in ((gap.ours, row.ours), (gap.theirs, row.theirs))
        if end is not None
    ]
    shown = picture(plain(isolated(row.label)), reader.separated(said), _HEIGHT, *drawn, kind="rowbar")
    return Row(label=isolated(row.label), bar=shown, cells=tuple(numbers))
