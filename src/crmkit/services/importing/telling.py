"""What rows said before: the same row again says nothing new, so what was done to its record since stays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...ports.work import Work
from ...query import each
from ...records import AnyRef, ImportedRow
from ...records.ids import new_ids
from .drafts import Draft
from .mapping import ImportMapping
from .targets import ImportTarget

_NAMES: Final = ("id", "external_id", "external_ids", "question")
"""What tells the rows of one record apart: several answers may be one response."""


def stream_of(name: str, mapping: ImportMapping) -> str:
    """Return what files have in common that are imported as the same and read by the same mapping."""
    return _short(f"{name}\n{mapping.columns!r}")


class Told:
    """What the rows of a batch say, and what was said before, in one unit of work."""

    def __init__(self, work: Work, target: ImportTarget) -> None:
        self._work, self._stream, self._type = work, target.stream, target.declaration.name
        unit: Any = work
        self._operation = unit.operation
        self._references = target.references

    def recognise(self, drafts: Sequence[Draft]) -> None:
        """Mark the rows that say what they said before."""
        known = [draft for draft in drafts if draft.old is not None]
        if self._stream and known:
            said = self._said_of(known)
            for draft in known:
                draft.is_told = said.get((draft.old.id, _key(draft))) == self._digest(draft)

    def note(self, drafts: Sequence[Draft]) -> None:
        """Keep what rows say of the records that they became."""
        mine = [draft for draft in drafts if draft.kept is not None and draft.problem is None]
        if self._stream and mine:
            self._work.add(
                [
                    ImportedRow(
                        id=one, record=AnyRef(self._type, draft.kept.id), stream=self._stream, key=_key(draft),
                        digest=self._digest(draft), operation=self._operation,
                    )
                    for one, draft in zip(new_ids(len(mine)), mine, strict=True)
                ]
            )  # fmt: skip

    def _said_of(self, drafts: Sequence[Draft]) -> Mapping[tuple[Any, str], str]:
        """Return what was last said, by record and key."""
        r = each(ImportedRow)
        refs = [AnyRef(self._type, draft.old.id) for draft in drafts]
        found = self._work.find(ImportedRow, r.stream == self._stream, r.record.in_(refs), order=[r.id])
        return {(one.record.id, one.key): one.digest for one in found}

    def _digest(self, draft: Draft) -> str:
        """Return the digest of a row, with which of its references were found: one that is found later is news."""
        found = [name for name in self._references if name in draft.fields or name in draft.more]
        return _short(f"{draft.row.said!r}{found}")


def _key(draft: Draft) -> str:
    values = draft.row.values
    named = [value for name in _NAMES if name in values and (value := values[name])]
    return _short(repr(named)) if named else ""


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]
