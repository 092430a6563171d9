"""The verbs of importing: a file of rows becomes records, in batches that belong together as one operation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

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
from ...query import Page, each
from ...records import Leftover, Operation, declaration_of, short_id
from ...records.ids import is_short_id
from .batches import BATCH
from .by_name import mapping_by_name
from .drafts import Outcome, ReadRow
from .kinds import Kind, kinds
from .mapping import ImportMapping, load_mapping, mapping_of, named_columns
from .past import KIND, PastImport, past_import, undo_of
from .problems import TEXTS, Problem
from .reading import open_table
from .rejects import reject_path
from .results import ImportResult
from .rows import Defaults, row_reader
from .runs import Job, Run, Told, fewer_collections, interrupted, refuse_running
from .targets import ImportTarget
from .telling import stream_of
from .undoing import Undoing, UndoResult

_OF_A_ROW: Final = (InvalidError, RefusedError, ConflictError, NotFoundError, AmbiguousError, PluginError)
"""What one row can be at fault for; anything else ends the import."""


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
        resume: bool = True,
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
            resume: go on where the same import (file, kind and mapping) was interrupted; False begins at the first row.
            progress: is told how many rows are done.

        Raises:
            InvalidError: the file, the mapping or ``of`` can not be used; nothing was written.
            ImportStopped: it was interrupted.
        """
        source = Path(path)
        asked = {
            "path": str(source.absolute()), "of": of, "batch_size": batch_size, "country": country,
            "facts": load_mapping(Path(mapping)) if isinstance(mapping, Path | str) else mapping,
            "mapping": Path(mapping).name if isinstance(mapping, Path | str) else "",
            "rejects": str(rejects if rejects is not None else reject_path(source)),
        }  # fmt: skip
        job = self._job(asked)
        found = interrupted(self, job.asked["fingerprint"]) if resume and not dry_run else None
        run = Run(self, job, progress or _nobody, found=found)
        with fewer_collections():
            return run.dry() if dry_run else run.real()

    @verb
    def past(self, *, limit: int | None = None) -> tuple[PastImport, ...]:
        """Return the imports that were made, the newest first."""
        o = each(Operation)
        found = self.find(Operation, o.kind == KIND, order=[-o.started_at], limit=limit)
        undos = self.unit.get_many(Operation, filter(None, map(undo_of, found)))
        return tuple(past_import(self.unit.house, one, undos, self.now) for one in found)

    @verb
    def show(self, name: UUID | str) -> PastImport:
        """Return one import.

        Args:
            name: its id, or the last six characters of it.

        Raises:
            NotFoundError: there is none.
        """
        found = self._operation(name)
        return past_import(
            self.unit.house, found, self.unit.get_many(Operation, filter(None, [undo_of(found)])), self.now
        )

    @verb
    def leftovers(self, name: UUID | str, *, limit: int | None = None, after: str | None = None) -> Page[Leftover]:
        """Return what the undoing of an import left as it is, and why."""
        x = each(Leftover)
        return self.find(Leftover, x.operation == self._operation(name).id, order=[x.id], limit=limit, after=after)

    @verb(long=True)
    def resume(self, name: UUID | str, *, path: Path | str | None = None, progress: Told | None = None) -> ImportResult:
        """Go on with an import that was interrupted, behind the last row that it dealt with.

        Args:
            name: its id, or the last six characters of it.
            path: where the file is now; None: where it was.

        Raises:
            InvalidError: it came to its end, was undone, or the file is another one.
            ConflictError: it is running.
        """
        found = self._operation(name)
        refuse_running(self, found)
        if found.status not in ("running", "failed"):
            raise InvalidError(
                f"The import {short_id(found.id)} is {found.status}: there is nothing to resume.",
                code="not_interrupted",
            )
        moved = {} if path is None else {"path": str(Path(path).absolute())}
        job = self._job({**found.about, "facts": json.loads(json.dumps(found.about["facts"])), **moved})
        if job.asked["fingerprint"] != found.about["fingerprint"]:
            raise InvalidError(
                f"{job.path.name!r} was changed since the import {short_id(found.id)} began: import it anew.",
                code="file_changed", field="file",
            )  # fmt: skip
        with fewer_collections():
            return Run(self, job, progress or _nobody, found=found).real()

    @verb(long=True)
    def undo(self, name: UUID | str, *, dry_run: bool = False, progress: Told | None = None) -> UndoResult:
        """Undo an import as a whole: what it created is removed, what it changed becomes what it was.

        What somebody changed since, or refers to, stays as it is and is listed. No hooks are asked, and the log says
        ``undone``. One that is interrupted goes on by the same call.

        Args:
            name: its id, or the last six characters of it.
            dry_run: write nothing, and say what would happen. Other writers wait meanwhile.
            progress: is told how many records are done.

        Raises:
            NotFoundError: there is no such import. InvalidError: it was undone. ConflictError: it is running.
        """
        found = self._operation(name)
        refuse_running(self, found)
        if self.show(found.id).state == "undone":
            raise InvalidError(f"The import {short_id(found.id)} was undone already.", code="undone")
        return self.service(Undoing).run(found, dry_run=dry_run, progress=progress or _nobody)

    def _operation(self, name: UUID | str) -> Operation:
        found = [one for one in self._operations(name) if one.kind == KIND]
        if len(found) != 1:
            raise NotFoundError(
                f"There is no import {str(name)!r}: `crmkit imports list` has them.", code="unknown_import"
            )
        return found[0]

    def _operations(self, name: UUID | str) -> Sequence[Operation]:
        if isinstance(name, str) and is_short_id(name):
            return self.unit.called(Operation, name)
        try:
            made = name if isinstance(name, UUID) else UUID(name)
        except ValueError:
            return ()
        return tuple(self.unit.get_many(Operation, [made]).values())

    def _job(self, asked: Mapping[str, Any]) -> Job:
        path, of, facts = Path(asked["path"]), asked["of"], asked["facts"]
        kind, name = self._kind(of), asked["mapping"] or ("The mapping" if facts is not None else path.name)
        if facts is None:
            table = open_table(path)
            target = self.target(of, table.header)
            read = mapping_by_name(table.header, target.fields)
        else:
            target = self.target(of, named_columns(facts))
            read = mapping_of(facts, target.fields, name=name)
            table = open_table(path, read.file, wanted=read.wanted)
        if {"id", "external_id"} & {column.target for column in read.columns}:
            target = target.relaxed()
        house = self.unit.house
        defaults = Defaults(time_zone=str(house.zone), currency=house.currency, country=asked["country"])
        reader = row_reader(read, table, target.fields, defaults, name=name)
        if not reader.fields:
            known = ", ".join(field.name for field in target.fields)
            raise InvalidError(
                f"None of the columns of {path.name!r} is a field of {target.name}: name them as the fields ({known}), or give a mapping.",
                code="no_columns",
                field="file",
            )
        target = attrs.evolve(target, stream=stream_of(target.name, read))
        return Job(
            path=path, kind=kind, target=target, mapping=read, table=table, reader=reader, size=asked["batch_size"],
            columns={field.target: field.column for field in reader.fields}, asked=_about(asked, target.name, read),
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


def _nobody(done: int) -> None:
    return None


def _about(asked: Mapping[str, Any], of: str, mapping: ImportMapping) -> dict[str, Any]:
    """Return what an import's operation keeps of what it was asked with; ``fingerprint`` is what two runs of the same import share."""
    path = Path(asked["path"])
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    fingerprint = hashlib.sha256(f"{of}\n{mapping!r}\n{digest}".encode("utf-8", "backslashreplace")).hexdigest()
    facts = json.loads(json.dumps(asked["facts"], default=str))
    return {**asked, "file": path.name, "of": of, "facts": facts, "digest": digest, "fingerprint": fingerprint}


def _problem(error: CRMError) -> Problem:
    code = error.code.replace("_", "-")
    code = code if code not in TEXTS or code == "required" else f"record-{code}"
    return Problem(code, {"reason": str(error)}, error.field)
