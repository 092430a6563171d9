"""Ids: time-ordered UUIDs (version 7), made by us at construction, and the typed reference ``Id[X]``."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from uuid import UUID, SafeUUID

from .twins import twin_of

R = TypeVar("R")

if TYPE_CHECKING:

    class Id(UUID, Generic[R]):
        """A reference to a record of type R: a plain UUID at run time, a type of its own for checkers."""

        def __init__(self, value: UUID | str) -> None: ...

else:

    class Id(UUID):
        """A reference to a record of type R: a plain UUID at run time, a type of its own for checkers."""

        __class_getitem__ = classmethod(GenericAlias)  # typing rebuilds an alias by subscribing its origin

        def __new__(cls, value):
            return value if isinstance(value, UUID) else UUID(str(value))


_new = object.__new__
_safety = SafeUUID.unknown
_twin = twin_of(UUID)
_from_bytes = int.from_bytes


def id_from_int(value: int) -> UUID:
    """Return the UUID of a 128-bit integer, past ``UUID.__init__`` (which costs several times more)."""
    made: Any = _new(_twin)
    made.int = value
    made.is_safe = _safety
    made.__class__ = UUID
    return made  # type: ignore[no-any-return]  # it has just become one


def id_from_bytes(value: bytes) -> UUID:
    """Return the UUID of 16 bytes, past ``UUID.__init__``: by ``id_from_int`` it would take a third longer."""
    made: Any = _new(_twin)
    made.int = _from_bytes(value)
    made.is_safe = _safety
    made.__class__ = UUID
    return made  # type: ignore[no-any-return]  # it has just become one


def id_from_bytes_inline(name: str, source: str) -> list[str]:
    """Return the statements of ``id_from_bytes`` for generated code (measured: a third faster than a call); ``INLINE_IDS`` is their scope."""
    return [
        f"{name} = _new_id(_open_id)",
        f"{name}.int = _id_int({source})",
        f"{name}.is_safe = _id_safety",
        f"{name}.__class__ = _Id",
    ]


INLINE_IDS: Final[Mapping[str, Any]] = {
    "_new_id": _new,
    "_open_id": _twin,
    "_id_int": _from_bytes,
    "_id_safety": _safety,
    "_Id": UUID,
}


_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)
_KEEP = ~((0xF << 76) | (3 << 62))


def new_id() -> UUID:
    """Return a new UUID of version 7: 48 bits of milliseconds, 12 bits of their fraction, 62 random bits (RFC 9562)."""
    now_ns = time.time_ns()
    ms, rest_ns = divmod(now_ns, 1_000_000)
    fraction = (rest_ns << 12) // 1_000_000
    value = (ms << 80) | (fraction << 64) | int.from_bytes(os.urandom(8), "big")
    return id_from_int((value & _KEEP) | _VERSION_AND_VARIANT)


def new_ids(count: int) -> list[UUID]:
    """Return new UUIDs of version 7 in ascending order, of one instant: many at once cost half of what they cost one by one."""
    ms, rest_ns = divmod(time.time_ns(), 1_000_000)
    head = (ms << 80) | (((rest_ns << 12) // 1_000_000) << 64)
    chance = os.urandom(8 * count)
    tails = sorted(int.from_bytes(chance[at : at + 8], "big") >> 2 for at in range(0, 8 * count, 8))
    return [id_from_int(head & _KEEP | _VERSION_AND_VARIANT | tail) for tail in tails]


def random_id() -> UUID:
    """Return an id that does not tell when it was made (version 4), for coarse record types."""
    value = int.from_bytes(os.urandom(16), "big")
    return id_from_int((value & _KEEP) | (4 << 76) | (2 << 62))


_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def short_id(value: UUID) -> str:
    """Return the last six base-32 characters (Crockford's letters), by which people name a record."""
    number = value.int
    letters: list[str] = []
    for _ in range(6):
        number, digit = divmod(number, 32)
        letters.append(_ALPHABET[digit])
    return "".join(reversed(letters))


def tails_of(short: str) -> tuple[bytes, ...]:
    """Return the last four bytes that the ids of a short id can have: six characters are 30 of their 32 bits."""
    number = 0
    for letter in short.lower():
        number = number * 32 + _ALPHABET.index(letter)
    return tuple((high << 30 | number).to_bytes(4, "big") for high in range(4))


def is_short_id(text: str) -> bool:
    """Say whether a text has the form of a short id."""
    return len(text) == 6 and all(letter in _ALPHABET for letter in text.lower())


def target_of(annotation: Any) -> Any:
    """Return X of ``Id[X]``, or None for anything else."""
    return annotation.__args__[0] if getattr(annotation, "__origin__", None) is Id else None
