"""The house: what all units of work of one CRM share. Made once when a CRM is opened, by ``crm.py``."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import attrs

from .._hooks import Access, Hooks
from .._plugins import Loaded
from ..errors import InvalidError, PluginError, UpgradeNeeded, nearest
from ..query import Condition
from ..records import Record, declaration_of
from ..records.border import normaliser
from ..records.building import builder, stamper
from .definitions import Definitions

R = TypeVar("R", bound=Record)


def system_clock() -> datetime:
    """The instant now, in UTC."""
    return datetime.now(UTC)


@attrs.define(kw_only=True, eq=False)
class House:
    """Types, plugins, hooks, clock and what has been compiled or cached; no transaction and no connection.

    Attributes:
        behind: record types that are declared newer than they are kept: their writes raise UpgradeNeeded.
        absent: record types that are declared and not kept yet: asking for them raises UpgradeNeeded too.
        refused: record types that can not be brought to their declaration, and why: neither read nor written.
    """

    loaded: Loaded
    hooks: Hooks
    types: Sequence[type[Record]]
    zone: ZoneInfo
    currency: str
    languages: tuple[str, ...] = ("en",)
    clock: Callable[[], datetime] = system_clock
    pause: Callable[[float], None]
    face: Callable[[Any], Any]
    """Makes the face (a CRM) of a unit of work, for the contexts of hooks."""
    company: Callable[[str], House] = attrs.field(default=attrs.Factory(lambda me: me._copy_for, takes_self=True))
    """Makes the house of a company beside others: by default as this one, with a state of its own schema."""
    behind: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    refused: Mapping[str, str] = attrs.field(factory=dict[str, str])
    secret: bytes = b""
    settings: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    by_name: Mapping[str, type[Record]] = attrs.field(init=False)
    woken: threading.Event = attrs.field(factory=threading.Event)
    is_apart: bool = False
    _access: dict[type[Record], Access | None] = attrs.field(factory=dict[type[Record], Access | None])
    _normalisers: dict[type[Record], Any] = attrs.field(factory=dict[type[Record], Any])
    _stampers: dict[type[Record], Any] = attrs.field(factory=dict[type[Record], Any])
    _builders: dict[Any, Any] = attrs.field(factory=dict[Any, Any])
    _definitions: dict[Any, Definitions] = attrs.field(factory=dict[Any, Definitions])
    _writers: set[Any] = attrs.field(factory=set[Any])
    _open: dict[Any, Any] = attrs.field(factory=dict[Any, Any])
    _opening: threading.Lock = attrs.field(factory=threading.Lock)
    _asking: set[int] = attrs.field(factory=set[int])

    def __attrs_post_init__(self) -> None:
        self.by_name = {declaration_of(of).name: of for of in self.types}

    def _copy_for(self, name: str) -> House:
        """Return the house of a company for which nothing differs: what is compiled and opened is shared."""
        return attrs.evolve(self, behind=frozenset[str](), absent=frozenset[str](), refused={}, is_apart=False)

    def type_named(self, name: str) -> type[Record]:
        """Return a record type by its name or plural (``deal``, ``repair-orders``).

        Raises:
            InvalidError: there is none; the nearest is named.
        """
        plurals = {declaration_of(of).plural: of for of in self.types}
        found = self.by_name.get(name) or plurals.get(name)
        if found is None:
            near = nearest(name, [*plurals, *self.by_name]) or f" There are {', '.join(sorted(plurals))}."
            raise InvalidError(f"There is no record type {name!r}.{near}", code="unknown_type")
        return found

    def normaliser(self, of: type[Record]) -> Any:
        """Return the compiled border of a record type."""
        found = self._normalisers.get(of)
        if found is None:
            found = self._normalisers[of] = normaliser(of)
        return found

    def stamper(self, of: type[Record]) -> Any:
        """Return the compiled stamps of a record type."""
        found = self._stampers.get(of)
        if found is None:
            found = self._stampers[of] = stamper(of)
        return found

    def builder(self, of: type[R], names: tuple[str, ...]) -> Callable[[Sequence[Any]], R]:
        """Return the compiled builder of a record type from values that we made ourselves (see ``records.building``)."""
        found: Callable[[Sequence[Any]], R] | None = self._builders.get((of, names))
        if found is None:
            found = self._builders[of, names] = builder(of, names)
        return found

    def access(self, of: type[Record], actor: str) -> Condition | None:
        """Return the condition under which an actor sees records of a type; None for all.

        Raises:
            PluginError: a rule fails, or the plugin that has one is not active.
        """
        if of not in self._access:
            self._access[of] = self.loaded.access(of, self.hooks.watched_rule(of))
        rule = self._access[of]
        if rule is None:
            return None
        with self.asking():
            return rule(actor)

    def may_read(self, type_name: str) -> None:
        """Refuse questions about a record type that the database does not have yet.

        Raises:
            UpgradeNeeded: it is declared, and the schema was not upgraded since, or can not be.
        """
        if type_name in self.refused:
            raise UpgradeNeeded(self.refused[type_name], code="upgrade_needed")
        if type_name in self.absent:
            raise UpgradeNeeded(
                f"The database has no {type_name!r} yet: run `crmkit db upgrade`, or crm.upgrade().",
                code="upgrade_needed",
            )

    def may_write(self, type_name: str) -> None:
        """Refuse writes of a record type that could not be kept or checked now.

        Raises:
            UpgradeNeeded: it is declared newer than it is kept.
            PluginError: a plugin that checks it is not active.
        """
        self.may_read(type_name)
        if type_name in self.behind:
            raise UpgradeNeeded(
                f"The schema of {type_name!r} is older than its declaration: run `crmkit db upgrade`, or crm.upgrade().",
                code="upgrade_needed",
            )
        plugin = self.loaded.missing_check(type_name)
        if plugin:
            raise PluginError(
                f"Plugin {plugin!r} checks every {type_name} and is not active: mend it (crmkit plugins doctor), or let go of it (crmkit plugins disable {plugin} --gone).",
                code="check_missing",
                plugin=plugin,
            )

    def definitions(self, place: Any, epoch: int, read: Callable[[], Definitions]) -> Definitions:
        """Return the definitions of an epoch in one place (a store), read where they are not cached."""
        found = self._definitions.get(place)
        if found is None or found.epoch != epoch:
            found = self._definitions[place] = read()
        return found

    def backoff_s(self, attempt: int) -> float:
        """Return how long to wait before another try, in seconds: doubling, with jitter."""
        return float(min(1.0, 0.01 * 2**attempt) * (0.5 + random.random()))  # noqa: S311  # jitter, no secret

    def opened(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what was opened under a key (a channel and its connections), opening it at first use."""
        with self._opening:
            if key not in self._open:
                self._open[key] = make()
            return self._open[key]

    @contextmanager
    def asking(self) -> Generator[None]:
        """While this thread asks adjust and check hooks: what they write, by whatever way, would wait for their own unit."""
        thread, is_first = threading.get_ident(), not self.is_asking()
        self._asking.add(thread)
        try:
            yield
        finally:
            if is_first:
                self._asking.discard(thread)

    def is_asking(self) -> bool:
        """Whether this thread asks adjust or check hooks."""
        return threading.get_ident() in self._asking

    def close(self) -> None:
        """Close what was opened."""
        with self._opening:
            while self._open:
                close = getattr(self._open.popitem()[1], "close", None)
                if close is not None:
                    close()

    def wake(self) -> None:
        """Tell a waiting worker in this process that there is something to do."""
        self.woken.set()
