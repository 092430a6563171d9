"""Interactions by channel and by touchpoint, and who waits for an answer."""

from collections.abc import Sequence
from datetime import datetime

from crmkit.builtin.report.markup import Markup, element, isolated, join, plain
from crmkit.builtin.report.reader import Reader
from crmkit.builtin.report.svg import Across, picture, swatch
from crmkit.builtin.report.tables import Row, bar_table, longest, note, number_table
from crmkit.builtin.report.view import ContactCount, ReportView, WaitingView

_HEIGHT = 22
_MOST_ROWS = 12
_MOST_WAITING = 25
_WAYS = ("inbound", "outbound", "internal")


def channels_figure(reader: Reader, view: ReportView) -> Markup:
    """Which channels carry the contacts."""
    first = max(view.channels, key=_all, default=None)
    total = sum(_all(one) for one in view.channels)
    if first is None or not total:
        return _empty(reader, reader.say("channels"))
    finding = reader.say("most_channel", channel=first.label, share=reader.share(_all(first) / total))
    return _figure(reader, view, finding, reader.say("col_channel"), view.channels)


def touchpoints_figure(reader: Reader, view: ReportView) -> Markup:
    """Where customers meet us, front and back office."""
    total = sum(_all(one) for one in view.touchpoints)
    if not total:
        return _empty(reader, reader.say("touchpoints"))
    back = sum(_all(one) for one in view.touchpoints if one.office == "back")
    first = max(view.touchpoints, key=_all)
    finding = reader.say("most_touchpoint", touchpoint=first.label, share=reader.share(_all(first) / total))
    if back:
        finding = reader.say("back_office", share=reader.share(back / total))
    return _figure(reader, view, finding, reader.say("col_touchpoint"), view.touchpoints)


def _all(one: ContactCount) -> int:
    return one.inbound + one.outbound + one.internal


def _empty(reader: Reader, title: Markup) -> Markup:
    return element("figure", element("figcaption", element("h3", title)), note(reader.say("no_contacts")))


def _figure(reader: Reader, view: ReportView, finding: Markup, head: Markup, counts: Sequence[ContactCount]) -> Markup:
    ways = [way for way in _WAYS if any(getattr(one, way) for one in counts)]
    shown, hidden = longest(sorted(counts, key=lambda one: (-_all(one), one.label)), _MOST_ROWS)
    most = max(_all(one) for one in counts)
    rows = [_row(reader, one, ways, most) for one in shown]
    heads = [head, *(_way_head(reader, way) for way in ways), reader.say("col_all")]
    since = (
        element("p", reader.say("since", day=reader.day(view.contacts_from)), class_="sub")
        if view.contacts_from
        else None
    )
    return element(
        "figure",
        element("figcaption", element("h3", finding), since),
        bar_table(finding, heads, rows, "contacts"),
        note(reader.say("more_contacts", hidden)) if hidden else None,
    )


def _way_head(reader: Reader, way: str) -> Markup:
    return join([swatch(way), reader.say(f"col_{way}")])


def _row(reader: Reader, one: ContactCount, ways: Sequence[str], most: int) -> Row:
    across, begin = Across(reader.is_mirrored), 0.0
    bars: list[Markup] = []
    for way in ways:
        length = getattr(one, way) / most
        if length:
            bars.append(across.bar(begin, begin + length, 3, _HEIGHT - 6, f"part {way}"))
        begin += length
    said = [
        reader.spoken("value_in", period=reader.say(f"col_{way}"), value=reader.count(getattr(one, way)))
        for way in ways
    ]
    drawn = picture(plain(isolated(one.label)), reader.separated(said), _HEIGHT, *bars, kind="rowbar")
    office = element("small", reader.say(one.office)) if one.office else None
    cells = (*(reader.count(getattr(one, way)) for way in ways), reader.count(_all(one)))
    return Row(label=join([isolated(one.label), office]), bar=drawn, cells=cells)


def waiting_finding(reader: Reader, view: ReportView) -> Markup:
    """How many wait, and the longest of them."""
    count = len(view.waiting) if view.waiting_count is None else view.waiting_count
    if not count:
        return reader.say("nobody_waits")
    finding = reader.say("wait", count)
    if not view.waiting:
        return finding
    longest_wait = view.generated_at - min(one.since_at for one in view.waiting)
    return reader.say("wait_longest", finding=finding, duration=reader.lasting(longest_wait))


def waiting_table(reader: Reader, view: ReportView) -> Markup | None:
    """The customers who wait, the longest first."""
    if not view.waiting:
        return None
    ordered = sorted(view.waiting, key=lambda one: one.since_at)
    shown, _ = longest(ordered, _MOST_WAITING)
    hidden = (len(ordered) if view.waiting_count is None else view.waiting_count) - len(shown)
    keys = ("col_customer", "col_waits", "col_subject", "col_since", "col_place", "col_owner")
    rows = [_waiting_row(reader, one, view.generated_at) for one in shown]
    table = number_table(waiting_finding(reader, view), [reader.say(key) for key in keys], rows, "waiting")
    return join([table, note(reader.say("more_waiting", hidden)) if hidden > 0 else None])


def _waiting_row(reader: Reader, one: WaitingView, now: datetime) -> list[Markup | None]:
    places = [isolated(place) for place in (one.channel, one.touchpoint) if place]
    name = isolated(one.customer) if one.customer.strip() else reader.say("untitled")
    since = element(
        "time", reader.moment(one.since_at.astimezone(now.tzinfo)), datetime=one.since_at.isoformat(timespec="minutes")
    )
    waits = reader.lasting(now - one.since_at)
    about = isolated(one.subject) if one.subject else None
    return [name, waits, about, since, reader.separated(places), isolated(one.owner) if one.owner else None]
