"""The page as a browser, a screen reader and an attacker meet it."""

import itertools
import re
from html.parser import HTMLParser

import attrs
import pytest

from crmkit.builtin.report import render_report
from crmkit.builtin.report.markup import clean
from crmkit.builtin.report.view import (
    AnswerCount,
    BoardView,
    CardView,
    Comparison,
    ContactCount,
    FunnelStep,
    FunnelView,
    Group,
    QuestionView,
    ReportView,
    StageView,
    SurveyView,
    WaitingView,
)

_VOID = {"meta", "br", "hr", "col"}
_BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class Outline(HTMLParser):
    """Reads a page strictly: every element is closed in its order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.headings: list[int] = []
        self.pieces: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.pieces.append(data)

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def outline(view: ReportView) -> Outline:
    return Outline(render_report(view))


def empty(view: ReportView) -> ReportView:
    return ReportView(title=view.title, generated_at=view.generated_at, language=view.language)


def with_name(view: ReportView, name: str) -> ReportView:
    """The report with this name wherever a person may have typed one."""
    kpi = attrs.evolve(view.kpis[0], title=name, explanation=name, counted=name)
    readings = tuple(attrs.evolve(one, reason=name) for one in kpi.readings)
    groups = (Group(label=name, value=0.5, low=0.4, high=0.6, n=9, change=-0.2), Group(label=name + "2", reason=name))
    kpi = attrs.evolve(kpi, readings=readings, comparisons=(Comparison(by=name, groups=groups),))
    stage = StageView(label=name, count=2, cards=(CardView(who=name, next_step=name),), median_days=3)
    question = QuestionView(
        text=name, answers=(AnswerCount(score=1, count=3, label=name),), positive=name, negative=name
    )
    steps = (FunnelStep(label=name, count=3), FunnelStep(label=name, count=1, rate=0.3))
    return attrs.evolve(
        view,
        title=name,
        company=name,
        time_zone=name,
        kpis=(kpi,),
        boards=(BoardView(title=name, noun=name, stages=(stage, stage)),),
        funnels=(FunnelView(title=name, noun=name, steps=steps), FunnelView(title=name, reason=name)),
        surveys=(
            SurveyView(
                title=name,
                answered=3,
                questions=(question, attrs.evolve(question, form="choice"), attrs.evolve(question, reason=name)),
            ),
            SurveyView(title=name, reason=name),
        ),
        channels=(ContactCount(label=name, inbound=1),),
        touchpoints=(ContactCount(label=name, inbound=1, office="back"),),
        waiting=(
            WaitingView(
                customer=name, since_at=view.generated_at, subject=name, channel=name, touchpoint=name, owner=name
            ),
        ),
    )


def test_elements_are_closed_in_order(report: ReportView) -> None:
    """The page is well-formed and has its landmarks once."""
    page = outline(report)
    assert page.open == []
    for landmark in ("header", "nav", "main", "footer", "h1"):
        assert page.tags.count(landmark) == 1, landmark


def test_headings_are_in_order(report: ReportView) -> None:
    """No heading skips a level going down."""
    levels = outline(report).headings
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_nothing_is_loaded_and_nothing_runs(report: ReportView) -> None:
    """No script, no address, and a policy that forbids both."""
    page = outline(report)
    assert {"script", "link", "img", "iframe", "object", "form", "base"}.isdisjoint(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in ("src", "style")]
    assert all((value or "").startswith("#") for _, name, value in page.attributes if name == "href")
    assert not re.search(r"https?:|//|url\(|@import", render_report(report).replace("<!doctype", ""))
    assert (
        "meta",
        "content",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    ) in page.attributes


def test_page_is_small(report: ReportView) -> None:
    """The whole page stays below 500 KB by far."""
    assert len(render_report(report).encode()) < 250_000


def test_links_lead_somewhere(report: ReportView) -> None:
    """Every link and every reference by id has its target, once."""
    page = outline(report)
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    wanted = [(value or "").lstrip("#") for _, name, value in page.attributes if name in ("href", "aria-labelledby")]
    assert set(wanted) <= set(ids)


def test_pictures_say_what_they_show(report: ReportView) -> None:
    """Every outer SVG is an image with a title and a description."""
    pictures = re.findall(r"<svg role=.*?</desc>", render_report(report))
    assert len(pictures) == render_report(report).count('<svg role="img"')
    assert pictures
    assert all(re.search(r"<title>[^<]+</title><desc>[^<]+</desc>", one) for one in pictures)


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "\"><svg onload='x'>", "</title></style></desc><b>", "&lt;&#x3c;"]
)
def test_names_stay_text(report: ReportView, name: str) -> None:
    """A name that looks like HTML is shown as it was typed, everywhere."""
    page = outline(with_name(report, name))
    assert page.open == []
    assert page.text.count(name) > 30
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert not [attribute for _, attribute, _ in page.attributes if attribute.startswith("on")]


def test_names_can_not_turn_the_page(report: ReportView) -> None:
    """Overrides and isolates in names are gone; what isolates is balanced."""
    page = render_report(with_name(report, f"\u202eevil\u2069\u2066{_BIDI}x"))
    titles = re.findall(r"<(?:title|desc|text)[^>]*>([^<]*)(?=<)", page)
    assert not set("\u202a\u202b\u202c\u202d\u202e") & set(page)
    assert all(one.count("\u2069") == one.count("\u2066") + one.count("\u2068") for one in titles)
    body = re.sub(r"<(?:title|desc|text)[^>]*>[^<]*(?=<)|aria-label=\"[^\"]*\"", "", page)
    assert not set(_BIDI) & set(body)


@pytest.mark.parametrize("name", ["\ud800", "a\x00b\x1b[31m", "\ufffe", "line\nbreak\u2028\ttab"])
def test_names_can_be_written_down(report: ReportView, name: str) -> None:
    """What can not stand in a document is replaced, not written."""
    page = render_report(with_name(report, name))
    page.encode()
    assert not set("\x00\x1b\ufffe") & set(page)


def test_clean_keeps_marks_and_folds_space() -> None:
    """Marks that names in Persian and Hebrew need stay; space is one blank."""
    assert clean(" می\u200cخواهم\u200f \n x ") == "می\u200cخواهم\u200f x"


def test_empty_report_says_so(report: ReportView) -> None:
    """Without any data the page says that, and what will appear."""
    page = outline(empty(report))
    assert "There is nothing to show yet." in page.text
    assert page.headings[0] == 1
    assert "nav" not in page.tags


def test_same_view_same_page(report: ReportView) -> None:
    """Rendering is a pure function."""
    assert render_report(report) == render_report(report)


def test_direction_and_language_are_set(report: ReportView) -> None:
    """The root says language and direction; an unknown language is English."""
    for language, direction, expected in (
        ("en-GB", None, ("en", "ltr")),
        ("en", "rtl", ("en", "rtl")),
        ("xx", None, ("en", "ltr")),
    ):
        page = outline(attrs.evolve(report, language=language, direction=direction))
        assert (("html", "lang", expected[0]), ("html", "dir", expected[1])) == tuple(page.attributes[:2])
