"""Deals: opened, moved, won, lost, and seen on a board."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from crmkit.crm import CRM
from crmkit.errors import ConflictError, InvalidError, NotFoundError
from crmkit.records import Customer, Deal, Money
from tests.services.shop import Clock, Repair


@pytest.fixture
def anna(crm: CRM) -> Customer:
    crm.agents.add("mina")
    return crm.customers.add(name="Anna", owner="mina")


class TestOpening:
    def test_it_enters_the_only_pipeline_at_its_first_stage(self, crm: CRM, anna: Customer, clock: Clock) -> None:
        deal = crm.deals.open(anna, title="Gazelle", amount=Money("1249"))
        assert (deal.pipeline, deal.stage, deal.state, deal.opened_at) == ("selling", "asked", "open", clock.now)
        assert (deal.owner, deal.customer_id, deal.amount) == (anna.owner, anna.id, Money("1249", "EUR"))

    def test_the_past_can_be_told(self, crm: CRM, anna: Customer) -> None:
        at = datetime(2025, 1, 1, tzinfo=UTC)
        deal = crm.deals.open(anna, title="x", at=at)
        crm.deals.move(deal, "offer", at=at + timedelta(days=4))
        asked = crm.deals.durations()[0]
        assert (deal.opened_at, asked.n, asked.mean) == (at, 1, timedelta(days=4))

    def test_a_customer_is_not_needed(self, crm: CRM) -> None:
        assert crm.deals.open(None, title="x").customer is None

    def test_a_wrong_word_is_refused_with_the_nearest(self, crm: CRM) -> None:
        with pytest.raises(InvalidError, match="'amount'"):
            crm.deals.open(None, amuont=Money("1"))  # type: ignore[call-arg]  # the mistake that is tested
        with pytest.raises(InvalidError, match="'offer'"):
            crm.deals.open(None, stage="ofer")


class TestChanging:
    def test_the_fields_given_change(self, crm: CRM, anna: Customer) -> None:
        deal = crm.deals.open(None, title="x")
        changed = crm.deals.change(
            deal, title="y", customer=anna, amount=Money("5", "EUR"), expected_on=date(2026, 5, 1)
        )
        assert (changed.title, changed.customer_id, changed.amount, changed.expected_on) == (
            "y",
            anna.id,
            Money("5", "EUR"),
            date(2026, 5, 1),
        )
        assert crm.deals.change(changed, title="y") == changed

    def test_somebody_else_s_change_is_not_lost(self, crm: CRM) -> None:
        deal = crm.deals.open(None, title="x")
        crm.deals.change(deal, title="y")
        with pytest.raises(ConflictError):
            crm.deals.move(deal, "offer")


class TestMoving:
    def test_history_has_from_to_when_who_and_why(self, crm: CRM, clock: Clock) -> None:
        deal = crm.deals.open(None, title="x")
        clock.advance(days=1)
        deal = crm.acting_as("mina").deals.move(deal, "offer", note="by phone")
        clock.advance(days=2)
        deal = crm.deals.lose(deal, reason="price", side="customer")
        moves = [(m.from_stage, m.to_stage, m.by, m.reason, m.side, m.note) for m in crm.deals.history(deal)]
        assert moves == [
            ("asked", "offer", "mina", "", "", "by phone"),
            ("offer", "gone", "system", "price", "customer", ""),
        ]

    def test_closed_when_won_or_lost_and_open_again_when_reopened(self, crm: CRM, clock: Clock) -> None:
        deal = crm.deals.open(None, title="x")
        assert deal.closed_at is None
        won = crm.deals.win(deal)
        assert (won.stage, won.state, won.closed_at) == ("sold", "won", clock.now)
        again = crm.deals.move(won, "offer")
        assert (again.state, again.closed_at) == ("open", None)
        lost = crm.deals.lose(again, reason="waits", at=clock.now + timedelta(days=1))
        assert (lost.state, lost.reason, lost.closed_at) == ("lost", "waits", clock.now + timedelta(days=1))

    def test_a_reason_is_one_of_the_stage_s(self, crm: CRM) -> None:
        deal = crm.deals.open(None, title="x")
        with pytest.raises(InvalidError, match="'price'"):
            crm.deals.lose(deal, reason="prize")

    def test_the_event_is_named_by_the_end(self, crm: CRM) -> None:
        deal = crm.deals.win(crm.deals.open(None, title="x"))
        assert [change.name for change in crm.history.of(deal)] == ["deal.won", "deal.opened"]


class TestBoard:
    def test_count_and_sum_per_currency_by_stage(self, crm: CRM, clock: Clock) -> None:
        for amount in (Money("100", "EUR"), Money("50.50", "EUR"), Money("7", "JPY"), None):
            crm.deals.open(None, title="x", amount=amount)
        crm.deals.win(crm.deals.open(None, title="y", amount=Money("9", "EUR")))
        asked, offer, thinks, sold, given, gone = crm.deals.board()
        assert (asked.stage, asked.count, asked.sums) == ("asked", 4, {"EUR": Decimal("150.50"), "JPY": Decimal(7)})
        assert (offer.count, thinks.state, sold.count, sold.days, given.count, gone.count) == (0, "hold", 1, 30, 0, 0)
        assert asked.as_dict() == {
            "pipeline": "selling", "stage": "asked", "label": "Asked", "state": "open", "count": 4,
            "sums": {"EUR": "150.50", "JPY": "7"}, "stale": 0, "days": None, "is_retired": False,
        }  # fmt: skip

    def test_what_closed_long_ago_is_not_on_it_and_what_stands_long_is_stale(self, crm: CRM, clock: Clock) -> None:
        crm.deals.win(crm.deals.open(None, title="old"))
        crm.deals.open(None, title="stale")
        clock.advance(days=31)
        crm.deals.open(None, title="new")
        asked, *_, sold, _, _ = crm.deals.board("selling")
        assert (asked.count, asked.stale, sold.count) == (2, 1, 0)
        assert crm.deals.board("selling", closed_days=40)[3].count == 1

    def test_any_record_type_that_moves_has_one(self, crm: CRM) -> None:
        with crm.transaction() as tx:
            tx.move(tx.add(Repair(bicycle="Union")), "ready")
            tx.add(Repair(bicycle="Batavus"))
        assert [(c.stage, c.count, c.sums) for c in crm.pipelines.board("workshop")] == [
            ("received", 1, {}),
            ("ready", 1, {}),
        ]

    def test_an_unknown_pipeline_is_told_with_the_nearest(self, crm: CRM) -> None:
        with pytest.raises(NotFoundError, match="'selling'"):
            crm.deals.board("seling")


class TestDurations:
    def test_over_ended_stays_with_the_open_ones_apart(self, crm: CRM, clock: Clock) -> None:
        deals = [crm.deals.open(None, title=str(n)) for n in range(4)]
        for n, deal in enumerate(deals[:3]):
            clock.advance(days=[1, 1, 5][n])
            crm.deals.move(deal, "offer")
        asked, offer, *_ = crm.deals.durations()
        assert (asked.n, asked.mean, asked.median, asked.n_open) == (3, timedelta(days=10) / 3, timedelta(days=2), 1)
        assert (offer.n, offer.mean, offer.median, offer.n_open) == (0, None, None, 3)
        assert (asked.low, asked.high) == (timedelta(days=1.5), timedelta(days=4.5))
        assert (offer.low, offer.high) == (None, None)
        assert [asked.as_dict()[name] for name in ("low_s", "median_s", "high_s")] == [
            1.5 * 86_400,
            2 * 86_400,
            4.5 * 86_400,
        ]

    def test_of_a_period(self, crm: CRM, clock: Clock) -> None:
        deal = crm.deals.open(None, title="x")
        crm.deals.move(deal, "offer", at=clock.advance(days=1))
        assert crm.deals.durations(until=clock.now)[0].n == 0
        assert crm.deals.durations(since=clock.now)[0].n == 1


class TestFinding:
    def test_by_title_owner_state_and_customer(self, crm: CRM, anna: Customer) -> None:
        deal = crm.deals.open(anna, title="Gazelle Orange")
        crm.deals.win(crm.deals.open(None, title="Gazelle Paris"))
        assert len(crm.deals.find("gazelle")) == 2
        for found in (
            crm.deals.find("gazelle", state="open"), crm.deals.find(owner="mina"), crm.deals.find(customer=anna), crm.deals.find(stage="asked"),
        ):  # fmt: skip
            assert list(found) == [deal]

    def test_a_misspelt_stage_or_pipeline_is_told(self, crm: CRM) -> None:
        with pytest.raises(InvalidError, match=r"no stage 'askd'.*Did you mean 'asked'"):
            crm.deals.find(stage="askd")
        with pytest.raises(NotFoundError, match="no pipeline 'sail'"):
            crm.deals.find(pipeline="sail")


class TestPipelines:
    def test_they_are_listed_with_their_stages(self, crm: CRM) -> None:
        assert "selling" in [p.key for p in crm.pipelines.list(Deal)]
        assert {p.of for p in crm.pipelines.list(Deal)} == {"deal"}
        assert [s.key for s in crm.pipelines.stages("selling")] == ["asked", "offer", "thinks", "sold", "given", "gone"]


class TestWinningAgain:
    def test_what_is_won_stays_as_it_is(self, crm: CRM, clock: Clock) -> None:
        deal = crm.deals.win(crm.deals.open(None, title="x"))
        clock.advance(days=1)
        again = crm.deals.win(deal)
        assert (again, len(crm.deals.history(deal))) == (deal, 1)

    def test_the_reason_can_be_told_later(self, crm: CRM, clock: Clock) -> None:
        deal = crm.deals.lose(crm.deals.open(None, title="x"))
        clock.advance(days=1)
        again = crm.deals.lose(deal, reason="price")
        assert (again.reason, again.closed_at, len(crm.deals.history(deal))) == ("price", deal.closed_at, 1)
