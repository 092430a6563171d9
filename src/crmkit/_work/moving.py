"""Moving a staged record along its pipeline: the row, its spans, and an append-only StageChange, in one unit."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from ..errors import InvalidError, nearest
from ..ports.store import Add, Remove
from ..query import reference_to
from ..records import Declaration, KeptStage, StageChange, Staged, declaration_of, new_id
from .definitions import Path
from .spans import spans_of, turn_span
from .staging import CLOSED

if TYPE_CHECKING:
    from .unit import Unit

St = TypeVar("St", bound=Staged)


def moved(unit: Unit, record: St, stage: str, *, reason: str, side: str, note: str, at: datetime | None) -> St:
    """Keep a record moved to a stage; where it stands there already, it stays as it is, but for the reason.

    A move that is told late (``at`` before the last one) corrects the past alone: its spans and changes.
    """
    declaration = declaration_of(type(record))
    if not record.pipeline:
        raise InvalidError(
            f"This {declaration.name} is in no pipeline: put it into one first.",
            code="unknown_pipeline",
            field="pipeline",
        )
    path = unit.definitions.path(declaration.name, record.pipeline)
    target = path.stage(stage)
    _allowed(path, target, record, reason)
    when, then = at or unit.now, None if at is None else _then(unit, record, path, target, at)
    came_from = record.stage if then is None else then
    if came_from == target.key:
        return record if then is not None else _for_that_reason(unit, declaration, record, reason)
    if then is not None:
        kept = record
        turn_span(unit, declaration, attrs.evolve(record, stage=target.key), declaration.by_name["stage"], when)
    else:
        kept = _placed(unit, declaration, record, target, reason, when)
    unit.add(
        StageChange(
            record=reference_to(record),
            pipeline=path.key,
            from_stage=came_from,
            to_stage=target.key,
            from_state=path.stage(came_from).state if came_from else "",
            to_state=target.state,
            at=when,
            by=unit.actor,
            reason=reason,
            side=side,
            note=note,
        )
    )
    return kept


def _then(unit: Unit, record: Staged, path: Path, target: KeptStage, at: datetime) -> str | None:
    """Return where a record stood at an instant before its last move, empty where that is not known; None: it did not move since."""
    spans = spans_of(unit, record, "stage")
    if not spans or spans[-1].entered_at <= at:
        return None
    if len(spans) == 1 and spans[0].entered_at == record.created_at and spans[0].value == path.first.key:
        # nobody said since when it stands where all begin: its path begins with this move
        anew = [Add(attrs.evolve(spans[0], id=new_id(), entered_at=at))] if target.key == record.stage else []
        unit.to_write().write([Remove(spans[0]), *anew])
        return None
    return next((span.value for span in reversed(spans) if span.entered_at <= at), "")


def _for_that_reason(unit: Unit, declaration: Declaration, record: St, reason: str) -> St:
    if not reason or getattr(record, "reason", reason) == reason:
        return record
    return unit.replace(attrs.evolve(record, reason=reason))  # type: ignore[no-any-return, call-arg]  # replace keeps the type, which has a reason


def _allowed(path: Path, target: KeptStage, record: Staged, reason: str) -> None:
    if target.reasons and reason and reason not in target.reasons:
        raise InvalidError(
            f"Stage {target.key!r} takes none but these reasons: {', '.join(sorted(target.reasons))}.{nearest(reason, target.reasons)}",
            code="reason",
            field="reason",
        )
    if target.after is not None and record.stage != target.key and record.stage not in target.after:
        raise InvalidError(
            f"Stage {target.key!r} is reached from {', '.join(sorted(target.after))}, not from {record.stage!r}.",
            code="path",
            field="stage",
        )


def _placed(unit: Unit, declaration: Declaration, record: St, target: KeptStage, reason: str, when: datetime) -> St:
    values: dict[str, Any] = {"stage": target.key, "state": target.state}
    is_closed = target.state in CLOSED
    if "closed_at" in declaration.by_name:
        values["closed_at"] = when if is_closed else None
    if "reason" in declaration.by_name and (reason or not is_closed):
        values["reason"] = reason
    name = (
        f"{declaration.name}.{target.state}"
        if target.state in CLOSED and record.state != target.state
        else f"{declaration.name}.moved"
    )
    return unit.replace(attrs.evolve(record, **values), name=name, at=when)  # type: ignore[no-any-return]  # replace keeps the type
