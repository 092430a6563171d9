"""Whether the process that began an import still works at it: one that was killed says nothing itself."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from ...records import Operation
from ...records.as_json import value_from_json, value_to_json
from ...records.fields import Field

ABANDONED: Final = timedelta(seconds=60)
"""A run of another machine that has kept no batch for so long, and did not say that it ended, was killed."""
_AT: Final = Field(name="at", kind="instant")


def beat(now: datetime) -> dict[str, Any]:
    """Return what a run writes down with each batch: when, and which process of which machine."""
    return {"at": value_to_json(_AT, now), "worker": [platform.node(), os.getpid(), _began(os.getpid())]}


def is_running(operation: Operation, now: datetime) -> bool:
    """Say whether somebody works at an operation: by its process where that was one of this machine, else by its last batch."""
    if operation.status != "running":
        return False
    node, pid, began = operation.position.get("worker", ("", 0, ""))
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
