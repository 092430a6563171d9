"""Writing: each call is one change (a sequence, one batch): normalised, adjusted, checked, written, versioned and logged."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from ..errors import ConflictError, InvalidError, NotFoundError, RefusedError, TryAgain
from ..ports.store import Add, NotApplied, Rehome, Remove, Replace, Write
from ..ports.work import Change, Instants
from ..query import each
from ..records import Declaration, KeptField, KeptPipeline, KeptStage, Record, Staged, declaration_of, short_id
from ..records.as_json import changed_fields, to_json
from ..records.border import custom_kept
from ..records.ids import random_id
from ..records.values import EMPTY, KeptMap
from .belonging import Homes, dependents
from .spans import drop_spans, first_spans, spans_of, turn_span
from .staging import closed, entered
from .tombs import Tombs

if TYPE_CHECKING:
    from .log import Log
    from .unit import Unit

_DEFINING = frozenset({KeptField, KeptPipeline, KeptStage})
Told = Callable[[Record], Mapping[str, Any]]
Changes = Callable[[Record, Record], Mapping[str, Any]]


class Writer:
    """The writes of one unit of work."""

    def __init__(self, unit: Unit, log: Log) -> None:
        self._unit, self._log = unit, log
        self._homes, self._tombs = Homes(unit), Tombs(unit)
        self._read: set[tuple[UUID, int]] = set()

    # --- add ---
    def add(self, records: Sequence[Record], name: str, at: Instants) -> list[Record]:
        """Keep new records of one type."""
        if not records:
            return []
        declaration = self._declaration(records)
        tx = self._unit.to_write()
        made = self._all_ready(declaration, records)
        if _closes(declaration):
            since = _instants(at, len(made), self._unit.now)
            made = [closed(record, None, one) for record, one in zip(made, since, strict=True)]
        made = self._through_hooks(declaration, made, [None] * len(made))
        kept = self._stamped(declaration, made, [1] * len(made))
        self._tombs.refuse_new(declaration, kept)
        self._in_sight(declaration, kept, tx.write([Add(record) for record in kept]))
        self._homes.learn(declaration, kept)
        self._tombs.learn(declaration, kept)
        self._log_added(declaration, kept, name, at)
        return kept

    def _log_added(self, declaration: Declaration, kept: Sequence[Record], name: str, at: Instants) -> None:
        if declaration.of in _DEFINING:
            self._unit.defined_anew()
        if declaration.mode == "operational" or declaration.coarse:
            return
        name = name or f"{declaration.name}.added"
        for record, since in zip(kept, _instants(at, len(kept), self._unit.now), strict=True):
            self._log.note(name, declaration.name, record, None)
            if declaration.histories:
                for span in first_spans(self._unit, declaration, record, since):
                    self._log.span(span)

    # --- replace ---
    def replace(self, records: Sequence[Record], name: str, at: Instants) -> list[Record]:
        """Keep changed records of one type; those that do not differ from what is kept are left as they are."""
        if not records:
            return []
        declaration = self._declaration(records)
        if declaration.mode == "append_only":
            raise InvalidError(
                f"A {declaration.name} is a fact and is never changed: add a new one.", code="append_only"
            )
        tx = self._unit.to_write()
        before = tx.get(declaration.of, [record.id for record in records])
        olds = [self._current(declaration, record, before) for record in records]
        made = [self._ready(declaration, record, old) for record, old in zip(records, olds, strict=True)]
        ids: list[UUID] = [record.id for record in records]
        since = dict(zip(ids, _instants(at, len(records), self._unit.now), strict=True))
        if _closes(declaration):
            made = [closed(new, old, since[new.id]) for old, new in zip(olds, made, strict=True)]
        late = {} if at is None else self._late(declaration, olds, made, since)
        made = [
            attrs.evolve(new, **_now(old, late[new.id])) if new.id in late else new
            for old, new in zip(olds, made, strict=True)
        ]
        made = self._through_hooks(declaration, made, olds)
        pairs = [
            (old, new)
            for old, new in zip(olds, made, strict=True)
            if declaration.mode == "operational" or changed_fields(old, new)
        ]
        kept = self._stamped(
            declaration, [new for _, new in pairs], [old.version + 1 for old, _ in pairs], [old for old, _ in pairs]
        )
        self._tombs.refuse_changes(declaration, [(old, new) for (old, _), new in zip(pairs, kept, strict=True)])
        self._in_sight(
            declaration,
            kept,
            tx.write([_replacing(declaration, old, new) for (old, _), new in zip(pairs, kept, strict=True)]),
        )
        self._homes.learn(declaration, kept)
        for (old, _), new in zip(pairs, kept, strict=True):
            self._log_changed(declaration, old, new, name, since[new.id])
        by_id = {record.id: record for record in kept}
        for old in olds:
            if old.id in late:
                self._correct(declaration, by_id.get(old.id, old), late[old.id], since[old.id])
        return [by_id.get(record.id, old) for record, old in zip(records, olds, strict=True)]

    def _late(
        self, declaration: Declaration, olds: Sequence[Any], made: Sequence[Any], since: Mapping[UUID, datetime]
    ) -> dict[UUID, dict[str, Any]]:
        """Return what is told of the past alone, by record and field: a later value has followed it."""
        names = [field.name for field in declaration.histories if field.name != "stage"]
        late: dict[UUID, dict[str, Any]] = {}
        for old, new in zip(olds, made, strict=True):
            for name in names:
                if getattr(old, name) != getattr(new, name) and since[old.id] < self._unit.now:
                    spans = spans_of(self._unit, old, name)
                    if spans and spans[-1].entered_at > since[old.id]:
                        late.setdefault(old.id, {})[name] = getattr(new, name)
        return late

    def _correct(self, declaration: Declaration, record: Record, told: Mapping[str, Any], at: datetime) -> None:
        """Write what is told of the past: it changes spans, and no record."""
        as_told = attrs.evolve(record, **told)
        turned = [turn_span(self._unit, declaration, as_told, declaration.by_name[name], at) for name in told]
        if any(turned):
            self._log.note(f"{declaration.name}.corrected", declaration.name, record, {})

    def _current(self, declaration: Declaration, record: Record, before: dict[UUID, Any]) -> Record:
        found: Record | None = before.get(record.id)
        if found is None:
            raise NotFoundError(
                f"There is no {declaration.name} {short_id(record.id)} to change: it was removed, or never kept."
            )
        if found.version != record.version:
            raise _lost(declaration, record)
        self._visible(declaration, found)
        return found

    def _log_changed(self, declaration: Declaration, old: Record, new: Record, name: str, at: datetime) -> None:
        if declaration.of in _DEFINING:
            self._unit.defined_anew()
        if declaration.mode == "operational" or declaration.coarse:
            return
        values = changed_fields(old, new)
        self._log.note(name or f"{declaration.name}.changed", declaration.name, new, values)
        for field in declaration.histories:
            if field.name in values:
                turn_span(self._unit, declaration, new, field, at)
        if old.customer_id != new.customer_id:
            self.rehome(
                [attrs.evolve(record, customer_id=new.customer_id) for record in dependents(self._unit, new)], ""
            )

    # --- remove, rehome ---
    def remove(self, records: Sequence[Record], name: str) -> None:
        """Remove records of one type."""
        if not records:
            return
        declaration = self._declaration(records)
        tx = self._unit.to_write()
        before = tx.get(declaration.of, [record.id for record in records])
        olds = [self._current(declaration, record, before) for record in records]
        for old in olds:
            self._tombs.refuse_customer(old)
        self._ask_checks(declaration, [Change(old, old, "removed") for old in olds])
        self._removed(declaration, olds, name)

    def discard(self, records: Sequence[Record], name: str, told: Told = to_json) -> None:
        """Remove records without asking hooks, of any type that is kept; those of one type are one batch.

        Args:
            told: what the log says of each of them.
        """
        tx = self._unit.to_write()
        for of, ones in itertools.groupby(records, key=type):
            found: dict[UUID, Record] = dict(tx.get(of, [record.id for record in ones]))
            if found:
                self._removed(declaration_of(of), list(found.values()), name, told)

    def _removed(self, declaration: Declaration, olds: Sequence[Record], name: str, told: Told = to_json) -> None:
        drop_spans(self._unit, declaration, olds)
        answers = self._unit.to_write().write([Remove(old, _expected(declaration, old)) for old in olds])
        self._raise(declaration, olds, answers)
        if declaration.of in _DEFINING:
            self._unit.defined_anew()
        if declaration.mode != "operational" and not declaration.coarse:
            for old in olds:
                self._log.note(name or f"{declaration.name}.removed", declaration.name, old, told(old))

    def rehome(self, records: Sequence[Record], name: str, told: Changes = changed_fields) -> None:
        """Keep changed records, without hooks, wherever they belong now; append-only ones too. Those of one type are one batch.

        Args:
            told: what the log says of each of them, before and after.
        """
        for of, ones in itertools.groupby(records, key=type):
            self._rehomed(declaration_of(of), list(ones), name, told)

    def _rehomed(self, declaration: Declaration, records: Sequence[Record], name: str, told: Changes) -> None:
        tx = self._unit.to_write()
        before = tx.get(declaration.of, [record.id for record in records])
        olds = [_as_read(declaration, record, before.get(record.id)) for record in records]
        homes = self._homes.of(declaration, records)
        stamp, is_mutable = self._unit.house.stamper(declaration.of), declaration.mode == "mutable"
        now = self._unit.now if is_mutable else None
        news = [
            stamp(record, old.version + is_mutable, old.created_at, now, home)
            for record, old, home in zip(records, olds, homes, strict=True)
        ]
        pairs = list(zip(olds, news, strict=True))
        self._raise(declaration, news, tx.write([Rehome(new, _expected(declaration, old)) for old, new in pairs]))
        self._homes.learn(declaration, news)
        if declaration.of in _DEFINING:
            self._unit.defined_anew()
        if declaration.mode != "operational" and not declaration.coarse:
            for old, new in pairs:
                self._log.note(name or f"{declaration.name}.changed", declaration.name, new, told(old, new))

    # --- the way of a record through the unit ---
    def _declaration(self, records: Sequence[Record]) -> Declaration:
        declaration = declaration_of(type(records[0]))
        if any(type(record) is not declaration.of for record in records):
            raise InvalidError("A batch holds records of one type: write one batch per type.", code="mixed_batch")
        if not self._unit.is_installing:
            self._unit.house.may_write(declaration.name)
        return declaration

    def _all_ready(self, declaration: Declaration, records: Sequence[Any]) -> list[Any]:
        """Return new records, each made ready; most need no more than the border."""
        house = self._unit.house
        normalised, currency = house.normaliser(declaration.of), house.currency
        made = [normalised(record, currency) for record in records]
        is_plain = not declaration.staged
        return [r if is_plain and not r.custom else self._finished(declaration, r, None) for r in made]

    def _ready(self, declaration: Declaration, record: Any, old: Any) -> Any:
        made = self._unit.house.normaliser(declaration.of)(record, self._unit.house.currency)
        return self._finished(declaration, made, old)

    def _finished(self, declaration: Declaration, made: Any, old: Any) -> Any:
        if made.custom and not isinstance(made.custom, KeptMap) and (old is None or made.custom is not old.custom):
            fields = self._unit.definitions.custom(declaration.name)
            before = EMPTY if old is None else old.custom
            made = attrs.evolve(made, custom=custom_kept(fields, made.custom, declaration.name, before))
        if isinstance(made, Staged):
            made = entered(self._unit, declaration, made, old)
        return made

    def _through_hooks(self, declaration: Declaration, made: list[Any], olds: Sequence[Any]) -> list[Any]:
        if self._unit.is_installing:
            return made
        hooks = self._unit.house.hooks
        adjust = hooks.adjusters(declaration.of)
        if adjust is not None:
            with self._unit.asking(declaration.name):
                made = [
                    adjust(_change(old, record), self._unit.face, functools.partial(self._ready, declaration, old=old))
                    for record, old in zip(made, olds, strict=True)
                ]
        if hooks.checkers(declaration.of) is not None:
            self._ask_checks(declaration, [_change(old, record) for record, old in zip(made, olds, strict=True)])
        return made

    def _ask_checks(self, declaration: Declaration, changes: Sequence[Change[Any]]) -> None:
        check = self._unit.house.hooks.checkers(declaration.of)
        if check is not None:
            with self._unit.asking(declaration.name):
                check(changes, self._unit.face)

    def _stamped(
        self, declaration: Declaration, made: Sequence[Any], versions: Sequence[int], olds: Sequence[Any] | None = None
    ) -> list[Any]:
        stamp, now = self._unit.house.stamper(declaration.of), self._unit.now
        if declaration.coarse:
            now = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
            made = [attrs.evolve(record, id=random_id()) if olds is None else record for record in made]
        homes = self._homes.of(declaration, made)
        if declaration.mode != "mutable":
            return [stamp(record, 0, now, None, home) for record, home in zip(made, homes, strict=True)]
        created = [now] * len(made) if olds is None else [old.created_at for old in olds]
        return [stamp(r, v, c, now, h) for r, v, c, h in zip(made, versions, created, homes, strict=True)]

    # --- access and answers of the store ---
    def _visible(self, declaration: Declaration, record: Record) -> None:
        if self._unit.access(declaration.of) is not None and not self._unit.find(
            declaration.of, each(declaration.of).id == record.id
        ):
            raise NotFoundError(f"There is no {declaration.name} {short_id(record.id)}.")

    def _in_sight(self, declaration: Declaration, kept: Sequence[Record], answers: Sequence[NotApplied]) -> None:
        self._raise(declaration, kept, answers)
        if kept and self._unit.access(declaration.of) is not None:
            ids = [record.id for record in kept]
            if len(self._unit.find(declaration.of, each(declaration.of).id.in_(ids))) < len(ids):
                raise RefusedError(
                    f"{self._unit.actor} may not keep such a {declaration.name}: it would be out of sight.",
                    code="access",
                )

    def _raise(self, declaration: Declaration, records: Sequence[Record], answers: Sequence[NotApplied]) -> None:
        for answer in answers:
            record = records[answer.index]
            if answer.reason != "present":  # it had the right version when this unit read it
                raise TryAgain(f"A {declaration.name} was changed while this unit ran.")
            values = ", ".join(_of_key(record, name) for name in answer.key)
            raise ConflictError(
                f"There is a {declaration.name} with {values} already: change that one, or choose another value.",
                code="taken",
                field=answer.key[0] if answer.key else None,
                params={"key": answer.key, "holder": answer.holder, "index": answer.index},
            )


def _instants(at: Instants, count: int, now: datetime) -> list[datetime]:
    if at is None or isinstance(at, datetime):
        return [at or now] * count
    return [one or now for one in at]


def _closes(declaration: Declaration) -> bool:
    return declaration.staged and "closed_at" in declaration.by_name


def _now(old: Any, late: Mapping[str, Any]) -> dict[str, Any]:
    return {name: getattr(old, name) for name in late}


def _change(old: Any, new: Any) -> Change[Any]:
    return Change(old, new, "added" if old is None else "changed")


def _expected(declaration: Declaration, old: Record) -> int | None:
    return old.version if declaration.mode == "mutable" else None


def _as_read(declaration: Declaration, record: Record, found: Any) -> Any:
    """Return what is kept in the place of a record, if it is what the record was made from."""
    if found is None:
        raise NotFoundError(f"There is no {declaration.name} {short_id(record.id)} to move.")
    if found.version != record.version:
        raise TryAgain(f"A {declaration.name} was changed while this unit ran.")
    return found


def _of_key(record: Record, name: str) -> str:
    """Return what a record has of a unique key; newer code may have made it of a field that is not known here."""
    return f"{name} {getattr(record, name)!s}" if hasattr(record, name) else f"the same {name}"


def _replacing(declaration: Declaration, old: Record, new: Record) -> Write:
    kind = Replace if old.customer_id == new.customer_id else Rehome
    return kind(new, _expected(declaration, old))


def _lost(declaration: Declaration, record: Record) -> ConflictError:
    return ConflictError(
        f"{declaration.name} {short_id(record.id)} was changed by somebody else: read it again, then repeat the change.",
        code="changed",
        params={"id": str(record.id), "version": record.version},
    )
