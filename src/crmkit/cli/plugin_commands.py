"""The commands that plugins add: known from their manifests, loaded when they run."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ..errors import CRMError, PluginError

if TYPE_CHECKING:
    from .state import Run


class PluginCommand:
    """A command of a plugin, before it is loaded."""

    def __init__(self, help_: str, load: Callable[[], click.Command]) -> None:
        self.help, self.load = help_, load


def plugin_commands(run: Run) -> dict[str, PluginCommand]:
    """Return the commands of installed plugins (by their manifests) and of the project's own modules (imported)."""
    return {**_of_manifests(run), **_of_active(run)}


def loaded_command(run: Run, name: str) -> click.Command | None:
    """Return a command of a plugin that has no manifest, where one such plugin is installed; None where there is none."""
    if run.no_plugins:
        return None
    from .._plugins import discovered  # reads metadata; only unknown words come here

    if all(known.manifest for known in discovered()):
        return None
    found = _of_active(run, is_needed=True).get(name)
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
        found = _of_active(run, is_needed=True).get(name)
        if found is not None:
            return found.load()
        state = run.opened().house.loaded.state_of(plugin)
        told = f"The plugin has no such command any more: its author writes its manifest anew. {state.told()}"
        raise PluginError(state.told() if state.state != "active" else told, plugin=plugin, version=state.version)

    return load


def _of_active(run: Run, *, is_needed: bool = False) -> dict[str, PluginCommand]:
    """Return the commands of loaded plugins: of a project with modules of its own, or where one is about to run."""
    if not is_needed and not run.has_modules():
        return {}
    try:
        offers = run.opened().house.loaded.commands
    except CRMError:
        if is_needed:
            raise
        return {}
    return dict(_command(offer.value) for offer in offers)


def _command(offer: Any) -> tuple[str, PluginCommand]:
    if isinstance(offer, click.Command):
        return str(offer.name), PluginCommand(offer.get_short_help_str(80), lambda: offer)
    return offer.name, PluginCommand(offer.help, lambda: _imported(offer.target))


def _imported(target: str) -> click.Command:
    module, _, name = target.partition(":")
    command: click.Command = getattr(importlib.import_module(module), name)
    return command
