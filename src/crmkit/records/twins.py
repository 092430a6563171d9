"""Twins: classes of the same layout as one whose instances never change, but with open fields.

A value that a store wrote is made as an instance of the twin, its fields are set by plain statements, and then it is given its
class: a setter that is called for each field, as frozen classes need it, takes several times longer (measured: 3 to 6 times).
"""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Mapping
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")


class _Untold:
    """Stands before a class whose author asks to be told of its subclasses, and may allow none: ours is no type of his."""

    __slots__ = ()

    def __init_subclass__(cls, **_: Any) -> None:
        """Tell nobody."""


_OPEN: Final[Mapping[str, Any]] = {
    "__setattr__": object.__setattr__, "__delattr__": object.__delattr__,  # both, or the interpreter takes its slow way
}  # fmt: skip


def twin_of(of: type[T]) -> type[T]:
    """Return a subclass whose instances may be set, and become what they stand for by ``made.__class__ = of``."""
    return untold(of, {**_OPEN, "__qualname__": f"{of.__qualname__} (being made)"})


def untold(of: type[T], more: Mapping[str, Any] | None = None) -> type[T]:
    """Return a subclass of the same layout that neither ``__init_subclass__`` nor a metaclass is asked for."""
    maker: Any = ABCMeta if isinstance(of, ABCMeta) else type
    body = {"__slots__": (), "__module__": of.__module__, **(more or {})}
    bases = (of,) if _Untold in of.__mro__ else (_Untold, of)
    return cast("type[T]", maker.__new__(type(of), of.__name__, bases, body))
