"""Tables in memory: what stores are made of that hold their records in memory (the memory store, ``SnapshotStore``).

Writers are serialised by one lock; a reader sees one committed state.
"""

from __future__ import annotations

from .rows import Place, Space, Table
from .store import TableStore
from .transaction import TableTransaction, Undo

__all__ = ["Place", "Space", "Table", "TableStore", "TableTransaction", "Undo"]
