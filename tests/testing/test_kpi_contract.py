"""The contract of KPIs: it passes what is right, and each check catches the mistake that it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest

from crmkit.builtin.kpis import cac, churn, deal_size, pipeline_value, time_in_stage, weighted_pipeline, win_rate
from crmkit.ports import kpis
from crmkit.ports.kpi import Formula, Kpi, kpi
from crmkit.query import Tallied, count, each
from crmkit.records import AnyRef, Cost, Deal, Interaction, Money, Span, new_id
from crmkit.testing import KpiContract
from tests.testing.trial import failed

d, message = each(Deal), each(Interaction)


def asked(hour: int, answered: int | None) -> Interaction:
    return Interaction(
        channel="phone", direction="in", opens_conversation=True, occurred_at=datetime(2026, 11, 2, hour, tzinfo=UTC),
        answered_at=None if answered is None else datetime(2026, 11, 2, answered, tzinfo=UTC),
    )  # fmt: skip


def closed(stage: str = "won", day: int = 5, amount: str | None = "10") -> Deal:
    return Deal(
        pipeline="sales", stage=stage, closed_at=datetime(2026, 3, day, 12, tzinfo=UTC), opened_at=datetime(2026, 3, 1, tzinfo=UTC),
        amount=None if amount is None else Money(amount, "EUR"), source=f"s{day % 2}",
    )  # fmt: skip


def stay(left: int | None, value: str = "customer", of: str = "customer", field: str = "status") -> Span:
    ends = None if left is None else datetime(2026, 3, left, tzinfo=UTC)
    return Span(
        record=AnyRef(of, new_id()),
        of=of,
        field=field,
        value=value,
        entered_at=datetime(2026, 2, 1, tzinfo=UTC),
        left_at=ends,
    )


class TestFirstResponseTime(KpiContract):
    kpi = kpis.duration(
        "first-response-time", of=Interaction, start=message.occurred_at, end=message.answered_at, period="start",
        where=(message.direction == "in") & (message.opens_conversation == True),  # noqa: E712  # a condition on a path
        stat="median", unit="hours", better="lower",
    )  # fmt: skip
    examples = (((), None), ((asked(9, 10), asked(9, 12), asked(9, None)), 2.0))


class TestWinRate(KpiContract):
    kpi = win_rate
    examples = (((closed(), closed("lost", 9), closed("lost", 29), closed("won", 30)), 0.5), ((closed("lost"),), 0.0))


class TestDealSize(KpiContract):
    kpi = deal_size
    examples = (((closed(amount="10"), closed(amount="20", day=8), closed(amount=None), closed("lost")), 15.0),)


class TestPipelineValue(KpiContract):
    kpi = pipeline_value
    examples = (((closed(), closed("offer", amount="7"), closed("lead", amount="1.50")), 0.0),)
    period = (date(2026, 3, 1), date(2026, 4, 30))


class TestWeightedPipeline(KpiContract):
    kpi = weighted_pipeline
    examples = (((attrs.evolve(closed("offer", amount="7"), closed_at=None),), 3.5),)


class TestChurn(KpiContract):
    kpi = churn
    examples = (((stay(5), stay(9), stay(None), stay(None, "prospect")), 2 / 3),)
    period = (date(2026, 3, 1), date(2026, 3, 31))


class TestCac(KpiContract):
    kpi = cac
    examples = (
        ((stay(None), stay(9), Cost(amount=Money("50", "EUR"), incurred_at=datetime(2026, 2, 3, tzinfo=UTC))), 25.0),
        ((Cost(amount=Money("50", "EUR"), incurred_at=datetime(2026, 2, 3, tzinfo=UTC)),), None),
    )


class TestTimeInStage(KpiContract):
    kpi = time_in_stage
    examples = (
        (
            (stay(3, "lead", "deal", "stage"), stay(5, "lead", "deal", "stage"), stay(None, "lead", "deal", "stage")),
            31.0,
        ),
    )


# --- each check catches its mistake ---
def broken(formula: Formula, **changes: object) -> Kpi:
    made = kpi(of=Deal, at=d.closed_at, count={"n": count(), "won": count(d.state == "won")}, name="broken")(formula)
    return attrs.evolve(made, **changes)


def share(t: Tallied) -> float | None:
    """Won deals by all closed ones."""
    return t.won / t.n if t.n else None


def careless(t: Tallied) -> float | None:
    """Won by all."""
    return t.won / t.n * 1.0


def moody(t: Tallied, calls: list[int] = []) -> float | None:  # noqa: B006  # the mistake
    """Another value each time."""
    calls.append(1)
    return float(len(calls)) if t.n else None


RIGHT = ((closed(), closed("lost", 9)), 0.5)
EMPTY, VALUE, FOLLOWS = (
    "test_no_data_is_no_value_with_a_reason",
    "test_examples_have_their_value",
    "test_the_value_follows_from_the_counts",
)


def losing(asked: str) -> Any:
    """The engine seen through a lens that loses what it must not lose, where it is asked for days, months or groups."""

    def shown(self: Any, crm: Any, **more: Any) -> Any:
        series = KpiContract._shown(self, crm, **more)
        lost = next((row for row in series if row.n), None)
        is_asked = asked in more or more.get("by") == asked
        return attrs.evolve(series, rows=tuple(row for row in series if row is not lost)) if is_asked else series

    return shown


def more_than_there_are(self: Any) -> Iterator[Any]:
    for crm, row in KpiContract._measured(self):
        yield crm, attrs.evolve(row, components={"n": 3, "won": 1}, value=1 / 3)


def trial_of(definition: Kpi, **more: Any) -> Callable[[], set[str]]:
    return lambda: failed(KpiContract, **{"kpi": definition, "examples": (RIGHT,), **more})


MISTAKES: list[tuple[str, Callable[[], set[str]], set[str]]] = [
    ("right", trial_of(broken(share)), set()),
    ("another value", trial_of(broken(share), examples=((RIGHT[0], 0.6),)), {VALUE}),
    ("no example", trial_of(broken(share), examples=()), {VALUE}),
    ("divides by nothing", trial_of(broken(careless)), {EMPTY, "test_every_moment_lies_in_one_day"}),
    ("claims to add up", trial_of(broken(share, adds_up=True)), {EMPTY}),
    ("has no words", trial_of(broken(share, explanation="")), {"test_it_is_explained"}),
    ("remembers", trial_of(broken(moody)), {VALUE, FOLLOWS}),
    ("loses a month", trial_of(broken(share), _shown=losing("month")), {"test_parts_of_time_add_up"}),
    ("loses a day", trial_of(broken(share), _shown=losing("day")), {"test_every_moment_lies_in_one_day"}),
    ("loses a group", trial_of(broken(share), _shown=losing("group")), {"test_groups_add_up"}),
    ("counts what is not there", trial_of(broken(share), _measured=more_than_there_are), {
        "test_the_records_behind_a_count_are_as_many", "test_parts_of_time_add_up", "test_every_moment_lies_in_one_day",
        "test_groups_add_up"}),
]  # fmt: skip


@pytest.mark.parametrize(("trial", "caught_by"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_a_mistake_is_caught(trial: Callable[[], set[str]], caught_by: set[str]) -> None:
    assert trial() == caught_by


def test_the_message_says_what_is_wrong() -> None:
    contract: Any = type("Broken", (KpiContract,), {"kpi": broken(share), "examples": ((RIGHT[0], 0.6),)})()
    with pytest.raises(AssertionError, match=r"makes 0\.5, not 0\.6"):
        contract.test_examples_have_their_value("memory:")
