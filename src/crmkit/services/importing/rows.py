"""From the cells of a row to values: a mapping and a header become one function per field, made once per file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Final, cast

import attrs

from crmkit.records.money import is_currency
from crmkit.records.times import zone
from crmkit.services.importing import cells
from crmkit.services.importing.addresses import CALLING_CODES
from crmkit.services.importing.json_lines import Cell
from crmkit.services.importing.mapping import OTHERWISE, Column, ImportMapping, Target, Varying, refuse
from crmkit.services.importing.problems import Problem
from crmkit.services.importing.reading import Table
from crmkit.services.importing.values import Parse, Setting, parser

Read = Callable[[Sequence[Cell]], object]
"""From the cells of a row to a value, a Problem, or None for a missing value."""
_ANY_LIST_MARK: Final = re.compile(r"[,;|]")


@attrs.frozen(kw_only=True)
class Defaults:
    """What holds where a mapping is silent.

    Attributes:
        time_zone: of dates and times without one.
        currency: of amounts without one; if empty the CRM's own is filled in when the record is kept.
        country: of telephone numbers without a calling code; may be empty.
    """

    time_zone: str = "UTC"
    currency: str = ""
    country: str = ""


@attrs.frozen(kw_only=True)
class FieldReader:
    """How one target is read.

    Attributes:
        target: its name.
        column: what a reject calls the place: the column, or several with ` + ` between.
        read: from a row's cells to its value.
    """

    target: str
    column: str
    read: Read


@attrs.frozen(kw_only=True)
class RowReader:
    """Reads the rows of one table by one mapping.

    Attributes:
        said: a row's cells that the mapping reads, in the mapping's order and not in the file's.
    """

    fields: tuple[FieldReader, ...]
    said: Callable[[Sequence[Cell]], object]

    def read(self, row: Sequence[Cell]) -> tuple[dict[str, object], list[Problem]]:
        """All values by target, None where a cell is empty, and all that is wrong with the row.

        A target of many is a tuple. A reference is a `Lookup`, an external id an `ExternalKey`, a telephone number a
        `Phone`. A target with a problem has no value.
        """
        values: dict[str, object] = {}
        problems: list[Problem] = []
        for field in self.fields:
            value = field.read(row)
            if isinstance(value, Problem):
                problems.append(value.in_column(field.column))
            else:
                values[field.target] = value
        return values, problems


def row_reader(
    mapping: ImportMapping,
    table: Table,
    targets: Iterable[Target],
    defaults: Defaults | None = None,
    *,
    name: str = "The mapping",
) -> RowReader:
    """Fit a mapping to a table's header and make its reader.

    Args:
        mapping: a mapping to these targets.
        table: the file.
        targets: what the mapping was read with.
        defaults: what holds where the mapping is silent.
        name: what messages call the mapping.

    Raises:
        InvalidError: a column is missing or occurs twice, a required target has no column, or a text in the mapping
            can not be read; all at once.
    """
    fitting = _Fitting(mapping, table, {target.name: target for target in targets}, defaults or Defaults())
    fields = tuple(fitting.field(column) for column in mapping.columns)
    fitting.check_required()
    refuse(dict.fromkeys(fitting.mistakes), name)
    return RowReader(fields=fields, said=fitting.said())


class _Fitting:
    """A mapping that is being fitted to a table; collects what does not fit."""

    def __init__(self, mapping: ImportMapping, table: Table, targets: Mapping[str, Target], defaults: Defaults) -> None:
        self.mistakes: list[str] = []
        self._mapping, self._table, self._targets, self._defaults = mapping, table, targets, defaults
        self._names = [name.strip() for name in table.header]

    def check_required(self) -> None:
        mapped = {column.target for column in self._mapping.columns}
        missing = [target.name for target in self._targets.values() if target.required and target.name not in mapped]
        if missing:
            self.mistakes.append(f"no column gives {' and '.join(missing)}; {self._columns_in_words()}")

    def field(self, column: Column) -> FieldReader:
        target = self._targets[column.target]
        if column.value is not None:
            return FieldReader(target=target.name, column=target.name, read=self._constant(column, target))
        fetch = self._fetch(column, target)
        read = self._varied(column, target, fetch) or self._read(column, target, fetch, self._setting(column))
        return FieldReader(target=target.name, column=" + ".join(column.sources), read=read)

    def said(self) -> Read:
        """Return what picks the cells that are read."""
        places = [self._names.index(source.strip()) for source in self._mapping.wanted]
        return itemgetter(*places) if places else lambda _: ()

    def _setting(self, column: Column, currency: str = "", country: str = "") -> Setting:
        zone_name = column.time_zone or self._defaults.time_zone
        return Setting(
            decimal=self._mapping.file.decimal,
            zone=zone(zone_name),
            zone_name=zone_name,
            currency=currency or (column.currency if isinstance(column.currency, str) else self._defaults.currency),
            country=country or (column.country if isinstance(column.country, str) else self._defaults.country),
        )

    # --- cells to text
    def _fetch(self, column: Column, target: Target) -> Read:
        indexes = [self._index(column, source) for source in column.sources]
        if not column.is_joined:
            return itemgetter(indexes[0])
        is_key = "external_id" in (target.kind, column.find)
        separator = ("-" if is_key else " ") if column.separator is None else column.separator
        return _joined(indexes, column.sources, separator, is_whole=is_key)

    def _index(self, column: Column, source: str) -> int:
        name = source.strip()
        count = self._names.count(name)
        if count == 1:
            return self._names.index(name)
        said = f"occurs {count} times in the file" if count else f"is not in the file; {self._columns_in_words()}"
        self.mistakes.append(f"columns.{column.target}: the column {source!r} {said}")
        return 0

    def _columns_in_words(self) -> str:
        return f"its columns are {', '.join(self._table.header[:60])}"

    # --- text to values
    def _read(self, column: Column, target: Target, fetch: Read, setting: Setting) -> Read:
        convert, empty = self._converter(column, target, setting)
        if target.many:
            split = cells.split if self._table.is_exact and column.split is None else _splitter(column.split)
            return _many(fetch, split, convert, empty)
        is_exact = self._is_exact and target.kind in ("text", "local_text")
        return _one_exact(fetch, convert, empty) if is_exact else _one(fetch, convert, empty)

    @property
    def _is_exact(self) -> bool:
        """Spaces around a text are meant: it is an export of ours, or JSON, which writes texts as they are."""
        return self._table.is_exact or self._table.format == "json-lines"

    def _converter(self, column: Column, target: Target, setting: Setting) -> tuple[Parse, object]:
        """How texts that are not empty become values, and the value of an empty cell."""
        parse = parser(target, column, setting)
        missing = Problem("required") if target.required else None
        fixed = {
            key: self._fixed(f"columns.{column.target}.map.{key}", parse, text) if text else missing
            for key, text in (column.map or {}).items()
        }
        empty = fixed.pop("", missing)
        return _otherwise(column, parse, fixed, self._substitute(column, parse), missing), empty

    def _substitute(self, column: Column, parse: Parse) -> object:
        """The value that `otherwise` names; None if it names none."""
        if column.find or column.otherwise in (None, "reject", "empty", "add"):
            return None
        return self._fixed(f"columns.{column.target}.otherwise", parse, column.otherwise or "")

    def _fixed(self, place: str, parse: Parse, text: str) -> object:
        value = parse(text)
        if isinstance(value, Problem):
            self.mistakes.append(f"{place}: {value.message}")
        return value

    def _constant(self, column: Column, target: Target) -> Read:
        parse, text = parser(target, column, self._setting(column)), column.value or ""
        items = [text] if not target.many else _splitter(column.split)(text) if column.split else [text]
        found = [self._fixed(f"columns.{column.target}.value", parse, item) for item in items if item]
        made = tuple(found) if target.many else found[0] if found else None
        return lambda _: made

    def _varied(self, column: Column, target: Target, fetch: Read) -> Read | None:
        """Where each row says its currency or country itself; None where it does not."""
        varying = next((v for v in (column.currency, column.country) if isinstance(v, Varying)), None)
        if varying is None:
            return None
        index, made = self._index(column, varying.column), dict[str, Read]()

        def read(row: Sequence[Cell]) -> object:
            text = _text(row[index]).strip().upper()
            if text not in made:
                if text and not (is_currency(text) if target.kind == "money" else text in CALLING_CODES):
                    return _unknown(text, target, varying.column, fetch(row))
                made[text] = self._read(column, target, fetch, self._setting(column, text, text))
            return made[text](row)

        return read


def _unknown(text: str, target: Target, column: str, cell: object) -> object:
    code = "unknown-currency" if target.kind == "money" else "unknown-country"
    return Problem(code, {"value": text}, column) if cell else None


def _joined(indexes: Sequence[int], sources: Sequence[str], separator: str, *, is_whole: bool) -> Read:
    def fetch(row: Sequence[Cell]) -> object:
        parts = [_text(row[index]).strip() for index in indexes]
        if is_whole and not all(parts) and any(parts):
            return Problem("incomplete", {"empty": sources[parts.index("")]})
        return separator.join(filter(None, parts))

    return fetch


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else ", ".join(cell)


def _one(fetch: Read, convert: Parse, empty: object) -> Read:
    def read(row: Sequence[Cell]) -> object:
        cell = fetch(row)
        if not isinstance(cell, str):
            return _single(cell, convert, empty)
        text = cell.strip()
        return convert(text) if text else empty

    return read


def _one_exact(fetch: Read, convert: Parse, empty: object) -> Read:
    def read(row: Sequence[Cell]) -> object:
        cell = fetch(row)
        return _single(cell, convert, empty) if not isinstance(cell, str) else convert(cell) if cell else empty

    return read


def _single(cell: object, convert: Parse, empty: object) -> object:
    """What a list of JSON, or a problem with joining, is where one value is expected."""
    if not isinstance(cell, tuple):
        return cell
    items = [item for item in cast("tuple[str, ...]", cell) if item.strip()]
    return Problem("several") if len(items) > 1 else convert(items[0].strip()) if items else empty


def _many(fetch: Read, split: Callable[[str], Iterable[str]], convert: Parse, empty: object) -> Read:
    nothing = empty if isinstance(empty, Problem) else () if empty is None else (empty,)

    def read(row: Sequence[Cell]) -> object:
        cell = fetch(row)
        if isinstance(cell, Problem):
            return cell
        found: list[object] = []
        for item in split(cell) if isinstance(cell, str) else cast("tuple[str, ...]", cell):
            if (text := item.strip()) and (value := convert(text)) is not None:
                if isinstance(value, Problem):
                    return value
                found.append(value)
        return tuple(found) or nothing

    return read


def _split_anywhere(text: str) -> Iterable[str]:
    return _ANY_LIST_MARK.split(text) if "," in text or ";" in text or "|" in text else (text,)


def _splitter(mark: str | None) -> Callable[[str], Iterable[str]]:
    if mark is None:
        return _split_anywhere
    return lambda text: text.split(mark)


def _otherwise(column: Column, parse: Parse, fixed: Mapping[str, object], substitute: object, missing: object) -> Parse:
    """The parse of a column with its map and with what it says of texts that are not mapped or can not be read."""
    if column.map is None:
        return (
            parse if column.find or column.otherwise in (None, "reject") else _forgiving(parse, substitute or missing)
        )
    others = fixed.get(OTHERWISE, substitute)
    known = tuple(dict.fromkeys(filter(None, column.map.values())))

    def convert(text: str) -> object:
        if text in fixed and text != OTHERWISE:
            return fixed[text]
        if OTHERWISE in fixed or substitute is not None:
            return others
        if (
            column.otherwise == "reject" and not column.find and text not in known
        ):  # a mended row may say it in our words
            return Problem("not-mapped", {"value": text, "known": known})
        return missing if column.otherwise == "empty" and not column.find else parse(text)

    return convert


def _forgiving(parse: Parse, substitute: object) -> Parse:
    def convert(text: str) -> object:
        value = parse(text)
        return substitute if isinstance(value, Problem) else value

    return convert
