"""Funnels: how many records of a pipeline came how far, each counted at every stage that it reached or passed over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crmkit import Span
from crmkit.query import each

from .view import FunnelStep, FunnelView

if TYPE_CHECKING:
    from crmkit import CRM


def funnels(crm: CRM, language: str, since: datetime) -> Iterator[FunnelView]:
    """Yield a funnel per pipeline that has a won stage: of what entered since then."""
    for path in crm.pipelines.list():
        stages = [stage for stage in crm.pipelines.stages(path.key) if stage.state != "lost" and not stage.is_retired]
        if any(stage.state == "won" for stage in stages):
            reached = _reached(crm, path, [stage.key for stage in stages], since)
            if reached and reached[0]:
                yield FunnelView(
                    title=path.name.into(language) or path.key,
                    noun=f"{path.of}s".replace("_", " "),
                    steps=tuple(_steps([stage.name.into(language) or stage.key for stage in stages], reached)),
                )


def _reached(crm: CRM, path: Any, keys: Sequence[str], since: datetime) -> list[int]:
    """Return for each stage how many records reached it or a later one."""
    s = each(Span)
    place = {key: index for index, key in enumerate(keys)}
    furthest: dict[Any, int] = {}
    of = path.of
    entered = s.entered_at >= since
    for span in crm.stream(Span, s.of == of, s.field == "stage", s.pipeline == path.key, s.value.in_(keys), entered):
        furthest[span.record.id] = max(furthest.get(span.record.id, 0), place[span.value])
    return [sum(1 for index in furthest.values() if index >= at) for at in range(len(keys))]


def _steps(labels: Sequence[str], reached: Sequence[int]) -> Iterator[FunnelStep]:
    for index, (label, n) in enumerate(zip(labels, reached, strict=True)):
        before = reached[index - 1] if index else 0
        yield FunnelStep(label=label, count=n, rate=n / before if before else None)
