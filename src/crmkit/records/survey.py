"""Surveys: one run of a survey type, its versions and questions, whom we asked, and what they answered."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import attrs

from .customer import Customer
from .fields import Choices, Indexed, Owner, Personal, Places, Searchable
from .ids import Id
from .interaction import Interaction
from .record import Record
from .values import EMPTY, JSON, Code, Digest, LocalText


@attrs.frozen(kw_only=True)
class Survey(Record, shared=True, unique=[("key",)]):
    """A survey that is run: which questions, when, how often one customer may be asked."""

    key: Code
    kind: Annotated[Code, Choices("relational", "transactional")] = "relational"
    title: LocalText = LocalText()
    default_language: Code = "en"
    is_anonymous: bool = False
    min_cell: int = 1
    """Groups with fewer respondents are not shown."""
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    throttle_days: int = 0
    """Days that must pass before one customer is asked again; 0: no limit."""
    number: int = 1
    """The current version's number."""


@attrs.frozen(kw_only=True)
class SurveyVersion(Record, shared=True, unique=[("survey", "number")]):
    """The questions of a survey at a time; never changed once answered."""

    survey: Id[Survey]
    number: int
    published_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Question(Record, shared=True, unique=[("survey_version", "key")]):
    """One question of a survey version."""

    survey_version: Id[SurveyVersion]
    key: Code
    type: Code
    """Name of the survey type that checks its answers: ``nps``, ``csat``, ..."""
    position: int = 0
    text: LocalText = LocalText()
    is_required: bool = True
    relevant: JSON = None
    """When it is asked: a closed set of operators over earlier answers; missing: always."""
    settings: JSON = EMPTY


@attrs.frozen(kw_only=True)
class Invitation(Record, unique=[("token",)], indexes=[("survey", "customer")]):
    """One customer asked to answer; the token itself is never kept, only its keyed hash."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep")] = None
    survey: Id[Survey]
    token: Digest
    channel: Code = ""
    touchpoint: Code = ""
    language: Code = ""
    interaction: Id[Interaction] | None = None
    invited_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    bounced_at: datetime | None = None
    opened_at: datetime | None = None
    used_at: datetime | None = None
    expires_at: datetime | None = None
    opted_out_at: datetime | None = None


@attrs.frozen(kw_only=True)
class SurveyResponse(Record, unique=[("submit_key",)]):
    """One reply to a survey, whole or partial."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep")] = None
    survey: Annotated[Id[Survey], Indexed()]
    survey_version: Id[SurveyVersion] | None = None
    invitation: Id[Invitation] | None = None
    status: Annotated[Code, Choices("partial", "complete", "screened_out", "expired")] = "complete"
    language: Code = ""
    channel: Code = ""
    touchpoint: Code = ""
    interaction: Id[Interaction] | None = None
    started_at: datetime | None = None
    last_saved_at: datetime | None = None
    submitted_at: Annotated[datetime | None, Indexed()] = None
    period_hint: Code = ""
    submit_key: Code | None = None
    """The client's idempotency key: the same submission twice is one response."""


@attrs.frozen(kw_only=True)
class Answer(Record, append_only=True, indexes=[("survey_type", "answered_at"), ("customer", "answered_at")]):
    """One answer: one row per question and item; the row without an item carries the question's score."""

    response: Annotated[Id[SurveyResponse], Owner(on_erase="keep"), Indexed()]
    customer: Id[Customer] | None = None
    survey: Id[Survey] | None = None
    survey_type: Code
    question: Code = ""
    item: Code = ""
    seq: int = 0
    raw: Annotated[Decimal | None, Places(4)] = None
    """What was given, on the scale as asked."""
    score: Annotated[Decimal | None, Places(4)] = None
    """What counts: reversed items turned round, several items averaged."""
    code: Code = ""
    """The stable key of a chosen option, never its label."""
    text: Annotated[str, Personal(), Searchable()] = ""
    at_value: datetime | None = None
    state: Annotated[Code, Choices("answered", "skipped", "not_shown", "refused", "not_applicable")] = "answered"
    touchpoint: Code = ""
    channel: Code = ""
    answered_at: datetime
