"""The verbs of importing: a file of rows becomes records, in batches that belong together as one operation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

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
from ...records import declaration_of
from .batches import BATCH
from .by_name import mapping_by_name
from .drafts import Outcome, ReadRow
from .kinds import Kind, kinds
from .mapping import ImportMapping, load_mapping, mapping_of, named_columns
from .problems import TEXTS, Problem
from .reading import open_table
from .rejects import reject_path
from .results import ImportResult
from .rows import Defaults, row_reader
from .runs import Job, Run, Told, fewer_collections
from .targets import ImportTarget

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
        job = self._job(source, of, mapping, batch_size, country)
        goes = Path(rejects) if rejects is not None else reject_path(source)
        run = Run(self, job, goes, progress or _nobody, resumes=resume)
        with fewer_collections():
            return run.dry() if dry_run else run.real()

    def _job(self, path: Path, of: str, mapping: Any, size: int, country: str) -> Job:
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
        return Job(
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
