"""What questions mean, case by case; the contract suite holds the stores to it on random questions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest

from crmkit.errors import InvalidError
from crmkit.query import (
    Condition,
    Evaluator,
    ago,
    bind,
    count,
    find,
    has,
    holds,
    latest,
    start_of,
    total,
)  # fmt: skip
from crmkit.records import (
    Answer,
    AnyRef,
    Customer,
    Deal,
    Digest,
    Field,
    Interaction,
    Money,
    PartialDate,
    Survey,
    SurveyResponse,
    new_id,
)  # fmt: skip
from tests.query.world import NOW, World, a, anna, answer_of, binding, bob, c, cells, cleo, d, i, names


class TestMissing:
    def test_a_comparison_with_a_missing_value_is_false_and_its_negation_true(self) -> None:
        """Also `!=`: two-valued logic has no third answer."""
        world = [anna, bob, cleo]
        assert names(world, c.since < NOW) == ["cleo"]
        assert names(world, ~(c.since < NOW)) == ["anna", "bob"]
        assert names(world, c.since != NOW) == ["cleo"]
        assert names(world, ~(c.since != NOW)) == ["anna", "bob"]
        assert names(world, c.since == c.since) == ["cleo"]

    def test_not_is_pushed_through_and_and_or(self) -> None:
        assert names([anna, bob, cleo], ~((c.since < NOW) | (c.country == "NL"))) == ["bob"]
        assert names([anna, bob, cleo], ~((c.since < NOW) & (c.country == "NL"))) == ["anna", "bob", "cleo"]

    def test_none_asks_whether_it_is_missing(self) -> None:
        assert names([anna, cleo], c.since == None) == ["anna"]  # noqa: E711  # the language's own spelling
        assert names([anna, cleo], c.since != None) == ["cleo"]  # noqa: E711  # the language's own spelling
        assert names([anna, cleo], c.since.in_([None])) == []

    def test_missing_is_first_ascending_and_last_descending(self) -> None:
        assert names([cleo, anna], order=[c.since]) == ["anna", "cleo"]
        assert names([cleo, anna], order=[-c.since]) == ["cleo", "anna"]


class TestValues:
    def test_text_orders_by_code_point(self) -> None:
        words = ["Z", "a", "é", "\U00010000", "\uffff"]
        assert names([Customer(name=w) for w in words], order=[c.name]) == ["Z", "a", "é", "\uffff", "\U00010000"]

    def test_money_compares_within_one_currency(self) -> None:
        world = [Deal(title="e", amount=Money("5", "EUR")), Deal(title="u", amount=Money("5", "USD")), Deal(title="-")]
        assert names(world, d.amount >= Money("5")) == ["e"]
        assert names(world, d.amount != Money("4", "EUR")) == ["e"]
        assert names(world, ~(d.amount == Money("5", "EUR"))) == ["u", "-"]
        assert names(world, d.amount.in_([Money("5.00", "USD")])) == ["u"]

    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            (d.amount < Money("5.001", "EUR"), ["a"]),
            (d.amount <= Money("5.009", "EUR"), ["a"]),
            (d.amount > Money("5.001", "EUR"), ["b"]),
            (d.amount == Money("5.001", "EUR"), []),
            (d.amount != Money("5.001", "EUR"), ["a", "b"]),
            (~(d.amount != Money("5.001", "EUR")), ["u"]),
            (d.amount < Money("1e30", "EUR"), ["a", "b"]),
            (d.amount > Money("-1e30", "EUR"), ["a", "b"]),
            (d.amount > Money("1e30", "EUR"), []),
            (d.amount.in_([Money("5.001", "EUR"), Money("5", "EUR")]), ["a"]),
        ],
    )
    def test_a_number_that_no_column_holds_is_compared_all_the_same(
        self, condition: Condition, expected: list[str]
    ) -> None:
        world = [
            Deal(title=t, amount=Money(n, cur))
            for t, n, cur in [("a", "5", "EUR"), ("b", "5.01", "EUR"), ("u", "5", "USD")]
        ]
        assert names(world, condition) == expected

    def test_whole_numbers_beyond_64_bits(self) -> None:
        world = [Deal(title="x", probability=2**63 - 1), Deal(title="-")]
        assert names(world, d.probability < 2**70) == ["x"]
        assert names(world, d.probability != 2**70) == ["x"]
        assert names(world, d.probability >= 2**63) == []

    def test_references_to_any_type_are_equal_by_type_and_id(self) -> None:
        world = [Deal(title="x", owner=AnyRef("agent", anna.id)), Deal(title="y", owner=AnyRef("team", anna.id))]
        assert names(world, d.owner == AnyRef("agent", anna.id)) == ["x"]

    def test_partial_dates_order_by_their_text(self) -> None:
        born = [PartialDate(1990, 2), PartialDate(1990), PartialDate(month=2, day=28), PartialDate(1990, 2, 1)]
        world = [Customer(name=str(b), born_on=b) for b in born]
        assert names(world, order=[c.born_on]) == ["--02-28", "1990", "1990-02", "1990-02-01"]
        assert names(world, c.born_on > PartialDate(1990)) == ["1990-02", "1990-02-01"]


class TestText:
    def test_contains_compares_folds(self) -> None:
        world = [Customer(name="Élodie Müller"), Customer(name="ELODIE"), Customer(name="bob")]
        assert names(world, c.name.contains("elodie")) == ["Élodie Müller", "ELODIE"]
        for nothing in ("", " ", "\t\n", "\u200b", "\u0301"):
            assert names(world, c.name.contains(nothing)) == ["Élodie Müller", "ELODIE", "bob"]
        assert names(world, order=[c.name.folded]) == ["bob", "ELODIE", "Élodie Müller"]

    def test_starts_with_is_exact(self) -> None:
        assert names([Customer(name="Anna"), anna], c.name.starts_with("an")) == ["anna"]
        assert names([Customer(name="50% off"), anna], c.name.starts_with("50%")) == ["50% off"]

    def test_sets_have_members(self) -> None:
        assert names([anna, bob], c.tags.includes("vip")) == ["anna"]
        assert names([anna, bob], c.tags == {"vip"}) == ["anna"]


class TestReferences:
    def test_fields_over_a_reference_are_missing_where_it_leads_nowhere(self) -> None:
        deals = [
            Deal(title=t, customer=ref)
            for t, ref in [("nl", anna.id), ("de", bob.id), ("gone", new_id()), ("none", None)]
        ]
        world = [anna, bob, *deals]
        assert names(world, d.customer.country == "NL") == ["nl"]
        assert names(world, d.customer.country != "NL") == ["de"]
        assert names(world, d.customer.country.is_missing) == ["gone", "none"]
        assert names(world, d.customer.is_missing) == ["none"]

    def test_a_guard_hides_what_is_behind_the_reference(self) -> None:
        """The reference itself stays: the record that holds it is not hidden."""
        world = [anna, bob, Deal(title="a", customer=anna.id), Deal(title="b", customer=bob.id)]
        seen = binding(access=lambda of: c.country == "NL" if of is Customer else None)
        assert names(world, ~d.customer.name.is_missing, bound=seen) == ["a"]
        assert names(world, ~d.customer.is_missing, bound=seen) == ["a", "b"]
        assert names(world, bound=seen) == ["anna"]

    def test_has_counts_the_records_that_name_this_one(self) -> None:
        world = [
            anna,
            bob,
            *(Interaction(customer=anna.id, channel="sms") for _ in range(3)),
            Interaction(customer=bob.id, channel="sms"),
        ]
        assert names(world, has(i.customer, i.channel == "sms", at_least=3)) == ["anna"]
        assert names(world, ~has(i.customer, i.channel == "sms", at_least=3)) == ["bob"]
        assert names(world, has(i.customer)) == ["anna", "bob"]
        hidden = binding(access=lambda of: i.channel == "call" if of is Interaction else None)
        assert names(world, has(i.customer), bound=hidden) == []

    def test_latest_is_the_last_by_its_key_then_by_id(self) -> None:
        one, two, three = sorted((new_id() for _ in range(3)), key=lambda x: x.int)
        answers = [
            answer_of(anna, 9, NOW, id=two), answer_of(anna, 3, NOW, id=one), answer_of(anna, 1, NOW - timedelta(1), id=three),
            answer_of(bob, 5, NOW), answer_of(cleo, 5, NOW, survey_type="csat"),
        ]  # fmt: skip
        last = latest(a.customer, a.survey_type == "nps", by=a.answered_at)
        assert names([anna, bob, cleo, *answers], last.score == 9) == ["anna"]
        assert names([anna, bob, cleo, *answers], order=[-last.score]) == ["anna", "bob", "cleo"]
        assert names([anna, bob, cleo, *answers], last == two) == ["anna"]
        assert names([anna, bob, cleo, *answers], last.is_missing) == ["cleo"]

    def test_a_record_without_the_key_is_the_latest_only_where_there_is_no_other(self) -> None:
        world = [
            anna,
            bob,
            Deal(customer=anna.id, title="old", opened_at=NOW),
            Deal(customer=anna.id, title="new"),
            Deal(customer=bob.id, title="only"),
        ]
        last = latest(d.customer, by=d.opened_at)
        assert names(world, last.title == "old") == ["anna"]
        assert names(world, last.title == "only") == ["bob"]


CUSTOM = {
    "size": Field(name="size", kind="text"), "n": Field(name="n", kind="int"), "rate": Field(name="rate", kind="decimal", places=2),
    "day": Field(name="day", kind="date"), "at": Field(name="at", kind="instant"), "yes": Field(name="yes", kind="bool"),
}  # fmt: skip


class TestCustom:
    @pytest.mark.parametrize(
        ("condition", "kept", "others"),
        [
            (c.custom.size == "M", "M", [1, True, None, ["M"]]),
            (c.custom.n == 1, 1, ["1", True, None, 1.5]),
            (c.custom.rate == Decimal("1.25"), 125, ["1.25", True, None, 1.25]),
            (c.custom.day == date(2026, 1, 2), "2026-01-02", ["20260102", "2026-W01-5", "x", 20260102, None]),
            (
                c.custom.at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
                1_000_000,
                ["1970-01-01T00:00:01Z", 10**30, None],
            ),
            (c.custom.yes == True, True, [1, "true", None]),  # noqa: E712  # the language's own spelling
        ],
    )
    def test_a_value_of_another_kind_is_missing(self, condition: Any, kept: Any, others: list[Any]) -> None:
        (key,) = [step.key for step in condition.path._steps]
        world = [Customer(name="right", custom={key: kept}), Customer(name="none")]
        world += [Customer(name=f"other{n}", custom={key: value}) for n, value in enumerate(others)]
        bound = binding(custom=lambda of: CUSTOM)
        assert names(world, condition, bound=bound) == ["right"]
        assert names(world, ~condition.path.is_missing, bound=bound) == ["right"]

    def test_an_unknown_one_is_refused_with_the_nearest(self) -> None:
        with pytest.raises(InvalidError, match="Did you mean 'size'"):
            bind(find(Customer, c.custom.sise == "M"), binding(custom=lambda of: CUSTOM))

    def test_a_test_that_its_kind_does_not_have_is_refused_when_bound(self) -> None:
        bound = binding(custom=lambda of: CUSTOM)
        for wrong in (
            c.custom.n.starts_with("1"),
            c.custom.n == c.custom.size,
            c.custom.size > ago(days=1),
            c.custom.n == "x",
        ):
            with pytest.raises(InvalidError):
                bind(find(Customer, wrong), bound)
        with pytest.raises(InvalidError):
            cells([], Customer, n=total(c.custom.size), bound=bound)


class TestMoments:
    def test_they_move_with_the_moment_of_asking(self) -> None:
        assert names([cleo], c.since > ago(days=11)) == ["cleo"]
        assert names([cleo], c.since > ago(days=9)) == []
        assert names([cleo], c.since > start_of("month")) == ["cleo"]

    def test_a_day_is_compared_with_the_local_day(self) -> None:
        late = binding()
        late = attrs.evolve(late, now=datetime(2026, 3, 15, 23, 30, tzinfo=UTC))  # in Amsterdam it is the 16th
        assert names([Deal(title="x", expected_on=date(2026, 3, 16))], d.expected_on <= ago(), bound=late) == ["x"]

    def test_outside_of_the_calendar_is_refused(self) -> None:
        with pytest.raises(InvalidError, match="years 1 to 9999"):
            names([], c.since > ago(days=10**6))
        with pytest.raises(InvalidError, match="years 1 to 9999"):
            names([], c.since > start_of("year", -3000))


class TestRules:
    def test_a_local_condition_is_decided_by_one_record(self) -> None:
        assert holds((d.state == "open") & d.amount.is_missing, Deal())
        assert not holds(~(d.state == "open"), Deal())

    def test_one_that_needs_others_is_refused(self) -> None:
        for far in (d.customer.country == "NL", has(i.customer), latest(d.customer, by=d.opened_at).title == "x"):
            with pytest.raises(InvalidError, match="rule on one record"):
                holds(far, Deal())

    def test_a_moving_value_must_be_bound_first(self) -> None:
        with pytest.raises(InvalidError, match="bind"):
            holds(c.since > ago(days=1), cleo)


class TestPages:
    @pytest.mark.parametrize(
        "order", [[], [c.since], [-c.since], [c.country, -c.name], [c.name.folded], [-c.born_on], [c.id]]
    )
    def test_pages_by_keyset_are_the_whole_order(self, order: list[Any]) -> None:
        world = World(tuple(
            Customer(name=f"n{n % 3}É", country="ND"[n % 2], since=None if n % 4 else NOW + timedelta(n), born_on=PartialDate(1990 + n % 2) if n % 5 else None)
            for n in range(23)
        ))  # fmt: skip
        whole = [r.id for r in Evaluator(world).find(find(Customer, order=order))]
        paged, after = [], None
        for _ in range(30):
            page = Evaluator(world).find(find(Customer, order=order, limit=4, after=after))
            paged += [r.id for r in page]
            after = page.next
            if after is None:
                break
        assert paged == whole

    def test_every_order_ends_in_the_id_in_the_last_keys_direction(self) -> None:
        world = World(tuple(Customer(name="x") for _ in range(5)))
        ids = sorted((r.id for r in world.records), key=lambda x: x.bytes)
        assert [r.id for r in Evaluator(world).find(find(Customer, order=[c.name]))] == ids
        assert [r.id for r in Evaluator(world).find(find(Customer, order=[-c.name]))] == ids[::-1]

    @pytest.mark.parametrize("cursor", ["x", "", "W10", "WzEsMl0", "WyJ4IiwieCJd"])
    def test_a_cursor_that_is_none_of_ours_is_refused(self, cursor: str) -> None:
        with pytest.raises(InvalidError):
            Evaluator(World((anna,))).find(find(Customer, order=[c.since], limit=1, after=cursor))


def test_records_of_all_types_that_questions_ask_about() -> None:
    """The types used above exist as declared: a survey's answers reach their customer over two references."""
    survey, response = Survey(key="s"), None
    response = SurveyResponse(survey=survey.id, customer=anna.id)
    answer = answer_of(None, 1, NOW)
    answer = attrs.evolve(answer, response=response.id)
    assert (
        cells(
            [anna, survey, response, answer],
            Answer,
            a.response.customer.country == "NL",
            a.response.survey.key == "s",
            n=count(),
        )[0][1]["n"]
        == 1
    )
    assert Digest(b"x") == b"x"
