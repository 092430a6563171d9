"""Twins: classes of the same layout as one whose instances never change, but with open fields.

A value that a store wrote is made as an instance of the twin, its fields are set by plain statements, and then it is given its
class: a setter that is called for each field, as frozen classes need it, takes several times longer (measured: 3 to 6 times).
"""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


def twin_of(of: type[T]) -> type[T]:
    """Return a subclass whose instances may be set, and become what they stand for by ``made.__class__ = of``."""
    open_: dict[str, Any] = {
        "__slots__": (), "__module__": of.__module__, "__qualname__": f"{of.__qualname__} (being made)",
        "__setattr__": object.__setattr__, "__delattr__": object.__delattr__,  # both, or the interpreter takes its slow way
    }  # fmt: skip
    metaclass: Any = type(of)  # pyright: ignore[reportUnknownVariableType]  # the class of a class of any type
    made: type[T] = metaclass(of.__name__, (of,), open_)
    return made
