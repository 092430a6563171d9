"""The mapping of a file whose columns are called as the fields are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .mapping import Column, ImportMapping, Target, Varying
from .reading import FileFormat


def mapping_by_name(header: Iterable[str], targets: Iterable[Target], file: FileFormat | None = None) -> ImportMapping:
    """The mapping of a file whose columns have the names of the fields, whatever their case and spaces.

    Other columns are left; a field's name goes before its aliases. An amount's currency may stand in a column of its
    own (`amount_currency`; `amount.currency` in JSON Lines).
    """
    names: dict[str, str] = {}
    for column in header:
        names.setdefault(_simple(column), column)
    found = {target: _first(names, target) for target in targets}
    columns = [_by_name(target, name, names) for target, name in found.items() if name is not None]
    return ImportMapping(file=file or FileFormat(), columns=tuple(columns))


def _by_name(target: Target, name: str, names: Mapping[str, str]) -> Column:
    key = _simple(name)
    currency = names.get(f"{key}_currency") or names.get(f"{key}.currency")
    if target.kind != "money" or currency is None:
        return Column(target=target.name, sources=(name,))
    value = names.get(f"{key}.value", name)
    return Column(target=target.name, sources=(value,), currency=Varying(column=currency))


def _first(names: Mapping[str, str], target: Target) -> str | None:
    return next((names[name] for name in map(_simple, (target.name, *target.aliases)) if name in names), None)


def _simple(name: str) -> str:
    return "_".join(name.strip().casefold().replace("-", " ").replace("_", " ").split())
