"""Loading: each plugin goes as far as it can; what it does wrong is written into its state and costs no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import pluggy

from .._hooks import Hook, Plugged
from ..errors import DeclarationError, nearest
from ..ports.plugin import Plugin
from ..settings import Told, settings_told
from .finding import GIVEN, INSTALLED, Found
from .importing import PASSED_ON, Home, NotUsable, described, imported
from .judging import judge_api, judge_requirements, known, unusable
from .offering import judge_offers
from .registering import hooks_of, new_manager, offers_of, register, unregister
from .state import PluginState
from .using import Use, uses_of

REQUIRED = "required"
"""The key of a plugin's table that is ours: ``required = true`` stops the program where the plugin is not active."""


SLOW_S = 2.0
"""Seconds of an import that are told: every command that loads plugins waits for them."""


@attrs.define(eq=False, kw_only=True)
class Entry:
    """One plugin on its way.

    Attributes:
        offers: once it was registered.
        claims: the names that they claim, each with its kind.
        told: its settings.
        uses: what of the API it uses.
    """

    found: Found
    state: PluginState
    manifest: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    offers: tuple[Any, ...] = ()
    claims: frozenset[tuple[str, str]] = frozenset()
    told: Told = attrs.field(factory=lambda: Told(None))
    plugged: Plugged | None = None
    hooks: tuple[Hook, ...] = ()
    uses: tuple[Use, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether nothing has gone wrong with it so far."""
        return self.state.state in ("discovered", "loaded", "active")

    @property
    def name(self) -> str:
        """Its name."""
        return self.state.name

    def declared(self, fact: str) -> tuple[str, ...]:
        """Return ``before``, ``after`` or ``requires`` of the plugin; a plain module declares none."""
        plugin = self.state.plugin
        return tuple(getattr(plugin, fact)) if isinstance(plugin, Plugin) else ()


@attrs.frozen(kw_only=True)
class Given:
    """What the host says of plugins.

    Attributes:
        tables: the tables of crmkit.toml; ``settings``: what a program says, which goes before them.
        order: names of plugins in the order in which the host wants them.
    """

    disabled: frozenset[str]
    tables: Mapping[str, Any]
    settings: Mapping[str, Any]
    environ: Mapping[str, str]
    folder: Path | None = None
    order: tuple[str, ...] = ()


@attrs.define(eq=False, kw_only=True)
class Loading:
    """One loading of all plugins of one CRM."""

    given: Given
    manager: pluggy.PluginManager = attrs.field(factory=new_manager)
    entries: list[Entry] = attrs.field(factory=list[Entry])
    stale: list[str] = attrs.field(factory=list[str])
    clock: Callable[[], float] = time.perf_counter

    def run(self, found: Iterable[Found]) -> None:
        """Take every plugin as far as importing, registering and its settings."""
        candidates = list(found)
        taken = self._homes(candidates)
        for one in candidates:
            entry = self._entry(one)
            if isinstance(one.target, str) and one.target in taken:
                self.fail(entry, taken[one.target], "Rename the project's module.")
            self.entries.append(entry)
            self._step(entry, self._load)
        self._same_names()
        for entry in self.entries:
            self._step(entry, self._register)
            self._step(entry, self._settings)

    def good(self) -> Iterator[Entry]:
        """Yield the plugins with which nothing has gone wrong so far."""
        return (entry for entry in self.entries if entry.is_good)

    def fail(self, entry: Entry, reason: str, remedy: str = "") -> None:
        """Mark a plugin failed, and take back what it has registered."""
        if entry.is_good:
            unregister(self.manager, entry.name)
        entry.state = attrs.evolve(entry.state, state="failed", reason=reason, remedy=remedy)

    def _homes(self, found: Sequence[Found]) -> dict[str, str]:
        names = [one.target for one in found if one.rank == GIVEN and isinstance(one.target, str)]
        return Home(str(self.given.folder.resolve())).enter(names) if self.given.folder and names else {}

    def _entry(self, found: Found) -> Entry:
        if isinstance(found.target, str):
            made = known(found, self.given.disabled)
            entry = Entry(found=found, state=made.state, manifest=made.manifest)
            if found.version and made.state.version != found.version:
                self.stale.append(
                    f"The manifest of {entry.name} was made for version {made.state.version}: it is {found.version}."
                )
                entry.state = attrs.evolve(entry.state, version=found.version)
            return entry
        state = PluginState(name=found.told_name, distribution=found.distribution, version=found.version)
        return Entry(found=found, state=state)

    def _step(self, entry: Entry, step: Callable[[Entry], None]) -> None:
        if not entry.is_good:
            return
        try:
            step(entry)
        except PASSED_ON:
            raise
        except NotUsable as problem:
            unregister(self.manager, entry.name)
            entry.state = unusable(entry.state, problem)
        except BaseException as error:  # noqa: BLE001 - what is looked at is the plugin's, and may do anything
            self.fail(entry, f"Looking at it raised {described(error)}.", "Report it to the plugin's authors.")
            entry.state = attrs.evolve(entry.state, cause=error)

    def _load(self, entry: Entry) -> None:
        judge_requirements(entry.found.requirements)
        begun = self.clock()
        try:
            plugin = imported(entry.found.target)
        finally:
            entry.state = _imported_in(entry.state, self.clock() - begun)
        name = self._name(entry, plugin)
        version = (plugin.version if isinstance(plugin, Plugin) else "") or entry.state.version
        entry.state = attrs.evolve(entry.state, name=name, state="loaded", plugin=plugin, version=version)
        if name in self.given.disabled:
            entry.state = attrs.evolve(entry.state, state="disabled", reason="It is switched off.")
        elif isinstance(plugin, Plugin):
            judge_api(plugin.api)

    def _name(self, entry: Entry, plugin: Any) -> str:
        own: str = plugin.name if isinstance(plugin, Plugin) else ""
        if entry.found.name and own and own != entry.found.name and entry.found.rank == INSTALLED:
            raise NotUsable(
                f"Its entry point is called {entry.found.name!r}, but the plugin calls itself {own!r}.",
                "Its author gives both one name.",
            )
        return own or entry.found.name or str(getattr(plugin, "__name__", ""))

    def _same_names(self) -> None:
        """Of plugins with one name, a program's own goes before an installed one; of equals none counts."""
        by_name: dict[str, list[Entry]] = {}
        for entry in self.good():
            by_name.setdefault(entry.name, []).append(entry)
        for name, group in by_name.items():
            for entry, kept in _superfluous(group):
                kept.state = attrs.evolve(
                    kept.state, distribution=entry.state.distribution, version=entry.state.version
                )
                self.entries.remove(entry)
            for entry in losers([e for e in group if e in self.entries]):
                others = " and ".join(sorted(e.state.target or e.state.source for e in group if e is not entry))
                self.fail(entry, f"Another plugin is called {name!r} too: {others}.", "Remove one of them.")

    def _register(self, entry: Entry) -> None:
        register(self.manager, entry.state.plugin, entry.name)
        entry.offers = offers_of(self.manager, entry.name)
        entry.claims = judge_offers(entry.offers)
        entry.uses = uses_of(entry.state.plugin, entry.offers, self.manager, entry.name)

    def _settings(self, entry: Entry) -> None:
        of = entry.state.plugin.settings if isinstance(entry.state.plugin, Plugin) else None
        try:
            entry.told = self._told(entry.name, of)
        except DeclarationError as error:
            raise NotUsable(" ".join(error.problems), "Mend its settings.") from None
        entry.plugged = Plugged(
            name=entry.name, distribution=entry.state.distribution, version=entry.state.version,
            is_builtin=entry.found.is_builtin, settings=entry.told.settings, redacted=entry.told.redacted,
        )  # fmt: skip
        entry.hooks = tuple(hooks_of(self.manager, entry.name, entry.offers, entry.plugged))

    def _told(self, name: str, of: type[Any] | None) -> Told:
        table, code = _without_ours(self.given.tables.get(name) or {}), _without_ours(self.given.settings.get(name))
        if of is not None:
            return settings_told(of, table, self.given.environ, code, plugin=name, folder=self.given.folder)
        if table or code:
            raise DeclarationError(f"Settings of {name}", ["It has no settings, but some were given."])
        return Told(None)

    def required(self) -> frozenset[str]:
        """Return the names of plugins without which the program does not go on."""
        said = [*self.given.tables.items(), *self.given.settings.items()]
        return frozenset(name for name, table in said if _is_required(table))

    def strays(self) -> tuple[str, ...]:
        """Return a sentence for each name that the host speaks of and no plugin has.

        A plugin that is gone may stay switched off; only a name that is nearly another's is told.
        """
        names = {entry.name for entry in self.entries}
        told = dict.fromkeys((*self.given.tables, *self.given.settings), "There are settings for")
        told.update(dict.fromkeys(self.given.order, "The order of hooks names"))
        told.update({name: "You have switched off" for name in self.given.disabled if nearest(name, names)})
        return tuple(
            f"{what} {name!r}, but no plugin is called so.{nearest(name, names)}"
            for name, what in sorted(told.items())
            if name not in names
        )


def _imported_in(state: PluginState, seconds: float) -> PluginState:
    if seconds < SLOW_S or state.is_builtin:
        return attrs.evolve(state, import_s=seconds)
    told = f"Its import took {seconds:.1f} s, and every command waits for it."
    return attrs.evolve(
        state,
        import_s=seconds,
        reason=told,
        remedy="Its author imports what is heavy where it is used; or switch it off.",
    )


def _without_ours(said: Any) -> Any:
    """What is said to a plugin, without the key that is ours; an instance of its class as it is."""
    return {key: value for key, value in said.items() if key != REQUIRED} if isinstance(said, Mapping) else said  # pyright: ignore[reportUnknownVariableType]  # a file's or a program's values


def _is_required(said: Any) -> bool:
    return isinstance(said, Mapping) and said.get(REQUIRED) is True  # pyright: ignore[reportUnknownMemberType]  # a file's or a program's values


def _superfluous(group: Sequence[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """What is the same plugin as an earlier one, with that one: found twice (given by the program, and installed)."""
    for n, entry in enumerate(group):
        earlier = next((other for other in group[:n] if entry.state.plugin is other.state.plugin), None)
        if earlier:
            yield entry, earlier


def losers(group: Collection[Entry]) -> Iterator[Entry]:
    """Yield those that lose one name: all but what comes with crmkit, else all but a program's own; of equals all."""
    if len(group) > 1:
        strongest = min(entry.found.rank for entry in group)
        firsts = [entry for entry in group if entry.found.rank == strongest]
        yield from (entry for entry in group if entry not in firsts or len(firsts) > 1)
