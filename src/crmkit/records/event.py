"""The log: operations, the units of work they are made of, and one entry per change. Subscribers read it by position."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import attrs

from .fields import Choices, Indexed, Owner, Personal
from .ids import Id
from .record import Record
from .values import EMPTY, JSON, AnyRef, Code


@attrs.frozen(kw_only=True)
class Operation(Record, shared=True, operational=True):
    """One thing that a person or program asked for; a long one has many units and keeps its own position."""

    kind: Annotated[Code, Indexed()]
    """The verb: ``customers.merge``, ``imports.run``, ..."""
    actor: Code = "system"
    origin: Annotated[Code, Choices("live", "imported", "copied", "undone", "upgraded")] = "live"
    started_at: datetime
    finished_at: datetime | None = None
    status: Annotated[Code, Choices("running", "done", "failed", "undone")] = "running"
    position: JSON = EMPTY
    counts: JSON = EMPTY
    about: JSON = EMPTY
    """What it was asked with: file, mapping, options. No personal data."""


@attrs.frozen(kw_only=True)
class Unit(Record, shared=True, operational=True, indexes=[("position",), ("operation",)]):
    """One committed unit of work. ``position`` is given after the commit, in an order that no late commit can slip behind."""

    position: int | None = None
    operation: UUID
    actor: Code = "system"
    origin: Annotated[Code, Choices("live", "imported", "copied", "undone", "upgraded")] = "live"
    cause: UUID | None = None
    at: datetime


@attrs.frozen(kw_only=True)
class LogEntry(Record, itself=True, operational=True, indexes=[("unit", "n"), ("record_id",), ("customer_id",)]):
    """One change of one record."""

    unit: Id[Unit]
    n: int
    name: Code
    """``customer.added``, ``deal.won``, ..."""
    record_type: Code
    record_id: UUID
    record_version: int = 1
    values: Annotated[JSON, Personal()] = None
    """Nothing for added; ``{field: [before, after]}`` for changed; the whole record for removed; blanked by an erasure."""


@attrs.frozen(kw_only=True)
class Cursor(Record, shared=True, operational=True, unique=[("subscriber",)]):
    """How far a subscriber has read the log; leased to one worker at a time."""

    subscriber: Code
    position: int = 0
    n: int = -1
    """Of the unit at ``position``, the last entry that was read."""
    lease_until: datetime | None = None
    fence: int = 0


@attrs.frozen(kw_only=True)
class Retry(Record, shared=True, operational=True, unique=[("subscriber", "entry")], indexes=[("status", "due_at")]):
    """An event that a subscriber failed on: tried again later, or (dead) listed for a person."""

    subscriber: Code
    entry: UUID
    attempts: int = 1
    due_at: datetime
    status: Annotated[Code, Choices("waiting", "dead")] = "waiting"
    lease_until: datetime | None = None
    fence: int = 0
    error: str = ""


@attrs.frozen(kw_only=True)
class Leftover(Record, shared=True, operational=True, unique=[("operation", "record_id")]):
    """A record that an undo left as it is, and why. It names the record as a fact: it is no reference to it."""

    operation: UUID
    """What was undone: an import."""
    record_type: Code
    record_id: UUID
    reason: Annotated[Code, Choices("changed", "used", "part", "gone", "taken", "absent")]
    by: Code = ""
    """What happened since (``customer.changed``), or the type of the record that is in the way."""


@attrs.frozen(kw_only=True)
class ImportedRow(Record, operational=True, indexes=[("operation",)]):
    """What a row of a kind of file said of a record: the same row again says nothing new, whatever was done to the record since."""

    record: Annotated[AnyRef, Owner(on_erase="remove"), Indexed()]
    stream: Code
    """Files of the same kind and mapping: what they were imported as, and how their columns are read."""
    key: Code = ""
    """By what the row names its record; several of one file may name the same."""
    digest: Code
    """Of all that was read of the row; the last one counts."""
    operation: UUID
    """The import."""


@attrs.frozen(kw_only=True)
class LedgerEntry(Record, name="ledger", plural="ledger", shared=True, operational=True, unique=[("key",)]):
    """What the database knows of itself: declarations as data (``type:deal``), the epoch of definitions, the fold's version."""

    key: Code
    value: JSON = EMPTY
