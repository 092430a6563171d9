"""Records built past ``__init__``, for stores only: rows that a store wrote need no converters (measured: a third of the time)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, TypeVar

import attrs

from .record import SLOTS, Record
from .twins import twin_of
from .values import EMPTY

R = TypeVar("R", bound=Record)


def builder(of: type[R], names: Sequence[str]) -> Callable[[Sequence[Any]], R]:
    """Return a function from values, in the order of these field names, to a record; a name may stand twice.

    Fields that are not named have their defaults. Nothing is checked or converted: the values are what a record of
    this type held when it was written.
    """
    given, rest, scope = _fields(of, names)
    row = "".join(f"v{index}, " for index, _ in enumerate(names))
    lines = ["def build(row):", f"    {row} = row", *_making({**given, **rest}), "    return made"]
    build: Callable[[Sequence[Any]], R] = _defined("build", lines, scope)
    return build


def row_builder(
    of: type[R],
    sources: Mapping[str, str],
    scope: Mapping[str, Any],
    *,
    once: Iterable[str] = (),
    each: Mapping[str, str] = EMPTY,
    before: Iterable[str] = (),
) -> Callable[[Sequence[Any]], list[R]]:
    """Return a function from ``rows`` to as many records.

    Args:
        sources: the expression of each field, by its name: of ``row``, and of what the others define.
        scope: names that mean the same in every call.
        once: statements that are run before the first row.
        each: names, and the expressions of a sequence with one value for each row.
        before: statements that are run for each row, before its record is made.
    """
    given, rest, defaults = _fields(of, tuple(sources))
    values = dict(zip(given, sources.values(), strict=True))
    names = "".join(f", {name}" for name in each)
    lines = [
        "def build(rows):",
        "    if not rows:",
        "        return []",
        "    all = list(map(_new, repeat(_twin, len(rows))))",
        *(f"    {line}" for line in once),
        f"    for made, row{names} in zip({', '.join(['all', 'rows', *each.values()])}, strict=True):",
        *(f"        {line}" for line in before),
        *(f"        {line}" for line in _setting({**values, **rest})),
        "    return all",
    ]
    build: Callable[[Sequence[Any]], list[R]] = _defined("build", lines, {**defaults, **scope})
    return build


def stamper(of: type[R]) -> Callable[[R, int, Any, Any, Any], R]:
    """Return ``(record, version, created_at, updated_at, customer_id) -> copy``: the stamps of the unit of work, set past ``__init__``."""
    stamps = ("version", "created_at", "updated_at", "customer_id")
    values = {a.name: a.name if a.name in stamps else f"record.{slot_of(a.name)}" for a in attrs.fields(of)}
    lines = [f"def stamp(record, {', '.join(stamps)}):", *_making(values), "    return made"]
    stamp: Callable[[R, int, Any, Any, Any], R] = _defined("stamp", lines, _scope(of))
    return stamp


def _fields(of: type[Record], names: Sequence[str]) -> tuple[dict[str, str], dict[str, str], dict[str, Any]]:
    """Return, by attribute, where a value that is given stands, and where the default of one that is not; and the scope of both."""
    attributes = {attribute.alias: attribute for attribute in attrs.fields(of)}
    given = {attributes[name].name: f"v{index}" for index, name in enumerate(names)}
    left = [attribute for alias, attribute in attributes.items() if alias not in names]
    rest = {attribute.name: f"_d{index}" for index, attribute in enumerate(left)}
    defaults = {f"_d{index}": None if a.default is attrs.NOTHING else a.default for index, a in enumerate(left)}
    return given, rest, {**_scope(of), **defaults}


def slot_of(name: str) -> str:
    """Return the name by which an attribute is set and read as it is."""
    return SLOTS.get(name, name)


def _scope(of: type[Record]) -> dict[str, Any]:
    return {"_new": object.__new__, "_of": of, "_twin": twin_of(of), "repeat": repeat}


def _making(values: Mapping[str, str]) -> list[str]:
    """Return the lines that make one record of these expressions, by attribute."""
    return ["    made = _new(_twin)", *(f"    {line}" for line in _setting(values))]


def _setting(values: Mapping[str, str]) -> list[str]:
    """Return the lines that make a new object a record."""
    return [*(f"made.{slot_of(name)} = {value}" for name, value in values.items()), "made.__class__ = _of"]


def _defined(name: str, lines: Iterable[str], scope: dict[str, Any]) -> Any:
    exec("\n".join(lines), scope)  # noqa: S102  # our own source, as attrs writes __init__
    return scope[name]
