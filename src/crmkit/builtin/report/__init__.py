"""The built-in report: one self-contained page, rendered from plain data.

`render_report` takes a `ReportView` and gives the HTML of the page. It reads
no store, no clock and no network, so that the same view always gives the same
page, byte for byte::

    view = ReportView(
        title="Customer report",
        company="Two Wheels",
        generated_at=now,  # aware, in the business time zone
        language="nl",
        kpis=(
            KpiView(
                key="nps",
                title="Recommendation (NPS)",
                unit=Unit(kind="points"),
                better="higher",
                counted="answers",
                readings=(september, october, november),
            ),
        ),
    )
    path.write_text(render_report(view), encoding="utf-8")

How to fill a view, part by part:

- **KPIs**: one `KpiView` per KPI, one `Reading` per measurement, oldest first.
  The tile shows the last whole period; a running one (``partial``) is only
  "so far" and is never compared. ``change`` and ``clear`` belong to the
  reading that changed: ``clear=True`` where the interval of the difference
  leaves out zero, False where it does not, None where that can not be told or
  values are exact (sums and counts, without ``low`` and ``high``). Only True
  is called better or worse. A value of None shows ``reason``. ``comparisons`` split the last whole period; a group that has a
  ``change`` can be named as the cause in the opening sentence.
- **Units** are those of a KPI: shares are 0..1 (also those of a change),
  points -100..100, money in major units, one KPI per currency. Decimal places follow from
  the intervals.
- **Boards** are pipelines as they stand now: every stage with its count, its
  sums per currency, and perhaps a few cards. Median and range of days in a
  stage make a chart of their own.
- **Funnels** count how many came how far; ``rate`` is of those that left
  the step before; what is ``standing`` is still open, and not lost.
- **Surveys** hold the distribution of every question. A question with a
  ``reason`` (too few answers of an anonymous survey) shows nothing else.
- **Gaps** put our own indicator beside what customers say; **grids** are
  cohorts or RFM scores, cells with numbers.
- **Contacts**: channels and touchpoints by direction; an internal one counts
  what passed between colleagues.
- **Waiting**: customers without an answer; the page sorts them, and shows the
  first, ``waiting_count`` counts all.

Texts in a view are in the reader's language already and may come from users:
everything is escaped, names are isolated from the direction around them, and
characters that could turn the page are dropped. The page's own words, the
numbers, the calendar and the direction follow ``language``; a language is one
file in ``labels``. A part that is empty is left out of the page.
"""

from crmkit.builtin.report.catalogue import languages
from crmkit.builtin.report.page import render_report
from crmkit.builtin.report.view import (
    Amount,
    AnswerCount,
    BoardView,
    CardView,
    Comparison,
    ContactCount,
    FunnelStep,
    FunnelView,
    GapRow,
    GapView,
    GridRow,
    GridView,
    Group,
    KpiView,
    QuestionView,
    Reading,
    ReportView,
    StageView,
    SurveyView,
    Unit,
    WaitingView,
)

__all__ = [
    "render_report",
    "languages",
    "ReportView",
    "KpiView",
    "Reading",
    "Unit",
    "Comparison",
    "Group",
    "BoardView",
    "StageView",
    "CardView",
    "Amount",
    "FunnelView",
    "FunnelStep",
    "SurveyView",
    "QuestionView",
    "AnswerCount",
    "GapView",
    "GapRow",
    "GridView",
    "GridRow",
    "ContactCount",
    "WaitingView",
]
