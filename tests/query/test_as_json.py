"""Questions as JSON: what is written comes back equal, and what is unknown is refused with the nearest right word."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.errors import InvalidError
from crmkit.query import (
    Ago,
    Condition,
    Find,
    Tally,
    ago,
    by_edges,
    condition_from_json,
    condition_to_json,
    count,
    each,
    find,
    find_from_json,
    find_to_json,
    has,
    latest,
    month,
    now,
    quantile,
    start_of,
    tally_from_json,
    tally_to_json,
    total,
)  # fmt: skip
from crmkit.records import Answer, Customer, Deal, Interaction, Money, Purchase, Record, declaration_of
from crmkit.testing.specimens import SPECIMENS, Specimen, custom_fields
from crmkit.testing.strategies import conditions, jsons, pool_of, questions, tallies

TYPES: dict[str, type[Record]] = {
    declaration_of(of).name: of for of in (*SPECIMENS, Deal, Interaction, Answer, Purchase)
}
c, d, i, a, p = each(Customer), each(Deal), each(Interaction), each(Answer), each(Purchase)
last = latest(a.customer, a.survey_type == "nps", by=a.answered_at)
NOW = datetime(2026, 3, 15, 12, 0, 0, 1, tzinfo=UTC)


def again(condition: Condition) -> Condition:
    return condition_from_json(json.loads(json.dumps(condition_to_json(condition))), condition.root, TYPES)


WRITTEN: list[tuple[Condition, Any]] = [
    (d.customer.country == "NL", {"field": "customer.country", "op": "==", "value": "NL"}),
    (d.amount > Money("500.00", "EUR"), {"field": "amount", "op": ">", "value": {"value": "500.00", "currency": "EUR"}}),
    (p.delivered_at > p.promised_at, {"field": "delivered_at", "op": ">", "other": "promised_at"}),
    (i.occurred_at > ago(days=90), {"field": "occurred_at", "op": ">", "moment": {"ago": {"days": 90}}}),
    (i.occurred_at > now(), {"field": "occurred_at", "op": ">", "moment": {"ago": 0}}),
    (d.closed_at >= start_of("month", -1), {"field": "closed_at", "op": ">=", "moment": {"start_of": "month", "shift": -1}}),
    (d.state.in_(["won", "lost"]), {"field": "state", "op": "in", "values": ["won", "lost"]}),
    (c.name.contains("Élan"), {"field": "name", "op": "contains", "value": "elan"}),
    (c.tags.includes("vip"), {"field": "tags", "op": "includes", "value": "vip"}),
    (~c.since.is_missing, {"not": {"field": "since", "op": "is_missing"}}),
    ((d.state == "won") & (d.stage == "x"), {"all": [{"field": "state", "op": "==", "value": "won"}, {"field": "stage", "op": "==", "value": "x"}]}),
    (has(i.customer, i.channel == "sms", at_least=3), {"has": {"of": "interaction", "reference": "customer", "where": {"field": "channel", "op": "==", "value": "sms"}, "at_least": 3}}),
    (has(i.customer), {"has": {"of": "interaction", "reference": "customer"}}),
    (c.custom.size == "M", {"field": "custom.size", "op": "==", "value": "M"}),
    (getattr(c.custom, "a.b") == 1, {"field": ["custom", "a.b"], "op": "==", "value": 1}),
    (c.custom.rate >= Decimal("1.20"), {"field": "custom.rate", "op": ">=", "value": {"decimal": "1.20"}}),
    (c.custom.day == date(2026, 1, 2), {"field": "custom.day", "op": "==", "value": {"date": "2026-01-02"}}),
    (c.custom.at == NOW, {"field": "custom.at", "op": "==", "value": {"instant": "2026-03-15T12:00:00.000001Z"}}),
    (last.score <= 6, {"field": [{"latest": "answer", "reference": "customer", "where": {"field": "survey_type", "op": "==", "value": "nps"}, "by": "answered_at"}, "score"], "op": "<=", "value": "6"}),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "data"), WRITTEN, ids=[json.dumps(data)[:50] for _, data in WRITTEN])
def test_conditions_have_one_form(condition: Condition, data: Any) -> None:
    assert condition_to_json(condition) == data
    assert again(condition) == condition


def test_a_hand_written_form_may_be_looser() -> None:
    assert condition_from_json({"field": "score", "op": "<=", "value": 6}, Answer, TYPES) == (a.score <= 6)
    assert condition_from_json({"field": ["customer", "country"], "op": "==", "value": "NL"}, Deal, TYPES) == (
        d.customer.country == "NL"
    )
    assert condition_from_json(
        {"field": "name", "op": "contains", "value": "ÉLAN"}, Customer, TYPES
    ) == c.name.contains("elan")
    assert condition_from_json({"field": "since", "op": ">", "moment": {"ago": {"weeks": 2}}}, Customer, TYPES) == (
        c.since > Ago(timedelta(14))
    )


def test_a_custom_field_may_have_the_name_of_a_word() -> None:
    """Names are never taken for the language's own words, as attributes would be."""
    for name in ("is_missing", "in_", "folded", "custom"):
        condition = condition_from_json({"field": ["custom", name], "op": "==", "value": 1}, Customer, TYPES)
        assert again(condition) == condition


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"field": "custmer", "op": "==", "value": 1}, "Did you mean 'customer'"),
        ({"field": "customer.cuntry", "op": "==", "value": 1}, "Did you mean 'country'"),
        ({"field": "state", "op": "starts", "value": "x"}, "Did you mean 'starts_with'"),
        ({"field": "state", "op": "==", "valeu": "x"}, "Did you mean 'value'"),
        ({"field": "state", "op": "==", "value": 1}, "does not fit 'state'"),
        ({"field": "state", "op": "==", "values": ["x"]}, "has no 'values'"),
        ({"field": "state", "op": "=="}, "takes value or other or moment"),
        ({"field": "state", "op": "==", "value": "x", "other": "stage"}, "takes value"),
        ({"field": "amount", "op": ">", "value": {"value": "x", "currency": "EUR"}}, "no value of 'amount'"),
        ({"field": "closed_at", "op": ">", "value": "2026-01-01"}, "no value of 'closed_at'"),
        ({"field": "closed_at", "op": ">", "moment": {"ago": {"dys": 1}}}, "no moving value"),
        ({"field": "closed_at", "op": ">", "moment": {"start_of": "decade"}}, "no moving value"),
        ({"field": "closed_at", "op": ">", "moment": {"ago": 1e300}}, "no moving value"),
        ({"has": {"of": "interacton", "reference": "customer"}}, "Did you mean 'interaction'"),
        ({"has": {"of": "interaction", "reference": "customer"}}, "about Customer"),
        ({"has": {"of": "interaction", "reference": "customer", "at_least": 1.5}}, "whole number"),
        ({"all": []}, "at least one"),
        ({"all": [], "any": []}, "has no"),
        ({"always": 1}, "true or false"),
        ({"field": "owner", "op": "<", "value": "agent:x"}, "no value of 'owner'"),
        ({"field": "title.folded.folded", "op": "==", "value": "x"}, "not Searchable"),
        ({"field": "", "op": "==", "value": "x"}, "no field"),
        ({"field": [], "op": "==", "value": "x"}, "at least one field"),
        ({"field": "__class__", "op": "==", "value": "x"}, "no field"),
        ({"field": "state.x", "op": "==", "value": "x"}, "no reference"),
        ([], "no condition"),
        ("deal.state == 'won'", "no condition"),
    ],
)
def test_what_is_unknown_is_refused(data: Any, message: str) -> None:
    with pytest.raises(InvalidError, match=message):
        condition_from_json(data, Deal, TYPES)


def test_nesting_has_an_end() -> None:
    """A question from outside can not exhaust the stack."""
    data: Any = {"always": True}
    for _ in range(2000):
        data = {"not": data}
    with pytest.raises(InvalidError, match="deep"):
        condition_from_json(data, Deal, TYPES)


def test_a_bound_question_is_not_written() -> None:
    """It holds for one moment and one actor only."""
    from tests.query.world import binding  # the binding of the other tests

    guarded = binding(access=lambda of: c.country == "NL" if of is Customer else None)
    with pytest.raises(InvalidError, match="before it is"):
        condition_to_json(guarded.condition(d.customer.name == "x"))


def test_questions_have_one_form() -> None:
    question = find(Deal, d.state == "open", order=[-d.amount, d.customer.name.folded], limit=20, after="abc")
    data = find_to_json(question)
    assert data == {
        "of": "deal", "where": {"field": "state", "op": "==", "value": "open"}, "limit": 20, "after": "abc",
        "order": [{"by": "amount", "descending": True}, {"by": "customer.name.folded"}],
    }  # fmt: skip
    assert find_from_json(json.loads(json.dumps(data)), TYPES) == question


def test_tallies_have_one_form() -> None:
    components = {
        "n": count(),
        "won": count(d.state == "won"),
        "value": total(d.amount),
        "q": quantile(d.closed_at - d.opened_at, 0.9),
    }
    asked = Tally(
        of=Deal,
        by=(d.owner, month(d.closed_at), by_edges(d.opened_at, [NOW, NOW + timedelta(1)])),
        components=components,
        one_per=d.customer,
    )
    data = tally_to_json(asked)
    assert data["by"] == [
        {"field": "owner"}, {"period": "closed_at", "unit": "month"},
        {"period": "opened_at", "edges": ["2026-03-15T12:00:00.000001Z", "2026-03-16T12:00:00.000001Z"]},
    ]  # fmt: skip
    assert data["components"]["q"] == {
        "measure": "quantile",
        "of": {"difference": ["closed_at", "opened_at"]},
        "q": 0.9,
    }
    assert tally_from_json(json.loads(json.dumps(data)), TYPES) == asked


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"of": "deel"}, "Did you mean 'deal'"),
        ({"components": {"n": {"measure": "cuont"}}}, "Did you mean 'count'"),
        ({"components": {"n": {"measure": "total"}}}, "takes an `of`"),
        ({"components": {"n": {"measure": "count", "of": "title"}}}, "takes no `of`"),
        ({"components": {"n": {"measure": "total", "of": "title"}}}, "no number"),
        ({"components": {"n": {"measure": "quantile", "of": "probability", "q": 2}}}, "from 0 to 1"),
        ({"by": [{"period": "closed_at", "unit": "mnth"}]}, "Did you mean 'month'"),
        ({"by": [{"period": "closed_at", "edges": ["2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"]}]}, "ascending"),
        ({"by": [{"period": "title", "unit": "month"}]}, "no instant"),
        ({"one_per": "customer"}, "needs a period"),
    ],
)
def test_a_wrong_tally_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidError, match=message):
        tally_from_json({"of": "deal", "components": {"n": {"measure": "count"}}} | change, TYPES)


# --- on random ones ---
_SOME = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
_MORE: Any = {"custom": custom_fields, "pool": pool_of(SPECIMENS)}


@_SOME
@given(st.one_of(*(conditions(of, SPECIMENS, **_MORE) for of in SPECIMENS)))
def test_every_condition_comes_back(condition: Condition) -> None:
    assert again(condition) == condition


@_SOME
@given(questions(Specimen, SPECIMENS, **_MORE), tallies(Specimen, SPECIMENS, **_MORE))
def test_every_question_comes_back(question: Find[Any], tally: Tally) -> None:
    assert find_from_json(json.loads(json.dumps(find_to_json(question))), TYPES) == question
    assert tally_from_json(json.loads(json.dumps(tally_to_json(tally))), TYPES) == tally


@_SOME
@given(st.data(), conditions(Specimen, SPECIMENS, **_MORE), jsons())
def test_broken_ones_are_refused_and_nothing_else_escapes(data: st.DataObject, condition: Condition, junk: Any) -> None:
    """Any part of a written condition is replaced by any other JSON value."""
    written = json.loads(json.dumps(condition_to_json(condition)))
    places = list(_places(written))
    *way, key = data.draw(st.sampled_from(places))
    part = written
    for step in way:
        part = part[step]
    part[key] = json.loads(json.dumps(junk))
    with suppress(InvalidError):
        made = condition_from_json(written, Specimen, TYPES)
        assert again(made) == made


def _places(data: Any) -> Any:
    if isinstance(data, dict | list):
        for key, item in data.items() if isinstance(data, dict) else enumerate(data):
            yield (key,)
            yield from ((key, *rest) for rest in _places(item))
