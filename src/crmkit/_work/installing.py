"""Installing what plugins declare: pipelines and custom fields become records; what is no longer declared is retired, never removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import attrs

from ..query import each
from ..records import (
    FieldDefinition,
    KeptField,
    KeptPipeline,
    KeptStage,
    LocalText,
    Pipeline,
    Record,
    declaration_of,
)

if TYPE_CHECKING:
    from .unit import Unit

Declared = Sequence[tuple[str, Any]]
"""Plugin name and declaration."""


def install(
    unit: Unit, pipelines: Sequence[tuple[str, Pipeline]], fields: Sequence[tuple[str, FieldDefinition]]
) -> int:
    """Bring the kept definitions to the declared ones; return how many records changed."""
    with unit.installing():
        changed = _install(unit, KeptPipeline, [_pipeline(plugin, p) for plugin, p in pipelines], ("key",))
        stages = [stage for plugin, p in pipelines for stage in _stages(plugin, p)]
        changed += _install(unit, KeptStage, stages, ("pipeline", "key"))
        changed += _install(unit, KeptField, [_field(plugin, f) for plugin, f in fields], ("of", "key"))
    return changed


def _install(unit: Unit, of: type[Any], declared: Sequence[Any], key: tuple[str, ...]) -> int:
    kept = {tuple(getattr(record, name) for name in key): record for record in unit.find(of, ~(each(of).plugin == ""))}
    wanted = {tuple(getattr(record, name) for name in key): record for record in declared}
    new = [record for at, record in wanted.items() if at not in kept and not _exists(unit, of, record, key)]
    differing = [
        _brought(kept[at], record)
        for at, record in wanted.items()
        if at in kept and _brought(kept[at], record) is not kept[at]
    ]
    retired = [
        attrs.evolve(record, is_retired=True)
        for at, record in kept.items()
        if at not in wanted and not record.is_retired
    ]
    unit.add(new)
    unit.replace([*differing, *retired])
    return len(new) + len(differing) + len(retired)


def _exists(unit: Unit, of: type[Record], record: Record, key: tuple[str, ...]) -> bool:
    """A definition of the user's own has the key already: it stays."""
    return bool(unit.find(of, *(getattr(each(of), name) == getattr(record, name) for name in key), limit=1))


def _brought(kept: Any, declared: Any) -> Any:
    of = cast("type[Record]", type(kept))
    own = [field.name for field in declaration_of(of).own_fields]
    changes = {name: getattr(declared, name) for name in own if getattr(declared, name) != getattr(kept, name)}
    return attrs.evolve(kept, **changes) if changes else kept


def _pipeline(plugin: str, declared: Pipeline) -> KeptPipeline:
    return KeptPipeline(
        key=declared.key,
        of=declaration_of(declared.of).name,
        name=declared.name or LocalText(),
        enters=declared.enters,
        plugin=plugin,
    )


def _stages(plugin: str, declared: Pipeline) -> list[KeptStage]:
    return [
        KeptStage(
            pipeline=declared.key,
            key=stage.key,
            position=index,
            state=stage.state,
            probability=stage.probability,
            reasons=frozenset(stage.reasons),
            after=None if stage.after is None else frozenset(stage.after),
            name=stage.name or LocalText(),
            plugin=plugin,
        )
        for index, stage in enumerate(declared.stages)
    ]


def _field(plugin: str, declared: FieldDefinition) -> KeptField:
    return KeptField(
        of=declaration_of(declared.of).name, key=declared.key, kind=declared.kind, choices=list(declared.choices), indexed=declared.indexed,
        places=declared.places, personal=declared.personal, name=declared.name or LocalText(), plugin=plugin,
    )  # fmt: skip
