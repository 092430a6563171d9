"""Days and instants as files write them: ISO 8601 and what comes near it, or a declared format."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from types import MappingProxyType
from typing import Final

from crmkit.services.importing.amounts import folded_digits
from crmkit.services.importing.problems import Problem

ISO: Final = "%Y-%m-%dT%H:%M:%S"
EPOCHS: Final[Mapping[str, int]] = MappingProxyType({"unix": 1_000_000, "unix-ms": 1_000})
"""Formats that count from 1970-01-01 UTC: microseconds in one of their units."""
_SHOWN: Final = datetime(2026, 11, 24, 10, 30)  # noqa: DTZ001 - an example of what is written on a wall clock
_NEAR_ISO: Final = re.compile(
    r"(?P<Y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})"
    r"(?:[Tt\s]\s*(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?\s*(?P<z>Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?"
)
_PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Y": r"(?P<Y>\d{4})",
        "y": r"(?P<y>\d{2})",
        "m": r"(?P<m>\d{1,2})",
        "d": r"(?P<d>\d{1,2})",
        "H": r"(?P<H>\d{1,2})",
        "M": r"(?P<M>\d{1,2})",
        "S": r"(?P<S>\d{1,2})",
        "f": r"(?P<f>\d{1,6})",
        "z": r"(?P<z>Z|[+-]\d{2}:?\d{2})",
        "%": "%",
    }
)


def format_mistake(layout: str) -> str | None:
    """What is wrong with a declared format; None if nothing is."""
    if layout in EPOCHS:
        return None
    if "%" not in layout:
        return f'{layout!r} is no format of a date: write one like "%d-%m-%Y"'
    try:
        datetime.strptime(_SHOWN.strftime(layout), layout)  # noqa: DTZ007 - only to see whether it can be read
    except ValueError as error:
        return f"{layout!r} is no format that can be read: {error}"
    return None


def day(layout: str | None, zone: tzinfo) -> Callable[[str], date | Problem]:
    """A reader of days.

    Args:
        layout: that of `strptime`, or one of `EPOCHS`; None is ISO 8601, also with the hour.
        zone: where the day is counted, if the text is an instant.
    """
    parse = _parser(layout)

    def read(text: str) -> date | Problem:
        if layout is None and len(text) == 10:
            try:
                return date.fromisoformat(text)
            except ValueError:
                pass  # what is wrong with it is found below
        found = parse(text)
        if isinstance(found, Problem):
            return Problem("not-a-date" if found.code == "not-a-time" else found.code, found.params)
        return found.date() if found.tzinfo is None else found.astimezone(zone).date()

    return read


def instant(layout: str | None, zone: tzinfo) -> Callable[[str], datetime | Problem]:
    """A reader of instants, given in UTC; a day is its midnight.

    Args:
        layout: that of `strptime`, or one of `EPOCHS`; None is ISO 8601.
        zone: of texts without one. A time that occurs twice there is the first; one that the clocks skip is a problem.
    """
    parse = _parser(layout)

    def read(text: str) -> datetime | Problem:
        found = parse(text)
        if isinstance(found, Problem):
            return found
        try:
            made = (found if found.tzinfo is not None else found.replace(tzinfo=zone, fold=0)).astimezone(UTC)
            is_skipped = found.tzinfo is None and made.astimezone(zone).replace(tzinfo=None) != found
        except OverflowError:
            return Problem("out-of-range", {"value": text})
        return Problem("no-such-time", {"value": text, "zone": str(zone)}) if is_skipped else made

    return read


def wall_clock(layout: str | None) -> Callable[[str], datetime | Problem]:
    """A reader of what a clock shows, with a zone only where the text has one; arguments as `instant`."""
    return _parser(layout)


def _parser(layout: str | None) -> Callable[[str], datetime | Problem]:
    if layout is None:
        return _iso
    if layout in EPOCHS:
        return _epoch(EPOCHS[layout])
    pattern = _pattern(layout)
    return _strptime(layout) if pattern is None else _matched(pattern, layout)


def _iso(text: str) -> datetime | Problem:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _from_parts(text, _NEAR_ISO.fullmatch(folded_digits(text)), ISO)


def _epoch(micros: int) -> Callable[[str], datetime | Problem]:
    def read(text: str) -> datetime | Problem:
        try:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(text) * micros)
        except OverflowError:
            return Problem("out-of-range", {"value": text})
        except ValueError:
            return Problem("not-a-time", {"value": text, "example": str(1_795_516_200_000_000 // micros)})

    return read


def _pattern(layout: str) -> re.Pattern[str] | None:
    """The format as an expression, ten times faster than `strptime`; None for one with names, hours of twelve or the like."""
    pieces = re.split(r"%(.)", layout)
    directives = pieces[1::2]
    if not set(directives) <= set(_PARTS) or len(set(directives) - {"%"}) < len([d for d in directives if d != "%"]):
        return None
    if not ({"Y", "y"} & set(directives) and {"m", "d"} <= set(directives)) or {"Y", "y"} <= set(directives):
        return None
    made = [
        _PARTS[piece] if n % 2 else re.sub(r"(?:\\\s|\s)+", r"\\s+", re.escape(piece)) for n, piece in enumerate(pieces)
    ]
    return re.compile("".join(made))


def _matched(pattern: re.Pattern[str], layout: str) -> Callable[[str], datetime | Problem]:
    if set(pattern.groupindex) == {"Y", "m", "d"}:
        return _days(pattern, layout)

    def read(text: str) -> datetime | Problem:
        return _from_parts(text, pattern.fullmatch(folded_digits(text)), layout)

    return read


def _days(pattern: re.Pattern[str], layout: str) -> Callable[[str], datetime | Problem]:
    def read(text: str) -> datetime | Problem:
        found = pattern.fullmatch(text)
        if found is None or not text.isascii():
            return _from_parts(text, pattern.fullmatch(folded_digits(text)), layout)
        year, month, day = found.group("Y", "m", "d")
        try:
            return datetime(int(year), int(month), int(day))  # noqa: DTZ001 - the caller says whose calendar it is
        except ValueError:
            return Problem("no-such-date", {"value": text})

    return read


def _from_parts(text: str, found: re.Match[str] | None, layout: str) -> datetime | Problem:
    if found is None:
        return Problem("not-a-time", {"value": text, "example": _SHOWN.strftime(layout)})
    parts = found.groupdict()
    try:
        return datetime(
            _year(parts),
            int(parts["m"]),
            int(parts["d"]),
            int(parts.get("H") or 0),
            int(parts.get("M") or 0),
            int(parts.get("S") or 0),
            int((parts.get("f") or "0").ljust(6, "0")[:6]),
            tzinfo=_offset(parts.get("z")),
        )
    except ValueError:
        return Problem("no-such-date", {"value": text})


def _year(parts: Mapping[str, str]) -> int:
    if "y" not in parts:
        return int(parts["Y"])
    short = int(parts["y"])
    return short + (1900 if short >= 69 else 2000)  # as POSIX and `strptime` do


def _offset(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _strptime(layout: str) -> Callable[[str], datetime | Problem]:
    def read(text: str) -> datetime | Problem:
        try:
            return datetime.strptime(folded_digits(text), layout)  # noqa: DTZ007 - the caller says whose wall clock it is
        except ValueError as error:
            is_day = "out of range" in str(error)
            example = _SHOWN.strftime(layout)
            return (
                Problem("no-such-date", {"value": text})
                if is_day
                else Problem("not-a-time", {"value": text, "example": example})
            )

    return read
