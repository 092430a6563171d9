"""Moving a staged record along its pipeline: the row, its spans, and an append-only StageChange, in one unit."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from ..errors import InvalidError, nearest
from ..query import each, reference_to
from ..records import Declaration, KeptStage, StageChange, Staged, declaration_of
from .definitions import Path
from .spans import turn_span

if TYPE_CHECKING:
    from .unit import Unit

St = TypeVar("St", bound=Staged)


def moved(unit: Unit, record: St, stage: str, *, reason: str, side: str, note: str, at: datetime | None) -> St:
    """Keep a record moved to a stage. A move that is told late (``at`` before the last one) corrects the past alone: its spans and changes."""
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
    when = at or unit.now
    if at is not None and _is_late(unit, record, at):
        kept, came_from = record, _stage_then(unit, record, at)
        turn_span(unit, declaration, attrs.evolve(record, stage=target.key), declaration.by_name["stage"], at)
    else:
        kept, came_from = _placed(unit, declaration, record, target, reason, when), record.stage
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
    is_closed = target.state in ("won", "lost")
    if "closed_at" in declaration.by_name:
        values["closed_at"] = when if is_closed else None
    if "reason" in declaration.by_name and (reason or not is_closed):
        values["reason"] = reason
    name = (
        f"{declaration.name}.{target.state}"
        if target.state in ("won", "lost") and record.state != target.state
        else f"{declaration.name}.moved"
    )
    return unit.replace(attrs.evolve(record, **values), name=name, at=when)  # type: ignore[no-any-return]  # replace keeps the type


def _is_late(unit: Unit, record: Staged, at: datetime) -> bool:
    c = each(StageChange)
    return bool(unit.find(StageChange, c.record == reference_to(record), c.at > at, limit=1))


def _stage_then(unit: Unit, record: Staged, at: datetime) -> str:
    c = each(StageChange)
    before = unit.find(StageChange, c.record == reference_to(record), c.at <= at, order=[-c.at], limit=1)
    if before:
        return before[0].to_stage
    after = unit.find(StageChange, c.record == reference_to(record), c.at > at, order=[c.at], limit=1)
    return after[0].from_stage if after else ""
