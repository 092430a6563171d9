"""KPIs, as they were written against API 1.0: a function over a tally, shortcuts, and one that computes by itself."""

from __future__ import annotations

from collections.abc import Mapping

from crmkit import Deal, Plugin, Purchase, kpi, kpis
from crmkit.ports.kpi import Asked, Computed, Wilson, kpi_over
from crmkit.ports.work import Work
from crmkit.query import Tallied, count, distinct, each, total

d, p = each(Deal), each(Purchase)


@kpi(
    of=Deal, at=d.closed_at, where=d.state.in_(["won", "lost"]), unit="share", better="higher", area="revenue",
    interval=Wilson("won"), groups={"origin": d.source}, nothing="no deal was closed",
    count={"n": count(), "won": count(d.state == "won")},
)  # fmt: skip
def frozen_win_rate(t: Tallied) -> float | None:
    """Deals won, by all that were closed."""
    return t.won / t.n if t.n else None


@kpi(of=Purchase, at=p.placed_at, unit="count", count={"n": count(), "buyers": distinct(p.customer)})
def purchases_per_buyer(t: Tallied) -> float | None:
    """Purchases, by the customers who made them."""
    return t.n / t.buyers if t.buyers else None


def biggest(work: Work, asked: Asked) -> Mapping[str, Mapping[str, float]]:
    rows = work.tally(
        Purchase, p.placed_at >= asked.start, p.placed_at < asked.end, *asked.where, by=(p.customer,), n=count()
    )
    return {"": {"n": len(rows), "most": max((row.n for row in rows), default=0)}}


@kpi_over(Computed(of=Purchase, names=("n", "most"), compute=biggest), name="most-purchases", unit="count", area="retention")
def most_purchases(t: Tallied) -> float | None:
    """The most purchases that one customer made."""
    return t.most


days_to_win = kpis.duration("days-to-win", of=Deal, start=d.opened_at, end=d.closed_at, where=d.state == "won")
spent = kpis.total("spent", of=Purchase, at=p.placed_at, value=p.value)

plugin = Plugin("returning", offers=(frozen_win_rate, purchases_per_buyer, most_purchases, days_to_win, spent))
