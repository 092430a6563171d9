"""The verbs of exporting: the records of one type become a file."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal, TextIO, cast

import attrs

from ...errors import InvalidError
from ...ports.work import Service, verb
from ...query import Condition
from ...query.from_json import condition_from_json
from ...records import Record, declaration_of
from ..importing.cells import InertWriter
from .columns import Sheet, belongings

Format = Literal["csv", "json-lines"]
_CHUNK: Final = 500


@attrs.frozen(kw_only=True)
class ExportResult:
    """What came of an export.

    Attributes:
        file: its name; empty where it went to a stream.
        of: the record type's plural.
        records: how many were written.
        seconds: how long it took.
    """

    file: str
    of: str
    records: int
    seconds: float

    def __str__(self) -> str:
        return f"exported {self.records:,} {self.of}{f' to {self.file}' if self.file else ''}"


class Exporting(Service):
    """Exporting files."""

    @verb
    def sheet(self, of: str) -> Sheet:
        """Return the columns of a record type, by its name or plural.

        Raises:
            InvalidError: there is none; the nearest is named.
        """
        kind = self.unit.house.type_named(of)
        unit: Any = self.unit
        return Sheet(kind, unit.custom_fields(kind))

    @verb(long=True)
    def run(
        self,
        of: str,
        path: Path | str | TextIO,
        *,
        where: Condition | Mapping[str, Any] | None = None,
        format: Format | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> ExportResult:
        """Write the records of a type to a file; an import of the file gives the same records.

        The file appears when it is whole. It is read page by page, so that memory does not grow; what is written
        meanwhile by others may be in it or not.

        Args:
            of: the record type, by its name or plural: ``customers``, ``repair-orders``.
            path: the file, packed where its name ends in ``.gz``; or a stream for text.
            where: which records: a condition, or its JSON.
            format: by default as the file's name says: ``.jsonl`` and ``.ndjson`` are JSON Lines, all else CSV.
            progress: is told how many records are written.

        Raises:
            InvalidError: there is no such type, the condition is wrong, or the file can not be written.
        """
        began = time.monotonic()
        sheet = self.sheet(of)
        condition = self._condition(sheet, where)
        kind = format or _format_of(path)
        with _opened(path) as file:
            count = self._write(sheet, condition, file, kind, progress)
        plural = declaration_of(sheet.of).plural
        name = Path(path).name if isinstance(path, str | Path) else ""
        return ExportResult(file=name, of=plural, records=count, seconds=time.monotonic() - began)

    def _condition(self, sheet: Sheet, where: Condition | Mapping[str, Any] | None) -> tuple[Condition, ...]:
        if where is None:
            return ()
        if isinstance(where, Condition):
            return (where,)
        return (condition_from_json(where, sheet.of, self.unit.house.by_name),)

    def _write(
        self,
        sheet: Sheet,
        where: tuple[Condition, ...],
        file: TextIO,
        kind: Format,
        progress: Callable[[int], None] | None,
    ) -> int:
        write = _csv(sheet, file) if kind == "csv" else _json_lines(sheet, file)
        count = 0
        records = iter(self.unit.stream(sheet.of, *where))
        while chunk := list(islice(records, _CHUNK)):
            more = self._belongings(sheet.of, chunk)
            for record in chunk:
                write(record, more[record.id])
            count += len(chunk)
            if progress is not None:
                progress(count)
        return count

    @verb
    def _belongings(self, of: type[Record], records: Sequence[Record]) -> Any:
        return belongings(self.unit, of, records)


Write = Callable[[Record, Mapping[str, Sequence[str]]], None]


def _csv(sheet: Sheet, file: TextIO) -> Write:
    writer = InertWriter(file, sheet.header)
    return lambda record, more: writer.write(sheet.row(record, more))


def _json_lines(sheet: Sheet, file: TextIO) -> Write:
    def write(record: Record, more: Mapping[str, Sequence[str]]) -> None:
        file.write(json.dumps(sheet.object(record, more), ensure_ascii=False) + "\n")

    return write


def _format_of(path: Path | str | TextIO) -> Format:
    is_lines = isinstance(path, str | Path) and bool({".jsonl", ".ndjson"} & set(Path(path).suffixes))
    return "json-lines" if is_lines else "csv"


@contextmanager
def _opened(path: Path | str | TextIO) -> Generator[TextIO]:
    if not isinstance(path, str | Path):
        yield path
        return
    goal = Path(path)
    part = goal.with_name(f"{goal.name}.part")
    try:
        with _text_file(part, is_packed=goal.suffix in (".gz", ".gzip")) as file:
            yield file
        part.replace(goal)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InvalidError(
            f"{goal.name!r} can not be written ({error.strerror or error}). Name another file, or make room.",
            code="export_unwritable",
            field="out",
        ) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _text_file(path: Path, *, is_packed: bool) -> TextIO:
    if is_packed:
        return cast(TextIO, gzip.open(path, "wt", encoding="utf-8", newline=""))
    return path.open("w", encoding="utf-8", newline="")
