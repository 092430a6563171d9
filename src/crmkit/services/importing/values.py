"""From a text to a value of the kind that a field has; what can not be read is a `Problem`."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from datetime import date, tzinfo
from typing import Final, Literal, cast

import attrs

from crmkit.errors import InvalidError
from crmkit.records.times import PartialDate, WallTime
from crmkit.records.values import LocalText, frozen
from crmkit.services.importing import addresses, amounts, moments
from crmkit.services.importing.mapping import Column, Find, Target
from crmkit.services.importing.problems import Problem

Parse = Callable[[str], object]
"""From a text that is not empty to a value, or a Problem."""
_YES: Final = frozenset({"true", "yes", "y", "1", "t", "on", "x"})
_NO: Final = frozenset({"false", "no", "n", "0", "f", "off"})
_REPEATED: Final = frozenset({"date", "instant", "money", "decimal"})
"""Kinds that are dear to read and whose texts come again and again in a file."""
_REMEMBERED: Final = 4096
_PARTIAL: Final = re.compile(r"\d{4}(-\d{2}){0,2}|--\d{2}-\d{2}")


@attrs.frozen(repr=False)
class ExternalKey:
    """How another system names the record; the source is empty where the mapping says none."""

    source: str
    value: str

    def __repr__(self) -> str:
        return f"{self.source!r}:{self.value!r}"  # a digest of each row is made of it


@attrs.frozen(kw_only=True)
class Lookup:
    """A record that a row refers to, to be found.

    Attributes:
        by: what the key is of it; `any` where the mapping does not say: an id, an external id, an address or a name.
        key: the text; an e-mail address or a telephone number is in its one form.
        source: the system that an external id is of; empty if not said.
        otherwise: what to do where there is none: refuse the row, leave the reference empty, or add a record. More
            than one is refused always.
    """

    by: Find | Literal["any"]
    key: str
    source: str = ""
    otherwise: Literal["reject", "empty", "add"] = "reject"


@attrs.frozen(kw_only=True)
class Setting:
    """What a text is read with.

    Attributes:
        decimal: what stands before decimal places.
        zone: of dates and times without one.
        zone_name: its name.
        currency: of amounts without one; empty for the CRM's own.
        country: of telephone numbers without a calling code; may be empty.
    """

    decimal: amounts.DecimalMark
    zone: tzinfo
    zone_name: str
    currency: str
    country: str


def parser(target: Target, column: Column, setting: Setting) -> Parse:
    """How the texts of a column are read, before its map and what it says of others."""
    parsers: dict[str, Callable[[], Parse]] = {
        "text": lambda: _as_it_is,
        "code": lambda: _code(target.choices),
        "int": lambda: lambda text: amounts.whole_number(text, setting.decimal),
        "decimal": lambda: amounts.decimal_number(target.places, setting.decimal),
        "money": lambda: amounts.money(setting.currency, setting.decimal),
        "bool": lambda: _yes_or_no,
        "date": lambda: moments.day(column.date, setting.zone),
        "instant": lambda: moments.instant(column.date, setting.zone),
        "partial_date": lambda: _partial_date(moments.day(column.date, setting.zone)),
        "wall_time": lambda: _wall_time(column.date, setting.zone_name),
        "local_text": lambda: _local_text,
        "json": lambda: _json,
        "ref": lambda: _lookup(column, setting),
        "any_ref": lambda: _lookup(column, setting),
        "external_id": lambda: _external_key(column.source or ""),
        "email": lambda: addresses.email,
        "phone": lambda: lambda text: addresses.phone(text, setting.country),
    }
    parse = parsers.get(target.kind, lambda: _as_it_is)()
    return functools.lru_cache(_REMEMBERED)(parse) if target.kind in _REPEATED else parse


def _as_it_is(text: str) -> object:
    return text


def _external_key(source: str) -> Parse:
    def read(text: str) -> object:
        is_plain = text.isprintable() or all(ord(character) >= 32 for character in text)
        return ExternalKey(source, text) if is_plain else Problem("control-character", {"value": text})

    return read


def _code(choices: tuple[str, ...]) -> Parse:
    if not choices:
        return _as_it_is

    def read(text: str) -> object:
        if text in choices:
            return text
        folded = text.casefold()
        known = tuple(choice for choice in choices if choice)
        return folded if folded in choices else Problem("not-a-choice", {"value": text, "known": known})

    return read


def _yes_or_no(text: str) -> object:
    folded = text.casefold()
    return folded in _YES if folded in _YES or folded in _NO else Problem("not-yes-or-no", {"value": text})


def _partial_date(day: Callable[[str], date | Problem]) -> Parse:
    def read(text: str) -> object:
        folded = amounts.folded_digits(text)
        try:
            if _PARTIAL.fullmatch(folded):
                return PartialDate.parse(folded)
        except InvalidError:
            return Problem("no-such-date", {"value": text})
        found = day(text)
        return found if isinstance(found, Problem) else PartialDate(found.year, found.month, found.day)

    return read


def _wall_time(layout: str | None, zone_name: str) -> Parse:
    local = moments.wall_clock(layout)

    def read(text: str) -> object:
        clock, mark, name = text.rpartition(" ")
        has_zone = bool(mark) and name[:1].isalpha()
        found = local(clock if has_zone else text)
        if isinstance(found, Problem):
            return found
        try:
            return WallTime(found.replace(tzinfo=None), name if has_zone else zone_name)
        except InvalidError:
            return Problem("unknown-time-zone", {"value": name})

    return read


def _local_text(text: str) -> object:
    if text.startswith("{"):  # what an export writes for a text in several languages
        texts = _json(text)
        if isinstance(texts, dict) and all(isinstance(each, str) for each in cast("dict[str, object]", texts).values()):
            return LocalText(cast("dict[str, str]", texts))
    return LocalText.of(text)


def _json(text: str) -> object:
    try:
        return frozen(json.loads(text))
    except (ValueError, RecursionError):
        return Problem("not-json-value", {"value": text})


def _lookup(column: Column, setting: Setting) -> Parse:
    otherwise = column.otherwise if column.otherwise in ("empty", "add") else "reject"
    to_find = Lookup(
        by=column.find or "any", key="", source=column.source or "", otherwise=cast("Literal['add']", otherwise)
    )

    def read(text: str) -> object:
        key: object = text
        if column.find == "email":
            key = addresses.email(text)
        elif column.find == "phone":
            found = addresses.phone(text, setting.country)
            key = found if isinstance(found, Problem) else found.number
        return key if isinstance(key, Problem) else attrs.evolve(to_find, key=str(key))

    return read
