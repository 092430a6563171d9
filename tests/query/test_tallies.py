"""What tallies mean, case by case."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest

from crmkit.errors import InvalidError
from crmkit.query import (
    Tally,
    bind_tally,
    by_edges,
    count,
    distinct,
    each,
    least,
    month,
    most,
    quantile,
    squares,
    total,
)  # fmt: skip
from crmkit.records import (
    Answer,
    Customer,
    Deal,
    Money,
    Purchase,
    Rate,
)  # fmt: skip
from tests.query.world import NOW, a, anna, answer_of, binding, bob, c, cells, d, p


class TestTallies:
    def test_totals_are_exact(self) -> None:
        world = [Deal(probability=2**63 - 1), Deal(probability=2**63 - 1), Deal()]
        assert cells(world, Deal, n=count(), s=total(d.probability)) == [((), {"n": 3, "s": 2**64 - 2})]
        rates = [
            Rate(base="A", quote="B", valid_on=date(2026, 1, 1), rate=Decimal("92233720368.54775807"))
            for _ in range(1000)
        ]
        r = each(Rate)
        assert cells(rates, Rate, s=total(r.rate))[0][1]["s"] == Decimal("92233720368547.75807")

    def test_money_never_meets_another_currency(self) -> None:
        world = [
            Deal(amount=Money("1.10", "EUR")),
            Deal(amount=Money("2.20", "EUR")),
            Deal(amount=Money("5", "JPY")),
            Deal(),
        ]
        ((_, found),) = cells(
            world,
            Deal,
            s=total(d.amount),
            lo=least(d.amount),
            hi=most(d.amount),
            q=quantile(d.amount, 0.5),
            sq=squares(d.amount),
            dn=distinct(d.amount),
        )
        assert found == {
            "s": {"EUR": Decimal("3.30"), "JPY": Decimal(5)}, "lo": {"EUR": Decimal("1.10"), "JPY": Decimal(5)},
            "hi": {"EUR": Decimal("2.20"), "JPY": Decimal(5)}, "q": {"EUR": pytest.approx(1.65), "JPY": 5.0},
            "sq": {"EUR": pytest.approx(6.05), "JPY": 25.0}, "dn": 3,
        }  # fmt: skip

    def test_without_keys_there_is_one_cell_also_of_nothing(self) -> None:
        asked = {
            "n": count(),
            "s": total(d.probability),
            "m": total(d.amount),
            "lo": least(d.title),
            "q": quantile(d.probability, 0.5),
            "dn": distinct(d.title),
            "sq": squares(d.probability),
        }
        assert cells([], Deal, **asked) == [((), {"n": 0, "s": 0, "m": {}, "lo": None, "q": None, "dn": 0, "sq": 0.0})]
        assert cells([], Deal, by=(d.state,), **asked) == []

    def test_cells_are_in_the_order_of_their_keys_missing_first(self) -> None:
        world = [Deal(customer=x) for x in (anna.id, bob.id, None, anna.id)]
        found = cells([anna, bob, *world], Deal, by=(d.customer.country,), n=count())
        assert found == [((None,), {"n": 1}), (("DE",), {"n": 1}), (("NL",), {"n": 2})]

    def test_components_have_conditions_of_their_own(self) -> None:
        world = [Deal(state="won"), Deal(state="won"), Deal()]
        assert cells(world, Deal, n=count(), won=count(d.state == "won"))[0][1] == {"n": 3, "won": 2}

    def test_differences_of_instants_are_seconds(self) -> None:
        world = [Purchase(placed_at=NOW, delivered_at=NOW + timedelta(days=n, microseconds=1)) for n in (1, 2)] + [
            Purchase(placed_at=NOW)
        ]
        took = p.delivered_at - p.placed_at
        ((_, found),) = cells(
            world, Purchase, s=total(took), lo=least(took), hi=most(took), q=quantile(took, 0.5), sq=squares(took)
        )
        assert found == {
            "s": 259200.000002, "lo": 86400.000001, "hi": 172800.000001, "q": pytest.approx(129600.000001, rel=1e-12),
            "sq": pytest.approx(86400.000001**2 + 172800.000001**2, rel=1e-12),
        }  # fmt: skip

    def test_products_are_floats(self) -> None:
        r = [answer_of(anna, 3, NOW, seq=2), answer_of(anna, 4, NOW, seq=5)]
        assert cells(r, Answer, s=total(a.score * a.seq))[0][1]["s"] == 26.0

    def test_the_quantile_is_of_type_7(self) -> None:
        """Values of R: quantile(c(1, 2, 4, 10), c(0, .1, .5, .9, 1), type = 7)."""
        world = [Deal(probability=n) for n in (10, 1, 4, 2)]
        for q, expected in [(0, 1.0), (0.1, 1.3), (0.5, 3.0), (0.9, 8.2), (1, 10.0)]:
            assert cells(world, Deal, q=quantile(d.probability, q))[0][1]["q"] == pytest.approx(expected, rel=1e-12)

    def test_periods_are_half_open_in_the_business_time_zone(self) -> None:
        edge = datetime(2026, 1, 31, 23, tzinfo=UTC)  # 1 February in Amsterdam
        world = [Deal(closed_at=at) for at in (edge, edge - timedelta(microseconds=1), None)]
        found = cells(world, Deal, by=(month(d.closed_at),), n=count())
        assert found == [((datetime(2025, 12, 31, 23, tzinfo=UTC),), {"n": 1}), ((edge,), {"n": 1})]

    def test_instants_outside_of_all_edges_fall_into_no_cell(self) -> None:
        edges = [NOW, NOW + timedelta(1), NOW + timedelta(2)]
        world = [Deal(closed_at=NOW + timedelta(hours=h)) for h in (-1, 0, 23, 24, 47, 48, 100)]
        assert cells(world, Deal, by=(by_edges(d.closed_at, edges),), n=count()) == [
            ((NOW,), {"n": 2}),
            ((NOW + timedelta(1),), {"n": 2}),
        ]

    def test_one_per_keeps_the_last_of_each_cell(self) -> None:
        later = NOW + timedelta(hours=1)
        world = [
            answer_of(anna, 1, NOW),
            answer_of(anna, 9, later),
            answer_of(anna, 5, NOW - timedelta(40)),
            answer_of(bob, 7, NOW),
            answer_of(None, 2, NOW),
            answer_of(None, 3, NOW),
        ]
        found = cells(world, Answer, by=(month(a.answered_at),), one_per=a.customer, n=count(), s=total(a.score))
        assert [values for _, values in found] == [{"n": 1, "s": 5}, {"n": 4, "s": 21}]
        assert (
            cells(world, Answer, one_per=a.customer, one_per_by=a.score, s=total(a.score))[0][1]["s"] == 9 + 7 + 2 + 3
        )

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda: cells([], Deal, one_per=d.customer, n=count()),
            lambda: cells([], Deal, n=count(a.survey_type == "nps")),
            lambda: cells([], Deal, by=(a.survey_type,), n=count()),
            lambda: cells([], Customer, by=(c.tags,), n=count()),
            lambda: total(d.title),
            lambda: least(d.owner),
            lambda: total(d.amount * d.probability),
            lambda: total(p.delivered_at - p.quantity),
            lambda: quantile(d.probability, 1.1),
        ],
    )
    def test_what_has_no_meaning_is_refused(self, wrong: Any) -> None:
        with pytest.raises(InvalidError):
            wrong()

    def test_too_many_periods_are_refused(self) -> None:
        from crmkit.query import day

        asked = Tally(of=Deal, by=(day(d.closed_at),), components={"n": count()})
        with pytest.raises(InvalidError, match="too many periods"):
            bind_tally(
                asked, binding(), lambda path: (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
            )
        with_year = attrs.evolve(asked, by=(attrs.evolve(day(d.closed_at), unit="year"),))
        bound = bind_tally(
            with_year,
            binding(),
            lambda path: (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)),
        )
        assert len(bound.by[0].edges) == 10_000
