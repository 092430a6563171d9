"""What came of loading: the states of all plugins, and the offers of the active ones by type and name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs
import pluggy

from .._hooks import Access, Hook, Plugged, Watched, closed_access, compile_access
from ..errors import NotFoundError, nearest
from ..ports.hook import AccessRule
from ..ports.store import Store
from ..ports.work import Service
from ..records import CORE_TYPES, FieldDefinition, Pipeline, Record, declaration_of
from .guarding import Guarded, checks_of
from .offering import kind_of_offer, schemes_of, type_name
from .state import ALL_TYPES, Offer, PluginState
from .using import Deprecated, Use


@attrs.frozen(kw_only=True, eq=False)
class Loaded:
    """The plugins of one CRM.

    Attributes:
        states: of every plugin, by name; also those that failed or are switched off.
        everything: all offers of active plugins, in the order of the plugins, then as they stand.
        hooks: all hook functions, in the order in which they are called.
        disabled: names that a person has switched off, of plugins that are gone too.
        problems: sentences about what the host says of plugins that are not there.
        manager: pluggy's, of this CRM alone.
        reasons: active plugin -> why its hooks are called where they are, in words.
        missing_checks: record type (``*`` for all) -> the plugin that declares checks on it and is not active: writes
            to it are refused until a person switches that plugin off.
        missing_access: record type -> the plugin that decides who sees its records and failed: they are shown to
            nobody until it is mended or switched off.
        uses: active plugin -> what of the API it uses.
        deprecated: those uses that should be no more, because what they use will go.
    """

    states: tuple[PluginState, ...] = ()
    everything: tuple[Offer[Any], ...] = ()
    hooks: tuple[Hook, ...] = ()
    problems: tuple[str, ...] = ()
    manager: pluggy.PluginManager | None = attrs.field(default=None, repr=False)
    missing_checks: Mapping[str, str] = attrs.field(factory=dict[str, str])
    missing_access: Mapping[str, str] = attrs.field(factory=dict[str, str])
    disabled: frozenset[str] = frozenset()
    reasons: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict[str, tuple[str, ...]])
    uses: Mapping[str, tuple[Use, ...]] = attrs.field(factory=dict[str, tuple[Use, ...]], repr=False)
    deprecated: tuple[Deprecated, ...] = ()
    plugged: Mapping[str, Plugged] = attrs.field(factory=dict[str, Plugged], repr=False)
    _by_kind: dict[Callable[..., Any], tuple[Offer[Any], ...]] = attrs.field(
        factory=dict[Callable[..., Any], tuple[Offer[Any], ...]], init=False, repr=False
    )

    def offers(self, kind: Callable[..., Any]) -> tuple[Offer[Any], ...]:
        """Return what active plugins offer of a kind, a class: instances of it, and offered subclasses of it."""
        if kind not in self._by_kind:
            self._by_kind[kind] = tuple(offer for offer in self.everything if _is_of(offer.value, kind))
        return self._by_kind[kind]

    @property
    def active(self) -> tuple[PluginState, ...]:
        """The active plugins, by name."""
        return tuple(state for state in self.states if state.state == "active")

    @property
    def types(self) -> tuple[type[Record], ...]:
        """The record types: the core's, then those of active plugins."""
        return (*CORE_TYPES, *(offer.value for offer in self.offers(Record)))

    @property
    def pipelines(self) -> tuple[Offer[Pipeline], ...]:
        """The declared pipelines."""
        return self.offers(Pipeline)

    @property
    def fields(self) -> tuple[Offer[FieldDefinition], ...]:
        """The declared custom fields."""
        return self.offers(FieldDefinition)

    @property
    def access_rules(self) -> tuple[Offer[AccessRule], ...]:
        """Who sees which records."""
        return self.offers(AccessRule)

    @property
    def services(self) -> tuple[Offer[type[Service]], ...]:
        """The families of verbs."""
        return self.offers(Service)

    @property
    def commands(self) -> tuple[Offer[Any], ...]:
        """The commands: click's own, or ``Commands`` that are loaded when they run."""
        return tuple(offer for offer in self.everything if kind_of_offer(offer.value) == "commands")

    @property
    def stores(self) -> Mapping[str, Offer[type[Store]]]:
        """The stores by the scheme of their URLs."""
        return MappingProxyType({scheme: offer for offer in self.offers(Store) for scheme in schemes_of(offer.value)})

    @property
    def checks(self) -> Mapping[str, tuple[str, ...]]:
        """Active plugin -> names of the record types that it checks, for the ledger."""
        found: dict[str, tuple[str, ...]] = {}
        for name in self.plugged:
            functions = tuple(hook for hook in self.hooks if hook.plugin.name == name and hook.offer.hook == "check")
            if functions:
                found[name] = checks_of((hook.offer for hook in functions), self.types)
        return found

    def state_of(self, name: str) -> PluginState:
        """Return how a plugin stands.

        Raises:
            NotFoundError: none is called so.
        """
        for state in self.states:
            if state.name == name:
                return state
        raise NotFoundError(
            f"There is no plugin {name!r}.{nearest(name, (s.name for s in self.states))}", code="no_plugin"
        )

    def settings_of(self, name: str) -> Any:
        """Return the settings of an active plugin: an instance of its settings class, or None where it has none.

        Raises:
            NotFoundError: no active plugin is called so.
        """
        if name not in self.plugged:
            raise NotFoundError(f"There is no active plugin {name!r}.{nearest(name, self.plugged)}", code="no_plugin")
        return self.plugged[name].settings

    def require(self, checks: Mapping[str, Sequence[str]]) -> Loaded:
        """Return this with more checks that must not be missed: plugin -> record types that it checks, as the ledger says.

        A plugin that is active, or that a person has switched off, misses none.
        """
        more = self._missing(checks)
        return attrs.evolve(self, missing_checks=MappingProxyType({**more, **self.missing_checks}))

    def closed(self, guarded: Mapping[str, Guarded]) -> Loaded:
        """Return this with what plugins guard that are not active: plugin -> what it guards."""
        return attrs.evolve(
            self,
            missing_checks=self._missing({name: found.checks for name, found in guarded.items()}),
            missing_access=self._missing({name: found.access for name, found in guarded.items()}),
        )

    def _missing(self, guarded: Mapping[str, Collection[str]]) -> Mapping[str, str]:
        """Record type -> a plugin that guards it and is neither active nor switched off by a person."""
        excused = self.disabled | {state.name for state in self.states if state.state in ("active", "disabled")}
        found = {of: name for name, types in sorted(guarded.items()) if name not in excused for of in sorted(types)}
        return MappingProxyType(found)

    def access(self, of: type[Record], watched: Watched | None = None) -> Access | None:
        """Return a function of an actor that returns the condition under which it sees records of a type; None: everyone sees all.

        The function raises PluginError where a rule fails, or where the plugin that has one is not active.
        """
        missing = self.missing_access.get(type_name(of))
        if missing:
            return closed_access(type_name(of), missing)
        rules = [(o.value, self.plugged[o.plugin.name]) for o in self.access_rules if o.value.of is of]
        return compile_access(of, rules, watched) if rules else None

    def missing_check(self, record_type: str) -> str | None:
        """Return the plugin whose check on a record type is missing, so that it can not be written; None where none is."""
        plugin = self.missing_checks.get(record_type)
        if plugin is None and ALL_TYPES in self.missing_checks and record_type not in self._operational:
            plugin = self.missing_checks[ALL_TYPES]
        return plugin

    @property
    def _operational(self) -> frozenset[str]:
        """Types that keep the house running: nobody's checks are asked for them unless by their very name."""
        return frozenset(type_name(of) for of in self.types if declaration_of(of).mode == "operational")

    def states_now(self, quarantined: Collection[str]) -> tuple[PluginState, ...]:
        """Return the states, with the plugins marked that are passed over now (``Hooks.quarantined``)."""
        return tuple(_quarantined(s) if s.name in quarantined and s.state == "active" else s for s in self.states)


def _is_of(value: Any, kind: Any) -> bool:
    return issubclass(value, kind) if isinstance(value, type) else isinstance(value, kind)


def _quarantined(state: PluginState) -> PluginState:
    reason = "It keeps failing and is passed over; it is tried again from time to time."
    return attrs.evolve(
        state, state="quarantined", reason=reason, remedy="See the failures that are reported, and mend it."
    )


def offers_in_order(entries: Iterable[tuple[PluginState, tuple[Any, ...]]]) -> tuple[Offer[Any], ...]:
    """Return the offers of plugins, one after the other."""
    return tuple(Offer(value, state) for state, values in entries for value in values)
