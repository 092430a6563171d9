"""What PostgreSQL's errors mean to a caller, by their SQLSTATE."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from crmkit.builtin.sql.dialect import Taken
from crmkit.builtin.sql.faults import AGAIN, DENIED, FULL, KIND, LARGE, NO_DATABASE, lost, of_a_value
from crmkit.errors import (
    CRMError,
    InvalidError,
    StorageBusy,
    StorageFull,
    StoreCorrupt,
    StoreError,
    TryAgain,
    UpgradeNeeded,
)

_KNOWN: Final[Mapping[str, tuple[type[CRMError], str]]] = {
    "40001": (TryAgain, AGAIN),
    "40P01": (TryAgain, AGAIN),
    "55P03": (StorageBusy, "{place} is held by another process: try again later."),
    "53100": (StorageFull, FULL),
    "53200": (StorageFull, "{place} has no memory left; nothing of the last unit was kept."),
    "53300": (StorageBusy, "{place} has no connection left: try again later, or raise its limit."),
    "25006": (StoreError, "{place} can only be read: name the primary server."),
    "42P01": (UpgradeNeeded, "{place} has another schema than the declarations: run `crmkit db upgrade`."),
    "42703": (UpgradeNeeded, "{place} has another schema than the declarations: run `crmkit db upgrade`."),
    "3F000": (UpgradeNeeded, "{place} has no such schema yet: run `crmkit db upgrade`."),
    "22021": (InvalidError, "A text holds the character U+0000: remove it."),
    "22P02": (InvalidError, KIND),
    "22P03": (InvalidError, KIND),
    "42804": (InvalidError, KIND),
    "22003": (InvalidError, LARGE),
    "XX001": (StoreCorrupt, "{place} is damaged: restore a backup."),
    "XX002": (StoreCorrupt, "{place} is damaged: restore a backup."),
}
_LOST: Final = ("08", "57P0")
"""The connection is gone: a network that failed, a server that stopped."""


def fault_of(error: BaseException, *, committing: bool, place: str) -> CRMError:
    """Return an error of psycopg as one of ours. The server's own text can hold personal data, and is left to the cause."""
    if (invalid := of_a_value(error)) is not None:
        return invalid
    state: Any = getattr(error, "sqlstate", None)
    if state == "23505":
        return Taken("A unique key is taken.")
    if state in _KNOWN:
        kind, text = _KNOWN[state]
        return kind(text.format(place=place))
    if type(error).__name__ == "DataError" and state is None:
        return InvalidError("A text holds the character U+0000: remove it.", code="forbidden_character")
    if (state or "").startswith(_LOST) or (
        state is None and type(error).__name__ in ("OperationalError", "InterfaceError")
    ):
        return lost(committing=committing, place=place)
    return StoreError(f"{place} can not serve (SQLSTATE {state or type(error).__name__}).")


def refusal_of(error: BaseException, *, place: str) -> CRMError | None:
    """Return why the server gave no connection; None where it was not reached, or said something else.

    Of a connection that failed the driver has no SQLSTATE, only the server's sentence: one in another language is not known.
    """
    said = str(error)
    if re.search(r'FATAL:\s+database ".*" does not exist', said):
        return StoreError(NO_DATABASE.format(place=place), code="no_database")
    if (
        "password" in said
        or "pg_hba.conf" in said
        or re.search(r'FATAL:\s+(role ".*" does not exist|permission denied for database)', said)
    ):
        return StoreError(DENIED.format(place=place), code="denied")
    return None
