"""The memory store: see the package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from crmkit.errors import InvalidError, StorageBusy, UnsupportedError
from crmkit.ports.store import Capability, Schema, Store
from crmkit.records import CORE_TYPES, Field, LedgerEntry, Record, declaration_of
from crmkit.records.ledger import declaration_to_json
from crmkit.records.text import FOLD_VERSION

from .tables import Place
from .transaction import MemoryTransaction


class MemoryStore(Store):
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
        self._types = {declaration_of(of).name: of for of in (*types, LedgerEntry)}
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

    def begin(self, *, write: bool) -> MemoryTransaction:
        """Begin a transaction on the state that is committed now. See ``Store.begin``."""
        if write and not self._space.lock.acquire(timeout=self._busy_timeout_s):
            raise StorageBusy(
                f"Another writer holds the memory store for more than {self._busy_timeout_s:g} s: try later."
            )
        return MemoryTransaction(self._space, self._types, is_writer=write)

    def with_types(self, types: Sequence[type[Record]]) -> MemoryStore:
        """Return the same place with other record types. See ``Store.with_types``."""
        return type(self)(types, busy_timeout_s=self._busy_timeout_s, place=self._place, company=self._company)

    def tenant(self, name: str) -> MemoryStore:
        """Return the store of one company beside the others. See ``Store.tenant``."""
        types = tuple(self._types.values())
        return type(self)(types, busy_timeout_s=self._busy_timeout_s, place=self._place, company=name)

    # --- schema ---
    def status(self) -> Schema:
        """Compare the ledger with the declarations. See ``Store.status``."""
        kept = self._ledger()
        declared = {f"type:{name}": declaration_to_json(declaration_of(of)) for name, of in self._types.items()}
        behind = [key for key, value in declared.items() if key in kept and _plain(kept[key]) != _plain(value)]
        unknown = {key[5:]: value for key, value in kept.items() if key.startswith("type:") and key not in declared}
        return Schema(
            is_absent=not kept,
            pending=tuple(
                f"Keep the declaration of {key[5:]}." for key in declared if key not in kept or key in behind
            ),
            behind=frozenset(key[5:] for key in behind),
            unknown=unknown,
        )

    def upgrade(
        self, custom_indexes: Mapping[type[Record], Sequence[Field]] | None = None
    ) -> tuple[str, ...]:  # memory has no indexes
        """Write the declarations into the ledger. See ``Store.upgrade``."""
        pending = self.status().pending
        transaction = self.begin(write=True)
        try:
            for name, of in self._types.items():
                transaction.note(f"type:{name}", declaration_to_json(declaration_of(of)))
            transaction.note("fold", {"version": FOLD_VERSION})
        except BaseException:
            transaction.rollback()
            raise
        transaction.commit()
        return pending

    def _ledger(self) -> Mapping[str, Any]:
        table = self._space.tables.get(declaration_of(LedgerEntry).name)
        entries = () if table is None else cast("Iterable[LedgerEntry]", table.rows.values())
        return {entry.key: entry.value for entry in entries}


def _plain(value: Any) -> Any:
    """Return a JSON value with lists for tuples, so that what was kept compares with what is declared."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("Sequence[Any]", value)]
    return value
