"""Secrets of plugins: given by reference, never shown."""

from __future__ import annotations

from .lifetime import since


@since("1.0")
class Secret:
    """A value that is not shown: not in ``repr``, logs, JSON or error messages. ``reveal()`` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value: call it where it is used, and keep it nowhere."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)
