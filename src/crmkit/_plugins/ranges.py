"""Ranges of versions: ``>=1.0,<2``. Only the numbers of a version count; what follows them (``rc1``, ``.dev0``) does not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_CLAUSE: Final = re.compile(r"\s*(===|==|~=|!=|<=|>=|<|>)\s*v?(\d+(?:\.\d+)*)(\.\*)?[^,]*$")
_REQUIRES_US: Final = re.compile(r"^\s*crmkit(?![\w.-])\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;.*)?$", re.IGNORECASE)

Version = tuple[int, ...]


def version_of(text: str) -> Version:
    """Return the leading numbers of a version: ``1.2rc1`` -> (1, 2)."""
    found = re.match(r"\s*v?(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in found[1].split(".")) if found else (0,)


def is_in(version: Version, wanted: str) -> bool:
    """Whether a version is in a range; every version is in an empty one.

    Raises:
        ValueError: the range can not be read.
    """
    return all(_holds(version, clause) for clause in wanted.split(",") if clause.strip())


def _holds(version: Version, clause: str) -> bool:
    found = _CLAUSE.match(clause)
    if not found:
        raise ValueError(f"{clause.strip()!r} is no range of versions: write one like '>=1.0,<2'")
    sign, bound, starred = found[1], version_of(found[2]), bool(found[3])
    ours, theirs = _even(version, bound)
    if starred or sign == "~=":
        fixed = len(bound) if starred else len(bound) - 1
        same = ours[:fixed] == theirs[:fixed]
        return same is (sign != "!=") and (sign != "~=" or ours >= theirs)
    return {"==": ours == theirs, "===": ours == theirs, "!=": ours != theirs, "<=": ours <= theirs, ">=": ours >= theirs,
            "<": ours < theirs, ">": ours > theirs}[sign]  # fmt: skip


def _even(one: Version, other: Version) -> tuple[Version, Version]:
    length = max(len(one), len(other))
    return one + (0,) * (length - len(one)), other + (0,) * (length - len(other))


def wanted_of_us(requirements: Sequence[str]) -> str:
    """Return the range of crmkit's versions that a distribution's requirements name; empty where they name none."""
    for line in requirements:
        found = _REQUIRES_US.match(line)
        if found and "extra" not in line.partition(";")[2]:
            return found[1].strip()
    return ""
