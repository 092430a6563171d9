"""Undoing an import: unit by unit, the last one first; each is undone in a unit of work of its own, which the log calls undone.

Wherever it is interrupted, the same call goes on behind the last unit that was undone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import attrs

from ...errors import ConflictError
from ...ports.work import Service, verb
from ...query import count, each
from ...records import AnyRef, Id, ImportedRow, Leftover, Operation, Record, StageChange, Unit, declaration_of, new_id
from .fates import Reason, as_before, missing, staying, touched, without
from .past import undo_of

KIND: Final = "imports.undo"
SHOWN: Final = 1_000
Told = Callable[[int], None]
_LEFT: Final = {
    "changed": "it was changed since ({by})", "used": "a {by} refers to it", "part": "it belongs to a {by} that stays",
    "gone": "it was removed since", "taken": "what it had is another record's now", "absent": "the {by} that it named is gone",
}  # fmt: skip


@attrs.frozen(kw_only=True)
class UndoResult:
    """What came of undoing an import.

    Attributes:
        import_id: the import's operation.
        removed: records that it had created and that are gone.
        restored: records that it had changed and that are what they were.
        left: how many records stay as they are.
        leftovers: the first thousand of them, each with its reason.
        operation: the undoing's id in the log; None for a dry run.
        is_dry_run: nothing was written.
    """

    import_id: UUID
    file: str
    removed: int = 0
    restored: int = 0
    left: int = 0
    leftovers: tuple[Leftover, ...] = ()
    operation: UUID | None = None
    is_dry_run: bool = False

    def __str__(self) -> str:
        return f"removed {self.removed:,}  restored {self.restored:,}  left {self.left:,}"


def reason_of(leftover: Leftover) -> str:
    """Return in English why a record was left as it is."""
    return _LEFT[leftover.reason].format(by=leftover.by.replace("_", " ") or "record")


class _DryRun(Exception):  # it ends a unit of work so that nothing of it is kept
    pass


class Undoing(Service):
    """The undoing of imports; ``Imports.undo`` is its face."""

    def run(self, done: Operation, *, dry_run: bool, progress: Told) -> UndoResult:
        """Undo an import that is over."""
        units = [unit.id for unit in self.unit.find(Unit, each(Unit).operation == done.id, order=[-each(Unit).id])]
        return self._dry(done, units, progress) if dry_run else self._real(done, units, progress)

    def _real(self, done: Operation, units: Sequence[UUID], progress: Told) -> UndoResult:
        undo = self.batch(lambda me: me._begun(done, undo_of(done) or new_id()))
        behind = UUID(undo.position["unit"]) if "unit" in undo.position else None
        for unit in units:
            if behind is None or unit < behind:
                undo = self.batch(_of_unit(done, undo, unit), origin="undone", operation=undo.id)
                progress(undo.counts["removed"] + undo.counts["restored"])
        while self.batch(lambda me: me._forgot(done), origin="undone", operation=undo.id):
            pass
        undo = self.batch(lambda me: me.replace(attrs.evolve(undo, status="done", finished_at=me.now)))
        return self._result(done, undo, self)

    def _dry(self, done: Operation, units: Sequence[UUID], progress: Told) -> UndoResult:
        found: list[UndoResult] = []
        operation = undo_of(done) or new_id()

        def look(me: Undoing) -> None:
            undo = me._begun(done, operation)
            for unit in units:
                undo = _of_unit(done, undo, unit)(me)
                progress(undo.counts["removed"] + undo.counts["restored"])
            found[:] = [me._result(done, undo, me)]
            raise _DryRun

        try:
            self.batch(look, origin="undone", operation=operation)
        except _DryRun:
            return attrs.evolve(found[0], operation=None, is_dry_run=True)
        raise AssertionError("a dry run never ends without undoing what it tried")

    def _begun(self, done: Operation, id: UUID) -> Operation:
        """Return the undoing's operation: begun now, or the one that was interrupted."""
        now = self.unit.get(Operation, done.id)
        if undo_of(now) is not None:
            return self.unit.get(Operation, Id(id))
        undo = Operation(
            id=id, kind=KIND, actor=self.actor, origin="undone", started_at=self.now, about={"import": str(done.id), "file": done.about.get("file", "")},
            counts={"removed": 0, "restored": 0},
        )  # fmt: skip
        self.replace(attrs.evolve(now, status="undone", about={**now.about, "undo": str(undo.id)}))
        return self.add(undo)

    def _forgot(self, done: Operation) -> bool:
        """Forget what some rows of an import said, so that they can be imported again; return whether there were any."""
        with self.unit.unnarrowed():
            said = self.unit.find(ImportedRow, each(ImportedRow).operation == done.id, limit=SHOWN)
            self.unit.discard(list(said))
        return bool(said.records)

    def _result(self, done: Operation, undo: Operation, me: Undoing) -> UndoResult:
        x = each(Leftover)
        return UndoResult(
            import_id=done.id, file=str(done.about.get("file", "")), removed=undo.counts["removed"], restored=undo.counts["restored"],
            left=me.tally(Leftover, x.operation == done.id, n=count())[0].n,
            leftovers=tuple(me.find(Leftover, x.operation == done.id, order=[x.id], limit=SHOWN)), operation=undo.id,
        )  # fmt: skip

    # --- inside a unit of work ---
    def unit_undone(self, done: Operation, undo: Operation, unit: UUID) -> Operation:
        """Undo one unit of an import in this one; return how far the undoing is."""
        found = touched(self.unit, unit, frozenset({done.id, undo.id}))
        removed = restored = 0
        if found.entries:
            before, left = as_before(found)
            own = {ref: before.pop(ref) for ref in list(before) if ref.id in found.made}
            left |= missing(self.unit, before, found)
            others = [record for ref, record in before.items() if ref not in left]
            taken = self._restored(others, unit)
            stays = staying(self.unit, found)
            goes = [record for ref, record in found.created.items() if ref not in stays]
            self.unit.rehome(without(own, found, {_ref(record) for record in goes}))
            self._unturn(goes, unit)
            self.unit.discard(goes)
            taken = self._restored(taken, unit)  # what stood in the way may have been of the same import
            left |= stays | {_ref(record): Reason("taken") for record in taken}
            self._note(done, left)
            removed, restored = len(goes), len(others) - len(taken)
        counts = {"removed": undo.counts["removed"] + removed, "restored": undo.counts["restored"] + restored}
        return self.replace(attrs.evolve(undo, position={"unit": str(unit)}, counts=counts))

    def _restored(self, records: Sequence[Record], since: UUID) -> list[Record]:
        """Restore records; return those whose unique keys are taken."""
        try:
            self._together(records, since)
        except ConflictError:
            middle = len(records) // 2
            if not middle:
                return list(records)
            return self._restored(records[:middle], since) + self._restored(records[middle:], since)
        return []

    @verb
    def _together(self, records: Sequence[Record], since: UUID) -> None:
        self.unit.restore(records, since=since)

    def _unturn(self, goes: Sequence[Record], since: UUID) -> None:
        """Undo the spans of moves that were told late: they changed no record."""
        gone = {_ref(record) for record in goes}
        moved: dict[str, set[UUID]] = {}
        for record in goes:
            if isinstance(record, StageChange) and record.record not in gone:
                moved.setdefault(record.record.type, set()).add(record.record.id)
        for name, ids in moved.items():
            self.unit.restore(list(self.unit.get_many(self.unit.house.by_name[name], ids).values()), since=since)

    def _note(self, done: Operation, left: dict[AnyRef, Reason]) -> None:
        x = each(Leftover)
        known = {
            one.record_id for one in self.find(Leftover, x.operation == done.id, x.record_id.in_([r.id for r in left]))
        }
        self.add([
            Leftover(operation=done.id, record_type=ref.type, record_id=ref.id, reason=why.code, by=why.by)
            for ref, why in left.items()
            if ref.id not in known
        ])  # fmt: skip


def _of_unit(done: Operation, undo: Operation, unit: UUID) -> Callable[[Undoing], Operation]:
    def work(me: Undoing) -> Operation:
        with me.unit.unnarrowed():
            return me.unit_undone(done, undo, unit)

    return work


def _ref(record: Record) -> AnyRef:
    return AnyRef(declaration_of(type(record)).name, record.id)
