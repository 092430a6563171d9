"""The whole page: one file, no network, no script."""

from crmkit.builtin.report.board import board_figure, stage_times_figure
from crmkit.builtin.report.catalogue import reader_of
from crmkit.builtin.report.comparison import comparison_figure
from crmkit.builtin.report.contacts import channels_figure, touchpoints_figure, waiting_finding, waiting_table
from crmkit.builtin.report.findings import headline
from crmkit.builtin.report.funnel import funnel_figure
from crmkit.builtin.report.gaps import gap_figure
from crmkit.builtin.report.grids import grid_figure
from crmkit.builtin.report.markup import Markup, clean, element, isolated, join
from crmkit.builtin.report.measures import measure_of
from crmkit.builtin.report.reader import Reader
from crmkit.builtin.report.series import is_drawn, series_figure
from crmkit.builtin.report.style import stylesheet
from crmkit.builtin.report.surveys import survey_section
from crmkit.builtin.report.tiles import tile
from crmkit.builtin.report.view import ReportView

# Nothing may be loaded and nothing run, whatever a name or a reason contains.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render_report(view: ReportView) -> str:
    """The report as one HTML document, to be written as UTF-8.

    The same view gives the same text, byte for byte.
    """
    reader = reader_of(view.language, view.generated_at.date(), view.direction)
    sections = _sections(reader, view)
    page = element(
        "html",
        _head(reader, view),
        element(
            "body",
            _skip(reader),
            _header(reader, view, sections),
            _main(reader, sections),
            _footer(reader) if sections else None,
        ),
        lang=reader.language,
        dir=reader.direction,
    )
    return f"<!doctype html>\n{page}\n"


Section = tuple[str, Markup, Markup]


def _head(reader: Reader, view: ReportView) -> Markup:
    title = ", ".join(clean(part) for part in (view.title, view.company) if part)
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", stylesheet()),
    )


def _skip(reader: Reader) -> Markup:
    return element("a", reader.say("skip"), href="#main", class_="skip")


def _header(reader: Reader, view: ReportView, sections: list[Section]) -> Markup:
    name = [isolated(part) for part in (view.company, view.title) if part]
    made = reader.say("made", when=reader.moment(view.generated_at))
    zone = reader.say("zone", zone=view.time_zone) if view.time_zone else None
    waiting = (
        element("p", waiting_finding(reader, view), class_="second") if view.waiting or view.waiting_count else None
    )
    return element(
        "header",
        element("h1", join(name, " · ")),
        element("p", reader.separated([made, zone]), class_="made"),
        element("p", headline(reader, view), class_="lead"),
        waiting,
        _contents(reader, sections) if len(sections) > 1 else None,
    )


def _contents(reader: Reader, sections: list[Section]) -> Markup:
    links = (element("li", element("a", title, href=f"#{key}")) for key, title, _ in sections)
    return element("nav", element("ul", *links), aria_label=reader.spoken("contents"))


def _main(reader: Reader, sections: list[Section]) -> Markup:
    if not sections:
        return element("main", element("p", reader.say("nothing_next")), id="main")
    parts = (
        element("section", element("h2", title, id=f"{key}-title"), body, id=key, aria_labelledby=f"{key}-title")
        for key, title, body in sections
    )
    return element("main", *parts, id="main")


def _sections(reader: Reader, view: ReportView) -> list[Section]:
    """The sections that have something to show, in the page's order."""
    found = [
        (
            "key-figures",
            "key_figures",
            [element("div", *(tile(reader, kpi) for kpi in view.kpis), class_="tiles")] if view.kpis else [],
        ),
        ("over-time", "over_time", _series(reader, view)),
        ("compared", "compared", _comparisons(reader, view)),
        ("pipelines", "pipelines", _pipelines(reader, view)),
        ("surveys", "surveys", [survey_section(reader, survey) for survey in view.surveys]),
        ("perception", "perception", _figures([gap_figure(reader, gap) for gap in view.gaps if gap.rows])),
        ("grids", "grids", _figures([grid_figure(reader, grid) for grid in view.grids if grid.rows])),
        ("contacts", "contacts", _contacts(reader, view)),
        ("waiting", "waiting", _waiting(reader, view)),
    ]
    return [(key, reader.say(title), join(parts)) for key, title, parts in found if parts]


def _figures(figures: list[Markup]) -> list[Markup]:
    return [element("div", *figures, class_="figures")] if figures else []


def _series(reader: Reader, view: ReportView) -> list[Markup]:
    drawn = [kpi for kpi in view.kpis if is_drawn(kpi)]
    return _figures([series_figure(reader, kpi, measure_of(reader, kpi.unit, kpi.readings)) for kpi in drawn])


def _comparisons(reader: Reader, view: ReportView) -> list[Markup]:
    return _figures([comparison_figure(reader, kpi, one) for kpi in view.kpis for one in kpi.comparisons if one.groups])


def _pipelines(reader: Reader, view: ReportView) -> list[Markup]:
    boards = [board_figure(reader, board) for board in view.boards]
    times = [figure for board in view.boards if (figure := stage_times_figure(reader, board))]
    return _figures([*boards, *(funnel_figure(reader, funnel) for funnel in view.funnels), *times])


def _contacts(reader: Reader, view: ReportView) -> list[Markup]:
    channels = [channels_figure(reader, view)] if view.channels else []
    touchpoints = [touchpoints_figure(reader, view)] if view.touchpoints else []
    return _figures([*channels, *touchpoints])


def _waiting(reader: Reader, view: ReportView) -> list[Markup]:
    table = waiting_table(reader, view)
    if table is None and not view.channels:
        return []
    return [element("figure", element("figcaption", element("h3", waiting_finding(reader, view))), table)]


def _footer(reader: Reader) -> Markup:
    notes = (element("p", reader.say(key)) for key in ("reading_interval", "reading_partial", "reading_nodata"))
    return element("footer", element("h2", reader.say("reading_title")), *notes)
