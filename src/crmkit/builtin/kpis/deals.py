"""Selling: how often, how much, how fast, and what is still open.

The period of a closed deal is that of its closing; open deals count in no rate (see ``win_rate``).
"""

from __future__ import annotations

from collections.abc import Mapping

from crmkit import Deal, KeptStage, Span, kpi, kpis
from crmkit.ports.kpi import Asked, Computed, Wilson, kpi_over, standing_at
from crmkit.ports.work import Work
from crmkit.query import Tallied, count, each, total

d, s = each(Deal), each(Span)
is_closed = d.state.in_(("won", "lost"))


@kpi(
    of=Deal, at=d.closed_at, where=is_closed, unit="share", area="acquisition", interval=Wilson("won"),
    count={"n": count(), "won": count(d.state == "won"), "lost": count(d.state == "lost")},
    nothing="no deal was won or lost",
)  # fmt: skip
def win_rate(t: Tallied) -> float | None:
    """Won deals by won and lost ones, by the day of closing; deals that are still open do not count."""
    return t.won / t.n if t.n else None


@kpi(
    of=Deal, at=d.closed_at, where=is_closed, unit="share", area="acquisition", title="Win rate by value",
    count={"n": count(), "won": total(d.amount, d.state == "won"), "closed": total(d.amount)},
    nothing="no deal with an amount was won or lost",
)  # fmt: skip
def win_rate_value(t: Tallied) -> float | None:
    """The amounts of won deals by those of won and lost ones, by currency."""
    return float(t.won) / float(t.closed) if t.closed else None


won_value = kpis.total(
    "won-value", of=Deal, at=d.closed_at, value=d.amount, where=d.state == "won", area="revenue",
    explanation="The amounts of the deals that were won, by currency.",
)  # fmt: skip
deal_size = kpis.mean(
    "deal-size", of=Deal, at=d.closed_at, value=d.amount, where=d.state == "won", area="revenue", title="Average deal size",
    explanation="Mean amount of the deals that were won, by currency.", nothing="no deal with an amount was won",
)  # fmt: skip
sales_cycle = kpis.duration(
    "sales-cycle", of=Deal, start=d.opened_at, end=d.closed_at, where=d.state == "won", stat="median", unit="days",
    area="acquisition", title="Sales cycle", nothing="no deal was won",
    explanation="Median days from opening to winning a deal, by the day of winning.",
)  # fmt: skip
has_place = ~is_closed | ~d.closed_at.is_missing
pipeline_value = kpis.stock(
    "pipeline-value", of=Deal, since=d.opened_at, until=d.closed_at, value=d.amount, where=has_place, area="revenue",
    explanation="The amounts, as they are now, of the deals that were open at the end of a period, by currency.",
)  # fmt: skip
time_in_stage = kpis.duration(
    "time-in-stage", of=Span, start=s.entered_at, end=s.left_at, where=(s.field == "stage") & (s.of == "deal"), stat="median",
    per=(s.record, s.value), unit="days", area="acquisition", groups={"stage": s.value}, nothing="no deal left a stage",
    explanation="Median days that a deal stood in one stage, by the day of leaving it; returns in one period are added up, and deals"
    " that still stand there do not count.",
)  # fmt: skip


def _weighted(work: Work, asked: Asked) -> Mapping[str, Mapping[str, float]]:
    """Open deals at the end of the period, each amount times its chance: the deal's own, or else its stage's.

    A deal that has closed since has no chance any more: it is counted as ``unknown``, and nothing is made of its amount.
    """
    chances = {(kept.pipeline, kept.key): kept.probability for kept in work.stream(KeptStage)}
    open_then = standing_at(d.opened_at, d.closed_at, asked.end)
    sums: dict[str, dict[str, float]] = {}
    for row in work.tally(
        Deal,
        open_then,
        has_place,
        *asked.where,
        by=(d.pipeline, d.stage, d.probability),
        n=count(),
        amount=total(d.amount),
    ):
        pipeline, key, own = row.key
        chance = own if own is not None else chances.get((pipeline, key))
        for currency, amount in row.amount.items():
            found = sums.setdefault(currency, {"n": 0, "weighted": 0.0, "unknown": 0})
            found["n" if chance is not None else "unknown"] += row.n
            found["weighted"] += float(amount) * (chance or 0) / 100
    return sums


@kpi_over(
    Computed(of=Deal, names=("n", "weighted", "unknown"), compute=_weighted, is_money=True),
    unit="money", area="revenue", adds_up=True, nothing="no deal that was open has a chance that is still known",
)  # fmt: skip
def weighted_pipeline(t: Tallied) -> float | None:
    """The amounts of open deals, each times its chance of being won as it is now: the deal's own, or else its stage's."""
    return float(t.weighted) if t.n or not t.unknown else None
