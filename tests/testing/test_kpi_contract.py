"""The contract of KPIs: it passes what is right, and each check catches the mistake that it is for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import attrs
import pytest

from crmkit.builtin.kpis import cac, churn, deal_size, pipeline_value, time_in_stage, weighted_pipeline, win_rate
from crmkit.errors import PluginError
from crmkit.ports import kpis
from crmkit.ports.kpi import Formula, Kpi, kpi
from crmkit.query import Tallied, count, each
from crmkit.records import AnyRef, Cost, Deal, Interaction, Money, Span, new_id
from crmkit.testing import KpiContract

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


def of(definition: Kpi, *examples: tuple[Sequence[Deal], float | None]) -> KpiContract:
    contract = KpiContract()
    contract.__class__ = type("Broken", (KpiContract,), {"kpi": definition, "examples": examples})
    return contract


def share(t: Tallied) -> float | None:
    """Won deals by all closed ones."""
    return t.won / t.n if t.n else None


RIGHT = ((closed(), closed("lost", 9)), 0.5)


def test_what_is_right_passes():
    contract = of(broken(share), RIGHT)
    contract.test_examples_have_their_value("memory:")
    contract.test_no_data_is_no_value_with_a_reason()
    contract.test_it_is_explained()
    contract.test_the_value_follows_from_the_counts()
    contract.test_parts_of_time_add_up()
    contract.test_groups_add_up()
    contract.test_the_records_behind_a_count_are_as_many()


def test_an_example_with_another_value_is_caught():
    with pytest.raises(AssertionError, match=r"makes 0\.5, not 0\.6"):
        of(broken(share), (RIGHT[0], 0.6)).test_examples_have_their_value("memory:")


def test_no_example_at_all_is_caught():
    with pytest.raises(AssertionError, match="give some"):
        of(broken(share)).test_examples_have_their_value("memory:")


def test_a_division_by_nothing_is_caught():
    def careless(t: Tallied) -> float | None:
        """Won by all."""
        return t.won / t.n * 1.0

    with pytest.raises(PluginError, match="ZeroDivisionError"):
        of(broken(careless), RIGHT).test_no_data_is_no_value_with_a_reason()


def test_a_share_that_claims_to_add_up_is_caught():
    with pytest.raises(AssertionError):
        of(broken(share, adds_up=True), RIGHT).test_no_data_is_no_value_with_a_reason()


def test_a_kpi_without_words_is_caught():
    with pytest.raises(AssertionError, match="docstring"):
        of(broken(share, explanation=""), RIGHT).test_it_is_explained()


def test_a_formula_that_remembers_is_caught():
    calls: list[int] = []

    def moody(t: Tallied) -> float | None:
        """Another value each time."""
        calls.append(1)
        return float(len(calls)) if t.n else None

    with pytest.raises(AssertionError):
        of(broken(moody), RIGHT).test_the_value_follows_from_the_counts()


class Leaky(KpiContract):
    """The engine seen through a lens that loses what it must not lose."""

    kpi = broken(share)
    examples = (RIGHT,)

    def _shown(self, crm, **more):  # type: ignore[no-untyped-def]  # as the contract's
        series = super()._shown(crm, **more)
        lost = next((row for row in series if row.n), None)
        kept = tuple(row for row in series if row is not lost)
        return attrs.evolve(series, rows=kept) if {"by", "group"} & set(more) else series


def test_counts_that_are_lost_between_days_or_groups_are_caught():
    with pytest.raises(AssertionError, match="days in"):
        Leaky().test_every_moment_lies_in_one_day("Europe/Amsterdam")
    with pytest.raises(AssertionError, match="months"):
        Leaky().test_parts_of_time_add_up()
    with pytest.raises(AssertionError, match="groups of"):
        Leaky().test_groups_add_up()


def test_records_that_are_not_behind_a_count_are_caught():
    class Hidden(KpiContract):
        kpi = broken(share)
        examples = (RIGHT,)

        def _measured(self):  # type: ignore[no-untyped-def]  # as the contract's
            for crm, row in super()._measured():
                yield crm, attrs.evolve(row, components={"n": 3, "won": 1})

    with pytest.raises(AssertionError, match="behind it are 2"):
        Hidden().test_the_records_behind_a_count_are_as_many()
