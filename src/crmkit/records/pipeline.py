"""Pipelines, their stages, and the deals and changes that move along them.

``Pipeline`` and ``Stage`` are what a plugin declares; ``KeptPipeline`` and ``KeptStage`` are the records that an
upgrade installs from them and that users may add to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated

import attrs

from ..errors import DeclarationError
from .customer import Customer
from .fields import Choices, History, Indexed, NotPersonal, Owner, Personal, Searchable
from .ids import Id
from .money import Money
from .record import Record
from .staged import STATES, Staged
from .values import AnyRef, Code, LocalText


def _reasons(values: Sequence[str]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


def _stages(values: Iterable[Stage]) -> tuple[Stage, ...]:
    return tuple(values)


@attrs.frozen
class Stage:
    """One step of a declared pipeline: ``Stage("offer", probability=60)``, ``Stage("sold", "won")``."""

    key: str
    state: str = attrs.field(default="open", validator=attrs.validators.in_(STATES))
    probability: int | None = attrs.field(default=None, kw_only=True)
    """Chance of being won, in percent."""
    reasons: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_reasons)
    """The reasons that a move to this stage may give; empty: any."""
    name: LocalText | None = attrs.field(default=None, kw_only=True)
    after: tuple[str, ...] | None = attrs.field(default=None, kw_only=True)
    """The stages from which this one can be reached; None: from any."""


@attrs.frozen
class Pipeline:
    """A declared path: its stages in order. The first one is where a record enters."""

    key: str
    of: type[Staged] = attrs.field(kw_only=True)
    stages: tuple[Stage, ...] = attrs.field(kw_only=True, converter=_stages)
    name: LocalText | None = attrs.field(default=None, kw_only=True)
    enters: bool = attrs.field(default=True, kw_only=True)
    """A new record that names no pipeline enters this one (where it is the only such of its type)."""

    def __attrs_post_init__(self) -> None:
        keys = [stage.key for stage in self.stages]
        problems = [f"Stage {key!r} stands twice." for key in sorted({k for k in keys if keys.count(k) > 1})]
        if not keys:
            problems.append("It has no stage: declare at least one.")
        elif self.stages[0].state != "open":
            problems.append(f"Its first stage {keys[0]!r} is {self.stages[0].state}: begin with an open one.")
        if problems:
            raise DeclarationError(f"Pipeline {self.key!r}", problems)


@attrs.frozen(kw_only=True)
class KeptPipeline(Record, name="pipeline", plural="pipelines", shared=True, unique=[("key",)]):
    """An installed pipeline."""

    key: Code
    of: Code
    """Name of the record type that moves along it."""
    name: LocalText = LocalText()
    enters: bool = True
    plugin: Code = ""
    is_retired: bool = False


@attrs.frozen(kw_only=True)
class KeptStage(Record, name="stage", plural="stages", shared=True, unique=[("pipeline", "key")]):
    """An installed stage."""

    pipeline: Code
    key: Code
    position: int
    state: Annotated[Code, Choices(*STATES)] = "open"
    probability: int | None = None
    reasons: frozenset[Code] = frozenset()
    after: frozenset[Code] | None = None
    name: LocalText = LocalText()
    plugin: Code = ""
    is_retired: bool = False


@attrs.frozen(kw_only=True)
class Deal(Staged, indexes=[("owner",)]):
    """A chance to sell (others say opportunity)."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep")] = None
    title: Annotated[str, Personal(), Searchable()] = ""
    amount: Money | None = None
    owner: Annotated[AnyRef | None, History()] = None
    probability: int | None = None
    """In percent; missing: the stage's."""
    opened_at: Annotated[datetime | None, Indexed()] = None
    closed_at: Annotated[datetime | None, Indexed()] = None
    expected_on: Annotated[date | None, NotPersonal()] = None
    reason: Code = ""
    """Why it was won or lost."""
    source: Code = ""
    product: Code = ""


@attrs.frozen(kw_only=True)
class StageChange(Record, append_only=True, indexes=[("record", "at")]):
    """One move of a staged record."""

    record: Annotated[AnyRef, Owner(on_erase="keep")]
    pipeline: Code
    from_stage: Code = ""
    to_stage: Code
    from_state: Code = ""
    to_state: Code = "open"
    at: Annotated[datetime, Indexed()]
    by: Code = ""
    """The actor."""
    reason: Code = ""
    side: Annotated[Code, Choices("", "customer", "supplier")] = ""
    """Whose decision it was."""
    note: Annotated[str, Personal()] = ""


@attrs.frozen(kw_only=True)
class Span(
    Record, operational=True, indexes=[("record", "field", "entered_at"), ("of", "field", "value", "entered_at")]
):
    """How long a field had a value: ``[entered_at, left_at)``; written with the change that begins or ends it."""

    record: Annotated[AnyRef, Owner(on_erase="keep")]
    of: Code
    """The record type's name, and (below) its pipeline: repeated, so that stocks are one index range."""
    pipeline: Code = ""
    field: Code
    value: Code
    entered_at: datetime
    left_at: datetime | None = None
