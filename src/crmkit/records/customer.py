"""Customers: who we keep a relationship with, how to reach them, and who they are elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import attrs

from .fields import Choices, History, Identity, Indexed, NotPersonal, Owner, Personal, Searchable, ZoneName
from .ids import Id
from .record import Record
from .staged import Staged
from .times import PartialDate
from .values import AnyRef, Code, Digest

RELATIONSHIPS: Final = (
    "", "transactional", "long-term", "personal-assistance", "dedicated", "self-service", "automated", "community",
)  # fmt: skip
"""The kinds of relationship that a company chooses to have with a customer; empty: not yet said."""


@attrs.frozen(kw_only=True)
class Customer(Staged, itself=True, indexes=[("owner",)]):
    """A person or an organisation with whom we keep a relationship; a name is enough to begin."""

    name: Annotated[str, Personal(), Identity(), Searchable()]
    kind: Annotated[Code, Choices("person", "organisation")] = "person"
    status: Annotated[Code, Choices("prospect", "customer", "former"), History(), Indexed()] = "prospect"
    relationship: Annotated[Code, Choices(*RELATIONSHIPS)] = ""
    tier: Annotated[Code, History()] = ""
    owner: Annotated[AnyRef | None, History()] = None
    language: Code = ""
    time_zone: Annotated[Code, ZoneName()] = ""
    country: Code = ""
    region: Code = ""
    preferred_channel: Code = ""
    tags: Annotated[frozenset[Code], Personal()] = frozenset()
    source: Code = ""
    since: datetime | None = None
    born_on: Annotated[PartialDate | None, Personal()] = None
    note: Annotated[str, Personal(), Searchable()] = ""
    is_test: bool = False
    erased_at: datetime | None = None


@attrs.frozen(kw_only=True)
class ContactPoint(Record, unique=[("customer", "kind", "key")], indexes=[("kind", "key")]):
    """One address of a customer on a kind of channel."""

    customer: Annotated[Id[Customer], Owner(on_erase="remove", on_merge_conflict="keep_winner")]
    kind: Code
    """``email``, ``phone``, ``postal``, ``handle``, or a kind that a channel plugin names."""
    value: Annotated[str, Personal(), Identity()]
    key: Annotated[Code, Personal()] = ""
    """The normal form by which an address is found: made by ``contact_key``."""
    label: Annotated[str, Personal()] = ""
    is_primary: bool = False


@attrs.frozen(kw_only=True)
class CustomerLink(Record, unique=[("customer", "other", "role")]):
    """A relation between two customers: a person works at an organisation, somebody referred somebody."""

    customer: Annotated[Id[Customer], Owner(on_erase="remove", on_merge_conflict="keep_winner")]
    other: Annotated[Id[Customer], Indexed()]
    role: Code
    """What ``customer`` is to ``other``: ``employee``, ``buyer``, ``parent``, ``referrer``, ..."""
    since: datetime | None = None
    until: datetime | None = None


@attrs.frozen(kw_only=True)
class ExternalId(Record, append_only=True, unique=[("source", "value")]):
    """How another system names one of our records; unique per source."""

    record: Annotated[AnyRef, Owner(on_erase="remove"), Indexed()]
    source: Code
    value: Code


@attrs.frozen(kw_only=True)
class Redirect(Record, append_only=True, unique=[("old",)]):
    """Where a merged customer's id leads now."""

    old: UUID
    customer: Annotated[Id[Customer], Owner(on_erase="remove")]
    merged_at: datetime


@attrs.frozen(kw_only=True)
class Consent(Record, append_only=True, indexes=[("subject", "purpose")]):
    """One fact about a permission; the state is the fold of the facts, and a withdrawal holds until a later grant by the subject."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep")] = None
    subject: Digest | None = None
    """Keyed hash of the normalised address: outlives the customer."""
    purpose: Code
    channel: Code = ""
    basis: Annotated[
        Code,
        Choices("consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interest"),
    ] = "consent"
    action: Annotated[Code, Choices("grant", "withdraw", "object", "restrict", "expire")]
    at: datetime
    source: Code = ""
    evidence: Annotated[str, NotPersonal()] = ""
    """A reference to what was shown and agreed to (a form's id, the hash of a text), never the text of a person."""
    actor: Code = ""


@attrs.frozen(kw_only=True)
class Suppression(Record, append_only=True, shared=True, unique=[("channel", "subject")]):
    """An address that must not be written to; kept as a keyed hash, so it outlives its customer."""

    channel: Code
    subject: Digest
    reason: Code
    at: datetime
