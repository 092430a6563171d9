"""Stays and cohorts, held against counting people one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.crm import CRM
from crmkit.ports.kpi import Followed, Stays
from crmkit.query import each
from crmkit.records import AnyRef, Span
from crmkit.services.kpis.asking import Ask
from crmkit.services.kpis.counting import cells_of
from crmkit.services.kpis.periods import Period

START = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = [UUID(int=n) for n in range(6)]
s = each(Span)
stays = Stays(of=Span, who=s.record, since=s.entered_at, until=s.left_at)
cohort = Followed(of=Span, who=s.record, at=s.entered_at, first=s.value == "a", then=s.value == "b")


def day(n: int) -> datetime:
    return START + timedelta(days=n)


periods = tuple(Period(start=day(n), end=day(n + 3), first_on=day(n).date(), label=str(n)) for n in range(3, 18, 3))
some_spans = st.lists(
    st.builds(
        lambda who, begins, length, value, pipeline: Span(
            record=AnyRef("customer", who), of="customer", field="status", value=value, pipeline=pipeline, entered_at=day(begins),
            left_at=None if length is None else day(begins + length),
        ),
        st.sampled_from(PEOPLE), st.integers(0, 20), st.none() | st.integers(0, 12), st.sampled_from("ab"), st.sampled_from("xy"),
    ),
    max_size=12,
)  # fmt: skip


def there(spans: list[Span], instant: datetime) -> set[Any]:
    """Who was there just before an instant."""
    return {
        span.record for span in spans if span.entered_at < instant and (span.left_at is None or span.left_at >= instant)
    }


def one_by_one(spans: list[Span], period: Period) -> dict[str, int]:
    at_start, at_end = there(spans, period.start), there(spans, period.end)
    ever = [{span.record for span in spans if span.entered_at < edge} for edge in (period.start, period.end)]
    return {
        "at_start": len(at_start), "at_end": len(at_end), "kept": len(at_start & at_end), "lost": len(at_start - at_end),
        "entered": sum(span.entered_at in period for span in spans),
        "left": sum(span.left_at is not None and span.left_at in period for span in spans), "new": len(ever[1] - ever[0]),
    }  # fmt: skip


def counted(source: Stays | Followed, spans: list[Span], url: str, **ask: Any) -> dict[Any, dict[str, Any]]:
    with CRM.open(url, discover=False) as crm, crm.transaction() as tx:
        tx.add(spans)
        return cells_of(source, Ask(work=tx, periods=periods, **ask))  # type: ignore[arg-type]  # the CRM in a unit is one


NOTHING = {"at_start": 0, "at_end": 0, "kept": 0, "lost": 0, "entered": 0, "left": 0, "new": 0}
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(some_spans)
def test_stays_are_counted_as_one_by_one(spans: list[Span]):
    """Whoever comes back, overlaps or comes and goes within a period; a stay of no length leaves as it enters."""
    found = counted(stays, spans, "memory:")
    for period in periods:
        assert found.get((period.start, None), NOTHING) == one_by_one(spans, period)


@settings(quick, max_examples=15)
@given(some_spans)
def test_so_are_they_on_sqlite_in_groups(spans: list[Span]):
    found = counted(stays, spans, "sqlite://", group=s.pipeline)
    for period in periods:
        for pipeline in "xy":
            inside = [span for span in spans if span.pipeline == pipeline]
            assert found.get((period.start, pipeline), NOTHING) == one_by_one(inside, period)


@quick
@given(some_spans)
def test_a_cohort_is_who_came_first_in_the_period(spans: list[Span]):
    found = counted(cohort, spans, "memory:")
    first = {
        who: min(x.entered_at for x in spans if x.record == who and x.value == "a")
        for who in {x.record for x in spans if x.value == "a"}
    }
    went_on = {span.record for span in spans if span.value == "b"}
    for period in periods:
        came = {who for who, instant in first.items() if instant in period}
        expected = {"n": len(came), "followed": len(came & went_on)}
        assert found.get((period.start, None), {"n": 0, "followed": 0}) == expected
