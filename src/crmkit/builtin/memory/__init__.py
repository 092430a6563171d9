"""The memory store: the reference that other stores are compared with, and the store of tests and notebooks.

Writers are serialised by one lock; a reader sees one committed state. Nothing outlives the process.
"""

from __future__ import annotations

from crmkit.ports.plugin import Plugin
from crmkit.ports.tables import TableTransaction as MemoryTransaction

from .store import MemoryStore

__all__ = ["MemoryStore", "MemoryTransaction", "plugin"]

plugin = Plugin("memory", offers=(MemoryStore,))
