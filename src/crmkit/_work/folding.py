"""Search keys that are made once more, of texts that older code may have written without."""

from __future__ import annotations

from ..ports.store import Add, Remove
from ..query import Find
from ..records import LedgerEntry
from ..records.ledger import FOLD_AGAIN, FOLDING
from .unit import Unit


def fold_again(unit: Unit) -> None:
    """Let the next upgrade of the store make them: no older code runs any more."""
    tx = unit.to_write()
    waiting = [entry for entry in tx.find(Find(of=LedgerEntry)) if entry.key.startswith(FOLD_AGAIN)]
    names = [entry.key.removeprefix(FOLD_AGAIN) for entry in waiting]
    made = [Add(LedgerEntry(key=FOLDING + name, created_at=unit.now)) for name in names]
    if waiting:
        tx.write([*map(Remove, waiting), *made])
