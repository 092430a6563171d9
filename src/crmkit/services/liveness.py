"""Whether the process that began a long verb still works at it: one that was killed says nothing itself."""

from __future__ import annotations

import os
import platform
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import attrs

from ..records import Operation
from ..records.as_json import value_from_json, value_to_json
from ..records.fields import Field

ABANDONED: Final = timedelta(seconds=60)
"""A run of another machine that has kept no batch for so long, and did not say that it ended, was killed."""
_AT: Final = Field(name="at", kind="instant")


@attrs.define(eq=False)
class Runs:
    """The long verbs that one open CRM works at; ``name`` tells it from others in its process."""

    name: str = attrs.field(factory=lambda: uuid4().hex)
    running: set[UUID] = attrs.field(factory=set[UUID])


def runs_of(house: Any) -> Runs:
    """Return what an open CRM works at."""
    found: Runs = house.opened("imports", Runs)
    return found


@contextmanager
def running(house: Any, operation: UUID) -> Generator[None]:
    """While it lasts, an import is worked at."""
    runs_of(house).running.add(operation)
    try:
        yield
    finally:
        runs_of(house).running.discard(operation)


def beat(house: Any, now: datetime) -> dict[str, Any]:
    """Return what a run writes down with each batch: when, and which CRM in which process of which machine."""
    worker = [platform.node(), os.getpid(), _began(os.getpid()), runs_of(house).name]
    return {"at": value_to_json(_AT, now), "worker": worker}


def is_running(house: Any, operation: Operation, now: datetime) -> bool:
    """Say whether somebody works at an operation: this CRM, a process of this machine, or (by its last batch) another one."""
    if operation.status != "running":
        return False
    node, pid, began, name = operation.position.get("worker", ("", 0, "", ""))
    if name == runs_of(house).name:
        return operation.id in runs_of(house).running
    if began and node == platform.node():
        if _began(pid) != began:
            return False
        if pid != os.getpid():
            return True
    at: Any = value_from_json(_AT, operation.position.get("at"))
    return at is None or now - at <= ABANDONED


def _began(pid: int) -> str:
    """Return when a process of this machine began, in ticks since it started; empty: it is gone, or the system does not tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
