"""What MariaDB's errors mean to a caller, by their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crmkit.builtin.sql.dialect import Taken
from crmkit.builtin.sql.faults import AGAIN, DENIED, FULL, LARGE, NO_DATABASE, lost, of_a_value
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

_BUSY: Final = (StorageBusy, "{place} is held by another process: try again later.")
_CROWDED: Final = (StorageBusy, "{place} has no connection left: try again later, or raise its limit.")
_OLD: Final = (UpgradeNeeded, "{place} has another schema than the declarations: run `crmkit db upgrade`.")
_DAMAGED: Final = (StoreCorrupt, "{place} is damaged: restore a backup.")
_READ_ONLY: Final = (StoreError, "{place} can only be read: name the primary server.")
_LONG: Final = (InvalidError, "A value is longer than its column takes: shorten it (a code has up to 380 characters).")
_KNOWN: Final[Mapping[int, tuple[type[CRMError], str]]] = {
    1213: (TryAgain, AGAIN), 1020: (TryAgain, AGAIN), 1205: _BUSY, 1040: _CROWDED, 1203: _CROWDED, 1226: _CROWDED,
    3: (StorageFull, FULL), 28: (StorageFull, FULL), 1021: (StorageFull, FULL), 1114: (StorageFull, FULL),
    1041: (StorageFull, "{place} has no memory left; nothing of the last unit was kept."),
    1049: _OLD, 1054: _OLD, 1146: _OLD, 1034: _DAMAGED, 1035: _DAMAGED, 1194: _DAMAGED, 1195: _DAMAGED, 1712: _DAMAGED, 1877: _DAMAGED,
    1290: _READ_ONLY, 1792: _READ_ONLY, 1836: _READ_ONLY, 1406: _LONG, 1153: _LONG,
    1264: (InvalidError, LARGE),
    1366: (InvalidError, "A text holds what is no character: remove it."),
}  # fmt: skip
_NO_DATABASE: Final = 1049
_DENIED: Final = frozenset({1044, 1045, 1251, 1524, 1698, 1862, 2059, 4151})
_TAKEN: Final = frozenset({1062, 1586})
_LOST: Final = frozenset({0, 1053, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2003, 2006, 2013, 2014, 2055, 4031})
"""The connection is gone: a network that failed, a server that stopped, somebody who ended it."""


def fault_of(error: BaseException, *, committing: bool, place: str) -> CRMError:
    """Return an error of PyMySQL as one of ours. The server's own text can hold personal data, and is left to the cause."""
    if (invalid := of_a_value(error)) is not None:
        return invalid
    number: Any = error.args[0] if error.args and isinstance(error.args[0], int) else None
    if number in _TAKEN:
        return Taken("A unique key is taken.")
    if number in _KNOWN:
        kind, text = _KNOWN[number]
        return kind(text.format(place=place))
    if number in _LOST or type(error).__name__ == "InterfaceError" or isinstance(error, OSError):
        return lost(committing=committing, place=place)
    return StoreError(f"{place} can not serve (error {number or type(error).__name__}).")


def refusal_of(error: BaseException, *, place: str) -> CRMError | None:
    """Return why the server gave no connection; None where it was not reached, or said something else."""
    number: Any = error.args[0] if error.args else None
    if number == _NO_DATABASE:
        return StoreError(NO_DATABASE.format(place=place), code="no_database")
    return StoreError(DENIED.format(place=place), code="denied") if number in _DENIED else None
