"""The verbs about surveys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import attrs

from ...errors import ConflictError, InvalidError, TryAgain, UnsupportedError
from ...ports.work import Service, verb
from ...query import Condition, Page, count, each
from ...records import (
    Answer,
    Customer,
    Digest,
    Interaction,
    Invitation,
    LocalText,
    Question,
    Survey,
    SurveyResponse,
    SurveyVersion,
)
from ..messages import Messages
from ..naming import Whom, customer_named
from ..sending.choosing import Way, way_to
from ..sending.digests import invitation_token, token_digest
from ..sending.templates import languages_of
from .answering import Answered, Answering
from .questions import (
    Questions,
    current_version,
    declared,
    published,
    questions_of,
    survey_named,
    survey_types,
    text_of,
)
from .wording import SUBJECT, invitation_text

LISTED: Final = 50


@attrs.frozen
class Sent:
    """Whom a survey was sent to, and whom not: reason (``asked_lately``, ``asked``, ``no_address``, ``erased``) -> how many."""

    invitations: tuple[Invitation, ...]
    skipped: Mapping[str, int] = attrs.field(factory=dict[str, int])


@attrs.frozen(kw_only=True)
class _Asking:
    """What ``send`` was asked for."""

    survey: Survey
    questions: Sequence[Question]
    channel: str
    touchpoint: str
    interaction: Interaction | None
    subject: str
    text: str
    link: str
    expires_at: datetime | None
    not_before: datetime | None


@attrs.frozen(kw_only=True)
class Shown:
    """A survey at a glance: its questions, and how many were invited, sent to, and answered."""

    survey: Survey
    questions: tuple[Question, ...]
    invited: int
    sent: int
    bounced: int
    answered: int
    partial: int


class Surveys(Service):
    """Asking customers, and what they answered."""

    # --- declare ---
    @verb
    def create(
        self,
        key: str,
        type: str = "",
        *,
        questions: Questions | None = None,
        title: LocalText | str = "",
        kind: Literal["relational", "transactional"] = "relational",
        default_language: str = "",
        opens_at: datetime | None = None,
        closes_at: datetime | None = None,
        throttle_days: int = 0,
        min_cell: int = 1,
        is_anonymous: bool = False,
    ) -> Survey:
        """Create a survey with its first version.

        Args:
            type: a survey type (``nps``): its question, and one for a comment.
            questions: instead of a type: key -> survey type, or ``Ask``.
            throttle_days: one customer is not asked again before so many days have passed.
            min_cell: groups with fewer answers are not shown.

        Raises:
            InvalidError: all that is wrong with the questions. ConflictError: there is a survey of that key.
            UnsupportedError: it is to be anonymous.
        """
        if is_anonymous:
            raise UnsupportedError("Anonymous surveys are not kept yet: the log would tell who answered.")
        asks = declared(self.unit, type, questions)
        language = default_language or self.unit.house.languages[0]
        survey = self.add(
            Survey(
                key=key, kind=kind, title=LocalText.of(title) if isinstance(title, str) and title else title or LocalText(),
                default_language=language, opens_at=opens_at, closes_at=closes_at, throttle_days=throttle_days, min_cell=min_cell,
            )
        )  # fmt: skip
        published(self.unit, survey, 1, asks)
        return survey

    @verb
    def publish(self, survey: Survey | str, type: str = "", *, questions: Questions | None = None) -> SurveyVersion:
        """Ask other questions from now on: a new version; what was answered before keeps the questions that were asked then."""
        found = survey_named(self.unit, survey)
        asks = declared(self.unit, type, questions)
        changed = self.unit.replace(attrs.evolve(found, number=found.number + 1), name="survey.published")
        try:
            return published(self.unit, changed, changed.number, asks)
        except ConflictError as lost:
            raise TryAgain("Somebody else published a version meanwhile: run it again.") from lost

    # --- send ---
    @verb
    def send(
        self,
        survey: Survey | str,
        customers: Whom | Iterable[Whom] | Condition,
        *,
        channel: str = "",
        touchpoint: str = "",
        interaction: Interaction | None = None,
        subject: str = "",
        text: str = "",
        link: str = "",
        expires_at: datetime | None = None,
        not_before: datetime | None = None,
    ) -> Sent:
        """Ask customers: an invitation and a queued message each, in their language.

        Whether the message may go is looked at when it goes (purpose ``survey``).

        Args:
            customers: one, several, or a condition over customers.
            touchpoint, interaction: what the answer will be about.
            subject, text: instead of the supplied words; ``{name}`` and ``{token}`` are filled.
            link: where a form is: ``https://example.org/s/{token}``.
        """
        found = survey_named(self.unit, survey)
        self._must_be_asked(found)
        asking = _Asking(
            survey=found, questions=questions_of(self.unit, current_version(self.unit, found)), channel=channel, touchpoint=touchpoint,
            interaction=interaction, subject=subject, text=text, link=link, expires_at=expires_at, not_before=not_before,
        )  # fmt: skip
        made: list[Invitation] = []
        skipped = Counter[str]()
        for customer in self._customers(customers):
            invited = self._asked(asking, customer)
            if isinstance(invited, str):
                skipped[invited] += 1
            else:
                made.append(invited)
        return Sent(tuple(made), dict(skipped))

    def _must_be_asked(self, survey: Survey) -> None:
        if survey.closes_at is not None and self.now >= survey.closes_at:
            raise InvalidError(f"Survey {survey.key!r} is closed: nobody could answer.", code="closed", field="survey")

    def _customers(self, customers: Whom | Iterable[Whom] | Condition) -> Iterable[Customer]:
        if isinstance(customers, Condition):
            return list(self.unit.stream(Customer, customers))
        some: Any = (
            [customers] if isinstance(customers, Customer | str) or not isinstance(customers, Iterable) else customers
        )
        return list({one.id: one for one in (customer_named(self.unit, whom) for whom in some)}.values())

    def _asked(self, asking: _Asking, customer: Customer) -> Invitation | str:
        """Invite a customer, or return why not."""
        survey, interaction = asking.survey, asking.interaction
        if customer.erased_at is not None:
            return "erased"
        i = each(Invitation)
        mine = (i.survey == survey.id, i.customer == customer.id)
        since = self.now - timedelta(days=survey.throttle_days)
        if survey.throttle_days and self.unit.find(Invitation, *mine, i.invited_at > since, limit=1):
            return "asked_lately"
        if interaction is not None and self.unit.find(Invitation, *mine, i.interaction == interaction.id, limit=1):
            return "asked"
        try:
            way = way_to(self.unit, customer, channel=asking.channel)
        except InvalidError as error:
            if error.code != "no_address":
                raise
            return "no_address"
        return self._invited(asking, customer, way)

    def _invited(self, asking: _Asking, customer: Customer, way: Way) -> Invitation:
        survey, interaction = asking.survey, asking.interaction
        made = Invitation(
            customer=customer.id, survey=survey.id, token=Digest(b"-"), channel=way.channel,
            touchpoint=asking.touchpoint or (interaction.touchpoint if interaction else ""),
            language=customer.language or survey.default_language, interaction=interaction.id if interaction else None,
            invited_at=self.now, expires_at=asking.expires_at or survey.closes_at,
        )  # fmt: skip
        invitation = self.unit.add(attrs.evolve(made, token=token_digest(self.unit.house.secret, self.token(made))))
        languages = (*languages_of(self.unit, customer), survey.default_language)
        words = asking.text or invitation_text(
            customer.name, asking.questions, survey_types(self.unit), languages, asking.link
        )
        self.service(Messages).queue(
            customer,
            channel=way.channel,
            address=way.address,
            subject=asking.subject or survey.title.into(*languages) or SUBJECT.into(*languages),
            text=words.replace("{name}", customer.name).replace("{link}", asking.link),
            purpose="survey",
            key=f"invitation:{invitation.id.hex}",
            about=invitation,
            not_before=asking.not_before,
        )
        return invitation

    def token(self, invitation: Invitation) -> str:
        """Return the token that answers an invitation: made anew from its id, and kept nowhere."""
        return invitation_token(self.unit.house.secret, invitation.id)

    # --- answer ---
    @verb
    def answer(
        self,
        who: Invitation | Whom | None,
        answers: Mapping[str, object],
        *,
        survey: Survey | str = "",
        is_partial: bool = False,
        submit_key: str = "",
        language: str = "",
        channel: str = "",
        touchpoint: str = "",
        interaction: Interaction | None = None,
        at: datetime | None = None,
    ) -> SurveyResponse:
        """Keep answers: question -> what was given, as a form, a file or a person gave it.

        Args:
            who: an invitation, or its token; with ``survey``, a customer (None: nobody known) who answers without one.
            is_partial: more will follow: what is required may be missing.
            submit_key: the client's own key: the same submission twice is one response, the first. Whoever answers an
                invitation again without one amends the answers: the latest count.
            at: when they answered; by default now.

        Raises:
            InvalidError: everything that is wrong (code ``answers``); closed, expired. NotFoundError: no such token or survey.
        """
        given: dict[str, Any] = {
            "submit_key": submit_key, "language": language, "channel": channel, "touchpoint": touchpoint,
            "interaction": interaction.id if interaction else None, "at": at,
        }  # fmt: skip
        return self.service(Answering).keep(self._who(who, survey, given), answers, is_partial=is_partial)

    def _who(self, who: Invitation | Whom | None, survey: Survey | str, given: dict[str, Any]) -> Answered:
        if survey and not isinstance(who, Invitation):
            customer = None if who is None else customer_named(self.unit, who)
            return Answered(survey=survey_named(self.unit, survey), customer=customer.id if customer else None, **given)
        if isinstance(who, str):
            who = self.service(Answering).invited(who)
        if not isinstance(who, Invitation):
            raise InvalidError("Say which survey a customer answers.", code="required", field="survey")
        asked = self.get(Invitation, who.id)
        return Answered(survey=self.get(Survey, asked.survey), customer=asked.customer, invitation=asked, **given)

    # --- look ---
    @verb
    def form(self, token: str, *, language: str = "") -> dict[str, Any]:
        """Return what a form of an invitation shows: its questions with texts and a JSON Schema each, in the language or the nearest."""
        invitation = self.service(Answering).invited(token)
        survey = self.get(Survey, invitation.survey)
        languages = [one for one in (language, invitation.language, survey.default_language) if one]
        types = survey_types(self.unit)
        questions = questions_of(self.unit, current_version(self.unit, survey))
        return {
            "survey": survey.key,
            "title": survey.title.into(*languages),
            "questions": [
                {
                    "key": question.key, "type": question.type, "text": text_of(question, types, languages),
                    "required": question.is_required, "relevant": question.relevant,
                    "schema": dict(types[question.type].schema(*languages)) if question.type in types else {},
                }
                for question in questions
            ],
        }  # fmt: skip

    @verb
    def list(self) -> Sequence[Survey]:
        """Return all surveys, by key."""
        return self.unit.find(Survey, order=[each(Survey).key])

    @verb
    def show(self, survey: Survey | str) -> Shown:
        """Return a survey with its questions and how far it is."""
        found = survey_named(self.unit, survey)
        i, r = each(Invitation), each(SurveyResponse)
        asked = self.tally(
            Invitation, i.survey == found.id, n=count(), sent=count(~i.sent_at.is_missing), bounced=count(~i.bounced_at.is_missing),
        )[0]  # fmt: skip
        given = self.tally(
            SurveyResponse, r.survey == found.id, whole=count(r.status == "complete"), partial=count(r.status == "partial"),
        )[0]  # fmt: skip
        questions = tuple(questions_of(self.unit, current_version(self.unit, found)))
        return Shown(
            survey=found, questions=questions, invited=asked.n, sent=asked.sent, bounced=asked.bounced, answered=given.whole,
            partial=given.partial,
        )  # fmt: skip

    @verb
    def responses(
        self, survey: Survey | str, *, limit: int | None = LISTED, after: str | None = None
    ) -> Page[SurveyResponse]:
        """Return the responses to a survey, the latest first."""
        found = survey_named(self.unit, survey)
        r = each(SurveyResponse)
        return self.unit.find(SurveyResponse, r.survey == found.id, order=[-r.submitted_at], limit=limit, after=after)

    @verb
    def answers(self, response: SurveyResponse) -> Sequence[Answer]:
        """Return the answers of a response: per question the row with its score, then a row per item."""
        a = each(Answer)
        return self.unit.find(Answer, a.response == response.id, order=[a.question, a.item])
