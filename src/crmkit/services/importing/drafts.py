"""Rows on their way to records: what was read of a row, what becomes of it, and what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

import attrs

from ...records import Record
from .json_lines import Cell
from .problems import Problem
from .values import ExternalKey

Outcome: TypeAlias = Literal["added", "changed", "unchanged"] | tuple[Problem, ...]
"""What became of a row; problems reject it. Their ``column`` is the name of a target until the file's own is put in."""


@attrs.define(eq=False)
class ReadRow:
    """A row that could be read.

    Attributes:
        line: number of its first line in the file.
        cells: as they stand in the file, for a reject.
        said: those of them that the mapping reads.
        values: by target, as ``RowReader`` gives them.
        name: by what its record is known, where nothing in the row says so.
        addresses: where its kind has some: as they were written, by kind and key; worked out once.
    """

    line: int
    cells: Sequence[Cell]
    said: object
    values: Mapping[str, Any]
    name: ExternalKey | None = None
    addresses: Mapping[tuple[str, str], str] | None = None


@attrs.define(eq=False)
class Draft:
    """A row while it is worked on, in one unit of work.

    Attributes:
        fields: values of the record's own fields.
        custom: values of its custom fields.
        more: values of targets that are no fields (addresses, external ids).
        added: records that the row adds beside its own.
        old: the record that the row is about, where there is one already.
        kept: the record, as kept.
        is_told: the row said this already, so there is nothing to do.
    """

    row: ReadRow
    fields: dict[str, Any] = attrs.field(factory=dict[str, Any])
    custom: dict[str, Any] = attrs.field(factory=dict[str, Any])
    more: dict[str, Any] = attrs.field(factory=dict[str, Any])
    added: list[Record] = attrs.field(factory=list[Record])
    old: Any = None
    kept: Any = None
    problem: Problem | None = None
    is_changed: bool = False
    is_told: bool = False

    @property
    def outcome(self) -> Outcome:
        """What became of the row."""
        if self.problem is not None:
            return (self.problem,)
        if self.is_told:
            return "unchanged"
        return "added" if self.old is None else "changed" if self.is_changed else "unchanged"

    def refuse(self, code: str, column: str | None = None, **params: object) -> None:
        """Note what is wrong; the first problem counts."""
        if self.problem is None:
            self.problem = Problem(code, params, column)


@attrs.frozen
class Entry:
    """How a new record enters: as what, since when, and where it was moved later.

    Attributes:
        at: since when its values hold; None: now.
        closing: stage, instant and reason of its move to the end of its pipeline; None: it is kept as it is.
    """

    record: Any
    at: datetime | None = None
    closing: tuple[str, datetime, str] | None = None
