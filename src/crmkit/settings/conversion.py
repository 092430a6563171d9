"""One value of a setting, brought to the type that its author annotated."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, cast, get_args, get_origin

from ..ports.secret import Secret

Reference = Callable[[str], str]
"""Gives the text that ``env:NAME`` or ``file:PATH`` names, and any other text as it is; raises WrongValue."""

_YES: Final = frozenset({"1", "true", "yes", "on"})
_NO: Final = frozenset({"0", "false", "no", "off"})
_SHOWN = 60
"""Characters of a wrong value that a message repeats."""


class WrongValue(Exception):
    """The value does not fit: the message says what is wanted, as the end of a sentence. Never leaves the room."""


def shown(value: object) -> str:
    """Return a value for a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def converted(value: object, kind: Any, reference: Reference) -> Any:
    """Return a value as the annotated type wants it.

    Text is read as what the type says (an environment has nothing but text); other values must be of the type, but a
    whole number serves where a broken one is wanted, and a list where a tuple is.

    Raises:
        WrongValue: it does not fit.
    """
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        return _one_of(value, get_args(kind), reference)
    if get_origin(kind) is Literal:
        return _choice(value, get_args(kind), reference)
    convert = _BY_TYPE.get(get_origin(kind) or kind)
    if convert:
        return convert(value, reference)
    if get_origin(kind) in (tuple, list, frozenset, set) or kind in (tuple, list, frozenset, set):
        return _several(value, kind, reference)
    return value


def _one_of(value: object, kinds: tuple[Any, ...], reference: Reference) -> Any:
    if value is None and type(None) in kinds:
        return None
    problem = WrongValue("is of none of its types")
    for kind in kinds:
        if kind is not type(None):
            try:
                return converted(value, kind, reference)
            except WrongValue as error:
                problem = error
    raise problem


def _choice(value: object, choices: tuple[Any, ...], reference: Reference) -> Any:
    read = reference(value) if isinstance(value, str) else value
    for choice in choices:
        if read == choice or (isinstance(read, str) and not isinstance(choice, str) and read == str(choice)):
            return choice
    raise WrongValue(f"{shown(value)} is none of {', '.join(map(repr, choices))}")


def _text(value: object, reference: Reference) -> str:
    if not isinstance(value, str):
        raise WrongValue(f"{shown(value)} is no text: put it in quotes")
    return reference(value)


def _secret(value: object, reference: Reference) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise WrongValue("it is no text")
    return Secret(reference(value))


def _bool(value: object, reference: Reference) -> bool:
    if isinstance(value, bool):
        return value
    word = reference(value).strip().lower() if isinstance(value, str) else ""
    if word not in _YES | _NO:
        raise WrongValue(f"{shown(value)} is neither true nor false")
    return word in _YES


def _int(value: object, reference: Reference) -> int:
    if isinstance(value, str):
        try:
            return int(reference(value))
        except ValueError:
            raise WrongValue(f"{shown(value)} is no whole number") from None
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongValue(f"{shown(value)} is no whole number")
    return value


def _float(value: object, reference: Reference) -> float:
    if isinstance(value, str):
        try:
            return float(reference(value))
        except ValueError:
            raise WrongValue(f"{shown(value)} is no number") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongValue(f"{shown(value)} is no number")
    return float(value)


def _decimal(value: object, reference: Reference) -> Decimal:
    read = reference(value) if isinstance(value, str) else value
    if isinstance(read, bool) or not isinstance(read, str | int | float | Decimal):
        raise WrongValue(f"{shown(value)} is no number")
    try:
        made = Decimal(str(read))
    except InvalidOperation:
        raise WrongValue(f"{shown(value)} is no number") from None
    if not made.is_finite():
        raise WrongValue(f"{shown(value)} is no number")
    return made


def _path(value: object, reference: Reference) -> Path:
    return value if isinstance(value, Path) else Path(_text(value, reference))


def _mapping(value: object, reference: Reference) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise WrongValue(f"{shown(value)} is no table")
    return cast("Mapping[str, Any]", value)


def _several(value: object, kind: Any, reference: Reference) -> Any:
    makes: Any = get_origin(kind) or kind
    inner = [part for part in get_args(kind) if part is not Ellipsis]
    if isinstance(value, str):
        value = [part.strip() for part in reference(value).split(",") if part.strip()]
    if not isinstance(value, list | tuple | set | frozenset):
        raise WrongValue(f"{shown(value)} is no list")
    one = inner[0] if inner else str
    return makes(converted(part, one, reference) for part in cast("Iterable[object]", value))


_BY_TYPE: Final[Mapping[Any, Callable[[object, Reference], Any]]] = {
    str: _text,
    bool: _bool,
    int: _int,
    float: _float,
    Decimal: _decimal,
    Secret: _secret,
    Path: _path,
    dict: _mapping,
    Mapping: _mapping,
}
