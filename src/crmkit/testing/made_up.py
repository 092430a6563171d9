"""Settings for a plugin that is tried without its user: what its author gives, and made-up values for what must be given."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from ..ports.secret import Secret

SECRET: Final = "never-shown-7f3a"  # noqa: S105  # made up
"""What every made-up secret is: it must be found nowhere."""
_BY_TYPE: Final[Mapping[Any, Any]] = {
    str: "made-up", bool: False, int: 1, float: 1.0, Decimal: Decimal(1), Secret: Secret(SECRET), Path: Path("made-up"),
    tuple: (), list: [], frozenset: frozenset(), set: frozenset(),
}  # fmt: skip


def made_up(cls: type[Any] | None, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return settings by key; None where the plugin has none."""
    if cls is None:
        return None
    return {**{key: value_for(kind) for key, kind in kinds_of(cls, required=True).items()}, **given}


def kinds_of(cls: type[Any], *, required: bool = False) -> dict[str, Any]:
    """Return the annotated types of a settings class by key; with ``required`` only of those that must be given."""
    hints = get_type_hints(cls)
    return {
        a.alias or a.name: hints.get(a.name, str)
        for a in attrs.fields(cls)
        if a.init and not (required and a.default is not attrs.NOTHING)
    }


def value_for(kind: Any) -> Any:
    """Return a value of an annotated type."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        return next((value_for(part) for part in get_args(kind) if part is not type(None)), None)
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    return _BY_TYPE.get(get_origin(kind) or kind, {})


def wrong_for(kind: Any) -> Any:
    """Return a value that is of no annotated type; None where every value would do."""
    parts = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return None if Any in parts or object in parts else object()
