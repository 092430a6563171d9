"""The versions of what is kept: one line for the core, one for each plugin; and the steps that lead along it.

How far a line is stands in the ledger, in the same transaction as what a batch has changed: whatever breaks off, a record
is changed once. The batches of a step are units of one operation, which keeps the place to go on from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

import attrs

from ..errors import PluginError, StoreError, TryAgain
from ..ports.step import Drop, Step
from ..ports.store import Add, Line, Replace, Transaction
from ..query import Find, each
from ..records import LedgerEntry, Operation, Record, declaration_of
from .running import Runner
from .unit import Unit

CORE: Final = ""
"""The name of the core's own line."""
KIND: Final = "db.upgrade"
BATCH: Final = 500
"""Records that are changed, and kept, at once."""
LET_THROUGH: Final = (KeyboardInterrupt, TryAgain, StoreError)
"""What is no fault of a step: a person who stops the program, and the store's own errors."""


def key_of(name: str) -> str:
    """Return the key of a line's entry in the ledger."""
    return f"line:{name}"


def beside(line: Line, steps: Sequence[Step[Any] | Drop]) -> Line:
    """Return a line with what the installed plugin's steps say of it."""
    ahead = [step for step in steps if step.to > line.at and isinstance(step, Step)]
    waiting = [step for step in steps if step.to > line.dropped and isinstance(step, Drop)]
    told = tuple(f"{line.called} {step.to}: {step.title} ({declaration_of(step.of).plural})" for step in ahead)
    drops = tuple(f"{line.called} {drop.to}: {drop.title} ({declaration_of(drop.of).plural})" for drop in waiting)
    return attrs.evolve(line, knows=last_of(steps), waits=drops, steps=told)


def last_of(steps: Iterable[Step[Any] | Drop]) -> int:
    """Return the version that the last step leads to; 0 where there is none."""
    return max((step.to for step in steps), default=0)


# --- the ledger ---
def read_lines(entries: Mapping[str, Any]) -> dict[str, Line]:
    """Return the lines that stand in a ledger, by name."""
    return {key[5:]: _line(key[5:], value) for key, value in entries.items() if key.startswith("line:")}


def _line(name: str, value: Mapping[str, Any]) -> Line:
    operation = value.get("operation")
    return Line(
        name=name, at=value["at"], dropped=value["dropped"], types=tuple(value["types"]), failed=value.get("failed", ""),
        operation=UUID(operation) if operation else None,
    )  # fmt: skip


def _value(line: Line) -> dict[str, Any]:
    made: dict[str, Any] = {"at": line.at, "dropped": line.dropped, "types": list(line.types)}
    if line.operation:
        made["operation"] = str(line.operation)
    if line.failed:
        made["failed"] = line.failed
    return made


def _entry(tx: Transaction, key: str) -> LedgerEntry | None:
    return next(iter(tx.find(Find(of=LedgerEntry, where=each(LedgerEntry).key == key, limit=1))), None)


def keep_line(unit: Unit, line: Line) -> int:
    """Keep how far a line is; return whether that is anything new, as a number."""
    tx = unit.to_write()
    entry, value = _entry(tx, key_of(line.name)), _value(line)
    if entry is not None and _line(line.name, entry.value) == line:
        return 0
    made = LedgerEntry(key=key_of(line.name), value=value, created_at=unit.now)
    tx.write([Add(made) if entry is None else Replace(attrs.evolve(entry, value=value))])
    return 1


def line_now(tx: Transaction, name: str) -> Line:
    """Return how far a line is; nothing else of the ledger is read."""
    entry = _entry(tx, key_of(name))
    return Line(name=name) if entry is None else _line(name, entry.value)


# --- running steps ---
def run_step(runner: Runner, name: str, step: Step[Any], tell: Callable[[int], None]) -> int:
    """Run a step to its end, batch by batch, from where it was broken off; return how many records it changed.

    Raises:
        PluginError: the author's function failed; what was kept until then stays.
    """
    operation = runner.run(lambda unit: _begin(unit, name, step), _begin)
    made = attrs.evolve(runner, origin="upgraded", operation=operation)
    while True:
        done = made.run(lambda unit: _batch(unit, name, step, operation), _batch)
        tell(done.counts.get("changed", 0))
        if done.status != "running":
            return cast("int", done.counts.get("changed", 0))


def _begin(unit: Unit, name: str, step: Step[Any]) -> UUID:
    line = line_now(unit.to_write(), name)
    if line.operation is not None and unit.get(Operation, line.operation).about.get("to") == step.to:
        return line.operation
    with unit.installing():
        operation = unit.add(
            Operation(kind=KIND, actor=unit.actor, origin="upgraded", started_at=unit.now, about={"plugin": name, "to": step.to})
        )  # fmt: skip
    keep_line(unit, attrs.evolve(line, operation=operation.id, failed=""))
    return cast("UUID", operation.id)


def _batch(unit: Unit, name: str, step: Step[Any], id: UUID) -> Operation:
    """One unit: change the next records, and keep with them how far it is."""
    line = line_now(unit.to_write(), name)
    operation = unit.get(Operation, id)
    if line.operation != id:  # another process has come to its end
        return attrs.evolve(operation, status="done")
    with unit.unnarrowed(), unit.installing():
        where = () if step.where is None else (step.where,)
        page = unit.find(step.of, *where, limit=BATCH, after=operation.position.get("after") or None)
        changed = _changed(unit, step, page)
        counts = {
            "seen": operation.counts.get("seen", 0) + len(page),
            "changed": operation.counts.get("changed", 0) + changed,
        }
        over: dict[str, Any] = {} if page.next else {"status": "done", "finished_at": unit.now}
        kept: Operation = unit.replace(
            attrs.evolve(operation, position={"after": page.next or ""}, counts=counts, **over)
        )
    if over:
        keep_line(unit, attrs.evolve(line, at=max(line.at, step.to), operation=None, failed=""))
    return kept


def _changed(unit: Unit, step: Step[Any], records: Iterable[Record]) -> int:
    made = [(record, _one(unit, step, record)) for record in records]
    differing = [new for old, new in made if new is not None and new != old]
    if declaration_of(step.of).mode == "append_only":
        unit.rehome(differing)
    else:
        unit.replace(differing)
    return len(differing)


def _one(unit: Unit, step: Step[Any], record: Record) -> Any:
    try:
        new = step(record, unit)
    except LET_THROUGH:
        raise
    except BaseException as error:
        raise PluginError(f"{step.title} failed at {declaration_of(step.of).name} {record.id}.", code="step") from error
    if new is not None and (type(new) is not step.of or new.id != record.id):
        raise PluginError(
            f"{step.title} must return the {step.of.__name__} that it was given, changed, or None.", code="step"
        )
    return new


def reserve(unit: Unit, lines: Iterable[Line]) -> int:
    """Keep lines that the ledger does not have yet; return how many."""
    known = {entry.key for entry in unit.to_write().find(Find(of=LedgerEntry))}
    return sum(keep_line(unit, line) for line in lines if key_of(line.name) not in known)
