"""Stage changes, interactions and responses: rows that become more than one record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crmkit import (
    CRM,
    Answer,
    Customer,
    Deal,
    Interaction,
    Participant,
    Plugin,
    Question,
    StageChange,
    Survey,
    SurveyResponse,
)
from crmkit.ports.survey_type import Item, Scale
from crmkit.query import each
from crmkit.records import ContactPoint, Span
from crmkit.services.importing.results import ImportResult
from tests.services.importing.test_importing import counts, file_of

pytestmark = pytest.mark.crm(stores="all")
trust = Scale("trust", lo=1, hi=7, top=6, bottom=2, items=(Item("honest"), Item("hides", reverse=True)))


@pytest.fixture
def crm_plugins() -> Sequence[Any]:
    return [Plugin("trust", offers=(trust,))]


def run(crm: CRM, folder: Path, text: str, of: str, mapping: Any = None, **options: Any) -> ImportResult:
    return crm.imports.run(file_of(folder, text), of, mapping=mapping, **options)


# --- stage changes ---
MOVES = """record,stage,at,reason
deals:1,qualified,2024-01-05,
deals:2,offer,2024-01-06,
deals:1,offer,2024-01-09,
deals:1,lost,2024-02-01,price
deals:9,offer,2024-02-01,
deals:1,nowhere,2024-02-02,
"""


def test_moves_are_made_in_the_order_of_the_file_at_their_own_instants(crm: CRM, tmp_path: Path) -> None:
    run(crm, tmp_path, "external_id,title,opened_at\n1,A,2024-01-01\n2,B,2024-01-02\n", "deals")
    result = run(crm, tmp_path, MOVES, "stage-changes")
    assert counts(result) == (4, 0, 0, 2)
    assert {(r.column, r.code) for r in result.reasons} == {("record", "not-found"), ("stage", "unknown-stage")}
    deal = crm.find(Deal, each(Deal).title == "A")[0]
    assert (deal.stage, deal.state, deal.reason) == ("lost", "lost", "price")
    assert deal.closed_at == datetime(2024, 2, 1, tzinfo=UTC)
    s = each(Span)
    spans = crm.find(Span, s.record == deal, s.field == "stage", order=[s.entered_at])
    assert [(one.value, one.entered_at.day, one.left_at and one.left_at.day) for one in spans] == [
        ("lead", 1, 5), ("qualified", 5, 9), ("offer", 9, 1), ("lost", 1, None)
    ]  # fmt: skip
    assert counts(run(crm, tmp_path, MOVES, "stage-changes")) == (0, 0, 4, 2)
    assert len(crm.find(StageChange)) == 4


# --- interactions ---
INTERACTIONS = """external_id,customer,channel,direction,subject,occurred_at,address
a,anna@example.nl,email,in,Is it ready?,2024-01-01T10:00Z,
b,anna@example.nl,email,out,Yes,2024-01-01T12:00Z,
c,,email,in,Who am I,2024-01-02T10:00Z,stranger@example.nl
d,,email,in,It is me,2024-01-03T10:00Z,anna@example.nl
e,,email,in,Oops,2024-01-03T10:00Z,@
"""


def test_interactions_have_participants_and_answers(crm: CRM, tmp_path: Path) -> None:
    run(crm, tmp_path, "name,email\nAnna,anna@example.nl\n", "customers")
    assert counts(run(crm, tmp_path, INTERACTIONS, "interactions")) == (4, 0, 0, 1)
    asked, said, stranger, again = crm.find(Interaction, order=[each(Interaction).occurred_at])
    assert asked.answered_at == said.occurred_at
    assert said.answers == asked.id
    assert asked.opens_conversation
    assert again.conversation == asked.id
    assert again.customer == asked.customer
    assert stranger.customer is None
    assert {(p.interaction, p.customer, p.role, p.address_key) for p in crm.find(Participant)} == {
        (asked.id, asked.customer, "customer", ""),
        (said.id, asked.customer, "customer", ""),
        (stranger.id, None, "customer", "stranger@example.nl"),
        (again.id, asked.customer, "customer", "anna@example.nl"),
    }
    assert counts(run(crm, tmp_path, INTERACTIONS, "interactions")) == (0, 0, 4, 1)
    assert [i.subject for i in crm.interactions.timeline("anna@example.nl")] == ["It is me", "Yes", "Is it ready?"]


# --- responses ---
REVIEWS = """id,score,comment,at,who
r1,5,lovely,2024-01-01,anna@example.nl
r2,4,,2024-01-02,
r3,9,,2024-01-02,
r4,,only words,2024-01-03,
"""
REVIEW = {"columns": {
    "external_id": {"from": "id", "source": "shop"}, "survey": {"value": "reviews", "find": "key", "otherwise": "add"},
    "survey_type": {"value": "csat"}, "answer": "score", "comment": "comment", "submitted_at": {"from": "at", "date": "%Y-%m-%d"},
    "customer": {"from": "who", "find": "email"},
}}  # fmt: skip


def test_an_answer_per_row_is_checked_by_its_survey_type(crm: CRM, tmp_path: Path) -> None:
    run(crm, tmp_path, "name,email\nAnna,anna@example.nl\n", "customers")
    result = run(crm, tmp_path, REVIEWS, "responses", REVIEW)
    assert counts(result) == (3, 0, 0, 1)
    assert (result.reasons[0].column, result.reasons[0].code) == ("score", "answer-out-of-range")
    anna = crm.find(Customer)[0]
    answers = crm.find(Answer, order=[each(Answer).answered_at])
    assert [(a.survey_type, a.question, a.raw, a.score, a.text, a.customer) for a in answers] == [
        ("csat", "csat", Decimal(5), Decimal(5), "lovely", anna.id),
        ("csat", "csat", Decimal(4), Decimal(4), "", None),
        ("comment", "comment", None, None, "only words", None),
    ]
    assert [(one.key, one.number) for one in crm.find(Survey)] == [("reviews", 1)]
    assert {(one.key, one.type) for one in crm.find(Question)} == {("csat", "csat"), ("comment", "comment")}
    assert counts(run(crm, tmp_path, REVIEWS, "responses", REVIEW)) == (0, 0, 3, 1)
    assert len(crm.find(Answer)) == 3


def test_answers_per_column_and_of_items(crm: CRM, tmp_path: Path) -> None:
    mapping = {"columns": {
        "external_id": "id", "survey": {"value": "s", "find": "key", "otherwise": "add"}, "survey_type": {"value": "trust"},
        "answers": {"trust": {"honest": "q1", "hides": "q2"}}, "submitted_at": "at",
    }}  # fmt: skip
    assert counts(run(crm, tmp_path, "id,q1,q2,at\n1,6,2,2024-01-01\n2,7,,2024-01-01\n", "responses", mapping)) == (
        2,
        0,
        0,
        0,
    )
    first = crm.find(SurveyResponse, limit=1)[0]
    answers = crm.find(Answer, each(Answer).response == first.id, order=[each(Answer).seq])
    assert [(a.item, a.raw, a.score) for a in answers] == [
        ("", None, Decimal(6)), ("honest", Decimal(6), Decimal(6)), ("hides", Decimal(2), Decimal(6))
    ]  # fmt: skip


def test_several_rows_of_one_response_are_one_response(crm: CRM, tmp_path: Path) -> None:
    text = "id,question,answer\n1,q1,5\n1,q2,4\n2,q1,1\n1,q3,6\n"
    mapping = {"columns": {
        "external_id": "id", "survey": {"value": "s", "find": "key", "otherwise": "add"}, "survey_type": {"value": "csat"},
        "question": "question", "answer": "answer",
    }}  # fmt: skip
    assert counts(run(crm, tmp_path, text, "responses", mapping)) == (3, 0, 0, 1)
    assert len(crm.find(SurveyResponse)) == 2
    assert {(a.question, a.score) for a in crm.find(Answer)} == {("q1", 5), ("q2", 4), ("q1", 1)}
    assert counts(run(crm, tmp_path, text, "responses", mapping)) == (0, 0, 3, 1)


def test_an_answer_to_a_question_that_the_survey_does_not_have_is_a_reject(crm: CRM, tmp_path: Path) -> None:
    crm.add(Survey(key="s"))
    text = "survey,survey_type,answer\ns,csat,5\ns,nope,5\nt,csat,5\n"
    result = run(crm, tmp_path, text, "responses")
    assert counts(result) == (0, 0, 0, 3)
    assert {r.code for r in result.reasons} == {"no-question", "no-survey-type", "not-found"}
    assert not list(crm.find(ContactPoint))
