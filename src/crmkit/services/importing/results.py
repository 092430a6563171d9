"""What came of an import."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import attrs

from ...records import short_id
from .problems import BadRow, Problem


@attrs.frozen(kw_only=True)
class Reason:
    """Why rows were rejected.

    Attributes:
        column: the file's own name of the column; empty where the whole row is meant.
        code: stable name of the fault.
        message: the fault of the first such row, in English.
        count: how many rows had it first.
        lines: the first lines of the file that have it.
    """

    column: str
    code: str
    message: str
    count: int
    lines: tuple[int, ...]

    def __str__(self) -> str:
        place = f"{self.column}: " if self.column else ""
        return f"{place}{self.message} ({self.count:,})"


@attrs.frozen(kw_only=True)
class ImportResult:
    """What came of an import: every row read was added, changed, unchanged or rejected.

    Attributes:
        file: its name.
        of: what it was imported as: ``customers``.
        added, changed, unchanged, rejected: rows.
        resumed_at: the line behind which an interrupted import went on (the counts are of both parts); 0: it began at the first row.
        reject_file: where the rejected rows are, with the reasons; None where there are none. In a dry run: where they would be.
        reasons: why rows were rejected, the most frequent first; of a resumed import, since it went on.
        operation: the import's id in the log; None for a dry run.
        seconds: how long it took.
        is_dry_run: nothing was written.
        unused: the file's columns that became nothing.
    """

    file: str
    of: str
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    resumed_at: int = 0
    reject_file: Path | None = None
    reasons: tuple[Reason, ...] = ()
    operation: UUID | None = None
    seconds: float = 0.0
    is_dry_run: bool = False
    unused: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows read."""
        return self.added + self.changed + self.unchanged + self.rejected

    def __str__(self) -> str:
        rejects = f" ({self.reject_file.name})" if self.rejected and self.reject_file else ""
        short = short_id(self.operation) if self.operation else ""
        undo = f", undo with: crmkit imports undo {short}" if self.added or self.changed else ""
        name = f"   import {short}{undo}" if short else ""
        return (
            f"added {self.added:,}  changed {self.changed:,}  unchanged {self.unchanged:,}  "
            f"rejected {self.rejected:,}{rejects}{name}"
        )


_FIRST_LINES = 3


class Count:
    """Counts rows while a file is imported."""

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        """Begin with nothing, or with what an operation kept."""
        self.counts = {"added": 0, "changed": 0, "unchanged": 0, "rejected": 0, **(counts or {})}
        self._reasons: dict[tuple[str, str], Reason] = {}

    def copy(self) -> Count:
        """Return a count that goes on from here."""
        made = Count(self.counts)
        made._reasons = dict(self._reasons)
        return made

    @property
    def rows(self) -> int:
        """Rows so far."""
        return sum(self.counts.values())

    def note(self, outcome: str) -> None:
        """Count one row that was kept."""
        self.counts[outcome] += 1

    def reject(self, row: BadRow) -> None:
        """Count one row that was not."""
        self.counts["rejected"] += 1
        problem = row.problems[0]
        place = (problem.column or "", problem.code)
        known = self._reasons.get(place)
        if known is None:
            self._reasons[place] = _reason(problem, row.line)
        else:
            lines = known.lines if len(known.lines) >= _FIRST_LINES else (*known.lines, row.line)
            self._reasons[place] = attrs.evolve(known, count=known.count + 1, lines=lines)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why rows were rejected, the most frequent first."""
        return tuple(sorted(self._reasons.values(), key=lambda reason: (-reason.count, reason.column, reason.code)))


def _reason(problem: Problem, line: int) -> Reason:
    return Reason(column=problem.column or "", code=problem.code, message=problem.message, count=1, lines=(line,))
