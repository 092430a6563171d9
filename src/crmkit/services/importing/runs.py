"""One run of an import: its batches, its rejects and its operation, which knows how far it came.

What a batch kept and how far that is are committed together, after its rejects are on the disk: whenever a run ends, by
Ctrl-C, by a full disk or by the machine, the next one goes on behind the last batch that was kept, and no row is twice.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from ...errors import ConflictError, CRMError
from ...query import each
from ...records import Operation, short_id
from ..liveness import beat, is_running, running
from .batches import Batch, batches
from .drafts import Outcome
from .kinds import Kind
from .mapping import ImportMapping
from .past import KIND
from .problems import BadRow, Problem
from .reading import Table
from .rejects import RejectWriter
from .results import Count, ImportResult
from .rows import RowReader
from .targets import ImportTarget

if TYPE_CHECKING:
    from .service import Importing

Told = Callable[[int], None]
_COLLECT_EVERY: Final = 100_000
"""New objects after which Python looks for garbage cycles, while a file is imported."""


class ImportStopped(KeyboardInterrupt):
    """The import was interrupted. Its batches up to then are kept; ``result`` says how far it came."""

    def __init__(self, result: ImportResult) -> None:
        super().__init__(f"The import of {result.file} was stopped.")
        self.result = result


class _DryRun(Exception):  # it ends a unit of work so that nothing of it is kept
    pass


@attrs.frozen(kw_only=True, eq=False)
class Job:
    """One import, ready to run.

    Attributes:
        size: rows of a batch.
        columns: the file's name of each target's column.
        asked: what it was asked with, as JSON: its operation keeps it.
    """

    path: Path
    kind: Kind
    target: ImportTarget
    mapping: ImportMapping
    table: Table
    reader: RowReader
    size: int
    columns: Mapping[str, str]
    asked: Mapping[str, Any]

    @property
    def unused(self) -> tuple[str, ...]:
        """The file's columns that become nothing."""
        wanted = frozenset(self.mapping.wanted)
        return tuple(
            column for column in self.table.header if column not in wanted and not column.startswith("crmkit:")
        )


class Run:
    """One run of an import."""

    def __init__(self, service: Importing, job: Job, progress: Told, *, found: Operation | None) -> None:
        """``found``: the run that was interrupted and goes on here."""
        self._service, self._job, self._progress, self._found = service, job, progress, found
        self._goes = Path(job.asked["rejects"])
        self._began = time.monotonic()
        self._count = Count()
        self._operation: Operation | None = None
        self._resumed_at = 0

    # --- for real ---
    def real(self) -> ImportResult:
        """Import the file.

        Raises:
            ImportStopped: it was interrupted.
        """
        operation, written = self._opened()
        try:
            with (
                running(self._service.unit.house, operation.id),
                RejectWriter(self._goes, self._job.table, written=written) as rejects,
            ):
                for batch in self._batches():
                    self._count = self._service.batch(
                        self._kept(batch, operation, rejects), origin="imported", operation=operation.id
                    )
                    self._progress(self._count.rows)
        except KeyboardInterrupt as stop:
            self._stop()
            raise ImportStopped(self._result()) from stop
        except CRMError as error:
            self._stop()
            if self._count.rows:
                error.add_note(f"Until then: {self._result()}. The same import goes on where it stopped.")
            raise
        self._end("done")
        return self._result()

    def _kept(self, batch: Batch, operation: Operation, rejects: RejectWriter) -> Callable[[Importing], Count]:
        """Return what one unit does; it may be run again from its start."""
        written = rejects.written

        def keep(me: Importing) -> Count:
            rejects.undo_to(written)
            count, refused = self._judged(batch, me.keep(self._job.kind, self._job.target, batch.rows))
            for bad in refused:
                rejects.write(bad)
            rejects.flush()
            position = {"line": batch.line, "rejects": rejects.written, **beat(me.unit.house, me.now)}
            me.replace(attrs.evolve(operation, position=position, counts=dict(count.counts)))
            return count

        return keep

    def _opened(self) -> tuple[Operation, int]:
        """Return the operation, and how many bytes of the reject file are of rows that it has dealt with."""
        service, job = self._service, self._job
        found = self._found
        if found is not None:
            position = {**found.position, **beat(service.unit.house, service.now)}
            self._resumed_at, self._count = int(position["line"]), Count(found.counts)
            self._operation = service.batch(
                lambda me: me.replace(attrs.evolve(found, status="running", finished_at=None, position=position))
            )
            return self._operation, int(position["rejects"])
        made = Operation(
            kind=KIND, actor=service.actor, origin="imported", started_at=service.now, about=job.asked,
            position={"line": 0, "rejects": 0, **beat(service.unit.house, service.now)},
        )  # fmt: skip
        self._operation = service.batch(lambda me: me.add(made))
        return self._operation, 0

    def _stop(self) -> None:
        """Say that the run ended too early. Where that can not be kept either, it is known by its process."""
        with suppress(CRMError):
            self._end("failed")

    def _end(self, status: str) -> None:
        def end(me: Importing) -> Operation:
            assert self._operation is not None
            now = me.get(Operation, self._operation.id)  # the last batch may be kept although we were not told so
            self._count = self._count if self._count.rows == Count(now.counts).rows else Count(now.counts)
            return me.replace(attrs.evolve(now, status=status, finished_at=me.now))

        self._operation = self._service.batch(end)

    # --- only looking ---
    def dry(self) -> ImportResult:
        """Try everything in one unit of work, and keep nothing of it."""

        def look(me: Importing) -> None:
            self._count = Count()
            for batch in self._batches():
                outcomes = me.keep(self._job.kind, self._job.target, batch.rows)
                self._count, _ = self._judged(batch, outcomes)
                self._progress(self._count.rows)
            raise _DryRun

        try:
            self._service.batch(look, origin="imported")
        except _DryRun:
            return self._result(is_dry_run=True)
        raise AssertionError("a dry run never ends without undoing what it tried")

    # --- both ---
    def _batches(self) -> Iterator[Batch]:
        job = self._job
        return batches(job.table, job.reader, job.target, job.kind.keeper, size=job.size, after=self._resumed_at)

    def _judged(self, batch: Batch, outcomes: Sequence[Outcome]) -> tuple[Count, list[BadRow]]:
        """Return the count with this batch, and its rejected rows in the order of the file."""
        count, refused = self._count.copy(), list(batch.bad)
        for row, outcome in zip(batch.rows, outcomes, strict=True):
            if isinstance(outcome, str):
                count.note(outcome)
            else:
                named = [self._in_column(problem) for problem in outcome]
                refused.append(self._job.table.rejected((row.line, row.cells), named))
        refused.sort(key=lambda bad: bad.line)
        for bad in refused:
            count.reject(bad)
        return count, refused

    def _in_column(self, problem: Problem) -> Problem:
        name, columns = problem.column, self._job.columns
        if name is None:
            return problem
        return attrs.evolve(problem, column=columns.get(name) or columns.get(f"custom.{name}", name))

    def _result(self, *, is_dry_run: bool = False) -> ImportResult:
        count, job = self._count, self._job
        return ImportResult(
            file=job.path.name, of=job.target.name, **count.counts, reject_file=self._goes if count.counts["rejected"] else None,
            reasons=count.reasons, operation=None if self._operation is None else self._operation.id,
            resumed_at=self._resumed_at, seconds=time.monotonic() - self._began, is_dry_run=is_dry_run,
            unused=job.unused,
        )  # fmt: skip


def interrupted(service: Importing, fingerprint: str) -> Operation | None:
    """Return the last run of an import, if it did not come to its end.

    Raises:
        ConflictError: it runs just now.
    """
    o = each(Operation)
    for one in service.unit.stream(Operation, o.kind == KIND, order=[-o.started_at]):
        if one.about.get("fingerprint") == fingerprint:
            refuse_running(service, one)
            return one if one.status in ("running", "failed") else None
    return None


def refuse_running(service: Importing, operation: Operation) -> None:
    """Refuse to touch an import that somebody works at.

    Raises:
        ConflictError: it runs just now.
    """
    if is_running(service.unit.house, operation, service.now):
        raise ConflictError(
            f"The import {short_id(operation.id)} of {operation.about.get('file')!r} is running: wait for its end, or stop it first.",
            code="import_running",
        )


@contextmanager
def fewer_collections() -> Generator[None]:
    """Let Python look for garbage cycles less often: a batch makes many objects and no cycles (measured: a quarter of the time)."""
    before = gc.get_threshold()
    if before[0]:
        gc.set_threshold(max(before[0], _COLLECT_EVERY), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
