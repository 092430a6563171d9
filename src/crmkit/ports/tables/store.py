"""What stores on tables in memory have in common: the schema is the ledger."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import attrs

from ...errors import StoreError
from ...records import Field, LedgerEntry, Record, declaration_of
from ...records.doubles import doubles
from ...records.text import FOLD_VERSION
from ...records.values import frozen
from ..store import Schema, Store
from .rows import standing_twice
from .transaction import TableTransaction


class TableStore(Store):
    """A store whose records are in memory; what else it does with them is its own."""

    def __init__(self, types: Sequence[type[Record]]) -> None:
        self._types: dict[str, type[Record]] = {declaration_of(of).name: of for of in (*types, LedgerEntry)}

    @abstractmethod
    def begin(self, *, write: bool) -> TableTransaction:
        """Begin a transaction. See ``Store.begin``."""

    # --- schema ---
    def status(self) -> Schema:
        """Compare the ledger with the declarations. See ``Store.status``."""
        kept = self._ledger()
        declared = {f"type:{name}": declaration_of(of).in_ledger for name, of in self._types.items()}
        behind = [key for key, value in declared.items() if key in kept and frozen(kept[key]) != value]
        unknown = {key[5:]: value for key, value in kept.items() if key.startswith("type:") and key not in declared}
        return Schema(
            is_absent=not kept,
            pending=tuple(
                f"Keep the declaration of {key[5:]}." for key in declared if key not in kept or key in behind
            ),
            behind=frozenset(key[5:] for key in behind),
            unknown=unknown,
        )

    def foresee(self, custom_indexes: Mapping[type[Record], Sequence[Field]] | None = None) -> Schema:
        """Look for values that stand twice too. See ``Store.foresee``."""
        found = self.status()
        return attrs.evolve(found, refused={str(error.params["record_type"]): str(error) for error in self._doubles()})

    def upgrade(
        self, custom_indexes: Mapping[type[Record], Sequence[Field]] | None = None
    ) -> tuple[str, ...]:  # memory has no indexes
        """Write the declarations into the ledger. See ``Store.upgrade``."""
        found = self.status()
        for error in self._doubles():
            raise error
        transaction = self.begin(write=True)
        try:
            for name, of in self._types.items():
                transaction.note(f"type:{name}", declaration_of(of).in_ledger)
                if name in found.behind:
                    transaction.claim_keys(of)
            transaction.note("fold", {"version": FOLD_VERSION})
        except BaseException:
            transaction.rollback()
            raise
        transaction.commit()
        return found.pending

    def _doubles(self) -> Iterator[StoreError]:
        """Yield what stands in the way of keys that are new."""
        kept, reading = self._ledger(), self.begin(write=False)
        try:
            for name, of in self._types.items():
                declaration, before = declaration_of(of), kept.get(f"type:{name}")
                known = declaration.unique if before is None else [tuple(key) for key in before["unique"]]
                for key in (key for key in declaration.unique if key not in known):
                    if groups := standing_twice(key, reading.candidates(of)):
                        yield doubles(declaration, key, len(groups), groups)
        finally:
            reading.rollback()

    def _ledger(self) -> Mapping[str, Any]:
        reading = self.begin(write=False)
        entries = cast("Iterable[LedgerEntry]", reading.candidates(LedgerEntry))
        reading.rollback()
        return {entry.key: entry.value for entry in entries}
