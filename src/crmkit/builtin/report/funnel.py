"""How many came how far: bars of counts, with the step's rate between."""

from crmkit.builtin.report.markup import Markup, element, isolated, join
from crmkit.builtin.report.reader import Reader
from crmkit.builtin.report.scales import Axis, bar_axis
from crmkit.builtin.report.svg import Across, picture
from crmkit.builtin.report.tables import Row, bar_table, note
from crmkit.builtin.report.view import FunnelStep, FunnelView

_HEIGHT = 26


def funnel_figure(reader: Reader, funnel: FunnelView) -> Markup:
    """The weakest step as the finding, then the steps."""
    finding = funnel_finding(reader, funnel)
    caption = element("figcaption", element("h3", finding))
    if not any(step.count for step in funnel.steps):
        return element("figure", caption, note(isolated(funnel.reason) if funnel.reason else None))
    axis = bar_axis(step.count for step in funnel.steps)
    rows = [_row(reader, step, axis) for step in funnel.steps]
    head = join([reader.say("col_count"), isolated(funnel.noun) if funnel.noun else None], " ")
    heads = [reader.say("col_step"), head, reader.say("col_rate"), reader.say("col_standing")]
    is_rated = any(step.rate is not None for step in funnel.steps)  # a column that no row fills is left out
    return element("figure", caption, bar_table(finding, heads, rows, "funnel rated" if is_rated else "funnel"))


def funnel_finding(reader: Reader, funnel: FunnelView) -> Markup:
    """Where most are lost."""
    if not any(step.count for step in funnel.steps):
        return reader.say("funnel_none", title=funnel.title)
    rates = [(step.rate, step.label) for step in funnel.steps if step.rate is not None]
    if not rates or min(rates)[0] >= 1:
        return reader.say("funnel_even", funnel.steps[0].count, title=funnel.title)
    rate, label = min(rates)
    return reader.say("weakest", title=funnel.title, to=label, rate=reader.share(rate))


def _row(reader: Reader, step: FunnelStep, axis: Axis) -> Row:
    rate = (
        None
        if step.rate is None
        else join([element("span", "\u2193", aria_hidden="true"), reader.share(step.rate)], "\u00a0")
    )
    bar = Across(reader.is_mirrored).bar(0, axis.at(step.count), 3, _HEIGHT - 6, "fill")
    title = reader.spoken("value_in", period=step.label, value=reader.count(step.count))
    drawn = picture(title, title, _HEIGHT, bar, kind="rowbar")
    standing = reader.count(step.standing) if step.standing else None
    return Row(label=isolated(step.label), bar=drawn, cells=(reader.count(step.count), rate, standing))
