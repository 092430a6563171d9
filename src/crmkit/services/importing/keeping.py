"""Keeping a batch of rows as records of one type: new ones are added, known ones changed where the row differs.

Which record a row is about: the one with its id, its external id, or the values of a unique key of its type; else it is
a new one. An empty cell says nothing and leaves what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs

from ...errors import ConflictError
from ...ports.work import Work
from ...query import each
from ...records import AnyRef, Digest, ExternalId
from ...records.border import custom_kept
from ...records.ids import new_ids
from ...records.values import KeptMap
from .drafts import Draft, Entry, Outcome, ReadRow
from .references import References, external_ids, external_of, keep_new
from .targets import ImportTarget
from .telling import Told
from .values import ExternalKey, Lookup

_CLOSED: Final = ("won", "lost")


class RecordKeeper:
    """Keeps rows of one target, a batch at a time, in one unit of work. What no target refuses, the unit still may."""

    def __init__(self, work: Work, target: ImportTarget) -> None:
        self.work, self.target, self.declaration = work, target, target.declaration
        self._own = {field.name: _CONVERTED.get(field.kind) for field in self.declaration.own_fields}
        self._required = target.required
        self._json = {field.name for field in self.declaration.own_fields if field.kind == "json"}
        self._custom = {f"custom.{key}": key for key in target.custom}

    def keep(self, rows: Sequence[ReadRow]) -> list[Outcome]:
        """Keep rows, no two of which are about one record; return what became of each, in their order.

        Raises:
            InvalidError, RefusedError, ConflictError: a row can not be kept, and nothing says which.
        """
        drafts = [self._drafted(row) for row in rows]
        References(self.work, self.target.references, self._own).look_up(drafts)
        self.identify(self._good(drafts))
        told = Told(self.work, self.target)
        told.recognise(self._good(drafts))
        for draft in self._good(drafts):
            self.check(draft)
        good = self._good(drafts)
        keep_new(self.work, good)
        self._add([draft for draft in good if draft.old is None])
        self._change([draft for draft in good if draft.old is not None])
        self._name(good)
        self.complete(good)
        told.note(good)
        return [draft.outcome for draft in drafts]

    # --- for rows that become several records ---
    @classmethod
    def signature(cls, target: ImportTarget, row: ReadRow) -> list[Any]:
        """Return by what the record of a row is known: two rows of one batch must not share any of it."""
        values = row.values
        known: list[Any] = [("id", values["id"])] if values.get("id") else []
        keys = (values.get("external_id"), *(values.get("external_ids") or ()))
        known += [("external", *external_of(key, target.of)) for key in keys if isinstance(key, ExternalKey)]
        for key in target.declaration.unique:
            parts = tuple(values.get(name) for name in key)
            if None not in parts:
                known.append((key, parts))
        return known

    @classmethod
    def identities(cls, target: ImportTarget) -> list[frozenset[str]]:
        """Return the targets by which a record is known, each set together; none where rows need no names of their own."""
        if target.declaration.coarse:
            return []
        return [*map(frozenset, (("id",), ("external_id",), ("external_ids",), *target.declaration.unique))]

    @classmethod
    def words(cls, target: ImportTarget, row: ReadRow) -> set[str]:
        """Return what other rows of the file may call the record of a row."""
        values = row.values
        keys = (values.get("external_id"), *(values.get("external_ids") or ()))
        named = {key.value for key in keys if isinstance(key, ExternalKey)}
        return named | {str(values[name]) for name in ("id", "key", "name", "title") if values.get(name)}

    def identify(self, drafts: Sequence[Draft]) -> None:
        """Find the record that each row is about, where there is one."""
        self._by_id([draft for draft in drafts if "id" in draft.more])
        self._by_external_id([d for d in drafts if d.old is None and {"external_id", "external_ids"} & d.more.keys()])
        self._by_external_id([draft for draft in drafts if draft.old is None and draft.row.name is not None])
        for key in self.declaration.unique:
            self._by_key(key, [d for d in drafts if d.old is None and all(d.fields.get(n) is not None for n in key)])

    def check(self, draft: Draft) -> None:
        """Refuse a row that can not be kept."""
        if draft.old is None:
            for name in self._required:
                if name not in draft.fields:
                    draft.refuse("required", name)
        elif self.declaration.mode == "append_only" and self._differing(draft):
            draft.refuse("fact", None, what=self.declaration.name.replace("_", " "))

    def entry(self, draft: Draft) -> Entry:
        """Return how a new record enters."""
        fields: dict[str, Any] = {**draft.fields, "custom": draft.custom} if draft.custom else draft.fields
        at = draft.more.get("at") or self.began(draft)
        closing = self._closing(draft)
        if closing is None:
            return Entry(self.target.of(**fields), at or draft.fields.get("closed_at"))
        opened, stage, closed, reason = closing
        fields = {name: value for name, value in fields.items() if name not in ("stage", "closed_at", "reason")}
        return Entry(self.target.of(**fields), opened, (stage, closed, reason))

    def began(self, draft: Draft) -> datetime | None:
        """Return since when a new record's values hold, where the row says so."""
        return draft.fields.get("opened_at")

    def complete(self, drafts: Sequence[Draft]) -> None:
        """Keep what belongs to the records."""
        return

    # --- reading a row ---
    def _drafted(self, row: ReadRow) -> Draft:
        draft = Draft(row)
        for name, value in row.values.items():
            if value is None or (value == () and name not in self._json):
                continue
            if name in self._own:
                self._put(draft, name, value)
            elif name in self._custom:
                draft.custom[self._custom[name]] = value
            elif not isinstance(value, Lookup):
                draft.more[name] = value
        return draft

    def _put(self, draft: Draft, name: str, value: Any) -> None:
        convert = self._own[name]
        if isinstance(value, Lookup):
            return
        try:
            draft.fields[name] = value if convert is None else convert(value)
        except ValueError:
            draft.refuse("not-an-id", name, value=value)

    @staticmethod
    def _good(drafts: Sequence[Draft]) -> list[Draft]:
        return [draft for draft in drafts if draft.problem is None and not draft.is_told]

    # --- which record ---
    def _by_id(self, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            try:
                draft.fields["id"] = UUID(draft.more["id"])
            except ValueError:
                draft.refuse("not-an-id", "id", value=draft.more["id"])
        found = self.work.get_many(self.target.of, [d.fields["id"] for d in self._good(drafts)])
        for draft in self._good(drafts):
            draft.old = found.get(draft.fields["id"])

    def _by_external_id(self, drafts: Sequence[Draft]) -> None:
        asked = {id(draft): self._naming_keys(draft) for draft in drafts}
        held = external_ids(self.work, [key for keys in asked.values() for key in keys])
        mine = [one.record.id for one in held.values() if one.record.type == self.declaration.name]
        records = self.work.get_many(self.target.of, mine)
        for draft in drafts:
            holders = {held[key].record: key for key in asked[id(draft)] if key in held}
            column = (
                "external_ids" if "external_ids" in draft.more and "external_id" not in draft.more else "external_id"
            )
            if len(holders) > 1:
                draft.refuse("ambiguous", column, value=":".join(asked[id(draft)][0]), count=len(holders))
            for holder, key in holders.items():
                draft.old = records.get(holder.id)
                if draft.old is None:
                    draft.refuse("external-id-taken", column, value=":".join(key), what=holder.type)

    def _naming_keys(self, draft: Draft) -> list[tuple[str, str]]:
        """Return the external ids by which a row names its record: its own, else all that it has, else what it says."""
        own = [draft.more["external_id"]] if "external_id" in draft.more else draft.more.get("external_ids", ())
        return [external_of(key, self.target.of) for key in own or filter(None, [draft.row.name])]

    def _by_key(self, key: tuple[str, ...], drafts: Sequence[Draft]) -> None:
        if not drafts:
            return
        fields = each(self.target.of)
        where = [getattr(fields, name).in_({d.fields[name] for d in drafts}) for name in key]
        found = {tuple(getattr(r, n) for n in key): r for r in self.work.find(self.target.of, *where)}
        for draft in drafts:
            draft.old = found.get(tuple(draft.fields[name] for name in key))

    # --- writing ---
    def _add(self, drafts: Sequence[Draft]) -> None:
        if not drafts:
            return
        if not self.declaration.coarse:
            for draft, new in zip(drafts, new_ids(len(drafts)), strict=True):
                draft.fields.setdefault("id", new)
        entries = [self.entry(draft) for draft in drafts]
        kept = self.work.add([entry.record for entry in entries], at=[entry.at for entry in entries])
        for draft, entry, record in zip(drafts, entries, kept, strict=True):
            draft.kept = record
            if entry.closing is not None:
                stage, at, reason = entry.closing
                draft.kept = self.work.move(record, stage, reason=reason, at=at)

    def _closing(self, draft: Draft) -> tuple[datetime, str, datetime, str] | None:
        """Return the first instant and the last move of a record that was opened and closed: its path is then known, not only its end."""
        at, began, closed = draft.more.get("at"), self.began(draft), draft.fields.get("closed_at")
        opened, closed = (began, at) if closed is None else (at or began, closed)
        if opened is None or closed is None or opened > closed:
            return None
        if "stage" not in draft.fields or "closed_at" not in self.declaration.by_name or not self.declaration.staged:
            return None
        unit: Any = self.work
        definitions = unit.definitions
        name, pipeline = self.declaration.name, draft.fields.get("pipeline")
        path = definitions.path(name, pipeline) if pipeline else definitions.entered(name)
        if path is None or path.stage(draft.fields["stage"]).state not in _CLOSED:
            return None
        return opened, draft.fields["stage"], closed, draft.fields.get("reason", "")

    def _change(self, drafts: Sequence[Draft]) -> None:
        differing = [(draft, found) for draft in drafts if (found := self._differing(draft))]
        for draft in drafts:
            draft.kept = draft.old
        moving = [(draft, found.pop("stage")) for draft, found in differing if self._moves(draft, found)]
        replaced = [(draft, attrs.evolve(draft.old, **found)) for draft, found in differing if found]
        at = [draft.more.get("at") for draft, _ in replaced]
        kept = self.work.replace([record for _, record in replaced], at=at) if replaced else []
        for (draft, _), record in zip(replaced, kept, strict=True):
            draft.kept, draft.is_changed = record, record.version != draft.old.version
        for draft, stage in moving:
            self._move(draft, stage)

    def _moves(self, draft: Draft, found: dict[str, Any]) -> bool:
        return "stage" in found and "pipeline" not in found and bool(draft.old.pipeline)

    def _move(self, draft: Draft, stage: str) -> None:
        at = draft.more.get("at") or draft.fields.get("closed_at")
        draft.kept = self.work.move(draft.kept, stage, reason=draft.fields.get("reason", ""), at=at)
        draft.is_changed = True

    def _differing(self, draft: Draft) -> dict[str, Any]:
        old = draft.old
        found = {n: value for n, value in draft.fields.items() if n != "id" and getattr(old, n) != value}
        if draft.custom:
            kept = custom_kept(self.target.custom, draft.custom, self.declaration.name)
            if any(old.custom.get(key) != value for key, value in kept.items()):
                found["custom"] = KeptMap({**old.custom, **kept})
        return found

    # --- external ids ---
    def _name(self, drafts: Sequence[Draft]) -> None:
        """Keep the external ids that rows give their records."""
        wanted: dict[tuple[str, str], Draft] = {}
        for draft in drafts:
            for key in self._external_keys(draft):
                holder = wanted.setdefault(key, draft)
                if holder is not draft:
                    raise _taken(key, "external_ids")
        if not wanted:
            return
        known = [key for key, draft in wanted.items() if draft.old is not None or "external_ids" in draft.more]
        held = external_ids(self.work, known)
        for key, draft in wanted.items():
            if key in held and held[key].record.id != draft.kept.id:
                raise _taken(key, "external_ids")
        new = [(key, draft) for key, draft in wanted.items() if key not in held]
        name = self.declaration.name
        self.work.add(
            [
                ExternalId(id=one, record=AnyRef(name, draft.kept.id), source=source, value=value)
                for one, ((source, value), draft) in zip(new_ids(len(new)), new, strict=True)
            ]
        )
        for _, draft in new:
            draft.is_changed = True

    def _external_keys(self, draft: Draft) -> list[tuple[str, str]]:
        own = [draft.more["external_id"]] if "external_id" in draft.more else []
        own += [draft.row.name] if draft.row.name is not None else []
        return [external_of(key, self.target.of) for key in (*own, *draft.more.get("external_ids", ()))]


def _taken(key: tuple[str, str], field: str) -> ConflictError:
    return ConflictError(
        f"The external id {key[0]}:{key[1]} is another record's already.", code="external_id_taken", field=field
    )


def _codes(value: Any) -> frozenset[str]:
    return frozenset(value)


def _plain_id(value: Any) -> Any:
    return UUID(value) if isinstance(value, str) else value


_CONVERTED: Final[dict[str, Callable[[Any], Any]]] = {
    "codes": _codes,
    "ref": _plain_id,
    "digest": lambda value: Digest(bytes.fromhex(value)),
}
