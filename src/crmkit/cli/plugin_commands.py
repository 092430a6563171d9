"""The commands that plugins add: known from their manifests, loaded when they run."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from ..errors import PluginError

if TYPE_CHECKING:
    from .state import Run


class PluginCommand:
    """A command of a plugin, before it is loaded."""

    def __init__(self, help_: str, load: Callable[[], click.Command]) -> None:
        self.help, self.load = help_, load


def plugin_commands(run: Run) -> dict[str, PluginCommand]:
    """Return the commands of installed plugins (by their manifests) and of the project's own modules (imported)."""
    return {**_of_manifests(run), **_of_modules(run)}


def loaded_command(run: Run, name: str) -> click.Command | None:
    """Return a command of a plugin that has no manifest, where one such plugin is installed; None where there is none."""
    if run.no_plugins:
        return None
    from .._plugins import discovered  # reads metadata; only unknown words come here

    if all(known.manifest for known in discovered()):
        return None
    found = _of_active(run).get(name)
    return None if found is None else found.load()


def _of_manifests(run: Run) -> dict[str, PluginCommand]:
    if run.no_plugins:
        return {}
    from .._plugins import glanced  # reads manifests; only help and unknown words come here

    off = run.project_or_none()
    found: dict[str, PluginCommand] = {}
    for manifest in glanced():
        if off is None or manifest["name"] not in off.switched_off(run.tenant):
            for command in manifest.get("commands", ()):
                found[command["name"]] = PluginCommand(
                    command.get("help", ""), _later(run, manifest["name"], command["name"])
                )
    return found


def _later(run: Run, plugin: str, name: str) -> Callable[[], click.Command]:
    def load() -> click.Command:
        found = _of_active(run).get(name)
        if found is not None:
            return found.load()
        state = run.opened().house.loaded.state_of(plugin)
        told = f"The plugin has no such command any more: its author writes its manifest anew. {state.told()}"
        raise PluginError(state.told() if state.state != "active" else told, plugin=plugin, version=state.version)

    return load


def _of_modules(run: Run) -> dict[str, PluginCommand]:
    """Return the commands of the project's own modules, which are imported; the CRM is opened when one of them runs."""
    project = None if run.no_plugins else run.project_or_none()
    if project is None or not project.plugins:
        return {}
    from .._plugins.importing import Home, NotUsable, imported  # only a project with modules needs them
    from .._plugins.offering import kind_of_offer

    found: dict[str, PluginCommand] = {}
    taken = Home(str(project.folder.resolve())).enter(list(project.plugins))
    for target in (target for target in project.plugins if target not in taken):
        with suppress(NotUsable):
            plugin = imported(target)
            is_off = getattr(plugin, "name", "") in project.switched_off(run.tenant)
            for offer in () if is_off else getattr(plugin, "offers", ()):
                if kind_of_offer(offer) == "commands":
                    name, command = _command(offer)
                    found[name] = PluginCommand(command.help, _later(run, plugin.name, name))
    return found


def _of_active(run: Run) -> dict[str, PluginCommand]:
    """Return the commands of loaded plugins, where one is about to run."""
    return dict(_command(offer.value) for offer in run.opened().house.loaded.commands)


def _command(offer: Any) -> tuple[str, PluginCommand]:
    if isinstance(offer, click.Command):
        return str(offer.name), PluginCommand(offer.get_short_help_str(80), lambda: offer)
    return offer.name, PluginCommand(offer.help, lambda: _imported(offer.target))


def _imported(target: str) -> click.Command:
    module, _, name = target.partition(":")
    command: click.Command = getattr(importlib.import_module(module), name)
    return command
