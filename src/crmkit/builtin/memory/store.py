"""The memory store: see the package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmkit.errors import InvalidError, StorageBusy, UnsupportedError
from crmkit.ports.store import Capability
from crmkit.ports.tables import Place, TableStore, TableTransaction
from crmkit.records import CORE_TYPES, Record


class MemoryStore(TableStore):
    """Records in memory: ``CRM.open("memory:")``."""

    scheme = "memory"
    capabilities = frozenset[Capability]({"tenants", "blobs"})

    def __init__(
        self,
        types: Sequence[type[Record]] = CORE_TYPES,
        *,
        busy_timeout_s: float = 10.0,
        place: Place | None = None,
        company: str = "",
    ) -> None:
        """Make an empty place, or (``place``, of another store of this class) look at the same one.

        Args:
            busy_timeout_s: how long a writer waits for another one.
        """
        super().__init__(types)
        self._busy_timeout_s, self._company = busy_timeout_s, company
        self._place = place or Place()
        self._space = self._place.space(company)

    @classmethod
    def open(
        cls,
        url: Any,
        types: Sequence[type[Record]],
        *,
        schema: str = "",
        prefix: str = "",
        options: Mapping[str, Any] | None = None,
    ) -> MemoryStore:
        """Return an empty store; ``options``: ``busy_timeout_s``. See ``Store.open``."""
        if url not in ("memory", "memory:", "memory://"):
            raise InvalidError(f"{url!r} names no memory store: write 'memory:'.", code="url")
        if schema or prefix:
            raise UnsupportedError("The memory store has no schema and no prefix: use tenant(name).")
        return cls(types, **(options or {}))

    def begin(self, *, write: bool) -> TableTransaction:
        """Begin a transaction on the state that is committed now. See ``Store.begin``."""
        if write and not self._space.lock.acquire(timeout=self._busy_timeout_s):
            raise StorageBusy(
                f"Another writer holds the memory store for more than {self._busy_timeout_s:g} s: try later."
            )
        return TableTransaction(self._space, self._types, is_writer=write)

    def with_types(self, types: Sequence[type[Record]]) -> MemoryStore:
        """Return the same place with other record types. See ``Store.with_types``."""
        return type(self)(types, busy_timeout_s=self._busy_timeout_s, place=self._place, company=self._company)

    def tenant(self, name: str) -> MemoryStore:
        """Return the store of one company beside the others. See ``Store.tenant``."""
        types = tuple(self._types.values())
        return type(self)(types, busy_timeout_s=self._busy_timeout_s, place=self._place, company=self._lead + name)

    def tenants(self) -> tuple[str, ...]:
        """Return the names of the companies. See ``Store.tenants``."""
        lead = self._lead
        names = sorted(key[len(lead) :] for key in tuple(self._place.spaces) if key and key.startswith(lead))
        return tuple(name for name in names if "/" not in name and not self.tenant(name).status().is_absent)

    @property
    def _lead(self) -> str:
        """What the names of the spaces of its companies begin with."""
        return f"{self._company}/" if self._company else ""
