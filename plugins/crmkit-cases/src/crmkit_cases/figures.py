"""KPIs of service cases."""

from __future__ import annotations

from crmkit import kpis
from crmkit.query import each

from .case import Case

case = each(Case)

case_duration = kpis.duration(
    "case-duration",
    of=Case,
    start=case.opened_at,
    end=case.closed_at,
    unit="days",
    better="lower",
)
cases_open = kpis.stock("cases-open", of=Case, since=case.opened_at, until=case.closed_at, better="lower")
