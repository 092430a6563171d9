"""Surveys from the first question to the figure."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from crmkit import (
    CRM,
    Answer,
    Ask,
    Customer,
    InvalidError,
    Invitation,
    Message,
    NotFoundError,
    SurveyResponse,
    UnsupportedError,
)
from crmkit.ports.channel import Request
from crmkit.query import each
from crmkit.testing import Clock
from tests.services.sending.faulty import Book


def send(crm: CRM, survey: str, *customers: Customer) -> Invitation:
    sent = crm.surveys.send(survey, customers, channel="faulty")
    return sent.invitations[0]


def scores(crm: CRM, question: str = "nps") -> list[Decimal | None]:
    return [one.score for one in crm.find(Answer, each(Answer).question == question)]


def test_an_invitation_is_a_message_in_the_customers_language(shop: CRM, anna: Customer, book: Book) -> None:
    """The token is in what was handed over, and nowhere in what is kept."""
    shop.surveys.create("nps-2026", "nps")
    invitation = send(shop, "nps-2026", anna)
    shop.work()
    (given,) = book.given
    assert "Beste Anna" in given.text
    assert "cijfer van 0 tot 10" in given.text
    token = shop.surveys.token(invitation)
    assert token in given.text
    assert token not in "".join(one.text for one in shop.find(Message))
    assert token not in "".join(one.body for one in shop.interactions.timeline(anna))
    assert shop.get(Invitation, invitation.id).sent_at is not None


def test_a_token_answers(shop: CRM, anna: Customer) -> None:
    shop.surveys.create("nps-2026", "nps")
    invitation = send(shop, "nps-2026", anna)
    response = shop.surveys.answer(
        shop.surveys.token(invitation).upper(), {"nps": "۹", "comment": "good"}, channel="web"
    )
    assert (response.customer, response.status, response.invitation) == (anna.id, "complete", invitation.id)
    rows = shop.surveys.answers(response)
    assert [(one.question, one.score, one.text, one.customer) for one in rows] == [
        ("comment", None, "good", anna.id), ("nps", Decimal(9), "", anna.id),
    ]  # fmt: skip
    assert shop.get(Invitation, invitation.id).used_at is not None
    assert shop.kpis.show("nps").rows[0].value == 100
    with pytest.raises(NotFoundError):
        shop.surveys.answer("x" * 26, {"nps": 9})


def test_a_reply_to_the_message_answers(shop: CRM, anna: Customer) -> None:
    """In its own words behind the number; it does not wait for an answer of ours."""
    shop.surveys.create("nps-2026", "nps")
    send(shop, "nps-2026", anna)
    shop.work()
    (message,) = shop.find(Message)

    def arrives(name: str, text: str) -> int:
        reply = Request(
            body=f"message {name} {text}".encode(), headers={"signature": "good", "reply": message.external_id or ""}
        )
        return shop.messages.receive("faulty", reply).answers

    assert arrives("m1", "۹ چون خوب بود") == 1
    assert [(one.question, one.text) for one in shop.find(Answer) if one.text] == [("comment", "چون خوب بود")]
    assert not shop.interactions.waiting()
    assert arrives("m2", "27") == 0
    assert arrives("m3", "when is my bike ready?") == 0
    assert len(shop.interactions.waiting()) == 2
    assert scores(shop) == [Decimal(9)]


def test_an_amended_answer_counts_once(shop: CRM, anna: Customer, clock: Clock) -> None:
    """The latest wins, and the log has the one before."""
    shop.surveys.create("csat-1", "csat")
    invitation = send(shop, "csat-1", anna)
    first = shop.surveys.answer(invitation, {"csat": 2})
    clock.advance(hours=1)
    second = shop.surveys.answer(invitation, {"csat": 5})
    assert first.id == second.id
    assert scores(shop, "csat") == [Decimal(5)]
    assert [one.seq for one in shop.find(Answer)] == [1]


def test_the_same_submission_twice_is_one_response(shop: CRM, anna: Customer) -> None:
    shop.surveys.create("csat-1", "csat")
    for given in (4, 1):
        shop.surveys.answer(anna, {"csat": given}, survey="csat-1", submit_key="form:17")
    assert scores(shop, "csat") == [Decimal(4)]
    shop.surveys.answer(anna, {"csat": 1}, survey="csat-1")
    assert len(shop.surveys.responses("csat-1")) == 2


def test_partial_answers_are_kept_and_completed(shop: CRM, anna: Customer, clock: Clock) -> None:
    """A part may lack what is required; the whole may not; what a branch hides is dropped at the end."""
    low = ["<=", ["answer", "nps"], 6]
    shop.surveys.create("long", questions={"nps": "nps", "why": Ask("comment", relevant=low), "ease": "ces2"})
    invitation = send(shop, "long", anna)
    part = shop.surveys.answer(invitation, {"nps": 3, "why": "slow"}, is_partial=True)
    assert (part.status, part.submitted_at) == ("partial", None)
    with pytest.raises(InvalidError) as wrong:
        shop.surveys.answer(invitation, {"nps": 3})
    assert wrong.value.params["problems"] == {"ease": "missing"}
    clock.advance(minutes=1)
    whole = shop.surveys.answer(invitation, {"nps": 10, "ease": 7})
    assert (whole.id, whole.status) == (part.id, "complete")
    assert {one.question for one in shop.surveys.answers(whole)} == {"nps", "ease"}


def test_everything_wrong_is_told_at_once(shop: CRM, anna: Customer) -> None:
    shop.surveys.create("two", questions={"nps": "nps", "ease": "ces2"})
    with pytest.raises(InvalidError) as wrong:
        shop.surveys.answer(anna, {"nps": 11, "esae": 3}, survey="two")
    assert wrong.value.params["problems"] == {"esae": "unknown_question", "nps": "out_of_range", "ease": "missing"}
    assert "Did you mean 'ease'" in str(wrong.value)
    assert not shop.find(SurveyResponse)


def test_a_survey_that_can_not_be_asked_is_refused(shop: CRM) -> None:
    with pytest.raises(InvalidError) as wrong:
        shop.surveys.create("bad", questions={"a": "nsp", "b": Ask("nps", relevant=["answered", "c"]), "c": "comment"})
    assert "Did you mean 'nps'" in str(wrong.value)
    assert "no earlier question" in str(wrong.value)
    with pytest.raises(UnsupportedError):
        shop.surveys.create("hidden", "nps", is_anonymous=True)


def test_a_version_that_was_answered_stays_as_it_was(shop: CRM, anna: Customer) -> None:
    shop.surveys.create("s", questions={"nps": "nps"})
    before = shop.surveys.answer(anna, {"nps": 9}, survey="s")
    started = send(shop, "s", anna)
    shop.surveys.answer(started, {"nps": 5}, is_partial=True)
    shop.surveys.publish("s", questions={"csat": "csat"})
    after = shop.surveys.answer(anna, {"csat": 4}, survey="s")
    assert before.survey_version != after.survey_version
    assert shop.surveys.answer(started, {"nps": 6}).survey_version == before.survey_version
    assert [one.key for one in shop.surveys.show("s").questions] == ["csat"]


def test_nobody_is_asked_too_often(shop: CRM, anna: Customer, clock: Clock) -> None:
    shop.surveys.create("s", "nps", throttle_days=30)
    nobody = shop.customers.add(name="Nobody")
    sent = shop.surveys.send("s", [anna, nobody, anna], channel="faulty")
    assert (len(sent.invitations), dict(sent.skipped)) == (1, {"no_address": 1})
    clock.advance(days=29)
    assert dict(shop.surveys.send("s", anna, channel="faulty").skipped) == {"asked_lately": 1}
    clock.advance(days=1, minutes=1)
    assert len(shop.surveys.send("s", each(Customer).name == "Anna", channel="faulty").invitations) == 1


def test_one_interaction_is_asked_about_once(shop: CRM, anna: Customer) -> None:
    shop.surveys.create("s", "csat", kind="transactional")
    visit = shop.interactions.record(anna, channel="visit", touchpoint="after-sales")
    sent = shop.surveys.send("s", anna, channel="faulty", interaction=visit)
    assert dict(shop.surveys.send("s", anna, channel="faulty", interaction=visit).skipped) == {"asked": 1}
    response = shop.surveys.answer(sent.invitations[0], {"csat": 4})
    assert (response.touchpoint, response.interaction) == ("after-sales", visit.id)


def test_a_closed_survey_and_an_old_invitation_take_no_answers(shop: CRM, anna: Customer, clock: Clock) -> None:
    shop.surveys.create("s", "nps", closes_at=clock.now + timedelta(days=2))
    sent = shop.surveys.send("s", anna, channel="faulty", expires_at=clock.now + timedelta(days=1))
    clock.advance(days=1)
    for who, survey, code in ((sent.invitations[0], "", "expired"), (anna, "s", None)):
        if code is None:
            shop.surveys.answer(who, {"nps": 9}, survey=survey)
            continue
        with pytest.raises(InvalidError) as wrong:
            shop.surveys.answer(who, {"nps": 9})
        assert wrong.value.code == code
    clock.advance(days=1)
    with pytest.raises(InvalidError):
        shop.surveys.answer(anna, {"nps": 9}, survey="s")
    with pytest.raises(InvalidError):
        shop.surveys.send("s", anna, channel="faulty")


def test_a_form_is_in_the_language_or_the_nearest(shop: CRM, anna: Customer) -> None:
    shop.surveys.create("s", "nps", title="How are we doing?", default_language="en")
    token = shop.surveys.token(send(shop, "s", anna))
    assert shop.surveys.form(token)["questions"][0]["text"].startswith("Hoe waarschijnlijk")
    assert shop.surveys.form(token, language="fa")["questions"][0]["text"].startswith("چقدر")
    form = shop.surveys.form(token, language="pt")
    assert form["questions"][0]["text"].startswith("Hoe")
    assert form["questions"][0]["schema"]["maximum"] == 10


def test_a_withdrawal_stops_a_survey(shop: CRM, anna: Customer, book: Book) -> None:
    shop.surveys.create("s", "nps")
    send(shop, "s", anna)
    shop.consents.withdraw(anna, "survey")
    shop.work()
    assert not book.given
    assert shop.surveys.show("s").sent == 0
