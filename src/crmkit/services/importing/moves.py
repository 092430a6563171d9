"""Keeping rows of stage changes: each moves a record along its pipeline, in the order of the file, at its own instant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from ...query import each
from ...records import AnyRef, Record, Span, StageChange, Staged
from .drafts import Draft, Outcome, ReadRow
from .keeping import RecordKeeper
from .mapping import Target
from .references import References
from .targets import ImportTarget

Move = tuple[AnyRef, str, datetime]


class MoveKeeper(RecordKeeper):
    """Moves of staged records; the same one (record, stage, instant) twice is one."""

    def keep(self, rows: Sequence[ReadRow]) -> list[Outcome]:
        """Make the moves, in their order; several rows may be about one record."""
        drafts = [self._drafted(row) for row in rows]
        References(self.work, self.target.references, self._own).look_up(drafts)
        records = self._records(self._good(drafts))
        made = self._made(records)
        return [self._moved(draft, records, made) for draft in drafts]

    def _moved(self, draft: Draft, records: dict[AnyRef, Any], made: set[Move]) -> Outcome:
        if draft.problem is not None:
            return (draft.problem,)
        ref, stage, at = draft.fields["record"], draft.more["stage"], draft.fields["at"]
        if ref not in records:
            draft.refuse("not-staged", "record", what=ref.type.replace("_", " "))
            return draft.outcome
        if (ref, stage, at) in made:
            return "unchanged"
        words = {name: draft.fields.get(name, "") for name in ("reason", "side", "note")}
        before, records[ref] = records[ref], self.work.move(records[ref], stage, at=at, **words)
        if records[ref] is before and (ref, stage, at) not in self._made({ref: before}):
            return "unchanged"  # it stood there already
        made.add((ref, stage, at))
        return "added"

    def _records(self, drafts: Sequence[Draft]) -> dict[AnyRef, Any]:
        ids: dict[str, set[UUID]] = {}
        for draft in drafts:
            ref = draft.fields["record"]
            ids.setdefault(ref.type, set()).add(ref.id)
        found: dict[AnyRef, Any] = {}
        for name, wanted in ids.items():
            of: type[Record] = self.work.house.by_name[name]
            if issubclass(of, Staged):
                found |= {AnyRef(name, one): record for one, record in self.work.get_many(of, wanted).items()}
        return found

    def _made(self, records: dict[AnyRef, Any]) -> set[Move]:
        if not records:
            return set()
        refs, s = list(records), each(Span)
        changes = self.work.find(StageChange, each(StageChange).record.in_(refs))
        entered = self.work.find(
            Span, s.record.in_(refs), s.field == "stage"
        )  # also where a record began: no move led there
        return {
            *((change.record, change.to_stage, change.at) for change in changes),
            *((span.record, span.value, span.entered_at) for span in entered),
        }

    @classmethod
    def identities(cls, target: ImportTarget) -> list[frozenset[str]]:
        """None: a move is known by record, stage and instant."""
        return []

    @classmethod
    def signature(cls, target: ImportTarget, row: ReadRow) -> list[Any]:
        """Nothing: rows about one record stay in the order of the file."""
        return []


def of_moves(plain: ImportTarget, columns: Iterable[str]) -> ImportTarget:
    """Return the target of stage changes: what a move takes; where the record came from is known."""
    fields = {field.name: field for field in plain.fields}
    stage = Target(name="stage", kind="code", required=True, aliases=("to_stage",))
    own = ("record", "at", "reason", "side", "note")
    return attrs.evolve(plain, fields=(stage, *(fields[name] for name in own)))
