"""What errors mean to a caller on every database: values that no column takes, and servers that are gone."""

from __future__ import annotations

from typing import Final

from crmkit.errors import CRMError, InvalidError, OutcomeUnknown, TryAgain

AGAIN: Final = "Another transaction was in the way; nothing was kept. Run the whole unit again."
LARGE: Final = "A whole number is too large: it must fit into 64 bits."
KIND: Final = "A field has a value of another kind."
FULL: Final = "No space is left for {place}; nothing of the last unit was kept. Free space and repeat it."
NO_DATABASE: Final = (
    "{place}: the server has no such database. See how its name is written, or have it made: CREATE DATABASE."
)
DENIED: Final = "{place}: the server refuses this user. See the user and the password of the URL, and that this user may use the database."


def of_a_value(error: BaseException) -> InvalidError | None:
    """Return what is wrong with a value that a driver could not write; None where it is another error."""
    if isinstance(error, OverflowError):
        return InvalidError(LARGE, code="too_large")
    if isinstance(error, UnicodeEncodeError):
        return InvalidError("A text holds a lone surrogate: remove it.", code="forbidden_character")
    return InvalidError(KIND, code="kind") if isinstance(error, TypeError) else None


def lost(*, committing: bool, place: str) -> CRMError:
    """Return what it means that the connection to a server is gone."""
    if committing:
        return OutcomeUnknown(
            f"The connection to {place} broke while committing: ask with the operation's id what was kept."
        )
    return TryAgain(f"The connection to {place} broke; nothing was kept. Run the whole unit again.")
