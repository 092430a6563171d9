"""Which share of the customers who bought in a period bought on several days of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from crmkit import Plugin, Purchase
from crmkit.ports.kpi import Asked, Computed, Wilson, kpi_over
from crmkit.ports.work import Work
from crmkit.query import Tallied, count, day, each

p = each(Purchase)


def buyers(work: Work, asked: Asked) -> Mapping[str, Mapping[str, float]]:
    """Customers who bought in the period, and those of them who bought on two days or more."""
    in_period = (p.placed_at >= asked.start) & (p.placed_at < asked.end)
    rows = work.tally(
        Purchase, in_period, ~p.customer.is_missing, *asked.where, by=(p.customer, day(p.placed_at)), n=count()
    )
    days = Counter(row.key[0] for row in rows)
    return {"": {"n": len(days), "again": sum(times > 1 for times in days.values())}}


@kpi_over(
    Computed(of=Purchase, names=("n", "again"), compute=buyers),
    name="repeat-purchase-rate", unit="share", area="retention", interval=Wilson("again"), nothing="nobody bought",
)  # fmt: skip
def repeat_purchase_rate(t: Tallied) -> float | None:
    """Customers who bought on two days of a period or more, by all who bought in it."""
    return t.again / t.n if t.n else None


plugin = Plugin("repeat-purchase", offers=(repeat_purchase_rate,))
