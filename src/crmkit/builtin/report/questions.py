"""Surveys in the report: how often each answer was given, question by question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from crmkit import Answer, Invitation, Survey, SurveyResponse
from crmkit.ports.survey_type import Scale
from crmkit.query import count, each

from .view import AnswerCount, QuestionView, SurveyView

if TYPE_CHECKING:
    from crmkit import CRM


def surveys(crm: CRM, language: str, since: datetime, scales: Sequence[Scale]) -> Iterator[SurveyView]:
    """Yield the surveys that were answered since then."""
    r, i = each(SurveyResponse), each(Invitation)
    by_name = {scale.name: scale for scale in scales}
    answered = {
        row.key[0]: row.n for row in crm.tally(SurveyResponse, r.submitted_at >= since, by=[r.survey], n=count())
    }
    sent = {row.key[0]: row.n for row in crm.tally(Invitation, i.sent_at >= since, by=[i.survey], n=count())}
    for survey in crm.find(Survey, order=[each(Survey).key]):
        if answered.get(survey.id):
            questions = tuple(_questions(crm, survey, language, since, by_name))
            yield SurveyView(
                title=survey.title.into(language) or survey.key,
                sent=sent.get(survey.id),
                answered=answered[survey.id],
                questions=questions,
            )


def _questions(
    crm: CRM, survey: Survey, language: str, since: datetime, scales: dict[str, Scale]
) -> Iterator[QuestionView]:
    a = each(Answer)
    where = (a.survey == survey.id, a.answered_at >= since, a.item == "")
    rows = crm.tally(Answer, *where, by=[a.question, a.survey_type, a.score], n=count())
    for question, kind in sorted({(row.key[0], row.key[1]) for row in rows}):
        scale = scales.get(kind)
        if scale is not None:
            given = {
                round(row.key[2]): row.n for row in rows if row.key[:2] == (question, kind) and row.key[2] is not None
            }
            yield _question(scale, question, language, given)


def _question(scale: Scale, question: str, language: str, given: dict[int, int]) -> QuestionView:
    return QuestionView(
        text=scale.question.into(language) or question,
        form="nps" if scale.name == "nps" else "scale",
        answers=tuple(AnswerCount(score=score, count=given.get(score, 0)) for score in range(scale.lo, scale.hi + 1)),
        bottom=scale.bottom,
        top=scale.top,
    )
