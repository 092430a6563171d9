"""Funnels: how many records of a pipeline came how far, each counted at every stage that it reached or passed over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crmkit import Span
from crmkit.query import each

from .catalogue import noun_of
from .view import FunnelStep, FunnelView

if TYPE_CHECKING:
    from crmkit import CRM


def funnels(crm: CRM, language: str, since: datetime) -> Iterator[FunnelView]:
    """Yield a funnel per pipeline that has a won stage: of what entered since then."""
    for path in crm.pipelines.list():
        stages = [stage for stage in crm.pipelines.stages(path.key) if stage.state != "lost" and not stage.is_retired]
        if any(stage.state == "won" for stage in stages):
            furthest = _furthest(crm, path, [stage.key for stage in stages], since)
            if furthest:
                yield FunnelView(
                    title=path.name.into(language) or path.key,
                    noun=noun_of(path.of, language),
                    steps=tuple(_steps([stage.name.into(language) or stage.key for stage in stages], furthest)),
                )


def _furthest(crm: CRM, path: Any, keys: Sequence[str], since: datetime) -> list[tuple[int, bool]]:
    """Return how far each record came, as an index of the keys, and whether it is still open: neither lost nor won."""
    s = each(Span)
    place = {key: index for index, key in enumerate(keys)}
    open_keys = {stage.key for stage in crm.pipelines.stages(path.key) if stage.state in ("open", "hold")}
    found: dict[Any, tuple[int, bool]] = {}
    of = path.of
    entered = s.entered_at >= since
    for span in crm.stream(Span, s.of == of, s.field == "stage", s.pipeline == path.key, s.value.in_(keys), entered):
        furthest, is_open = found.get(span.record.id, (0, False))
        stands = span.left_at is None and span.value in open_keys
        found[span.record.id] = (max(furthest, place[span.value]), is_open or stands)
    return list(found.values())


def _steps(labels: Sequence[str], furthest: Sequence[tuple[int, bool]]) -> Iterator[FunnelStep]:
    """Yield the steps; what is still open has not been lost, so it is no part of the rate of the step after it."""
    decided = 0
    for at, label in enumerate(labels):
        reached = sum(1 for index, _ in furthest if index >= at)
        standing = sum(1 for index, is_open in furthest if is_open and index == at)
        yield FunnelStep(label=label, count=reached, standing=standing, rate=reached / decided if decided else None)
        decided = reached - standing
