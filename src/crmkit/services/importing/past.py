"""Imports that were made: what was asked for, how far it came, and whether it was undone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import attrs

from ...records import Operation
from ..liveness import is_running

KIND: Final = "imports.run"
COUNTED: Final = ("added", "changed", "unchanged", "rejected")
State = Literal["running", "stopped", "done", "undone", "half undone"]


@attrs.frozen(kw_only=True)
class PastImport:
    """One import.

    Attributes:
        file: its name. of: what it was imported as.
        digest: the file's SHA-256, in hexadecimal digits.
        mapping: the mapping file's name; empty where there was none.
        actor, started_at, finished_at: who and when; no end: it runs, or was killed.
        state: ``stopped`` and ``half undone``: it was interrupted, and goes on with ``resume`` or ``undo``.
        read, kept, unchanged, rejected: rows; those that were kept were added or changed.
    """

    id: UUID
    file: str
    of: str
    digest: str
    mapping: str
    actor: str
    started_at: datetime
    finished_at: datetime | None
    state: State
    read: int
    kept: int
    added: int
    changed: int
    unchanged: int
    rejected: int


def past_import(house: Any, operation: Operation, undos: Mapping[UUID, Operation], now: datetime) -> PastImport:
    """Return an import by its operation, and that of its undoing (among ``undos``)."""
    about, counts = operation.about, {name: operation.counts.get(name, 0) for name in COUNTED}
    return PastImport(
        id=operation.id, file=about.get("file", ""), of=about.get("of", ""), digest=about.get("digest", ""),
        mapping=about.get("mapping", ""), actor=operation.actor, started_at=operation.started_at, finished_at=operation.finished_at,
        state=_state(house, operation, undos, now), read=sum(counts.values()), kept=counts["added"] + counts["changed"], **counts,
    )  # fmt: skip


def undo_of(operation: Operation) -> UUID | None:
    """Return the operation that undoes an import, where there is one."""
    return UUID(operation.about["undo"]) if "undo" in operation.about else None


def _state(house: Any, operation: Operation, undos: Mapping[UUID, Operation], now: datetime) -> State:
    undo = undo_of(operation)
    if undo is not None:
        return "undone" if undos[undo].status == "done" else "half undone"
    if operation.status == "running":
        return "running" if is_running(house, operation, now) else "stopped"
    return "stopped" if operation.status == "failed" else "done"
