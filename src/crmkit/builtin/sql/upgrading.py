"""Bringing the schema of one place to the declarations: in one transaction, and after it what others must not wait for."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import attrs

from crmkit.builtin.sql.boundary import Boundary, Own
from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.checking import drift
from crmkit.builtin.sql.dropping import dropping
from crmkit.builtin.sql.folding import not_sure
from crmkit.builtin.sql.indexing import Indexing
from crmkit.builtin.sql.link import Link
from crmkit.builtin.sql.planning import OPEN, Custom, Plan, plan
from crmkit.builtin.sql.schema import CORE_VERSION, Found, absent_columns, custom_columns, is_within, look
from crmkit.builtin.sql.searching import is_searched, slowness, text_indexes
from crmkit.builtin.sql.steps import Step
from crmkit.errors import CRMError, StoreError
from crmkit.ports.store import Drift, Schema
from crmkit.records import Declaration, Record, declaration_of
from crmkit.records.ledger import FOLDING
from crmkit.records.text import FOLD_VERSION


class SchemaKeeper:
    """Looks at the schema of a store's place, and changes it."""

    def __init__(
        self,
        catalogue: Catalogue,
        begin: Callable[[bool], Boundary],
        beside: Callable[[], AbstractContextManager[Link]] | None,
        *,
        is_ours: bool,
    ) -> None:
        """``beside``: gives a connection of its own to what is kept at once; None for a guest, who has one transaction only."""
        self._catalogue, self._begin, self._beside, self._is_ours = catalogue, begin, beside, is_ours

    def status(self) -> Schema:
        """Compare what is there with the declarations; until an upgrade, questions read defaults for what is not there."""
        found, notes = self._looked()
        return self._told(found, notes, self._plan(found) if self._differs(found) else Plan((), {}))

    def foresee(self, custom: Custom | None) -> Schema:
        """Look also at what only the records tell, and at the indexes of custom fields. See ``Store.foresee``."""
        found, notes = self._looked()
        planned = self._plan(found, custom)
        told, boundary = self._told(found, notes, planned), self._begin(False)
        try:
            in_the_way = dict(_in_the_way(boundary.link, planned.steps))
        finally:
            boundary.rollback()
        return attrs.evolve(told, refused={**in_the_way, **told.refused})

    def _differs(self, found: Found) -> bool:
        catalogue = self._catalogue
        declared = {name: declaration_of(of) for name, of in catalogue.types.items()}
        kept = {name: found.value(f"type:{name}") for name in declared if f"type:{name}" in found.ledger}
        return _differs(declared, kept, found) or not is_searched(catalogue, found)

    def _told(self, found: Found, notes: tuple[str, ...], planned: Plan) -> Schema:
        catalogue = self._catalogue
        declared = {name: declaration_of(of) for name, of in catalogue.types.items()}
        kept = {key[5:]: found.value(key) for key in found.ledger if key.startswith("type:")}
        behind = {name for name in declared if name in kept and not is_within(declared[name], kept[name])}
        return Schema(
            is_absent=not found.ledger,
            pending=tuple(step.text for step in planned.steps),
            behind=frozenset(behind),
            refused={name: str(error) for name, error in planned.refused.items()},
            notes=notes,
            unknown={name: value for name, value in kept.items() if name not in declared},
        )

    def _looked(self) -> tuple[Found, tuple[str, ...]]:
        """Look at what is there, and take note of it for questions; return it, and what makes a search slow."""
        catalogue, boundary = self._catalogue, self._begin(False)
        try:
            found = look(catalogue, boundary.link, is_ours=self._is_ours)
            notes = (*slowness(catalogue, found, boundary.link), *not_sure(found))
        finally:
            boundary.rollback()
        catalogue.learn(
            absent_columns(catalogue, found), custom_columns(catalogue, found), text_indexes(catalogue, found)
        )
        return found, notes

    def upgrade(self, custom: Custom | None) -> tuple[str, ...]:
        """Bring the schema to the declarations; return what was done.

        Raises:
            StoreError: a record type can not be brought to its declaration, and nothing was done; ``params`` name it.
        """
        with self._turn() as boundary:
            planned = self._begun(boundary.link, custom)
            _run(boundary.link, (step for step in planned if not step.is_later))
        later = [step for step in planned if step.is_later]
        if later and self._beside is not None:
            with self._beside() as link:
                _run(link, later)
        self._looked()
        if self._beside is not None:
            Indexing(self._begin).bring_up(self._catalogue.texts.values())
        return tuple(step.text for step in planned)

    def tend(self, limit_s: float | None) -> int:
        """Put what waits into the indexes of trigrams; return how many records that were. A guest has no transactions of its own."""
        if self._beside is None:
            return 0
        return Indexing(self._begin, limit_s=limit_s).tend(self._catalogue.texts.values())

    def purge(self) -> None:
        """Take texts that were forgotten off the disk, out of the indexes of trigrams."""
        if self._beside is not None:
            Indexing(self._begin).purge(self._catalogue.texts.values())

    def check(self, custom: Custom | None) -> tuple[Drift, ...]:
        """Return what is not as an upgrade has made it. Nothing is kept of the looking."""
        boundary = self._begin(True)
        try:
            found = look(self._catalogue, boundary.link, is_ours=self._is_ours)
            drifts = drift(self._catalogue, boundary.link, found, custom) if found.ledger else ()
            return tuple(sorted(drifts, key=lambda one: (one.table, one.what, one.name)))
        finally:
            boundary.rollback()

    def drop_fields(self, of: type[Record], names: Sequence[str]) -> tuple[str, ...]:
        """Drop fields that are no longer declared: indexes, columns, and what the ledger says of them, in one transaction."""
        with self._turn() as boundary:
            found = look(self._catalogue, boundary.link, is_ours=self._is_ours)
            steps = list(dropping(self._catalogue, boundary.link, found, of, names))
            _run(boundary.link, steps)
        return tuple(step.text for step in steps)

    @contextmanager
    def _turn(self) -> Generator[Boundary]:
        """Give a transaction in which nobody else changes the schema; a guest's is the host's own affair."""
        boundary = self._begin(True)
        database, schema = self._catalogue.database, self._catalogue.schema
        if database.keeps_at_once:
            boundary.go_bare()
        ends = database.upgraded(schema) if isinstance(boundary, Own) else ()
        try:
            _tell(boundary.link, database.upgrading(schema) if isinstance(boundary, Own) else ())
            yield boundary
            _tell(boundary.link, ends)
        except BaseException:
            with suppress(CRMError):
                _tell(boundary.link, ends)
            boundary.rollback()
            raise
        boundary.commit()

    def _begun(self, link: Link, custom: Custom | None) -> tuple[Step, ...]:
        catalogue = self._catalogue
        found = look(catalogue, link, is_ours=self._is_ours)
        if self._is_ours and not found.columns:
            catalogue.database.mark_identity(link, CORE_VERSION)
        planned = self._plan(found, custom)
        for name, refusal in planned.refused.items():
            raise _named(refusal, name)
        return planned.steps

    def _plan(self, found: Found, custom: Custom | None = None) -> Plan:
        return plan(self._catalogue, found, custom, online=self._beside is not None)


def _tell(link: Link, texts: Iterable[str]) -> None:
    for text in texts:
        link.change(text)


def _run(link: Link, steps: Iterable[Step]) -> None:
    for step in steps:
        try:
            step.run(link)
        except StoreError as error:
            raise _named(error, step.of) from error


def _in_the_way(link: Link, steps: Iterable[Step]) -> Iterator[tuple[str, str]]:
    """Yield the record types whose records are in the way of their declaration, and how."""
    for step in steps:
        if step.is_look:
            try:
                step.run(link)
            except StoreError as error:
                yield step.of, str(error)


def _named(error: StoreError, of: str) -> StoreError:
    """Let an error say which record type it is about."""
    error.params = {**error.params, "record_type": of}
    return error


def _differs(declared: Mapping[str, Declaration], kept: Mapping[str, Any], found: Found) -> bool:
    if found.value("fold") != {"version": FOLD_VERSION} or OPEN in found.ledger:
        return True
    if any(key.startswith(FOLDING) for key in found.ledger):
        return True
    return not all(name in kept and is_within(declaration, kept[name]) for name, declaration in declared.items())
