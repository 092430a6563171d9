"""What came of an erasure, or would come of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import attrs

from ...records import FrozenMap

NOT_COVERED: Final = (
    "Files on disk are not touched: exports, imported files, reject files and mailboxes that hold this person.",
    "Backups keep what they had: after one is restored, erase this customer again.",
    "Mail and messages that were sent already are with their recipients and providers.",
)
GOES_ON: Final = (
    "Others kept writing about this customer: the erasure is not over; crmkit work, or the same call, goes on."
)


@attrs.frozen(kw_only=True)
class Erasure:
    """What came of erasing a customer; of a dry run, what would.

    Attributes:
        customer: the customer's id, which stays.
        removed: records that are gone, by record type.
        blanked: records that stay without their personal fields, by record type.
        kept: records that stay as they are, because they say nothing personal, by record type.
        log_entries: entries of the log whose values were blanked; the entries themselves stay.
        files: stored files that are gone; a dry run does not count them.
        was_erased: the customer had been erased before.
        operation: the erasure's id in the log; None for a dry run, and where nothing was left to erase.
        notes: what an erasure does not reach, and what the store still holds, a sentence each.
    """

    customer: UUID
    removed: Mapping[str, int] = FrozenMap()
    blanked: Mapping[str, int] = FrozenMap()
    kept: Mapping[str, int] = FrozenMap()
    log_entries: int = 0
    files: int = 0
    was_erased: bool = False
    operation: UUID | None = None
    is_dry_run: bool = False
    notes: tuple[str, ...] = NOT_COVERED

    @property
    def is_empty(self) -> bool:
        """Nothing was left to erase."""
        return not (self.removed or self.blanked or self.log_entries or self.files)

    def __str__(self) -> str:
        sums = (sum(self.removed.values()), sum(self.blanked.values()), sum(self.kept.values()))
        return "removed {:,}  blanked {:,}  kept {:,}".format(*sums) + f"  log entries blanked {self.log_entries:,}"


@attrs.define(eq=False)
class Numbers:
    """The numbers of an erasure while it runs."""

    removed: Counter[str] = attrs.field(factory=Counter[str])
    blanked: Counter[str] = attrs.field(factory=Counter[str])
    kept: Counter[str] = attrs.field(factory=Counter[str])
    log_entries: int = 0
    files: int = 0

    @classmethod
    def of_json(cls, counts: Mapping[str, Any]) -> Numbers:
        """Return the numbers that an operation keeps."""
        by_type = {name: Counter[str](counts.get(name, {})) for name in ("removed", "blanked", "kept")}
        return cls(**by_type, log_entries=counts.get("log_entries", 0), files=counts.get("files", 0))

    def plus(self, other: Numbers) -> Numbers:
        """Return both together."""
        return Numbers(
            self.removed + other.removed, self.blanked + other.blanked, self.kept + other.kept,
            self.log_entries + other.log_entries, self.files + other.files,
        )  # fmt: skip

    @property
    def changes(self) -> int:
        """How much was, or would be, written."""
        return self.removed.total() + self.blanked.total() + self.log_entries + self.files

    def as_json(self) -> dict[str, Any]:
        """Return the numbers as an operation keeps them."""
        by_type = {name: dict(getattr(self, name)) for name in ("removed", "blanked", "kept")}
        return {**by_type, "log_entries": self.log_entries, "files": self.files}

    def result(self, customer: UUID, **more: Any) -> Erasure:
        """Return what is told of it."""
        return Erasure(
            customer=customer, removed=_sorted(self.removed), blanked=_sorted(self.blanked), kept=_sorted(self.kept),
            log_entries=self.log_entries, files=self.files, **more,
        )  # fmt: skip


def _sorted(counts: Counter[str]) -> FrozenMap:
    return FrozenMap(dict(sorted(counts.items())))
