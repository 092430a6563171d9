"""The mapping file: which column of a file becomes which field, and how its texts are read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, cast, get_args

import attrs

from crmkit.errors import InvalidError, nearest
from crmkit.records.fields import Field, Kind
from crmkit.records.money import is_currency
from crmkit.records.times import zone
from crmkit.services.importing import moments
from crmkit.services.importing.addresses import CALLING_CODES
from crmkit.services.importing.reading import FileFormat

TargetKind = Kind | Literal["email", "phone", "external_id"]
Find = Literal["external_id", "email", "phone", "name", "key"]
OTHERWISE: Final = "*"


@attrs.frozen(kw_only=True)
class Target:
    """What a column can become: a field of the record type, or what belongs to it (an address, an external id).

    Attributes:
        name: what the mapping calls it; `custom.frame_size` for a custom field.
        kind: the kind of its value.
        many: it takes several values (`emails`).
        required: a row without it is refused.
        places: decimal places of a `decimal`.
        choices: the only values it takes; any if empty.
        aliases: further names that a file's own header may have for it.
    """

    name: str
    kind: TargetKind = "text"
    many: bool = False
    required: bool = False
    places: int = 0
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @classmethod
    def of_field(cls, field: Field, *, name: str | None = None, required: bool | None = None) -> Target:
        """The target that a declared field is."""
        return cls(
            name=name or field.name,
            kind="code" if field.kind == "codes" else field.kind,
            many=field.kind == "codes",
            required=field.required if required is None else required,
            places=field.places,
            choices=field.choices,
        )


@attrs.frozen(kw_only=True)
class Varying:
    """A setting that each row gives itself, in this column."""

    column: str


@attrs.frozen(kw_only=True)
class Column:
    """How one target gets its value: from one column, several that are joined, or the same for all rows.

    Attributes:
        target: its name.
        sources: the file's columns; none for a constant.
        is_joined: several columns make one text, with `separator` between those that are not empty.
        split: what stands between the items of a list.
        map: what stands for which text; `*` for any other. An empty cell is missing unless the map says what "" is.
        otherwise: for a text that is not mapped, can not be read, or names no record: `reject`, `empty`, `add` (a
            record, with `find`), or the text to take. None rejects what can not be read and keeps what is not mapped.
        value: the constant.
        date: format as of `strptime`, or `unix`, `unix-ms`; None is ISO 8601.
        time_zone: of texts that say none.
        currency: ISO 4217 code of amounts that say none.
        country: two letters, for telephone numbers without a calling code.
        source: which system the external id is of.
        find: what the text is of the record that is meant.
    """

    target: str
    sources: tuple[str, ...] = ()
    is_joined: bool = False
    separator: str | None = None
    split: str | None = None
    map: Mapping[str, str] | None = None
    otherwise: str | None = None
    value: str | None = None
    date: str | None = None
    time_zone: str | None = None
    currency: str | Varying | None = None
    country: str | Varying | None = None
    source: str | None = None
    find: Find | None = None


@attrs.frozen(kw_only=True)
class ImportMapping:
    """A whole mapping.

    Attributes:
        file: how the file is written.
        columns: in the order in which they stand in the mapping.
    """

    file: FileFormat = attrs.field(factory=FileFormat)
    columns: tuple[Column, ...] = ()

    @property
    def wanted(self) -> tuple[str, ...]:
        """The file's columns that are used."""
        varying = (v.column for c in self.columns for v in (c.currency, c.country) if isinstance(v, Varying))
        return tuple(dict.fromkeys([*(source for column in self.columns for source in column.sources), *varying]))


def read_mapping(path: Path, targets: Iterable[Target]) -> ImportMapping:
    """Read a mapping file.

    Raises:
        InvalidError: it is missing, unreadable or no TOML, or has mistakes: all at once, each with its place.
    """
    return mapping_of(load_mapping(path), targets, name=path.name)


def load_mapping(path: Path) -> dict[str, Any]:
    """Read a mapping file as it stands, for targets that depend on it.

    Raises:
        InvalidError: it is missing, unreadable or no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        text = f"The mapping {path.name!r} can not be read ({error.strerror or error}). Check its name and folder."
        raise InvalidError(text, code="mapping-unreadable", field="map", params={"file": path.name}) from error
    except UnicodeDecodeError as error:
        text = f"The mapping {path.name!r} is not in UTF-8. Save it as UTF-8."
        raise InvalidError(text, code="mapping-unreadable", field="map", params={"file": path.name}) from error
    except tomllib.TOMLDecodeError as error:
        text = f"The mapping {path.name!r} is no TOML: {error}."
        raise InvalidError(text, code="mapping-unreadable", field="map", params={"file": path.name}) from error


def named_columns(table: Mapping[str, Any]) -> list[str]:
    """The names that a mapping gives columns, dotted ones whole, for targets that depend on them."""
    columns: object = table.get("columns")
    return list(_names("", cast("dict[str, object]", columns))) if isinstance(columns, dict) else []


def _names(prefix: str, table: Mapping[str, object]) -> Iterator[str]:
    for key, facts in table.items():
        inner: Mapping[str, object] = cast("dict[str, object]", facts) if isinstance(facts, dict) else {}
        if inner and not {"from", "join", "value"} & inner.keys():
            yield from _names(f"{prefix}{key}.", inner)
        else:
            yield prefix + key


def mapping_of(table: Mapping[str, object], targets: Iterable[Target], *, name: str = "mapping") -> ImportMapping:
    """The mapping that a parsed TOML document is.

    Raises:
        InvalidError: it has mistakes: all at once, each with its place.
    """
    reader = _Reader({target.name: target for target in targets})
    mapping = reader.mapping(table)
    refuse(reader.mistakes, name)
    return mapping


def refuse(mistakes: Iterable[str], name: str) -> None:
    """Raise if there are mistakes.

    Raises:
        InvalidError: there are; all in its message, and as `params["mistakes"]`.
    """
    found = tuple(mistakes)
    if not found:
        return
    text = (
        f"{name}: {found[0]}{'' if found[0].endswith('?') else '.'}"
        if len(found) == 1
        else "\n  ".join([f"{name} has {len(found)} mistakes:", *found])
    )
    raise InvalidError(text, code="mapping", field="map", params={"file": name, "mistakes": found})


_FILE_KEYS: Final = ("encoding", "delimiter", "decimal", "format")
_KEYS: Final = (
    "from", "join", "separator", "split", "map", "otherwise", "value", "date", "time_zone", "currency", "country",
    "source", "find",
)  # fmt: skip
_DATES: Final = frozenset({"date", "instant", "partial_date", "wall_time"})


class _Reader:
    """Reads a TOML document and collects every mistake in it."""

    def __init__(self, targets: Mapping[str, Target]) -> None:
        self.mistakes: list[str] = []
        self._targets = targets

    def mapping(self, table: Mapping[str, object]) -> ImportMapping:
        self._known("", table, ("file", "columns"))
        file = self._file(self._table("file", table.get("file", {})))
        flat = self._flat("", self._table("columns", table.get("columns", {})))
        columns = [column for name, facts in flat if (column := self._column(name, facts))]
        if not columns and not self.mistakes:
            self.mistakes.append("columns: names no column")
        return ImportMapping(file=file, columns=tuple(columns))

    def _flat(self, prefix: str, table: Mapping[str, object]) -> Iterator[tuple[str, object]]:
        """Columns by name; `custom.x = ...` without quotation marks is a table in TOML and means the same as with them."""
        for key, facts in table.items():
            name = prefix + key
            inner: Mapping[str, object] = cast("dict[str, object]", facts) if isinstance(facts, dict) else {}
            if inner and name not in self._targets and any(known.startswith(f"{name}.") for known in self._targets):
                yield from self._flat(f"{name}.", inner)
            else:
                yield name, facts

    def _file(self, table: Mapping[str, object]) -> FileFormat:
        self._known("file", table, _FILE_KEYS)
        delimiter = self._text("file", table, "delimiter")
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
            self._mistake("file.delimiter", f"{delimiter!r} is not one character such as ; or \\t")
            delimiter = None
        return FileFormat(
            encoding=self._text("file", table, "encoding"),
            delimiter=delimiter,
            decimal=cast("Any", self._one_of("file", table, "decimal", (".", ",")) or "."),
            format=cast("Any", self._one_of("file", table, "format", ("csv", "json-lines"))),
        )

    def _column(self, name: str, facts: object) -> Column | None:
        place = f"columns.{name}"
        target = self._targets.get(name)
        if target is None:
            self._mistake(place, f"there is no such field.{nearest(name, self._targets) or self._all_targets()}")
            return None
        if isinstance(facts, str):
            return Column(target=name, sources=(facts,))
        table = self._table(place, facts, "the name of a column, or a table with from, join or value")
        if not self._known(place, table, _KEYS) or not table:
            return None
        return self._made(place, target, table)

    def _made(self, place: str, target: Target, table: Mapping[str, object]) -> Column:
        self._check_sources(place, table)
        self._check_fit(place, target, table)
        joined = self._texts(place, table, "join")
        start = self._text(place, table, "from")
        return Column(
            target=target.name,
            sources=joined or ((start,) if start is not None else ()),
            is_joined=bool(joined),
            separator=self._text(place, table, "separator"),
            split=self._text(place, table, "split"),
            map=self._map(place, table),
            otherwise=self._scalar(f"{place}.otherwise", table["otherwise"]) if "otherwise" in table else None,
            value=self._scalar(f"{place}.value", table["value"]) if "value" in table else None,
            date=self._date(place, table),
            time_zone=self._time_zone(place, table),
            currency=self._varying(place, table, "currency"),
            country=self._varying(place, table, "country"),
            source=self._text(place, table, "source"),
            find=cast("Find | None", self._one_of(place, table, "find", get_args(Find))),
        )

    def _check_sources(self, place: str, table: Mapping[str, object]) -> None:
        given = [key for key in ("from", "join", "value") if key in table]
        if len(given) != 1:
            said = "none of from, join and value is given" if not given else f"{' and '.join(given)} are given"
            self._mistake(place, f"{said}, and one is needed")
        if "separator" in table and "join" not in table:
            self._mistake(f"{place}.separator", "has a meaning with join only; split says what stands between items")

    def _check_fit(self, place: str, target: Target, table: Mapping[str, object]) -> None:
        fits = {
            "split": target.many,
            "date": target.kind in _DATES,
            "time_zone": target.kind in _DATES,
            "currency": target.kind == "money",
            "country": target.kind == "phone" or table.get("find") == "phone",
            "find": target.kind in ("ref", "any_ref"),
            "source": target.kind == "external_id" or table.get("find") == "external_id",
        }
        for key, is_fit in fits.items():
            if key in table and not is_fit:
                self._mistake(f"{place}.{key}", f"has no meaning for {target.name}, which is {_in_words(target)}")
        near = get_close_matches(said := str(table.get("otherwise", "")), ("reject", "empty", "add"), 1, cutoff=0.8)
        if near and not said.startswith(near[0]) and said not in target.choices:
            self._mistake(f"{place}.otherwise", f"{said!r} looks like a misspelt word. Did you mean {near[0]!r}?")
        if said == "add" and "find" not in table and "map" not in table:
            self._mistake(f"{place}.otherwise", '"add" has a meaning with find only')

    def _map(self, place: str, table: Mapping[str, object]) -> Mapping[str, str] | None:
        if "map" not in table:
            return None
        inner = self._table(f"{place}.map", table["map"], "a table of texts")
        return MappingProxyType({key: self._scalar(f"{place}.map.{key}", value) or "" for key, value in inner.items()})

    def _date(self, place: str, table: Mapping[str, object]) -> str | None:
        layout = self._text(place, table, "date")
        if layout is not None and (mistake := moments.format_mistake(layout)):
            self._mistake(f"{place}.date", mistake)
            return None
        return layout

    def _time_zone(self, place: str, table: Mapping[str, object]) -> str | None:
        name = self._text(place, table, "time_zone")
        try:
            return name if name is None else zone(name).key
        except InvalidError as error:
            self._mistake(f"{place}.time_zone", str(error).rstrip("."))
            return None

    def _varying(self, place: str, table: Mapping[str, object], key: str) -> str | Varying | None:
        given = table.get(key)
        if isinstance(given, dict):
            inner = cast("Mapping[str, object]", given)
            self._known(f"{place}.{key}", inner, ("from",))
            column = self._text(f"{place}.{key}", inner, "from")
            return None if column is None else Varying(column=column)
        text = self._text(place, table, key)
        is_known = text is None or (is_currency(text) if key == "currency" else text in CALLING_CODES)
        if not is_known:
            what = (
                "a currency code of ISO 4217, such as EUR"
                if key == "currency"
                else "a country whose calling code is known, such as NL"
            )
            self._mistake(f"{place}.{key}", f"{text!r} is not {what}")
        return text if is_known else None

    def _table(self, place: str, value: object, what: str = "a table") -> Mapping[str, object]:
        if isinstance(value, dict):
            return cast("Mapping[str, object]", value)
        self._mistake(place, f"must be {what}")
        return {}

    def _known(self, place: str, table: Mapping[str, object], keys: tuple[str, ...]) -> bool:
        unknown = [key for key in table if key not in keys]
        for key in unknown:
            hint = nearest(key, keys) or f" Known are {', '.join(keys)}"
            self._mistake(f"{place}.{key}" if place else key, f"is not known.{hint}")
        return not unknown

    def _text(self, place: str, table: Mapping[str, object], key: str) -> str | None:
        value = table.get(key)
        if value is None or (isinstance(value, str) and value):
            return value
        self._mistake(f"{place}.{key}", "must be a text that is not empty")
        return None

    def _texts(self, place: str, table: Mapping[str, object], key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        texts = cast("list[object]", value) if isinstance(value, list) else []
        if key in table and not (texts and all(isinstance(text, str) and text for text in texts)):
            self._mistake(f"{place}.{key}", "must be a list of columns")
            return ()
        return tuple(map(str, texts))

    def _scalar(self, place: str, value: object) -> str | None:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, dict | list):
            self._mistake(place, "must be a text, a number, a date, true or false")
            return None
        return str(value)

    def _one_of(self, place: str, table: Mapping[str, object], key: str, known: tuple[str, ...]) -> str | None:
        value = self._text(place, table, key)
        if value is not None and value not in known:
            self._mistake(
                f"{place}.{key}", f"{value!r} is none of {', '.join(known)}.{nearest(value, known)}".rstrip(".")
            )
            return None
        return value

    def _mistake(self, place: str, text: str) -> None:
        self.mistakes.append(f"{place}: {text}")

    def _all_targets(self) -> str:
        return f" Known are {', '.join(self._targets)}"


def _in_words(target: Target) -> str:
    words = {"ref": "a record", "any_ref": "a record", "instant": "a date and time", "bool": "yes or no"}
    one = words.get(target.kind, target.kind.replace("_", " "))
    return f"a list of {one}" if target.many else one
