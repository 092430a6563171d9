"""A report as a small firm would get it, names in four scripts."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import sin

import attrs
import pytest

from crmkit.builtin.report.catalogue import reader_of
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

NOW = datetime(2026, 11, 24, 9, 40, tzinfo=UTC)


def month(back: int) -> tuple[date, date]:
    """The month that lies so many before November 2026."""
    first = 2026 * 12 + 10 - back
    return date(first // 12, first % 12 + 1, 1), date((first + 1) // 12, (first + 1) % 12 + 1, 1)


def reading(back: int, value: float | Decimal | None, half: float | None = None, **more: object) -> Reading:
    """One month's value with an interval of the given half width."""
    start, end = month(back)
    low = None if half is None or value is None else float(value) - half
    high = None if half is None or value is None else float(value) + half
    return Reading(start=start, end=end, value=value, low=low, high=high, partial=back == 0, **more)  # type: ignore[arg-type] - fields by name


def series(base: float, swing: float, half: float, months: int = 24, n: int = 200) -> list[Reading]:
    """A wavy series up to the running month, whose sample is small."""
    return [
        reading(
            back,
            base + swing * (sin(back / 2.3) * 0.5 + sin(back * 1.7) / 3 + sin(back * 5.1) / 3),
            half * (2 if back == 0 else 1),
            n=n // (4 if back == 0 else 1),
        )
        for back in range(months - 1, -1, -1)
    ]


def with_change(readings: list[Reading], clear: bool | None, to: float | None = None) -> tuple[Reading, ...]:
    """The same with the last whole reading compared to the one before."""
    last, before = readings[-2], readings[-3]
    half = (float(last.high) - float(last.low)) / 2 if last.high is not None and last.low is not None else None
    value = last.value if to is None else to
    low, high = (None, None) if half is None or value is None else (float(value) - half, float(value) + half)
    changed = attrs.evolve(
        last, value=value, low=low, high=high, change=float(value or 0) - float(before.value or 0), clear=clear
    )
    return (*readings[:-2], changed, readings[-1])


def sample_kpis() -> tuple[KpiView, ...]:
    csat = series(0.79, 0.03, 0.035, n=412)
    csat[6] = attrs.evolve(csat[6], value=None, low=None, high=None, n=0, reason="no survey was sent")
    touchpoints = Comparison(
        by="touchpoint",
        groups=(
            Group(label="Shop", value=0.86, low=0.81, high=0.9, n=140, change=0.01, clear=False),
            Group(label="Deliveries", value=0.58, low=0.5, high=0.66, n=131, change=-0.17, clear=True),
            Group(label="After-sales service", value=0.77, low=0.69, high=0.84, n=96, change=-0.02, clear=False),
            Group(label="Accounting", value=0.74, low=0.58, high=0.86, n=31, change=0.0, clear=False),
            Group(label="Website", reason="fewer than 5 answers", n=3),
        ),
    )
    return (
        KpiView(key="csat", title="Satisfaction", unit=Unit(kind="share"), better="higher", target=0.8, counted="answers",
                explanation="Share of answers 4 or 5 of 5", readings=with_change(csat, True, 0.722), comparisons=(touchpoints,)),
        KpiView(key="nps", title="Recommendation (NPS)", unit=Unit(kind="points"), better="higher", target=40, counted="answers",
                explanation="Promoters less detractors, per hundred answers", readings=with_change(series(38, 5, 9, n=268), False)),
        KpiView(key="win-rate", title="Win rate", unit=Unit(kind="share"), better="higher", counted="closed deals",
                explanation="Won deals of all closed", readings=with_change(series(0.41, 0.05, 0.07, n=88), False)),
        KpiView(key="pipeline-value", title="Value of won deals", unit=Unit(kind="money", currency="EUR"), better="higher", counted="deals",
                explanation="Sum of deals won in the month",
                readings=with_change([reading(b, Decimal(52000 + 9000 * round(sin(b), 2)) if b else Decimal(31250), n=36) for b in range(23, -1, -1)], None)),
        KpiView(key="churn", title="Customers lost", unit=Unit(kind="share"), better="lower", counted="customers at the start",
                explanation="Lost of those active at the start of the month", readings=with_change(series(0.024, 0.004, 0.007, n=1240), False)),
        KpiView(key="answer-time", title="Time to first answer", unit=Unit(kind="seconds"), better="lower", target=4 * 3600, counted="messages",
                explanation="Median, business hours", readings=with_change(series(4.6 * 3600, 3000, 1500, n=640), True, 3.1 * 3600)),
        KpiView(key="new", title="New customers", unit=Unit(kind="count"), better="higher", counted="customers",
                explanation="First deal won or first purchase", readings=with_change([reading(b, 14 + round(5 * sin(b))) for b in range(23, -1, -1)], None)),
        KpiView(key="cac", title="Cost per new customer", unit=Unit(kind="money", currency="EUR"), better="lower",
                readings=tuple(reading(b, None, reason="no costs are recorded") for b in (2, 1, 0))),
    )  # fmt: skip


def euro(value: int | str) -> Amount:
    return Amount(value=Decimal(value), currency="EUR")


def sample_boards() -> tuple[BoardView, ...]:
    cards = (
        CardView(who="Gazelle Orange C8, Anna Jansen", amount=euro(1249), days=3, next_step="call on Thursday"),
        CardView(who="דוד כהן בע״מ", amount=euro(8400), days=34, stale=True),
        CardView(
            who="شركة النور للتجارة", amount=Amount(value=Decimal(12500), currency="AED"), days=9, next_step="visit"
        ),
    )
    sales = BoardView(
        title="Bicycle sale",
        noun="deals",
        stages=(
            StageView(label="Asked", count=14, sums=(euro("9870"),), cards=cards, stale=1, median_days=2.5, low_days=1, high_days=6),
            StageView(label="Test ride", count=6, sums=(euro("5120.50"),), median_days=5, low_days=3, high_days=11, cards=cards[:1]),
            StageView(label="Offer", count=3, sums=(euro("3402"), Amount(value=Decimal(12500), currency="AED")),
                      median_days=12, low_days=6, high_days=31, cards=cards[1:], stale=2),
            StageView(label="Sold", state="won", count=9, sums=(euro("11260"),), days=30),
            StageView(label="No sale", state="lost", count=4, days=30),
        ),
    )  # fmt: skip
    cases = BoardView(
        title="Service cases",
        noun="cases",
        stages=(
            StageView(label="New", count=5),
            StageView(label="In work", count=11, stale=3),
            StageView(label="Waiting for parts", state="hold", count=2),
            StageView(label="Solved", state="won", count=47, days=30),
        ),
    )
    return sales, cases


def answers(*counts: int, first: int = 0) -> tuple[AnswerCount, ...]:
    return tuple(AnswerCount(score=first + i, count=count) for i, count in enumerate(counts))


def sample_surveys() -> tuple[SurveyView, ...]:
    score = Reading(start=date(2026, 10, 1), end=date(2026, 11, 1), value=37.3, low=28.1, high=46.2, n=268)
    nps = QuestionView(text="How likely are you to recommend us?", form="nps", score=score, skipped=4,
                       answers=answers(4, 2, 3, 2, 4, 14, 17, 31, 45, 77, 69))  # fmt: skip
    scale = [
        QuestionView(
            text=text, answers=answers(*counts, first=1), negative="dissatisfied", positive="satisfied", skipped=2
        )
        for text, counts in (
            ("How satisfied were you with the advice in the shop?", (5, 9, 21, 88, 120)),
            ("How satisfied were you with the delivery?", (38, 44, 31, 72, 46)),
            ("How satisfied were you with the invoice?", (9, 14, 40, 61, 30)),
        )
    ]
    why = QuestionView(text="Why did you choose us?", form="choice", answers=(
        AnswerCount(score=1, label="Recommended by a friend", count=71), AnswerCount(score=2, label="Close by", count=52),
        AnswerCount(score=3, label="Price", count=33), AnswerCount(score=4, label="Other", count=8)))  # fmt: skip
    hidden = QuestionView(text="How do you rate your manager?", reason="fewer than 5 answers to an anonymous survey")
    return (
        SurveyView(title="Relationship survey, October", sent=900, answered=272, questions=(nps, why)),
        SurveyView(title="After a purchase", sent=801, answered=245, questions=(*scale, hidden)),
    )


def sample_waiting() -> tuple[WaitingView, ...]:
    return (
        WaitingView(customer="Bé Jansen-de Wit", since_at=NOW - timedelta(days=6, hours=3), subject="Is my bicycle ready?", channel="E-mail", touchpoint="Shop", owner="Mina"),
        WaitingView(customer="דוד כהן בע״מ", since_at=NOW - timedelta(days=2, hours=1), subject="חשבונית 1042", channel="E-mail", touchpoint="Accounting", owner="Yael"),
        WaitingView(customer="شركة النور للتجارة", since_at=NOW - timedelta(hours=9), subject="طلب عرض سعر", channel="Web form", touchpoint="Sales"),
        WaitingView(customer="شرکت آفتاب شرق (NPS)", since_at=NOW - timedelta(minutes=50), channel="Phone", touchpoint="Telephone reception", owner="رضا"),
    )  # fmt: skip


def sample_report() -> ReportView:
    return ReportView(
        title="Customer report",
        company="Two Wheels",
        generated_at=NOW,
        time_zone="Europe/Amsterdam",
        kpis=sample_kpis(),
        boards=sample_boards(),
        funnels=(
            FunnelView(title="Bicycle sale", noun="deals", steps=(
                FunnelStep(label="Asked", count=412), FunnelStep(label="Test ride", count=233, rate=233 / 412),
                FunnelStep(label="Offer", count=171, rate=171 / 233), FunnelStep(label="Sold", count=74, rate=74 / 171))),
        ),
        surveys=sample_surveys(),
        gaps=(
            GapView(
                title="Promises kept, by us and by our customers",
                ours="we measure",
                theirs="customers say",
                rows=(
                    GapRow(label="Deliveries", ours=0.94, theirs=0.58),
                    GapRow(label="Shop", ours=0.81, theirs=0.86),
                    GapRow(label="Accounting", ours=0.9, theirs=0.74),
                    GapRow(label="Website", ours=0.99),
                ),
            ),
        ),
        grids=(
            GridView(
                title="Customers who come back, by month of first purchase",
                finding="Of a hundred customers 38 buy again in the first month",
                corner="First purchase",
                columns=tuple(f"+{age}" for age in range(6)),
                rows=tuple(
                    GridRow(
                        label=reader_of("en", NOW.date()).period(*month(6 - cohort)),
                        n=70 + 9 * cohort,
                        cells=tuple(None if age > 6 - cohort else (1, 0.38, 0.31, 0.27, 0.24, 0.2)[age] + cohort / 90 * (age > 0) for age in range(6)),
                    )
                    for cohort in range(6)
                ),
            ),
        ),
        channels=(
            ContactCount(label="E-mail", inbound=412, outbound=388, internal=61), ContactCount(label="Telephone", inbound=298, outbound=121),
            ContactCount(label="Meeting", inbound=90, outbound=44), ContactCount(label="Web form", inbound=140),
            ContactCount(label="Letter", inbound=6, outbound=31), ContactCount(label="Voicemail", inbound=22)),
        touchpoints=(
            ContactCount(label="Telephone reception", office="front", inbound=310, outbound=20),
            ContactCount(label="Sales department", office="front", inbound=203, outbound=310),
            ContactCount(label="After-sales service", office="back", inbound=280, outbound=160),
            ContactCount(label="Accounting", office="back", inbound=96, outbound=71),
            ContactCount(label="Website", inbound=79, outbound=23)),
        contacts_from=date(2026, 8, 26),
        waiting=sample_waiting(),
    )  # fmt: skip


@pytest.fixture
def report() -> ReportView:
    """The sample report."""
    return sample_report()
