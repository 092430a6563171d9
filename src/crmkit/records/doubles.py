"""The error of a key that is to be unique while values of it stand twice: the same from every store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from ..errors import StoreError
from .declaration import Declaration
from .ids import short_id

_GROUPS: Final = 5
_EACH: Final = 4


def doubles(declaration: Declaration, key: tuple[str, ...], count: int, groups: Sequence[Sequence[UUID]]) -> StoreError:
    """Return the error of a key that is to be unique, while values of it stand in more than one record.

    Args:
        count: how many values.
        groups: the records of some of them; a few are named, all are in ``params``.
    """
    said = "; ".join(_listed([short_id(one) for one in group]) for group in groups[:_GROUPS])
    more = "; and others" if count > len(groups[:_GROUPS]) else ""
    name = declaration.name
    return StoreError(
        f"A {name} is to be known by its {' and '.join(key)}, and {_standing(count)} in more than one {name}: {said}{more}. "
        "Change or remove all but one of each with the version that you had until now, or let a step of the plugin do it.",
        code="doubles",
        field=key[0],
        params={
            "record_type": name,
            "key": key,
            "count": count,
            "ids": tuple(tuple(map(str, group)) for group in groups),
        },
    )


def _standing(count: int) -> str:
    return f"{count} values stand" if count > 1 else "1 value stands"


def _listed(names: Sequence[str]) -> str:
    if len(names) > _EACH:
        return f"{', '.join(names[:_EACH])} and {len(names) - _EACH} more"
    return f"{', '.join(names[:-1])} and {names[-1]}"
