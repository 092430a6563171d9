"""Erasing a customer: the tombstone first, then portion by portion all that tells of them, then once more from the beginning.

The tombstone keeps everybody from writing more about the customer. Each portion is a unit of work that also keeps the
place behind it: whenever the erasure ends, the same call goes on there. It is over when a whole round finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

import attrs

from ..._work.forgetting import blank, drop_files, silence, wipe
from ..._work.running import Runner
from ..._work.tombs import KIND
from ..._work.wholly import wholly
from ...errors import ConflictError, UpgradeNeeded
from ...ports.work import Service
from ...query import each
from ...records import AnyRef, Customer, Id, Operation, Record, Redirect, declaration_of, new_id, short_id
from ...records.blanking import altered
from ..liveness import beat, is_running, running
from ..referring import naming
from .finding import Finding, Phase, Portion
from .results import GOES_ON, NOT_COVERED, Erasure, Numbers

T = TypeVar("T")
BATCH: Final = 500
"""Records of one portion."""
ROUNDS: Final = 20
"""More often it does not begin again, whatever others write meanwhile: then the worker goes on."""
_END: Final = "end"
_LOOK: Final = "customers.erase --dry-run"
Progress = Callable[[int], None]


class Erasing(Service):
    """The erasing of customers; ``Customers.erase`` is its face."""

    def run(
        self, customer: Customer, *, dry_run: bool, progress: Progress, size: int = BATCH, purges: bool = True
    ) -> Erasure:
        """Erase a customer, or say what would be erased.

        Args:
            purges: have the store let go of what it still holds, also where nothing is left: an earlier time may have failed.
        """
        crm: Any = self.unit
        runner = wholly(crm.runner)
        self._must_be_whole(runner)
        found = self._interrupted(customer)
        homes = runner.run(lambda unit: homes_of(unit, customer), _LOOK)
        job = Job(runner=runner, finding=Finding(customer.id, homes, size), progress=progress, purges=purges)
        if dry_run:
            return job.look(was_erased=customer.erased_at is not None)
        if customer.erased_at is not None and found is None and job.is_clean():
            return Erasure(customer=customer.id, was_erased=True, notes=(*NOT_COVERED, *job.purge()))
        return job.run(found, was_erased=customer.erased_at is not None)

    def _must_be_whole(self, runner: Runner) -> None:
        for name, why in runner.house.refused.items():
            raise UpgradeNeeded(f"Nobody is erased while the {name} records can not be read: {why}")

    def _interrupted(self, customer: Customer) -> Operation | None:
        """Return the erasure of this customer that did not come to its end.

        Raises:
            ConflictError: it runs just now.
        """
        crm: Any = self.unit
        o = each(Operation)
        for one in self.unit.find(Operation, o.kind == KIND, o.status == "running"):
            if one.about.get("customer") != str(customer.id):
                continue
            if is_running(crm.house, one, crm.now):
                raise ConflictError(
                    f"Customer {short_id(customer.id)} is being erased: wait for its end, or stop it first.",
                    code="erasure_running",
                )
            return one
        return None


def homes_of(unit: Any, customer: Customer) -> tuple[UUID, ...]:
    """Return the ids under which records of a customer are kept: their own, and of those who became them.

    What erasures of before knew of it counts too: they may have removed what leads from one to the other.
    """
    homes = [customer.id, *merged_into(unit, customer.id)]
    if customer.erased_at is not None:
        for one in unit.stream(Operation, each(Operation).kind == KIND):
            if one.about.get("customer") == str(customer.id):
                homes += [UUID(home) for home in one.about["homes"]]
    return tuple(dict.fromkeys(homes))


def merged_into(unit: Any, customer: UUID) -> list[UUID]:
    """Return the ids of those who became this customer."""
    return [one.old for one in unit.stream(Redirect, each(Redirect).customer == customer)]


@attrs.define(kw_only=True, eq=False)
class Job:
    """One erasure, ready to run."""

    runner: Runner
    finding: Finding
    progress: Progress
    purges: bool
    _done: int = 0

    # --- only looking ---
    def look(self, *, was_erased: bool) -> Erasure:
        """Return what an erasure would do."""
        found = Numbers()
        for portion in self._portions():
            found = found.plus(_numbers(portion, files=0))
        return found.result(self.finding.customer, is_dry_run=True, was_erased=was_erased)

    def is_clean(self) -> bool:
        """Whether nothing is left to erase."""
        return not any(_numbers(portion, files=0).changes for portion in self._portions())

    def _portions(self) -> Iterator[Portion]:
        for _, find in self._phases():
            after: str | None = None
            while True:
                portion = self.runner.run(_finding(find, after), _LOOK)
                self._tell(portion.size)
                yield portion
                after = portion.next
                if after is None:
                    break

    # --- for real ---
    def run(self, found: Operation | None, *, was_erased: bool) -> Erasure:
        """Erase the customer; go on where an interrupted erasure stopped."""
        house = self.runner.house
        operation = self._batch(None, lambda unit: self._begun(unit, found))
        self.finding = attrs.evolve(self.finding, homes=tuple(UUID(home) for home in operation.about["homes"]))
        self._done = Numbers.of_json(operation.counts).changes
        with running(house, operation.id):
            operation = self._onward(operation)
        if operation.position["changes"]:
            notes: tuple[str, ...] = (*NOT_COVERED, GOES_ON)
        else:
            operation, notes = self._batch(operation, lambda unit: self._ended(unit, operation)), NOT_COVERED
        notes = (*notes, *self.purge())
        tally = Numbers.of_json(operation.counts)
        return tally.result(self.finding.customer, operation=operation.id, was_erased=was_erased, notes=notes)

    def purge(self) -> Sequence[str]:
        """Have the store let go of what it holds of the past; return what it still holds."""
        return self.runner.store.purge() if self.purges else ()

    def _onward(self, operation: Operation) -> Operation:
        """Deal with one portion after the other, until a whole round has found nothing, or there were too many rounds."""
        last = operation.position["round"] + ROUNDS
        phases = self._phases()
        names = [name for name, _ in phases]
        while True:
            place = operation.position
            if place["phase"] == _END:
                if not place["changes"] or place["round"] + 1 >= last:
                    return operation
                again = {"round": place["round"] + 1, "phase": names[0], "after": None, "changes": 0}
                operation = attrs.evolve(operation, position={**place, **again})
            asked = operation.position["phase"]
            number = names.index(asked) if asked in names else 0  # its plugin was taken away meanwhile
            behind = names[number + 1] if number + 1 < len(names) else _END
            operation, size = self._batch(operation, self._portion(operation, phases[number], behind))
            self._tell(size)

    def _portion(self, operation: Operation, phase: Phase, behind: str) -> Callable[[Any], tuple[Operation, int]]:
        """Return what one unit does, and to how many records; it may be run again from its start."""
        (name, find), place = phase, operation.position

        def work(unit: Any) -> tuple[Operation, int]:
            portion = find(unit, place["after"] if place["phase"] == name else None)
            numbers = _numbers(portion, files=_erased(unit, portion))
            if place["round"]:
                numbers.kept.clear()
            goes_on = {"phase": name if portion.next else behind, "after": portion.next}
            now = {**place, **goes_on, "changes": place["changes"] + numbers.changes, **beat(unit.house, unit.now)}
            counts = Numbers.of_json(operation.counts).plus(numbers).as_json()
            return unit.replace(attrs.evolve(operation, position=now, counts=counts)), portion.size

        return work

    def _begun(self, unit: Any, found: Operation | None) -> Operation:
        """Set the tombstone, and keep that the erasure has begun.

        Raises:
            ConflictError: the customer is somebody else by now.
        """
        id_ = self.finding.customer
        if unit.get(Customer, Id(id_)).id != id_:
            raise ConflictError("This customer was merged into another one meanwhile: erase that one.", code="merged")
        portion = self.finding.itself(unit, None)
        numbers, now = _numbers(portion, files=_erased(unit, portion)), beat(unit.house, unit.now)
        known: list[str] = found.about["homes"] if found is not None else []
        homes = [*known, *map(str, (*self.finding.homes, *merged_into(unit, id_)))]
        about = {"customer": str(id_), "homes": list(dict.fromkeys(homes))}
        if found is not None:
            kept: Operation = unit.replace(attrs.evolve(found, position={**found.position, **now}, about=about))
            return kept
        position = {"round": 0, "phase": self._phases()[1][0], "after": None, "changes": 1, **now}
        made: Operation = unit.add(
            Operation(
                id=unit.operation, kind=KIND, actor=unit.actor, started_at=unit.now, counts=numbers.as_json(), about=about,
                position=position,
            )
        )  # fmt: skip
        return made

    def _ended(self, unit: Any, operation: Operation) -> Operation:
        kept: Operation = unit.replace(attrs.evolve(operation, status="done", finished_at=unit.now))
        return kept

    # --- both ---
    def _phases(self) -> list[Phase]:
        return self.finding.phases(self.runner.house.types, self.runner.house.absent)

    def _batch(self, operation: Operation | None, work: Callable[[Any], T]) -> T:
        """Run one unit of the erasure."""
        named = None if operation is None else operation.id
        return attrs.evolve(self.runner, operation=named or new_id()).run(work, None)

    def _tell(self, more: int) -> None:
        self._done += more
        self.progress(self._done)


def _finding(find: Callable[[Any, str | None], Portion], after: str | None) -> Callable[[Any], Portion]:
    return lambda unit: find(unit, after)


def _numbers(portion: Portion, *, files: int) -> Numbers:
    made = Numbers(log_entries=len(portion.entries), files=files)
    made.removed.update(declaration_of(type(record)).name for record in portion.goes)
    made.blanked.update(declaration_of(type(record)).name for record, _ in portion.blanks)
    facts = [declaration_of(type(record)) for record in portion.stays]
    made.kept.update(declared.name for declared in facts if declared.mode != "operational")
    return made


def _erased(unit: Any, portion: Portion) -> int:
    """Blank and remove what a portion says; return how many files went."""
    blank(unit, portion.blanks)
    _let_go(unit, portion.goes)
    wipe(unit, portion.goes)
    silence(unit, portion.entries)
    return drop_files(unit, portion.digests)


def _let_go(unit: Any, records: Sequence[Record]) -> None:
    """Empty the references of others to records that go, where they may be empty. Nobody names facts and the machinery's notes."""
    named = [(declaration_of(type(record)), record) for record in records]
    refs = [AnyRef(declared.name, record.id) for declared, record in named if declared.mode == "mutable"]
    for of in unit.house.types if refs else ():
        declaration = declaration_of(of)
        for field in declaration.references if declaration.name not in unit.house.absent else ():
            where = naming(of, field, refs) if field.optional and not field.owner else None
            for record in list(unit.stream(of, where)) if where is not None else ():
                unit.rehome(altered(record, {field.name: None}))
