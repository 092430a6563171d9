"""Putting together what is loaded: found, judged, imported, registered, settled, in this order."""

from __future__ import annotations

import logging
import types
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs

from ..errors import PluginError
from ..ports.plugin import Plugin
from .finding import builtin_plugins, given_plugin, installed_plugins
from .guarding import guarded_by
from .loaded import Loaded, offers_in_order
from .loading import Given, Loading
from .ordering import reasons
from .settling import settle, wishes_of
from .state import PluginState
from .using import deprecated, warn

_log = logging.getLogger("crmkit.plugins")


def load(
    plugins: Sequence[Plugin | types.ModuleType | str] = (),
    *,
    discover: bool = True,
    builtins: bool = True,
    disabled: Collection[str] = (),
    settings: Mapping[str, Any] | None = None,
    tables: Mapping[str, Mapping[str, Any]] | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    order: Sequence[str] = (),
    strict: bool = False,
) -> Loaded:
    """Load the plugins of one CRM.

    Args:
        plugins: what the host gives: plugins, modules, or ``module:attribute``.
        discover: whether installed plugins are looked for (``--no-plugins``: not).
        builtins: whether what comes with crmkit is loaded.
        disabled: names of plugins that a person has switched off.
        settings: by plugin what a program says: a mapping or an instance; goes before the environment.
        tables: by plugin what crmkit.toml says; the environment goes before it.
        environ: the environment.
        folder: the project's, for modules named in ``plugins`` and files named in settings.
        order: names of plugins in the order in which their hooks are called; it beats what they declare of each other.
        strict: whether a plugin that can not be used is an error.

    Raises:
        PluginError: with ``strict``, or where a plugin's settings say ``required = true``; nothing else is raised,
            whatever plugins do.

    Warns:
        PluginDeprecation: a plugin uses what will go.
    """
    given = Given(
        disabled=frozenset(disabled), tables=tables or {}, settings=settings or {}, environ=environ or {}, folder=folder,
        order=tuple(order),
    )  # fmt: skip
    loading = Loading(given=given)
    found = [given_plugin(one) for one in plugins]
    loading.run([*(builtin_plugins() if builtins else ()), *found, *(installed_plugins() if discover else ())])
    made = _loaded(loading, settle(loading))
    for state in made.states:
        if state.state in ("failed", "incompatible") or (state.state == "active" and state.reason):
            _log.warning(
                "%s", state.told(), extra={"plugin": state.name, "version": state.version, "state": state.state}
            )
    _insist(made, loading.required(), strict=strict)
    warn(made.deprecated)
    return made


def _loaded(loading: Loading, order: tuple[str, ...]) -> Loaded:
    for entry in loading.good():
        entry.state = attrs.evolve(entry.state, state="active")
    good = {entry.name: entry for entry in loading.good()}
    entries = [good[name] for name in order]
    hooks = sorted((hook for entry in entries for hook in entry.hooks), key=lambda hook: hook.place)
    made = Loaded(
        states=tuple(sorted((entry.state for entry in loading.entries), key=lambda state: (state.name, state.target))),
        everything=offers_in_order((entry.state, entry.offers) for entry in entries),
        hooks=tuple(hooks),
        problems=(*loading.strays(), *loading.stale),
        manager=loading.manager,
        disabled=loading.given.disabled,
        reasons=reasons(wishes_of(loading), loading.given.order),
        uses=MappingProxyType({entry.name: entry.uses for entry in entries}),
        deprecated=tuple(found for entry in entries for found in deprecated(entry.state, entry.uses)),
        plugged=MappingProxyType({entry.name: entry.plugged for entry in entries if entry.plugged}),
    )
    return made.closed(
        {entry.name: guarded_by(entry.state.plugin, entry.offers, entry.manifest) for entry in loading.entries}
    )


def _insist(made: Loaded, required: Collection[str], *, strict: bool) -> None:
    missing = sorted(set(required) - {state.name for state in made.states})
    bad = [s for s in made.states if s.state in ("failed", "incompatible") and (strict or s.name in required)]
    bad += [s for s in made.states if s.state == "disabled" and s.name in required]
    if not missing and not bad:
        return
    told = [f"The plugin {name!r} is required, and is not installed." for name in missing] + [
        state.told() for state in bad
    ]
    first = bad[0] if bad else PluginState(name=missing[0])
    raise PluginError(
        " ".join(told),
        plugin=first.name,
        distribution=first.distribution,
        version=first.version,
        code="plugin_required",
    ) from first.cause
