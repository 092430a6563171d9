"""Winning and keeping customers: who has the status "customer", since when, until when, and what winning them cost."""

from __future__ import annotations

from crmkit import Cost, Customer, Span, kpis
from crmkit.ports.kpi import Counted, Stays, kpi_over
from crmkit.query import Tallied, count, each, total

c, s = each(Cost), each(Span)
is_customer = (s.of == "customer") & (s.field == "status") & (s.value == "customer")

churn = kpis.spans(
    "churn", of=Customer, field="status", value="customer", measure="churn", area="retention",
    explanation="Of the customers at the start of a period, the share that was lost by its end; who came and went within it,"
    " or went and came back, does not count (the common formula of subscription analytics).",
    nothing="there was no customer at the start",
)  # fmt: skip
churn_all_losses = kpis.spans(
    "churn-all-losses", of=Customer, field="status", value="customer", measure="losses", area="retention",
    title="Churn, all losses",
    explanation="All losses of a period by the customers at its start, also of those who came within it or came back.",
    nothing="there was no customer at the start",
)  # fmt: skip
retention = kpis.spans(
    "retention", of=Customer, field="status", value="customer", measure="retention", area="retention",
    explanation="Of the customers at the start of a period, the share that was still there at its end; with churn exactly 1.",
    nothing="there was no customer at the start",
)  # fmt: skip
retention_formula = kpis.spans(
    "retention-formula", of=Customer, field="status", value="customer", measure="formula", area="retention",
    title="Retention by the formula", nothing="there was no customer at the start",
    explanation="(Customers at the end less those that came) by those at the start: 1 less churn with all losses.",
)  # fmt: skip
customers = kpis.spans("customers", of=Customer, field="status", value="customer", measure="stock", area="retention")
new_customers = kpis.spans(
    "new-customers", of=Customer, field="status", value="customer", measure="new", area="acquisition"
)


@kpi_over(
    Counted(of=Cost, at=c.incurred_at, components={"costs": count(), "cost": total(c.amount)}),
    Stays(of=Span, who=s.record, since=s.entered_at, until=s.left_at, where=is_customer),
    name="cac", title="Cost of winning a customer (CAC)", unit="money", better="lower", area="acquisition", n="new",
    nothing={"new": "no new customer was won", "costs": "no cost was recorded"},
)  # fmt: skip
def cac(t: Tallied) -> float | None:
    """All recorded costs of a period by the customers that were won in it for the first time ever."""
    return float(t.cost) / t.new if t.new and t.costs else None
