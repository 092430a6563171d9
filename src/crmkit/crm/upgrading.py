"""Upgrades: schema, definitions, and the steps of every plugin. What one plugin can not do costs no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from .._hooks.faults import told
from .._work.folding import fold_again
from .._work.house import House
from .._work.installing import install
from .._work.running import TRIES, Runner
from .._work.stepping import CORE, beside, keep_line, last_of, line_now, read_lines, reserve, run_step
from ..errors import PluginError, StorageBusy, StoreError, TryAgain
from ..ports.step import Drop, Step
from ..ports.store import Drift, Line, Schema, Store
from ..query import Find, count, each
from ..records import Field, LedgerEntry, Record, declaration_of
from ..records.declaration import with_unique
from .checks import note_checks

_log = logging.getLogger("crmkit.upgrade")
Tell = Callable[[str, int], None]
"""Is told what a step is called, and how many records it has changed so far."""


def silent(step: str, done: int) -> None:
    """Tell nobody."""


def begin(house: House, store: Store, schema: Schema) -> Schema:
    """Create the schema, which is absent; return how it stands.

    A plugin whose part of it can not be made is told of in the log, and has none.
    """
    beginning = Upgrade(house=house, runner=Runner(house=house, store=store, narrowed=False), schema=schema)
    try:
        beginning.run(contract=False)
    except PluginError as error:
        _log.warning("%s", error)
    return beginning.schema


def upgrade(house: House, runner: Runner, *, contract: bool = False, tell: Tell = silent) -> tuple[str, ...]:
    """Bring schema, ledger, definitions and data to what the plugins declare; return what was done.

    Of a guest it is part of the host's transaction. On MariaDB a change of a table commits what the host did before in it, and
    ends its savepoints: there it is run in a transaction of its own.

    Args:
        contract: no older version runs any more: drop what is no longer declared and has a ``Drop``.
        tell: is told how far each step is.

    Raises:
        PluginError: a plugin's part could not be done; the core's and all others' are. ``params``: ``done`` and ``failed``.
    """
    runner = attrs.evolve(runner, narrowed=False)
    return Upgrade(house=house, runner=runner, schema=runner.store.status(), tell=tell).run(contract=contract)


@attrs.define(kw_only=True)
class Upgrade:
    """One upgrade.

    Attributes:
        schema: how it stands, before and after it was brought to the declarations.
        done: what was done.
        failed: plugin -> why its part could not be done.
        loose: record type -> its class without the unique keys that wait for a step, since values of theirs stand twice.
    """

    house: House
    runner: Runner
    schema: Schema
    tell: Tell = silent
    done: list[str] = attrs.field(factory=list[str])
    failed: dict[str, str] = attrs.field(factory=dict[str, str])
    loose: dict[str, type[Record]] = attrs.field(factory=dict[str, type[Record]])
    may_loosen: bool = True

    def run(self, *, contract: bool) -> tuple[str, ...]:
        """Do everything, in order. See ``upgrade``."""
        store, house = self.runner.store, self.house
        kept = {} if self.schema.is_absent else ledger(store)
        lines = lines_of(house, kept)
        self._refuse(kept, lines)
        if kept:
            self.runner.run(lambda unit: reserve(unit, lines), reserve)
        if kept and contract:
            self.runner.run(fold_again)
        self._schema(store)
        self.schema = store.status()
        take_note(house, store, self.schema)
        changed = self.runner.run(lambda unit: self._define(unit, lines), self._define)
        self.done += [f"{changed} definitions installed"] if changed else []
        for line in lines:
            if line.name not in self.failed:
                self._line(line, kept, contract=contract)
        self._report(lines)
        return tuple(self.done)

    def _refuse(self, kept: Mapping[str, Any], lines: Iterable[Line]) -> None:
        """Refuse, before anything is done, the plugins that the database is not for."""
        held = {of: line for line in read_lines(kept).values() for of in line.types}
        for line in lines:
            for of in line.types:
                other = held.get(of)
                if other is not None and other.name != line.name:
                    self.failed[line.name] = (
                        f"The record type {of!r} is kept here for {other.called}, whose data stays: give it another name."
                    )
            if line.dropped > (line.knows or 0):
                self.failed[line.name] = (
                    f"Its data is at version {line.at} here, and this one knows {line.knows}: install a newer one."
                )

    def _schema(self, store: Store) -> None:
        owner = owners(self.house)
        while True:
            types = tuple(of for of in self.house.types if owner.get(declaration_of(of).name) not in self.failed)
            kept_as = tuple(self.loose.get(declaration_of(of).name, of) for of in types)
            place = store if kept_as == tuple(self.house.types) else store.with_types(kept_as)
            try:
                self.done += self._patiently(place.upgrade, indexed(self.house, types, kept_as))
                return
            except StoreError as error:
                if self._loosened(error):
                    continue
                name = owner.get(error.params.get("record_type", ""))
                if name is None or name in self.failed:
                    raise
                self.failed[name] = str(error)

    def _loosened(self, error: StoreError) -> bool:
        """Leave a key to be made after the steps, where values of it stand twice and a step is due that can change them; say whether."""
        name, key = error.params.get("record_type", ""), error.params.get("key")
        if key is None or not self.may_loosen or name not in due(self.house, ledger(self.runner.store)):
            return False
        of = self.loose.get(name, self.house.by_name[name])
        self.loose[name] = with_unique(of, [one for one in declaration_of(of).unique if one != key])
        return True

    def _tighten(self, name: str) -> None:
        """Make the keys that waited for the steps of a plugin, which have run."""
        owner = owners(self.house)
        waiting = [of for of in self.loose if owner.get(of, CORE) == name]
        for of in waiting:
            del self.loose[of]
        if waiting:
            self.may_loosen = False
            self._schema(self.runner.store)
            self.schema = self.runner.store.status()
            take_note(self.house, self.runner.store, self.schema)

    def _patiently(self, work: Callable[..., tuple[str, ...]], *values: Any) -> tuple[str, ...]:
        """Run it again where somebody else was in the way: it waits for no lock for long, so that nobody waits behind it."""
        for attempt in range(TRIES):
            try:
                return work(*values)
            except (StorageBusy, TryAgain):
                if self.runner.is_guest or attempt == TRIES - 1:
                    raise
                self.house.pause(self.house.backoff_s(attempt))
        raise AssertionError("the last try returns or raises")

    def _define(self, unit: Any, lines: Iterable[Line]) -> int:
        loaded = self.house.loaded
        pipelines = [(offer.plugin.name, offer.value) for offer in loaded.pipelines]
        fields = [(offer.plugin.name, offer.value) for offer in loaded.fields]
        reserve(unit, lines)
        return install(unit, pipelines, fields) + note_checks(unit, self.house)

    # --- data ---
    def _line(self, line: Line, kept: Mapping[str, Any], *, contract: bool) -> None:
        name, steps = line.name, steps_of(self.house).get(line.name, ())
        try:
            for step in steps:
                if isinstance(step, Step) and self._is_due(name, step):
                    self._step(name, step)
            self._tighten(name)
            if name in self.failed:
                return
            self._arrive(name, steps)
            for of in line.types if name else ():
                self._see_required(of, kept)
            if contract:
                self._contract(name, steps)
        except PluginError as error:
            self.failed[name] = self._told(name, error)

    def _now(self, name: str) -> Line:
        tx = self.runner.store.begin(write=False)
        try:
            return line_now(tx, name)
        finally:
            tx.rollback()

    def _keep(self, line: Line) -> None:
        self.runner.run(lambda unit: keep_line(unit, line), keep_line)

    def _step(self, name: str, step: Step[Any]) -> None:
        said = f"{name or 'core'} {step.to}: {step.title}"
        changed = run_step(self._runner_for(step), name, step, lambda done: self.tell(said, done))
        self.done.append(f"{said} ({changed} {declaration_of(step.of).plural})")

    def _is_due(self, name: str, step: Step[Any]) -> bool:
        """Whether a step was not run to its end; or was, and older code has written since what needs it."""
        line = self._now(name)
        if step.to > line.at:
            return True
        if step.where is None or step.to < line.dropped:
            return False
        runner, where = self._runner_for(step), step.where
        if declaration_of(step.of).name in runner.store.status().behind:  # its fields are gone
            return False
        return bool(runner.run(lambda unit: unit.find(step.of, where, limit=1)))

    def _runner_for(self, step: Step[Any]) -> Runner:
        """Return what runs a step: where it has a record class of its own, the records are read by that."""
        name = declaration_of(step.of).name
        now = self.house.by_name.get(name)
        if now is step.of:
            return self.runner
        if now is None:
            raise PluginError(f"{step.title} is about the record type {name!r}, which there is not.", code="step")
        types = tuple(step.of if of is now else of for of in self.house.types)
        return attrs.evolve(
            self.runner, house=attrs.evolve(self.house, types=types), store=self.runner.store.with_types(types)
        )

    def _see_required(self, name: str, kept: Mapping[str, Any]) -> None:
        """Refuse a field that may not be missing any more, and is: what older code leaves out is a step's work."""
        of = self.house.by_name.get(name)
        found = kept.get(f"type:{name}")
        entries: Sequence[Mapping[str, Any]] = found["fields"] if found else ()
        was_optional = frozenset(entry["name"] for entry in entries if entry.get("optional"))
        for field in declaration_of(of).own_fields if of is not None else ():
            if of is None or field.optional or field.name not in was_optional:
                continue
            n = self._missing(of, field.name)
            if n:
                raise PluginError(
                    f"{n} {declaration_of(of).plural} have no {field.name}, which is required now: fill it in a step.",
                    code="required",
                )

    def _missing(self, of: type[Record], name: str) -> int:
        is_missing = getattr(each(of), name).is_missing
        (row,) = self.runner.run(lambda unit: unit.tally(of, is_missing, n=count()))
        return int(row.n)

    def _arrive(self, name: str, steps: Sequence[Step[Any] | Drop]) -> None:
        """Where the last version is one of a ``Drop``, the data has reached it: what is to be dropped waits for a person."""
        line = self._now(name)
        self._keep(attrs.evolve(line, at=max(line.at, last_of(steps)), operation=None, failed=""))

    def _contract(self, name: str, steps: Sequence[Step[Any] | Drop]) -> None:
        for drop in steps:
            if not isinstance(drop, Drop) or drop.to <= self._now(name).dropped:
                continue
            self.done += self._patiently(self.runner.store.drop_fields, drop.of, drop.fields)
            self._keep(attrs.evolve(self._now(name), dropped=drop.to))

    def _told(self, name: str, error: PluginError) -> str:
        plugged, cause = self.house.loaded.plugged.get(name), error.__cause__
        if plugged is None or cause is None:
            return str(error)
        return f"{error} It raised {told(plugged, cause)}."

    # --- the end ---
    def _report(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if line.name in self.failed:
                self._keep(attrs.evolve(self._now(line.name), failed=self.failed[line.name]))
        if self.failed:
            raise self._error()

    def _error(self) -> PluginError:
        name = next(iter(self.failed))
        states = {state.name: state for state in self.house.loaded.states}
        said = " ".join(f"{states[one].source if one in states else one}: {why}" for one, why in self.failed.items())
        first = states.get(name)
        return PluginError(
            f"{said} Everything else is upgraded.",
            code="upgrade_failed",
            plugin=name,
            distribution=first.distribution if first else "",
            version=first.version if first else "",
            params={"failed": dict(self.failed), "done": tuple(self.done)},
        )


# --- what there is ---
def ledger(store: Store) -> dict[str, Mapping[str, Any]]:
    """Return the ledger's values by key."""
    tx = store.begin(write=False)
    try:
        return {entry.key: entry.value for entry in tx.find(Find(of=LedgerEntry))}
    finally:
        tx.rollback()


def take_note(house: House, store: Store, schema: Schema) -> Mapping[str, Mapping[str, Any]]:
    """Learn which record types are older than declared, not kept yet, or can not be; return the ledger."""
    kept = ledger(store)
    house.behind, house.refused = schema.behind, schema.refused
    house.absent = frozenset(house.by_name) - {key.removeprefix("type:") for key in kept if key.startswith("type:")}
    return kept


def status(house: House, store: Store) -> Schema:
    """Return how schema and data stand; the data also of plugins that are gone, whose types the store has learnt by now.

    What stands in the way of an upgrade, and a step that is due sees to, is a note; what nobody sees to is refused.
    """
    schema = store.foresee(indexed(house, house.types))
    kept = {} if schema.is_absent else ledger(store)
    lines = {**read_lines(kept), **{line.name: line for line in lines_of(house, kept)}}
    declared = {f"type:{declaration_of(of).name}" for of in house.loaded.types}
    orphans = {key.removeprefix("type:"): kept[key] for key in kept if key.startswith("type:") and key not in declared}
    schema = attrs.evolve(schema, lines=tuple(lines.values()), unknown={**schema.unknown, **orphans})
    seen_to = schema.refused.keys() & due(house, kept).keys() - store.status().refused.keys() if schema.refused else ()
    notes = (
        f"{schema.refused[name]} A step runs first: {'; '.join(due(house, kept)[name])}." for name in sorted(seen_to)
    )
    refused = {name: why for name, why in schema.refused.items() if name not in seen_to}
    return attrs.evolve(schema, refused=refused, notes=(*schema.notes, *notes))


def check(house: House, store: Store) -> tuple[Drift, ...]:
    """Return what in the database is not as an upgrade has made it."""
    return store.check(indexed(house, house.types))


def owners(house: House) -> dict[str, str]:
    """Return the plugin of each record type that is no part of crmkit."""
    return {
        declaration_of(offer.value).name: offer.plugin.name
        for offer in house.loaded.offers(Record)
        if not offer.plugin.is_builtin
    }


def steps_of(house: House) -> dict[str, tuple[Step[Any] | Drop, ...]]:
    """Return the steps of each line, in the order of their versions."""
    found: dict[str, list[Step[Any] | Drop]] = {}
    for kind in (Step, Drop):
        for offer in house.loaded.offers(kind):
            found.setdefault(CORE if offer.plugin.is_builtin else offer.plugin.name, []).append(offer.value)
    return {name: tuple(sorted(steps, key=lambda step: step.to)) for name, steps in found.items()}


def lines_of(house: House, kept: Mapping[str, Any]) -> list[Line]:
    """Return the line of the core and of each plugin that is active: as it is kept, or as it begins here.

    A plugin that is new here begins at the last version that it knows. One whose record types are kept without a line
    was here before there were lines; it begins at 0. Where the core has none, the creation was broken off: all is new.
    """
    there, steps, types = read_lines(kept), steps_of(house), owners(house)
    lines: list[Line] = []
    for name in (CORE, *(state.name for state in house.loaded.active if not state.is_builtin)):
        mine = tuple(sorted(of for of, plugin in types.items() if plugin == name))
        last = last_of(steps.get(name, ()))
        is_old = CORE in there and any(f"type:{of}" in kept for of in mine)
        begins = Line(name=name, at=0 if is_old else last, dropped=0 if is_old else last, types=mine)
        found = there.get(name, begins)
        both = tuple(sorted({*found.types, *mine}))
        lines.append(attrs.evolve(beside(found, steps.get(name, ())), types=both))
    return lines


def due(house: House, kept: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the steps that no upgrade has run here, by the record type whose records they change."""
    found: dict[str, list[str]] = {}
    steps = steps_of(house)
    for line in lines_of(house, kept):
        for step in steps.get(line.name, ()):
            if isinstance(step, Step) and step.to > line.at:
                found.setdefault(declaration_of(step.of).name, []).append(f"{line.called} {step.to}: {step.title}")
    return found


def indexed(
    house: House, types: Sequence[type[Record]], kept_as: Sequence[type[Record]] | None = None
) -> dict[type[Record], list[Field]]:
    """Return the custom fields of these record types that have an index; ``kept_as``: the classes that a store has of them."""
    classes = dict(zip(types, kept_as or types, strict=True))
    found: dict[type[Record], list[Field]] = {}
    for offer in house.loaded.fields:
        declared = offer.value
        if declared.indexed and declared.of in types:
            field = Field(
                name=declared.key, kind=declared.kind, optional=True, choices=declared.choices, places=declared.places, indexed=True
            )  # fmt: skip
            found.setdefault(classes[declared.of], []).append(field)
    return found
