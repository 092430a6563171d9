"""Nouns: frozen records and the rules about one record. No store, no clock, no network."""

from __future__ import annotations

from .agent import Agent, Team
from .customer import RELATIONSHIPS, Consent, ContactPoint, Customer, CustomerLink, ExternalId, Redirect, Suppression
from .declaration import Declaration, declaration_of
from .definition import Counter, FieldDefinition, KeptField, Segment
from .event import Cursor, ImportedRow, LedgerEntry, Leftover, LogEntry, Operation, Retry, Unit
from .fields import Choices, Field, History, Identity, Indexed, NotPersonal, Owner, Personal, Places, Searchable
from .ids import Id, new_id, short_id
from .interaction import Attachment, ChannelAccount, Interaction, Participant, Touchpoint
from .message import DELIVERY_STATUSES, Dispatch, Message, Template
from .money import Money
from .pipeline import Deal, KeptPipeline, KeptStage, Pipeline, Span, Stage, StageChange
from .purchase import Cost, Purchase, Rate
from .record import Record
from .staged import Staged
from .survey import Answer, Invitation, Question, Survey, SurveyResponse, SurveyVersion
from .times import PartialDate, WallTime
from .values import JSON, AnyRef, Code, Digest, FrozenMap, LocalText

CORE_TYPES: tuple[type[Record], ...] = (
    LedgerEntry, Customer, ContactPoint, CustomerLink, ExternalId, Redirect, Consent, Suppression, Agent, Team, Touchpoint,
    ChannelAccount, Interaction, Participant, Attachment, KeptPipeline, KeptStage, Deal, StageChange, Span, Purchase, Cost, Rate,
    Survey, SurveyVersion, Question, Invitation, SurveyResponse, Answer, Template, Message, Dispatch, KeptField, Segment, Counter,
    Operation, Unit, LogEntry, Cursor, Retry, Leftover, ImportedRow,
)  # fmt: skip

__all__ = [
    "CORE_TYPES", "DELIVERY_STATUSES", "JSON", "RELATIONSHIPS", "Agent", "Answer", "AnyRef", "Attachment", "ChannelAccount", "Choices",
    "Code", "Consent", "ContactPoint", "Cost", "Counter", "Cursor", "Customer", "CustomerLink", "Deal", "Declaration", "Digest",
    "Dispatch", "ExternalId", "Field", "FieldDefinition", "FrozenMap", "History", "Id", "Identity", "ImportedRow", "Indexed", "Interaction",
    "Invitation", "KeptField", "KeptPipeline", "KeptStage", "LedgerEntry", "Leftover", "LocalText", "LogEntry", "Message", "Money",
    "NotPersonal", "Operation", "Owner", "PartialDate", "Participant", "Personal", "Pipeline", "Places", "Purchase", "Question",
    "Rate", "Record", "Redirect", "Retry", "Searchable", "Segment", "Span", "Stage", "StageChange", "Staged", "Suppression",
    "Survey", "SurveyResponse", "SurveyVersion", "Team", "Template", "Touchpoint", "Unit", "WallTime", "declaration_of", "new_id",
    "short_id",
]  # fmt: skip
