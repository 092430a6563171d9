"""The face: one class for the open CRM, for a unit of work inside it, for an actor and for a company beside others."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path as FilePath
from typing import Any, Self, TypeVar, overload
from uuid import UUID

import attrs

from .._plugins import PluginState
from .._work import House, Runner, Unit
from ..errors import StoreError, UnsupportedError
from ..ports.store import Schema, Store
from ..ports.work import Instants, Service
from ..query import Component, Condition, Descending, Find, Key, Page, Path, Tallied
from ..records import Field, Id, Record, Staged, new_id
from ..services.families import Families
from ..services.subscribers import Subscribers
from ..services.working import Worked, Working
from ..settings import read_project
from .moving.verbs import Moving
from .opening import Place, build_house, load_plugins, options_of, project_options, settle
from .tenancy import let_differ, open_company
from .upgrading import silent, status, upgrade

R = TypeVar("R", bound=Record)
St = TypeVar("St", bound=Staged)
T = TypeVar("T")
Sv = TypeVar("Sv", bound=Service)


class CRM(Families, Moving):
    """A CRM. Made by ``open``, ``project`` or ``embedded``; ``acting_as``, ``tenant``, ``on`` and ``transaction`` give cheap views of it.

    Each verb called on it is a unit of work of its own; in ``with crm.transaction() as tx`` they join one.
    """

    __slots__ = ("__weakref__", "_after_commit", "_contexts", "_house", "_runner", "_unit")  # a hook can add nothing

    def __init__(
        self, house: House, runner: Runner, unit: Unit | None = None, after_commit: Callable[..., Any] | None = None
    ) -> None:
        """For this package: use ``CRM.open``."""
        self._house, self._runner, self._unit, self._after_commit = house, runner, unit, after_commit

    # --- opening ---
    @classmethod
    def open(
        cls, url: str = "", *, engine: Any = None, schema: str = "", prefix: str = "", create: bool = True, **options: Any
    ) -> Self:  # fmt: skip
        """Open a CRM; reads no file. An absent schema is created; after that only ``upgrade()`` changes it.

        Args:
            url: ``sqlite:///crm.db``, ``memory:``, or what a store plugin names.
            engine: the host's own SQLAlchemy engine, instead of a URL.
            schema, prefix: where the tables are, beside others.
            create: False leaves an absent schema absent.
            options: ``plugins`` (Plugin objects, modules, ``"module:attribute"``), ``discover`` (installed plugins too),
                ``disabled``, ``settings`` (per plugin), ``tenants`` (company -> ``disabled``, ``enabled``, ``settings`` of it),
                ``time_zone``, ``currency``, ``languages``, ``clock``, ``secret``, ``strict``, ``ticks``,
                ``store_options`` (what the store is told; see its ``open``);
                ``on_plugin`` and ``trace`` (see ``crmkit.ports.watching``), ``hook_budget_s`` (what takes longer is told).

        Raises:
            InvalidError: an option is wrong. StoreError: the place can not be opened.
        """
        made = options_of(options)
        loaded = load_plugins(made)
        at = engine if engine is not None else url or "sqlite:///crm.db"
        house = let_differ(build_house(made, loaded, cls._of_unit), made, cls._of_unit)
        store = Place(url=at, schema=schema, prefix=prefix, must_exist=not create).open(made, loaded, house.types)
        try:
            store, settled = settle(house, store, create=create, company="")
        except BaseException:
            store.close()
            raise
        return cls(house, Runner(house=house, store=store))._seated(settled)

    @classmethod
    def project(cls, path: FilePath | str | None = None, **options: Any) -> Self:
        """Open the CRM that ``crmkit.toml`` describes: in this folder, or at ``path`` (the file or its folder).

        Args:
            path: None: this folder, where the file may be missing.
            options: those of ``open``, and ``store``: they go before the environment (``CRMKIT_*``) and the file.

        Raises:
            InvalidError: there is no such file, or it is wrong: every mistake at once.
        """
        named = {name: options.pop(name, None) for name in ("store", "time_zone", "currency", "languages")}
        code = {name: value for name, value in named.items() if value}
        environ = options.get("environ", os.environ)
        url, found = project_options(read_project(path, environ, **code), environ)
        return cls.open(url, **{**found, **options})

    @classmethod
    def embedded(cls, dialect: str, *, schema: str = "", prefix: str = "", **options: Any) -> Self:
        """Return a CRM for a host's own connections: it opens nothing until ``.on(connection)``; other options as for ``open``.

        Args:
            dialect: the database as the host calls it: ``sqlite``, ``postgresql``, ``mariadb`` (also ``mysql``: Django's word).
        """
        made = options_of(options)
        loaded = load_plugins(made)
        house = let_differ(build_house(made, loaded, cls._of_unit), made, cls._of_unit)
        store = Place(url=dialect, schema=schema, prefix=prefix).open(made, loaded, house.types)
        return cls(house, Runner(house=house, store=store))

    def _seated(self, settled: Schema) -> Self:
        """Give new subscribers their place in the log: from now on nothing happens that they are not told of."""
        names = [subscription.name for subscription in self._house.hooks.subscribers]
        if names and not settled.is_absent:
            with contextlib.suppress(StoreError):  # a store that can only be read is open all the same
                self.service(Subscribers).ensure(names)
        return self

    @classmethod
    def _of_unit(cls, unit: Unit) -> Self:
        return cls(unit.house, Runner(house=unit.house, store=unit.store, actor=unit.actor), unit)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back connections, channels and what else was opened; who was only lent this CRM, a hook, is refused."""
        if self._unit is not None or self._runner.cause is not None:
            raise UnsupportedError("This CRM is lent: who opened it closes it.", code="lent")
        self._house.close()
        self._runner.store.close()

    # --- views ---
    def _evolved(self, **changes: Any) -> Self:
        return type(self)(self._house, attrs.evolve(self._runner, **changes), None, self._after_commit)

    def acting_as(self, actor: str) -> Self:
        """Return this CRM for an actor: its name stands in the log, and access rules are asked for it."""
        self._outside("acting_as")
        return self._evolved(actor=actor)

    def tenant(self, name: str, *, create: bool = True) -> Self:
        """Return the CRM of one company beside the others in the same place; made at its first use (by a guest on MariaDB not), or NotFoundError without ``create``."""
        self._outside("tenant")
        own = open_company(self._runner, name, create=create)
        runner = attrs.evolve(self._runner, house=own.house, store=own.store)
        return type(self)(runner.house, runner, None, self._after_commit)._seated(own.schema)

    def tenants(self) -> tuple[str, ...]:
        """Return the names of the companies that there are beside this one, sorted. What is called on this CRM is of none of them."""
        return self._runner.store.tenants()

    def on(self, connection: Any, after_commit: Callable[..., Any] | None = None) -> Self:
        """Return this CRM as a guest on a host's open transaction: it never commits (see ``upgrade``), rolls back, closes or retries.

        Args:
            after_commit: the host's way to have something called after its commit; found by itself on an SQLAlchemy connection.

        Raises:
            UnsupportedError: the connection is in autocommit, or the store can not be a guest.
        """
        self._outside("on")
        runner = attrs.evolve(self._runner, store=self._runner.store.on(connection), is_guest=True)
        return type(self)(self._house, runner, None, after_commit)

    def _outside(self, what: str) -> None:
        if self._unit is not None:
            raise UnsupportedError(f"{what}() is called on the CRM, not inside a unit of work.", code="inside_unit")

    # --- units of work ---
    @contextmanager
    def transaction(self) -> Generator[Self]:
        """One unit of work for several verbs, kept as a whole or not at all. It is not run again: TryAgain comes out."""
        if self._unit is not None:
            yield self
            return
        with self._runner.transaction() as unit:
            yield type(self)(self._house, self._runner, unit)
        self._committed()

    def run(self, work: Callable[[Self], T]) -> T:
        """Run ``work(tx)`` as one unit of work, again from its start on TryAgain."""
        return self._run(lambda unit: work(type(self)(self._house, self._runner, unit)), work)

    def _run(self, work: Callable[[Unit], T], key: Any = None) -> T:
        if self._unit is not None:
            return work(self._unit)
        result = self._runner.run(work, key)
        self._committed()
        return result

    def _committed(self) -> None:
        if self._after_commit is not None:
            self._after_commit(self._house.wake)

    def perform(
        self, verb: Callable[..., T], service: Service, args: tuple[Any, ...], kwargs: dict[str, Any], long: bool
    ) -> T:
        """Run a verb of a service: in the unit of work that this view is bound to, else as a unit of its own."""
        if self._unit is not None:
            return self._unit.perform(verb, service, args, kwargs, long)
        if long:
            if self._runner.is_guest:
                said = f"{verb.__name__} is long and commits by itself: call it outside of the host's transaction."
                raise UnsupportedError(said, code="long_verb")
            return verb(service, *args, **kwargs)
        return self._run(lambda unit: verb(type(service)(unit), *args, **kwargs), verb)

    def batch(self, do: Callable[[Any], T], *, origin: str = "live", operation: UUID | None = None) -> T:
        """Run one unit of a long verb."""
        return attrs.evolve(self._runner, origin=origin, operation=operation or new_id()).run(do, None)

    def service(self, of: type[Sv]) -> Sv:
        """Return a family of verbs: ``crm.service(Repairs).receive(...)``."""
        return of(self._unit or self)

    @property
    def runner(self) -> Runner:
        """What opens units of work, for the worker."""
        return self._runner

    def caused_by(self, unit: UUID, actor: str) -> Self:
        """Return this CRM for a subscriber: what it does names the unit that it was told of as its cause."""
        return self._evolved(cause=unit, actor=actor, narrowed=False)

    @property
    def house(self) -> House:
        """What all units share: types, plugins, hooks, clock."""
        return self._house

    @property
    def now(self) -> datetime:
        """The instant of the unit of work, or by the CRM's clock, in UTC."""
        return self._unit.now if self._unit is not None else self._house.clock()

    @property
    def actor(self) -> str:
        """Who acts."""
        return self._runner.actor

    @property
    def origin(self) -> str:
        """Where changes come from: ``live``, ``imported``, ``copied``, ``undone``."""
        return self._runner.origin

    @property
    def operation(self) -> UUID:
        """The id of the operation that the unit of work belongs to."""
        return self._unit.operation if self._unit is not None else self._runner.operation or new_id()

    @property
    def plugins(self) -> tuple[PluginState, ...]:
        """Every plugin that was found: its state, and why."""
        return self._house.loaded.states_now(self._house.hooks.quarantined)

    def offers(self, kind: Callable[..., T]) -> tuple[T, ...]:
        """Return what active plugins offer of a kind, a class: ``crm.offers(SlaPolicy)``."""
        return tuple(offer.value for offer in self._house.loaded.offers(kind))

    @property
    def store(self) -> Store:
        """The store, for faces that show its status."""
        return self._runner.store

    def get(self, of: type[R], id: Id[R]) -> R:
        """Return a record; a merged customer's id leads to who it is now.

        Raises:
            NotFoundError: there is none (or none that the actor may see).
        """
        return self._run(lambda unit: unit.get(of, id), "get")

    def get_many(self, of: type[R], ids: Iterable[UUID]) -> dict[UUID, R]:
        """Return the records that are there, by id."""
        return self._run(lambda unit: unit.get_many(of, ids), "get")

    def called(self, of: type[R], short: str) -> list[R]:
        """Return the records that people name by the last six characters of their ids."""
        return self._run(lambda unit: unit.called(of, short), "get")

    def find(
        self,
        of: type[R],
        *where: Condition,
        order: Sequence[Path | Descending] = (),
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[R]:
        """Return the page of records for which all conditions hold; its ``next`` is the ``after`` of the page behind."""
        return self._run(lambda unit: unit.find(of, *where, order=order, limit=limit, after=after), "find")

    def follow(self, reference: Path, *where: Condition, **page: Any) -> Page[Any]:
        """Return the records that those found name by a reference: in their order, each once; ``page`` as for ``find``."""
        return self._run(lambda unit: unit.follow(reference, *where, **page), "find")

    def ask(self, question: Find[R]) -> Page[R]:
        """Return the page that a saved question asks for."""
        return self._run(lambda unit: unit.ask(question), "find")

    def stream(self, of: type[R], *where: Condition, order: Sequence[Path | Descending] = ()) -> Iterator[R]:
        """Yield all records for which the conditions hold, in pages of their own: memory does not grow."""
        page = self.find(of, *where, order=order, limit=1000)
        yield from page
        while page.next is not None:
            page = self.find(of, *where, order=order, limit=1000, after=page.next)
            yield from page

    def tally(
        self, of: type[Record], *where: Condition, by: Sequence[Key] = (), one_per: Path | None = None, one_per_by: Path | None = None,
        **components: Component,
    ) -> list[Tallied]:  # fmt: skip
        """Return counts, totals and the like, a row per group."""
        return self._run(
            lambda unit: unit.tally(of, *where, by=by, one_per=one_per, one_per_by=one_per_by, **components), "tally"
        )

    def custom_fields(self, of: type[Record]) -> dict[str, Field]:
        """Return the custom fields of a record type, by key."""
        return self._run(lambda unit: unit.custom_fields(of), "find")

    # --- writing ---
    @overload
    def add(self, record: R, *, name: str = "", at: datetime | None = None) -> R: ...
    @overload
    def add(self, record: Sequence[R], *, name: str = "", at: Instants = None) -> list[R]: ...
    def add(self, record: Any, *, name: str = "", at: Instants = None) -> Any:
        """Keep a new record, or a sequence of one type as one batch; return it as kept."""
        return self._run(lambda unit: unit.add(record, name=name, at=at), "write")

    @overload
    def replace(self, record: R, *, name: str = "", at: datetime | None = None) -> R: ...
    @overload
    def replace(self, record: Sequence[R], *, name: str = "", at: Instants = None) -> list[R]: ...
    def replace(self, record: Any, *, name: str = "", at: Instants = None) -> Any:
        """Keep a changed record in the place of the one it was made from."""
        return self._run(lambda unit: unit.replace(record, name=name, at=at), "write")

    def remove(self, record: Record | Sequence[Record], *, name: str = "") -> None:
        """Remove records."""
        self._run(lambda unit: unit.remove(record, name=name), "write")

    def rehome(self, record: Record | Sequence[Record], *, name: str = "") -> None:
        """Keep changed records without asking hooks: for merges, erasures and restores."""
        self._run(lambda unit: unit.rehome(record, name=name), "write")

    def discard(self, record: Record | Sequence[Record], *, name: str = "") -> None:
        """Remove records without asking hooks: for merges, erasures and restores."""
        self._run(lambda unit: unit.discard(record, name=name), "write")

    def restore(self, record: Record | Sequence[Record], *, since: UUID, name: str = "") -> None:
        """Keep records as they were before a unit of work, without asking hooks: for undoing."""
        self._run(lambda unit: unit.restore(record, since=since, name=name), "write")

    def unnarrowed(self) -> contextlib.AbstractContextManager[None]:
        """For a while see all records, inside a unit of work: for verbs, which say with what right."""
        if self._unit is None:
            raise UnsupportedError("All records are seen inside a unit of work: open a transaction.", code="outside")
        return self._unit.unnarrowed()

    def move(
        self, record: St, stage: str, *, reason: str = "", side: str = "", note: str = "", at: datetime | None = None
    ) -> St:
        """Keep a record moved to a stage of its pipeline, with its StageChange."""
        return self._run(lambda unit: unit.move(record, stage, reason=reason, side=side, note=note, at=at), "write")

    # --- schema and work ---
    def status(self) -> Schema:
        """Return how schema and data stand to what the plugins declare."""
        return status(self._house, self._runner.store)

    def upgrade(self, *, contract: bool = False, tell: Callable[[str, int], None] | None = None) -> tuple[str, ...]:
        """Bring schema, definitions and data to what the plugins declare; return what was done. A guest's commits the host's work on MariaDB."""
        self._outside("upgrade")
        return upgrade(self._house, self._runner, contract=contract, tell=tell or silent)

    def work(
        self,
        *,
        limit_s: float | None = None,
        until: threading.Event | None = None,
        tell: Callable[[Worked], None] | None = None,
    ) -> Worked:
        """Run what waits: subscribers, reminders, queued messages; return what was done.

        Args:
            limit_s: stop after so many seconds; without it and without ``until``, when nothing waits any more.
            until: go on, waiting for more, until this event is set.
            tell: is told of each round that did something.
        """
        self._outside("work")
        return self._evolved(narrowed=False).service(Working).run(limit_s=limit_s, until=until, tell=tell)
