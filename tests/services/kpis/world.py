"""Short ways to make what KPIs count."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crmkit.records import Answer, AnyRef, Deal, Money, Span, new_id

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def at(month: int, day: int = 15, hour: int = 10, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def answers(survey_type: str, scores: dict[int, int], answered_at: datetime | None = None, **more: Any) -> list[Answer]:
    """So many answers of each score, each by another customer."""
    return [
        Answer(response=new_id(), customer=new_id(), survey_type=survey_type, score=score, raw=score, answered_at=answered_at or at(10), **more)
        for score, n in scores.items()
        for _ in range(n)
    ]  # fmt: skip


def deal(state: str = "won", amount: str | None = None, currency: str = "EUR", **more: Any) -> Deal:
    stage = {"won": "won", "lost": "lost"}.get(state, "lead")
    money = None if amount is None else Money(amount, currency)
    closed = {"closed_at": at(10)} if state in ("won", "lost") else {}
    return Deal(
        **{"state": state, "stage": stage, "pipeline": "sales", "amount": money, "opened_at": at(9), **closed, **more}
    )


def stay(entered_at: datetime, left_at: datetime | None = None, who: Any = None, value: str = "customer") -> Span:
    """How long somebody was a customer."""
    customer = who or new_id()
    return Span(
        record=AnyRef("customer", customer), of="customer", field="status", value=value, entered_at=entered_at, left_at=left_at,
        customer_id=customer,
    )  # fmt: skip
