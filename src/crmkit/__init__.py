"""crmkit: a CRM plugin framework and SDK.

This is the public face. It is lazy: importing it loads neither SQLAlchemy nor any plugin; a name is loaded when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .crm import CRM
    from .errors import (
        AmbiguousError,
        ConflictError,
        CRMError,
        DeclarationError,
        InvalidError,
        NotFoundError,
        PluginError,
        RefusedError,
        StoreError,
        TryAgain,
        UnsupportedError,
        UpgradeNeeded,
    )  # fmt: skip
    from .hookspecs import hookimpl
    from .ports import kpis
    from .ports.kpi import kpi
    from .ports.plugin import Commands, Plugin
    from .ports.secret import Secret
    from .ports.step import Drop, step
    from .ports.work import AccessRule, Change, Context, Event, Refusal, Service, adjust, check, subscriber, verb
    from .query import Page
    from .records import (
        JSON,
        Agent,
        Answer,
        AnyRef,
        Attachment,
        ChannelAccount,
        Choices,
        Code,
        Consent,
        ContactPoint,
        Cost,
        Counter,
        Customer,
        CustomerLink,
        Deal,
        Digest,
        ExternalId,
        FieldDefinition,
        History,
        Id,
        Identity,
        Indexed,
        Interaction,
        Invitation,
        KeptPipeline,
        KeptStage,
        LocalText,
        Message,
        Money,
        NotPersonal,
        Owner,
        PartialDate,
        Participant,
        Personal,
        Pipeline,
        Places,
        Purchase,
        Question,
        Rate,
        Record,
        Redirect,
        Searchable,
        Segment,
        Span,
        Stage,
        StageChange,
        Staged,
        Survey,
        SurveyResponse,
        SurveyVersion,
        Team,
        Template,
        Touchpoint,
        WallTime,
        declaration_of,
    )  # fmt: skip
    from .services.surveys.questions import Ask

_ROOMS = {
    "services.surveys.questions": "Ask",
    "crm": "CRM",
    "errors": "AmbiguousError ConflictError CRMError DeclarationError InvalidError NotFoundError PluginError RefusedError StoreError TryAgain"
    " UnsupportedError UpgradeNeeded",
    "hookspecs": "hookimpl",
    "ports.kpi": "kpi",
    "ports.plugin": "Commands Plugin",
    "ports.secret": "Secret",
    "ports.step": "Drop step",
    "ports.work": "AccessRule Change Context Event Refusal Service adjust check subscriber verb",
    "query": "Page",
    "records": "JSON Agent Answer AnyRef Attachment ChannelAccount Choices Code Consent ContactPoint Cost Counter Customer CustomerLink Deal Digest"
    " ExternalId FieldDefinition History Id Identity Indexed Interaction Invitation KeptPipeline KeptStage LocalText Message Money NotPersonal Owner PartialDate"
    " Participant Personal Pipeline Places Purchase Question Rate Record Redirect Searchable Segment Span Stage StageChange Staged Survey"
    " SurveyResponse SurveyVersion Team Template Touchpoint WallTime declaration_of",
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names.split()}
__all__ = [
    "__version__",
    "AccessRule",
    "Agent",
    "AmbiguousError",
    "Answer",
    "AnyRef",
    "Ask",
    "Attachment",
    "CRM",
    "CRMError",
    "Change",
    "ChannelAccount",
    "Choices",
    "Code",
    "Commands",
    "ConflictError",
    "Consent",
    "ContactPoint",
    "Context",
    "Cost",
    "Counter",
    "Customer",
    "CustomerLink",
    "Deal",
    "DeclarationError",
    "Digest",
    "Drop",
    "Event",
    "ExternalId",
    "FieldDefinition",
    "History",
    "Id",
    "Identity",
    "Indexed",
    "Interaction",
    "InvalidError",
    "Invitation",
    "JSON",
    "KeptPipeline",
    "KeptStage",
    "LocalText",
    "Message",
    "Money",
    "NotFoundError",
    "NotPersonal",
    "Owner",
    "Page",
    "PartialDate",
    "Participant",
    "Personal",
    "Pipeline",
    "Places",
    "Plugin",
    "PluginError",
    "Purchase",
    "Question",
    "Rate",
    "Record",
    "Redirect",
    "Refusal",
    "RefusedError",
    "Searchable",
    "Secret",
    "Segment",
    "Service",
    "Span",
    "Stage",
    "StageChange",
    "Staged",
    "StoreError",
    "Survey",
    "SurveyResponse",
    "SurveyVersion",
    "Team",
    "Template",
    "Touchpoint",
    "TryAgain",
    "UnsupportedError",
    "UpgradeNeeded",
    "WallTime",
    "adjust",
    "check",
    "declaration_of",
    "hookimpl",
    "kpi",
    "kpis",
    "step",
    "subscriber",
    "verb",
]


def __getattr__(name: str) -> Any:
    if name == "kpis":  # a module of shortcuts: kpis.duration(...)
        return importlib.import_module("crmkit.ports.kpis")
    room = _HOME.get(name)
    if room is None:
        raise AttributeError(f"module 'crmkit' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"crmkit.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
