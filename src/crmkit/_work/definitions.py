"""What is defined in the database: custom fields and pipelines. Read once per epoch, and the epoch once per unit of work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, cast
from uuid import UUID

import attrs

from ..errors import InvalidError, nearest
from ..ports.store import Add, Replace, Transaction
from ..query import Find
from ..records import Field, KeptField, KeptPipeline, KeptStage, LedgerEntry
from ..records.fields import Kind

if TYPE_CHECKING:
    from .unit import Unit

EPOCH_ID: Final = UUID("00000000-0000-7000-8000-000000000001")
"""The ledger's entry that counts changes of definitions; every unit compares its number with what it has cached."""

BUILT_IN: Final = "pipelines"
"""The built-in plugin whose pipelines stand back where another one is declared."""


@attrs.frozen
class Path:
    """An installed pipeline with its stages in order."""

    pipeline: KeptPipeline
    stages: tuple[KeptStage, ...]

    @property
    def key(self) -> str:
        """The pipeline's key."""
        return self.pipeline.key

    @property
    def first(self) -> KeptStage:
        """The stage where a record enters."""
        return next(stage for stage in self.stages if not stage.is_retired)

    def stage(self, key: str) -> KeptStage:
        """Return a stage by its key.

        Raises:
            InvalidError: there is none; the nearest is named.
        """
        for stage in self.stages:
            if stage.key == key:
                return stage
        known = [stage.key for stage in self.stages if not stage.is_retired]
        raise InvalidError(
            f"Pipeline {self.key!r} has no stage {key!r}: it has {', '.join(known)}.{nearest(key, known)}",
            code="unknown_stage",
            field="stage",
        )


@attrs.frozen
class Definitions:
    """The definitions of one epoch."""

    epoch: int
    fields: Mapping[str, Mapping[str, Field]]
    """Custom fields by record type and key."""
    paths: Mapping[str, Path]
    """Pipelines by key."""

    def custom(self, type_name: str) -> Mapping[str, Field]:
        """Return the custom fields of a record type, by key."""
        return self.fields.get(type_name, {})

    def path(self, type_name: str, key: str) -> Path:
        """Return a pipeline that records of a type move along.

        Raises:
            InvalidError: there is none of that key, or it is another type's.
        """
        found = self.paths.get(key)
        if found is None or found.pipeline.of != type_name:
            known = [path.key for path in self.paths.values() if path.pipeline.of == type_name]
            listed = f"there are {', '.join(known)}." if known else "none is installed for it."
            raise InvalidError(
                f"A {type_name} has no pipeline {key!r}: {listed}{nearest(key, known)}",
                code="unknown_pipeline",
                field="pipeline",
            )
        return found

    def entered(self, type_name: str) -> Path | None:
        """Return the pipeline that a record enters which names none: the only one, built-in ones counting last; else None."""
        found = [
            p
            for p in self.paths.values()
            if p.pipeline.of == type_name and p.pipeline.enters and not p.pipeline.is_retired
        ]
        declared = [path for path in found if path.pipeline.plugin != BUILT_IN]
        choice = declared or found
        return choice[0] if len(choice) == 1 else None


def epoch_of(tx: Transaction) -> int:
    """Return the epoch that a transaction's snapshot shows; 0 where nothing was ever defined."""
    found = tx.get(LedgerEntry, [EPOCH_ID]).get(EPOCH_ID)
    return cast(int, found.value["n"]) if found else 0


class Shown:
    """The definitions that one unit of work sees."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._found: Definitions | None = None
        self._is_written = False

    def get(self) -> Definitions:
        """Return them; those that this unit wrote are read each time: they are nobody else's, and a savepoint may drop them."""
        unit = self._unit
        if self._is_written:
            return read_definitions(unit.tx, epoch_of(unit.tx))
        if self._found is None:
            epoch = epoch_of(unit.tx)
            self._found = unit.house.definitions(unit.store, epoch, lambda: read_definitions(unit.tx, epoch))
        return self._found

    def written(self) -> None:
        """Count the epoch on: every process reads them again with its next unit of work."""
        tx = self._unit.to_write()
        n = epoch_of(tx) + 1
        entry = LedgerEntry(id=EPOCH_ID, key="epoch", value={"n": n}, created_at=self._unit.now)
        tx.write([Add(entry) if n == 1 else Replace(entry)])
        self._is_written = True


def read_definitions(tx: Transaction, epoch: int) -> Definitions:
    """Return the definitions that a transaction's snapshot shows."""
    fields: dict[str, dict[str, Field]] = {}
    for kept in tx.find(Find(of=KeptField)):
        fields.setdefault(kept.of, {})[kept.key] = Field(
            name=kept.key, kind=cast(Kind, kept.kind), optional=True, choices=tuple(kept.choices), places=kept.places,
            indexed=kept.indexed, personal=kept.personal,
        )  # fmt: skip
    stages: dict[str, list[KeptStage]] = {}
    for stage in tx.find(Find(of=KeptStage)):
        stages.setdefault(stage.pipeline, []).append(stage)
    paths = {p.key: Path(p, _in_order(stages.get(p.key, ()))) for p in tx.find(Find(of=KeptPipeline))}
    return Definitions(epoch, fields, paths)


def _in_order(stages: Sequence[KeptStage]) -> tuple[KeptStage, ...]:
    return tuple(sorted(stages, key=lambda stage: (stage.position, stage.key)))
