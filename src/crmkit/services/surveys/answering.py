"""Keeping answers: a response with a row per question and item; an amended answer takes the place of the one before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs

from ...errors import ConflictError, InvalidError, NotFoundError, TryAgain
from ...ports.survey_type import Answers, Scale
from ...ports.work import Service
from ...query import each
from ...records import Answer, Customer, Id, Interaction, Invitation, Question, Survey, SurveyResponse, SurveyVersion
from ..sending.digests import token_digest
from .checking import Checked, checked
from .questions import COMMENT, current_version, questions_of, survey_types
from .relevance import Value
from .replies import read_reply


@attrs.frozen(kw_only=True)
class Answered:
    """Who answers what, and from where."""

    survey: Survey
    customer: Id[Customer] | None = None
    invitation: Invitation | None = None
    submit_key: str = ""
    language: str = ""
    channel: str = ""
    touchpoint: str = ""
    interaction: Id[Interaction] | None = None
    at: datetime | None = None

    @property
    def key(self) -> str | None:
        """By what a second submission is known: the client's key, or the invitation."""
        return self.submit_key or (f"invitation:{self.invitation.id.hex}" if self.invitation else None)


class Answering(Service):
    """What ``Surveys.answer`` and the replies that come in do."""

    def keep(self, who: Answered, raw: Mapping[str, object], *, is_partial: bool = False) -> SurveyResponse:
        """Check and keep answers; see ``Surveys.answer``."""
        at = who.at or self.now
        self._must_be_open(who, at)
        before = self._before(who.key)
        if before is not None and before.status == "complete" and (who.submit_key or is_partial):
            return before  # the same submission again
        version = self._version(who.survey, before)
        rows = list(self._rows(before))
        found = checked(
            questions_of(self.unit, version), survey_types(self.unit), raw, _values(rows), is_partial=is_partial
        )
        response = self._response(who, before, version, at, is_partial=is_partial)
        self._replace_rows(who, response, rows, found, questions_of(self.unit, version), at)
        if who.invitation is not None and who.invitation.used_at is None and not is_partial:
            self.unit.replace(attrs.evolve(who.invitation, used_at=at))
        return response

    def _must_be_open(self, who: Answered, at: datetime) -> None:
        survey = who.survey
        if survey.opens_at is not None and at < survey.opens_at:
            raise InvalidError(f"Survey {survey.key!r} has not begun yet.", code="not_open", field="survey")
        if survey.closes_at is not None and at >= survey.closes_at:
            raise InvalidError(f"Survey {survey.key!r} is closed.", code="closed", field="survey")
        if who.invitation is not None and who.invitation.expires_at is not None and at >= who.invitation.expires_at:
            raise InvalidError("This invitation has expired: ask for another one.", code="expired", field="invitation")

    def _before(self, key: str | None) -> SurveyResponse | None:
        if key is None:
            return None
        return next(iter(self.find(SurveyResponse, each(SurveyResponse).submit_key == key, limit=1)), None)

    def _version(self, survey: Survey, before: SurveyResponse | None) -> SurveyVersion:
        if before is not None and before.survey_version is not None:
            return self.get(SurveyVersion, before.survey_version)
        return current_version(self.unit, survey)

    def _rows(self, before: SurveyResponse | None) -> Iterable[Answer]:
        return () if before is None else self.find(Answer, each(Answer).response == before.id)

    def _response(
        self, who: Answered, before: SurveyResponse | None, version: SurveyVersion, at: datetime, *, is_partial: bool
    ) -> SurveyResponse:
        status = "partial" if is_partial else "complete"
        stamps: dict[str, Any] = {
            "status": status,
            "last_saved_at": at,
            "submitted_at": None if is_partial else before.submitted_at if before and before.submitted_at else at,
        }
        name = "survey_response.saved" if is_partial else "survey_response.completed"
        if before is not None:
            return self.unit.replace(attrs.evolve(before, **stamps), name=name)
        return self._first(who, version, at, stamps, name)

    def _first(
        self, who: Answered, version: SurveyVersion, at: datetime, stamps: Mapping[str, Any], name: str
    ) -> SurveyResponse:
        asked = who.invitation
        made = SurveyResponse(
            customer=who.customer,
            survey=who.survey.id,
            survey_version=version.id,
            invitation=asked.id if asked else None,
            language=who.language or (asked.language if asked else ""),
            channel=who.channel or (asked.channel if asked else ""),
            touchpoint=who.touchpoint or (asked.touchpoint if asked else ""),
            interaction=who.interaction or (asked.interaction if asked else None),
            started_at=at,
            submit_key=who.key,
            **stamps,
        )
        try:
            return self.unit.add(made, name=name)
        except ConflictError as lost:
            raise TryAgain("The same answers were submitted by somebody else meanwhile: run it again.") from lost

    # --- rows ---
    def _replace_rows(
        self,
        who: Answered,
        response: SurveyResponse,
        rows: list[Answer],
        found: Checked,
        questions: Iterable[Question],
        at: datetime,
    ) -> None:
        """Keep the rows of what was answered now in the place of earlier ones; the log has those that went."""
        gone = [row for row in rows if row.question in found.answers or row.question in found.dropped]
        if gone:
            self.unit.remove(gone)
        seq = max((row.seq + 1 for row in gone), default=0)
        by_key = {question.key: question for question in questions}
        made = [
            row for key, answers in found.answers.items() for row in _made(who, response, by_key[key], answers, seq, at)
        ]
        self.unit.add(made)

    # --- who answers ---
    def invited(self, token: str) -> Invitation:
        """Return the invitation that a token belongs to.

        Raises:
            NotFoundError: none does.
        """
        digest = token_digest(self.unit.house.secret, token)
        for found in self.find(Invitation, each(Invitation).token == digest, limit=1):
            return found
        raise NotFoundError("No invitation has this token: check that it was copied whole.", code="no_invitation")

    def reply(self, invitation: Invitation, channel: str, text: str) -> SurveyResponse | None:
        """Answer with a reply that begins with a number; None: it begins otherwise, or the number is not on the scale."""
        found = read_reply(text)
        survey = self.get(Survey, invitation.survey)
        asked = self._asked(survey)
        if found is None or asked is None:
            return None
        raw: dict[str, object] = {asked[0]: found.number}
        if asked[1] and found.comment:
            raw[asked[1]] = found.comment
        who = Answered(survey=survey, customer=invitation.customer, invitation=invitation, channel=channel)
        try:
            return self.keep(who, raw)
        except InvalidError:  # not on the scale, closed, expired, more is required: a person reads it
            return None

    def _asked(self, survey: Survey) -> tuple[str, str] | None:
        """Return the question that a number answers, and the one for words."""
        types = survey_types(self.unit)
        questions = questions_of(self.unit, current_version(self.unit, survey))
        scales = [q.key for q in questions if isinstance(t := types.get(q.type), Scale) and not t.items]
        words = [q.key for q in questions if q.type == COMMENT]
        return (scales[0], words[0] if words else "") if scales else None


def _values(rows: Iterable[Answer]) -> dict[str, Value]:
    return {
        row.question: row.score if row.score is not None else row.text or row.code
        for row in rows
        if not row.item and row.state == "answered"
    }


def _made(
    who: Answered, response: SurveyResponse, question: Question, answers: Answers, seq: int, at: datetime
) -> Iterable[Answer]:
    for given in answers.rows:
        yield Answer(
            response=response.id, customer=response.customer, survey=who.survey.id, survey_type=question.type,
            question=question.key, item=given.item, seq=seq, raw=given.raw, score=given.score, code=given.code,
            text=given.text, touchpoint=response.touchpoint, channel=response.channel, answered_at=at,
        )  # fmt: skip
