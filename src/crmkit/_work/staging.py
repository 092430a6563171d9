"""Where a staged record stands: the pipeline it enters, and whether its stage and state are that pipeline's."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from ..errors import InvalidError
from ..records import Declaration, Staged

if TYPE_CHECKING:
    from .unit import Unit

St = TypeVar("St", bound=Staged)
CLOSED: Final = ("won", "lost")
"""The states at which a path ends."""


def entered(unit: Unit, declaration: Declaration, record: St, old: St | None) -> St:
    """Return the record with its pipeline, stage and state in order.

    A new one that names no pipeline enters the only one of its type; one that names no stage, the pipeline's first.

    Raises:
        InvalidError: the pipeline is unknown for its type, or has no such stage.
    """
    if old is not None and (old.pipeline, old.stage, old.state) == (record.pipeline, record.stage, record.state):
        return record
    if not record.pipeline:
        path = unit.definitions.entered(declaration.name) if old is None else None
        if path is None:
            return _unstaged(record)
    else:
        path = unit.definitions.path(declaration.name, record.pipeline)
    stage = path.stage(record.stage) if record.stage else path.first
    if (record.pipeline, record.stage, record.state) == (path.key, stage.key, stage.state):
        return record
    return attrs.evolve(record, pipeline=path.key, stage=stage.key, state=stage.state)


def closed(record: Any, old: Any, at: datetime) -> Any:
    """Return the record with when it came to its end, where nobody said that: ``at``."""
    if record.state not in CLOSED or record.closed_at is not None or (old is not None and old.state in CLOSED):
        return record
    return attrs.evolve(record, closed_at=at)


def _unstaged(record: St) -> St:
    if record.stage:
        raise InvalidError(
            f"Stage {record.stage!r} is of no pipeline: name the pipeline too.",
            code="unknown_pipeline",
            field="pipeline",
        )
    return record if record.state == "open" else attrs.evolve(record, state="open")
