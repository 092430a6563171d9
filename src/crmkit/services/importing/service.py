"""The verbs of importing: a file of rows becomes records, in batches that belong together as one operation."""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

import attrs

from ...errors import (
    AmbiguousError,
    ConflictError,
    CRMError,
    InvalidError,
    NotFoundError,
    PluginError,
    RefusedError,
    nearest,
)
from ...ports.work import Service, verb
from ...records import Operation, declaration_of
from .batches import BATCH, Batch, batches
from .by_name import mapping_by_name
from .drafts import Outcome, ReadRow
from .kinds import Kind, kinds
from .mapping import ImportMapping, load_mapping, mapping_of, named_columns
from .problems import TEXTS, Problem
from .reading import Table, open_table
from .rejects import RejectWriter, reject_path
from .results import Count, ImportResult
from .rows import Defaults, RowReader, row_reader
from .targets import ImportTarget

_OF_A_ROW: Final = (InvalidError, RefusedError, ConflictError, NotFoundError, AmbiguousError, PluginError)
"""What one row can be at fault for; anything else ends the import."""
_COLLECT_EVERY: Final = 100_000
"""New objects after which Python looks for garbage cycles, while a file is imported."""
Told = Callable[[int], None]


class ImportStopped(KeyboardInterrupt):
    """The import was interrupted. Its batches up to then are kept; ``result`` says how far it came."""

    def __init__(self, result: ImportResult) -> None:
        super().__init__(f"The import of {result.file} was stopped.")
        self.result = result


class _DryRun(Exception):  # it ends a unit of work so that nothing of it is kept
    pass


@attrs.frozen(kw_only=True, eq=False)
class _Job:
    """One import, ready to run."""

    path: Path
    kind: Kind
    target: ImportTarget
    mapping: ImportMapping
    table: Table
    reader: RowReader
    size: int
    columns: Mapping[str, str]
    """The file's name of each target's column."""
    fingerprint: str


class Importing(Service):
    """Importing files."""

    @verb
    def kinds(self) -> tuple[str, ...]:
        """Return what files can be imported as, by name."""
        return tuple(sorted(kinds(self.unit.house.types)))

    @verb
    def target(self, name: str, columns: Sequence[str] = ()) -> ImportTarget:
        """Return what the columns of a kind of row can become.

        Args:
            name: one of ``kinds()``, or a record type's name.
            columns: the names in a mapping or header, for kinds whose targets depend on them.

        Raises:
            InvalidError: there is no such kind; the nearest is named.
        """
        kind, unit = self._kind(name), cast(Any, self.unit)
        return kind.target(unit.custom_fields(kind.of), columns)

    def _kind(self, name: str) -> Kind:
        known = kinds(self.unit.house.types)
        name = name.replace("_", "-")
        singular = {declaration_of(kind.of).name.replace("_", "-"): kind for kind in known.values()}
        found = known.get(name) or singular.get(name)
        if found is None:
            listed = ", ".join(sorted(known))
            raise InvalidError(
                f"Nothing can be imported as {name!r}: there are {listed}.{nearest(name, known)}",
                code="unknown_kind",
                field="of",
            )
        return found

    @verb(long=True)
    def run(
        self,
        path: Path | str,
        of: str = "customers",
        *,
        mapping: Path | str | Mapping[str, Any] | None = None,
        dry_run: bool = False,
        rejects: Path | str | None = None,
        batch_size: int = BATCH,
        country: str = "",
        progress: Told | None = None,
    ) -> ImportResult:
        """Import a file of CSV or JSON Lines, and say what became of every row.

        A row is kept or rejected whole with all that it creates; rejected ones are written, with the reason, to a file
        that can be mended and imported again. Rows are kept in batches, each a unit of work. The same file imported
        again changes nothing; one that was interrupted goes on where it stopped.

        Args:
            path: the file.
            of: what its rows are: a name of ``targets()``.
            mapping: a mapping file, or what it holds; None: columns are called as the fields are.
            dry_run: write nothing, and say what would happen. Other writers wait meanwhile, for all is tried in one unit.
            rejects: where rejected rows go; by default beside the file.
            batch_size: rows of one unit of work.
            country: two letters, for telephone numbers without a calling code where the mapping says none.
            progress: is told how many rows are done.

        Raises:
            InvalidError: the file, the mapping or ``of`` can not be used; nothing was written.
            ImportStopped: it was interrupted.
        """
        source = Path(path)
        job = self._job(source, of, mapping, batch_size, country)
        goes = Path(rejects) if rejects is not None else reject_path(source)
        run = _Run(self, job, goes, progress or _nobody)
        with _fewer_collections():
            return run.dry() if dry_run else run.real()

    def _job(self, path: Path, of: str, mapping: Any, size: int, country: str) -> _Job:
        kind = self._kind(of)
        if mapping is None:
            table = open_table(path)
            target = self.target(of, table.header)
            read = mapping_by_name(table.header, target.fields)
        else:
            facts = load_mapping(Path(mapping)) if isinstance(mapping, Path | str) else mapping
            target = self.target(of, named_columns(facts))
            read = mapping_of(facts, target.fields, name=_name_of(mapping))
            table = open_table(path, read.file, wanted=read.wanted)
        if {"id", "external_id"} & {column.target for column in read.columns}:
            target = target.relaxed()
        house = self.unit.house
        defaults = Defaults(time_zone=str(house.zone), currency=house.currency, country=country)
        reader = row_reader(
            read, table, target.fields, defaults, name=path.name if mapping is None else _name_of(mapping)
        )
        if not reader.fields:
            known = ", ".join(field.name for field in target.fields)
            raise InvalidError(
                f"None of the columns of {path.name!r} is a field of {target.name}: name them as the fields ({known}), or give a mapping.",
                code="no_columns",
                field="file",
            )
        return _Job(
            path=path, kind=kind, target=target, mapping=read, table=table, reader=reader, size=size,
            columns={field.target: field.column for field in reader.fields}, fingerprint=_fingerprint(path, of, read),
        )  # fmt: skip

    # --- inside a unit of work ---
    def keep(self, kind: Kind, target: ImportTarget, rows: Sequence[ReadRow]) -> list[Outcome]:
        """Keep rows in this unit of work: all together or, where that is refused, by ever smaller parts."""
        if not rows:
            return []
        try:
            return self._together(kind, target, rows)
        except _OF_A_ROW as error:
            if isinstance(error, PluginError) and error.code == "check_missing":
                raise
            if len(rows) == 1:
                return [(_problem(error),)]
        middle = len(rows) // 2
        return self.keep(kind, target, rows[:middle]) + self.keep(kind, target, rows[middle:])

    @verb
    def _together(self, kind: Kind, target: ImportTarget, rows: Sequence[ReadRow]) -> list[Outcome]:
        return kind.keeper(self.unit, target).keep(rows)


class _Run:
    """One run of an import."""

    def __init__(self, service: Importing, job: _Job, rejects: Path, progress: Told) -> None:
        self._service, self._job, self._rejects, self._progress = service, job, rejects, progress
        self._began = time.monotonic()
        self._count = Count()
        self._operation: Operation | None = None
        self._resumed_at = 0

    # --- for real ---
    def real(self) -> ImportResult:
        service, job = self._service, self._job
        operation = self._operation = self._opened()
        try:
            with RejectWriter(self._rejects, job.table) as rejects:
                for batch in self._batches():
                    outcomes, operation = service.batch(
                        self._kept(batch, operation), origin="imported", operation=operation.id
                    )
                    self._operation = operation
                    self._note(batch, outcomes, rejects)
        except KeyboardInterrupt as stop:
            self._finish("failed")
            raise ImportStopped(self._result()) from stop
        except CRMError as error:
            self._finish("failed")
            if self._count.rows:
                error.add_note(
                    f"Until then: {self._result()}. Run the same import again: it changes only what differs."
                )
            raise
        self._finish("done")
        return self._result()

    def _kept(self, batch: Batch, operation: Operation) -> Callable[[Importing], tuple[list[Outcome], Operation]]:
        def keep(me: Importing) -> tuple[list[Outcome], Operation]:
            outcomes = me.keep(self._job.kind, self._job.target, batch.rows)
            counts = Count.of(self._count.counts, ())
            for outcome in (*outcomes, *((bad.problems) for bad in batch.bad)):
                counts.note(outcome)
            now = attrs.evolve(operation, position={"line": batch.line}, counts=dict(counts.counts))
            return outcomes, me.replace(now)

        return keep

    def _opened(self) -> Operation:
        service, job = self._service, self._job
        made = Operation(
            kind="imports.run", actor=service.actor, origin="imported", started_at=service.now,
            about={"file": job.path.name, "of": job.target.name, "fingerprint": job.fingerprint},
        )  # fmt: skip
        return service.batch(lambda me: me.add(made))

    def _finish(self, status: str) -> None:
        if self._operation is not None:
            ended = attrs.evolve(self._operation, status=status, finished_at=self._service.now)
            self._operation = self._service.batch(lambda me: me.replace(ended))

    # --- only looking ---
    def dry(self) -> ImportResult:
        def look(me: Importing) -> None:
            self._count = Count()
            for batch in self._batches():
                self._note(batch, me.keep(self._job.kind, self._job.target, batch.rows), None)
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

    def _note(self, batch: Batch, outcomes: Sequence[Outcome], rejects: RejectWriter | None) -> None:
        refused = list(batch.bad)
        for row, outcome in zip(batch.rows, outcomes, strict=True):
            if isinstance(outcome, str):
                self._count.note(outcome)
            else:
                named = [self._in_column(problem) for problem in outcome]
                refused.append(self._job.table.rejected((row.line, row.cells), named))
        for bad in sorted(refused, key=lambda bad: bad.line):
            self._count.reject(bad)
            if rejects is not None:
                rejects.write(bad)
        if rejects is not None:
            rejects.flush()
        self._progress(self._count.rows)

    def _in_column(self, problem: Problem) -> Problem:
        name = problem.column
        if name is None:
            return problem
        return attrs.evolve(problem, column=self._job.columns.get(name, name))

    def _result(self, *, is_dry_run: bool = False) -> ImportResult:
        count, job = self._count, self._job
        return ImportResult(
            file=job.path.name, of=job.target.name, **count.counts, reject_file=self._rejects if count.counts["rejected"] else None,
            reasons=count.reasons, operation=None if self._operation is None else self._operation.id,
            resumed_at=self._resumed_at, seconds=time.monotonic() - self._began, is_dry_run=is_dry_run,
        )  # fmt: skip


@contextmanager
def _fewer_collections() -> Generator[None]:
    """Let Python look for garbage cycles less often: a batch makes many objects and no cycles (measured: a quarter of the time)."""
    before = gc.get_threshold()
    if before[0]:
        gc.set_threshold(max(before[0], _COLLECT_EVERY), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _nobody(done: int) -> None:
    return None


def _name_of(mapping: Any) -> str:
    return Path(mapping).name if isinstance(mapping, Path | str) else "The mapping"


def _fingerprint(path: Path, of: str, mapping: ImportMapping) -> str:
    """Return what two runs of the same import have in common: file, target and mapping."""
    digest = hashlib.sha256(f"{of}\n{mapping!r}\n".encode("utf-8", "backslashreplace"))
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _problem(error: CRMError) -> Problem:
    code = error.code.replace("_", "-")
    code = code if code not in TEXTS or code == "required" else f"record-{code}"
    return Problem(code, {"reason": str(error)}, error.field)
