"""Pipelines: what moves along them, as a board, with the time that each stage takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import attrs

from .._work.definitions import BUILT_IN
from ..errors import InvalidError, NotFoundError, nearest
from ..ports.work import Service, Work, verb
from ..query import Condition, Tallied, count, each, quantile, reference_to, total
from ..records import (
    Declaration,
    FrozenMap,
    KeptPipeline,
    KeptStage,
    Span,
    StageChange,
    Staged,
    declaration_of,
)
from ..records.money import places_of

CLOSED_DAYS: Final = 30
"""A board shows what was won or lost in the last so many days."""
STALE_DAYS: Final = 30
"""What has stood at an open stage for longer is stale."""
_OVER: Final = ("won", "lost")


@attrs.frozen(kw_only=True)
class BoardColumn:
    """One stage of a board.

    Attributes:
        state: open, hold, won or lost; of the last two only what closed in the last ``days`` days is counted.
        sums: the amounts, each currency apart; currencies are never added.
        stale: how many have stood here for longer than the board's ``stale_days``.
    """

    pipeline: str
    stage: str
    label: str = ""
    state: str = "open"
    count: int = 0
    sums: Mapping[str, Decimal] = FrozenMap()
    stale: int = 0
    days: int | None = None
    is_retired: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the column as JSON values, amounts as text with the decimals of their currency."""
        sums = {currency: f"{amount:.{places_of(currency)}f}" for currency, amount in self.sums.items()}
        return {**attrs.asdict(self), "sums": sums}


@attrs.frozen(kw_only=True)
class StageDuration:
    """How long records stood at a stage.

    Attributes:
        n: how many stays are over; ``mean``, ``median``, ``low`` and ``high`` are about them, and None where there is none.
        low, high: the quartiles: a quarter of the stays was shorter than ``low``, a quarter longer than ``high``.
        n_open: how many records stand there now.
    """

    pipeline: str
    stage: str
    label: str = ""
    state: str = "open"
    n: int = 0
    mean: timedelta | None = None
    median: timedelta | None = None
    low: timedelta | None = None
    high: timedelta | None = None
    n_open: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON values: ``mean_s``, ``median_s``, ``low_s`` and ``high_s`` are seconds."""
        values = attrs.asdict(self)
        for name in ("mean", "median", "low", "high"):
            taken: timedelta | None = values.pop(name)
            values[f"{name}_s"] = None if taken is None else taken.total_seconds()
        return values


class Pipelines(Service):
    """The paths along which deals, cases, customers and plugins' records move."""

    @verb
    def list(self, of: type[Staged] | None = None) -> tuple[KeptPipeline, ...]:
        """Return the pipelines (of one record type), by key."""
        p = each(KeptPipeline)
        where = [p.is_retired == False, *([p.of == declaration_of(of).name] if of else [])]  # noqa: E712  # a condition
        return tuple(self.unit.find(KeptPipeline, *where, order=[p.key]))

    @verb
    def stages(self, pipeline: str) -> tuple[KeptStage, ...]:
        """Return a pipeline's stages in their order, retired ones last.

        Raises:
            NotFoundError: there is no such pipeline.
        """
        return tuple(stages_of(self.unit, pipeline_named(self.unit, pipeline).key))

    @verb
    def board(
        self, pipeline: str, *, closed_days: int = CLOSED_DAYS, stale_days: int = STALE_DAYS
    ) -> tuple[BoardColumn, ...]:
        """Return a column per stage, in the stages' order; a retired stage only while something stands at it.

        Raises:
            NotFoundError: there is no such pipeline.
        """
        path = pipeline_named(self.unit, pipeline)
        cells = _standing(self.unit, path, closed_days)
        stale = _stale(self.unit, path, stale_days)
        columns = [
            _column(self, stage, cells.get(stage.key), stale, closed_days) for stage in stages_of(self.unit, path.key)
        ]
        return tuple(column for column in columns if column.count or not column.is_retired)

    @verb
    def durations(
        self, pipeline: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[StageDuration, ...]:
        """Return how long records stood at each stage, in the stages' order.

        Args:
            since, until: a half-open period in which the stays ended; open ones are counted whatever it is.

        Raises:
            NotFoundError: there is no such pipeline.
        """
        path = pipeline_named(self.unit, pipeline)
        cells = _stays(self.unit, path, since, until)
        return tuple(_duration(self, stage, cells.get(stage.key)) for stage in stages_of(self.unit, path.key))

    @verb
    def history(self, record: Staged) -> tuple[StageChange, ...]:
        """Return a record's moves, the first one first."""
        return tuple(moves_of(self.unit, record))

    def label(self, stage: KeptStage) -> str:
        """Return a stage's name in the house's language, or its key."""
        return stage.name.into(*self.unit.house.languages) or stage.key


def pipeline_named(work: Work, key: str) -> KeptPipeline:
    """Return a pipeline by its key.

    Raises:
        NotFoundError: there is none; the nearest key is named.
    """
    p = each(KeptPipeline)
    for found in work.find(KeptPipeline, p.key == key, limit=1):
        return found
    known = sorted(pipeline.key for pipeline in work.find(KeptPipeline, p.is_retired == False))  # noqa: E712  # a condition
    near = nearest(key, known) or (f" There are {', '.join(known)}." if known else " Declare one.")
    raise NotFoundError(f"There is no pipeline {key!r}.{near}", code="unknown_pipeline", params={"pipeline": key})


def only_pipeline(work: Work, of: type[Staged]) -> KeptPipeline:
    """Return the one pipeline of a record type; built-in ones count only where there is no other.

    Raises:
        InvalidError: there is none, or more than one.
    """
    p, name = each(KeptPipeline), declaration_of(of).name
    found = work.find(KeptPipeline, p.of == name, p.is_retired == False)  # noqa: E712  # a condition
    choice = [pipeline for pipeline in found if pipeline.plugin != BUILT_IN] or list(found)
    if len(choice) == 1:
        return choice[0]
    what = f"There is no pipeline of {name}s: declare one."
    if choice:
        known = ", ".join(sorted(pipeline.key for pipeline in choice))
        what = f"There are several pipelines of {name}s: name one of {known}."
    raise InvalidError(what, code="unknown_pipeline", field="pipeline")


def stages_of(work: Work, pipeline: str) -> list[KeptStage]:
    """Return a pipeline's stages in their order, retired ones last."""
    found = work.find(KeptStage, each(KeptStage).pipeline == pipeline)
    return sorted(found, key=lambda stage: (stage.is_retired, stage.position, stage.key))


def see_that_known(work: Work, of: type[Staged], stage: str, pipeline: str) -> None:
    """See that a stage, and a pipeline where one is named, are there: nothing is found where a name is misspelt.

    Raises:
        NotFoundError: there is no such pipeline. InvalidError: it, or every one of the record type, has no such stage.
    """
    p = each(KeptPipeline)
    of_type = work.find(KeptPipeline, p.of == declaration_of(of).name)
    paths = [pipeline_named(work, pipeline)] if pipeline else list(of_type)
    known = [one.key for path in paths for one in stages_of(work, path.key)]
    if stage and stage not in known:
        choice = ", ".join(dict.fromkeys(known))
        raise InvalidError(
            f"There is no stage {stage!r}: there are {choice}.{nearest(stage, known)}",
            code="unknown_stage",
            field="stage",
        )


def moves_of(work: Work, record: Staged) -> list[StageChange]:
    """Return a record's stage changes, the first one first."""
    c = each(StageChange)
    return list(work.find(StageChange, c.record == reference_to(record), order=[c.at]))


# --- the board ---
def _standing(work: Work, path: KeptPipeline, closed_days: int) -> dict[str, Tallied]:
    of = work.house.type_named(path.of)
    r, declaration = each(of), declaration_of(of)
    components: dict[str, Any] = {"n": count()}
    if amount := _amount_of(declaration):
        components["value"] = total(getattr(r, amount))
    where: list[Condition] = [r.pipeline == path.key]
    if "closed_at" in declaration.by_name:
        recent = r.closed_at >= work.now - timedelta(days=closed_days)
        where.append(~r.state.in_(_OVER) | recent)
    return {row.key[0]: row for row in work.tally(of, *where, by=[r.stage], **components)}


def _amount_of(declaration: Declaration) -> str | None:
    """Return the name of the record type's first field of money."""
    return next((field.name for field in declaration.own_fields if field.kind == "money"), None)


def _stale(work: Work, path: KeptPipeline, stale_days: int) -> dict[str, int]:
    s = each(Span)
    long_ago = work.now - timedelta(days=stale_days)
    where = [s.of == path.of, s.field == "stage", s.pipeline == path.key, s.left_at.is_missing, s.entered_at < long_ago]
    return {row.key[0]: row.n for row in work.tally(Span, *where, by=[s.value], n=count())}


def _column(
    service: Pipelines, stage: KeptStage, cell: Tallied | None, stale: Mapping[str, int], days: int
) -> BoardColumn:
    is_over = stage.state in _OVER
    return BoardColumn(
        pipeline=stage.pipeline, stage=stage.key, label=service.label(stage), state=stage.state, count=cell.n if cell else 0,
        sums=FrozenMap(cell.values.get("value", {})) if cell else FrozenMap(), stale=0 if is_over else stale.get(stage.key, 0),
        days=days if is_over else None, is_retired=stage.is_retired,
    )  # fmt: skip


# --- durations ---
def _stays(work: Work, path: KeptPipeline, since: datetime | None, until: datetime | None) -> dict[str, Tallied]:
    s = each(Span)
    over: Condition = ~s.left_at.is_missing
    if since is not None:
        over = over & (s.left_at >= since)
    if until is not None:
        over = over & (s.left_at < until)
    stay = s.left_at - s.entered_at
    rows = work.tally(
        Span, s.of == path.of, s.field == "stage", s.pipeline == path.key, by=[s.value],
        n=count(over), time=total(stay, over), n_open=count(s.left_at.is_missing),
        low=quantile(stay, 0.25, over), median=quantile(stay, 0.5, over), high=quantile(stay, 0.75, over),
    )  # fmt: skip
    return {row.key[0]: row for row in rows}


def _duration(service: Pipelines, stage: KeptStage, cell: Tallied | None) -> StageDuration:
    made = StageDuration(pipeline=stage.pipeline, stage=stage.key, label=service.label(stage), state=stage.state)
    if cell is None:
        return made
    mean = timedelta(seconds=float(cell.time) / cell.n) if cell.n else None
    low, median, high = (None if t is None else timedelta(seconds=float(t)) for t in (cell.low, cell.median, cell.high))
    return attrs.evolve(made, n=cell.n, mean=mean, median=median, low=low, high=high, n_open=cell.n_open)
