"""What the report shows, as plain data: no store, no clock, no service behind it.

Every text here is already in the reader's language (localised names are
chosen by whoever fills the view); numbers, dates and periods are not yet
written out, the page does that in the reader's way. Everything has a
default that means "we do not know" or "there is none".
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import attrs

Number = int | float | Decimal
Better = Literal["higher", "lower", ""]
Direction = Literal["ltr", "rtl"]
UnitKind = Literal["count", "share", "points", "number", "money", "seconds", "minutes", "hours", "days"]


@attrs.frozen(kw_only=True)
class Unit:
    """What a number counts.

    ``count``: whole things. ``share``: a ratio 0..1, shown as per cent.
    ``points``: a score such as NPS, -100..100. ``money``: major units of
    ``currency`` (ISO 4217). ``seconds`` are shown in minutes, hours or days,
    as fits; ``minutes``, ``hours`` and ``days`` as they are. ``number``:
    anything else, such as a mean on a scale; ``name`` is then its noun in the
    reader's language ("stars") or empty.
    """

    kind: UnitKind = "number"
    currency: str = ""
    name: str = ""


@attrs.frozen(kw_only=True)
class Reading:
    """One measurement: a KPI in one period, or in one group.

    Attributes:
        start: First day of the period in the business time zone.
        end: The day after its last day.
        value: The value in the KPI's unit; None means no data, and ``reason``
            says why.
        low: Lower end of the 95 % interval; None where the value is exact.
        high: Upper end of it.
        n: Sample size.
        change: Value less that of the previous period; None where there is
            nothing to compare with.
        clear: Whether the interval of the change leaves out zero. None: it can
            not be told; without ``low`` and ``high`` the values are exact and
            every change is a real one.
        partial: The period is still running.
        reason: Why there is no value.
        label: A name for the period where it is not a month, quarter, year,
            week or day of the reader's calendar.
    """

    start: date
    end: date
    value: Number | None = None
    low: Number | None = None
    high: Number | None = None
    n: int | None = None
    change: Number | None = None
    clear: bool | None = None
    partial: bool = False
    reason: str = ""
    label: str = ""


@attrs.frozen(kw_only=True)
class Group:
    """One group of a comparison, such as one touchpoint; fields as in Reading."""

    label: str
    value: Number | None = None
    low: Number | None = None
    high: Number | None = None
    n: int | None = None
    change: Number | None = None
    clear: bool | None = None
    reason: str = ""


@attrs.frozen(kw_only=True)
class Comparison:
    """A KPI's latest whole period, split into groups ("by touchpoint")."""

    by: str
    groups: tuple[Group, ...] = ()


@attrs.frozen(kw_only=True)
class KpiView:
    """One KPI: a tile, a series over time, and comparisons of groups.

    Attributes:
        key: The KPI's name; used in the page's anchors.
        title: Its name in the reader's language.
        unit: What its values count.
        better: Which direction is good.
        readings: In time order, oldest first; at most the last is partial.
        target: The value aimed at.
        explanation: One sentence: what is counted.
        counted: The noun of its sample ("answers", "closed deals").
        comparisons: The same KPI by group.
    """

    key: str
    title: str
    unit: Unit = Unit()
    better: Better = ""
    readings: tuple[Reading, ...] = ()
    target: Number | None = None
    explanation: str = ""
    counted: str = ""
    comparisons: tuple[Comparison, ...] = ()


@attrs.frozen(kw_only=True)
class Amount:
    """A sum of money in major units of one currency."""

    value: Decimal
    currency: str


@attrs.frozen(kw_only=True)
class CardView:
    """One deal or case on the board.

    Attributes:
        who: The customer, or what the record is called.
        amount: What it is worth.
        days: Whole days in this stage.
        next_step: The next planned interaction in words.
        stale: Longer in this stage than is usual.
    """

    who: str
    amount: Amount | None = None
    days: int | None = None
    next_step: str = ""
    stale: bool = False


@attrs.frozen(kw_only=True)
class StageView:
    """One column of the board.

    Attributes:
        label: The stage's name.
        state: ``open``, ``hold``, ``won`` or ``lost``.
        count: How many are in it (for won and lost: within ``days``).
        sums: One amount per currency; currencies are never added together.
        days: The window that a won or lost stage counts; None for all.
        stale: How many of them have been here too long.
        median_days: Median days in this stage; ``low_days`` and ``high_days``
            are the range that half of them lie in.
        cards: A few of them, the most important first.
    """

    label: str
    state: Literal["open", "hold", "won", "lost"] = "open"
    count: int = 0
    sums: tuple[Amount, ...] = ()
    days: int | None = None
    stale: int = 0
    median_days: float | None = None
    low_days: float | None = None
    high_days: float | None = None
    cards: tuple[CardView, ...] = ()


@attrs.frozen(kw_only=True)
class BoardView:
    """A pipeline as it stands now; ``noun`` is what moves along it ("deals")."""

    title: str
    noun: str = ""
    stages: tuple[StageView, ...] = ()


@attrs.frozen(kw_only=True)
class FunnelStep:
    """One step of a funnel.

    ``rate`` is the share (0..1) of those that left the step before, onwards or
    lost, that came here; None on the first step and where none has left it.
    ``standing`` counts what came no further yet and is still open: it is not lost.
    """

    label: str
    count: int
    standing: int = 0
    rate: float | None = None


@attrs.frozen(kw_only=True)
class FunnelView:
    """How many came how far; ``noun`` is what moves along it ("deals")."""

    title: str
    noun: str = ""
    steps: tuple[FunnelStep, ...] = ()
    reason: str = ""


@attrs.frozen(kw_only=True)
class AnswerCount:
    """How often one answer was given; ``label`` names it where it has a name."""

    score: int
    count: int
    label: str = ""


@attrs.frozen(kw_only=True)
class QuestionView:
    """One question and the distribution of its answers.

    Attributes:
        text: The question.
        form: ``nps`` (0 to 10), ``scale`` (an ordered scale) or ``choice``.
        answers: One per possible answer, lowest score first, zeros included.
        bottom: Scores up to this are negative (``scale``).
        top: Scores from this on are positive (``scale``).
        negative: The name of the negative side ("dissatisfied").
        positive: The name of the positive side ("satisfied").
        score: The KPI of this question (NPS points, or the share at the top).
        skipped: Asked but not answered.
        reason: Why the answers are not shown (too few of an anonymous survey).
    """

    text: str
    form: Literal["nps", "scale", "choice"] = "scale"
    answers: tuple[AnswerCount, ...] = ()
    bottom: int = 2
    top: int = 4
    negative: str = ""
    positive: str = ""
    score: Reading | None = None
    skipped: int = 0
    reason: str = ""


@attrs.frozen(kw_only=True)
class SurveyView:
    """One survey. ``sent`` counts invitations, ``answered`` responses."""

    title: str
    sent: int | None = None
    answered: int = 0
    questions: tuple[QuestionView, ...] = ()
    reason: str = ""


@attrs.frozen(kw_only=True)
class ContactCount:
    """Interactions of one channel or at one touchpoint, by direction.

    ``office`` is ``front`` or ``back`` for a touchpoint and empty where it is
    not known; ``internal`` counts what passed between colleagues.
    """

    label: str
    inbound: int = 0
    outbound: int = 0
    internal: int = 0
    office: Literal["front", "back", ""] = ""


@attrs.frozen(kw_only=True)
class WaitingView:
    """A customer who wrote or called and has no answer yet."""

    customer: str
    since_at: datetime
    subject: str = ""
    channel: str = ""
    touchpoint: str = ""
    owner: str = ""


@attrs.frozen(kw_only=True)
class GapRow:
    """One touchpoint: what we measure of ourselves and what customers say of it.

    Both in the unit of the gap, None where it is not known.
    """

    label: str
    ours: Number | None = None
    theirs: Number | None = None


@attrs.frozen(kw_only=True)
class GapView:
    """Perception gaps: an internal indicator against what customers say."""

    title: str
    ours: str
    theirs: str
    unit: Unit = Unit(kind="share")
    rows: tuple[GapRow, ...] = ()


@attrs.frozen(kw_only=True)
class GridRow:
    """One row of a grid; None is a cell that is not complete yet or empty."""

    label: str
    cells: tuple[Number | None, ...] = ()
    n: int | None = None


@attrs.frozen(kw_only=True)
class GridView:
    """Cells with numbers: cohorts by age (shares), or RFM scores (counts).

    Attributes:
        title: What is shown.
        finding: What it says; empty: the title stands alone.
        corner: What the rows are ("First purchase").
        columns: The names of the columns.
        rows: From top to bottom.
        unit: What the cells count.
    """

    title: str
    finding: str = ""
    corner: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[GridRow, ...] = ()
    unit: Unit = Unit(kind="share")


@attrs.frozen(kw_only=True)
class ReportView:
    """Everything on the page.

    Attributes:
        title: What this report is called.
        company: Whose report it is.
        generated_at: When it was made: aware, in the business time zone.
        language: The reader's language, a BCP 47 tag such as ``nl`` or ``fa-IR``.
        direction: None: as the language is written.
        time_zone: Name of the business time zone.
        sentence: The sentence that the page opens with; empty: found in the data.
        contacts_from: First day that channels and touchpoints count.
        waiting_count: How many wait in all, where ``waiting`` holds only some.
    """

    title: str
    company: str = ""
    generated_at: datetime
    language: str = "en"
    direction: Direction | None = None
    time_zone: str = ""
    sentence: str = ""
    kpis: tuple[KpiView, ...] = ()
    boards: tuple[BoardView, ...] = ()
    funnels: tuple[FunnelView, ...] = ()
    surveys: tuple[SurveyView, ...] = ()
    gaps: tuple[GapView, ...] = ()
    grids: tuple[GridView, ...] = ()
    channels: tuple[ContactCount, ...] = ()
    touchpoints: tuple[ContactCount, ...] = ()
    contacts_from: date | None = None
    waiting: tuple[WaitingView, ...] = ()
    waiting_count: int | None = None
