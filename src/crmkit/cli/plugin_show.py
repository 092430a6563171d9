"""``crmkit plugins show``: one plugin whole: how it stands, what it offers, what it may do, and what of the API it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import attrs
import click

from ..crm import CRM
from ..errors import NotFoundError, nearest
from ..ports.plugin import Plugin
from .showing import show
from .state import current_run


@click.command("show", help="Show one plugin: version, offers, settings, capabilities, and what of the API it uses.")
@click.argument("name")
@click.pass_obj
def show_plugin(crm: CRM, name: str) -> None:
    """Show a plugin."""
    current_run().is_of_plugins = True
    state = next((s for s in crm.plugins if s.name == name), None)
    if state is None:
        raise NotFoundError(
            f"There is no plugin {name!r}.{nearest(name, [s.name for s in crm.plugins])} See crmkit plugins list."
        )
    manifest, uses = _manifest(state), crm.house.loaded.uses.get(name, ())
    if current_run().json:
        told = [{"what": use.what, **attrs.asdict(use.lifetime)} for use in uses]
        show({"name": name, "state": state.state, "reason": state.reason, "remedy": state.remedy, **manifest, "uses": told})  # fmt: skip
        return
    click.echo(f"\n{state.source}  {state.state}")
    for line in filter(None, (state.reason, state.remedy)):
        click.echo(f"  {line}")
    for label, words in (*_facts(manifest), *_used(uses)):
        click.echo(f"  {label:<14} {words}")
    click.echo()


def _manifest(state: Any) -> Mapping[str, Any]:
    """What the plugin says of itself where it was loaded, else what its wheel says of it."""
    from .._plugins import discovered, manifest_of  # the plugin is loaded by now

    if state.state in ("active", "quarantined") and isinstance(state.plugin, Plugin | ModuleType):
        return manifest_of(
            state.plugin, name=state.name, distribution=state.distribution, version=state.version
        )  # fmt: skip
    found = [known.manifest for known in discovered() if known.state.name == state.name]
    return found[0] if found else {}


def _facts(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((kind, ", ".join(names)) for kind, names in manifest.get("offers", {}).items())
    for label in ("capabilities", "requires", "before", "after", "checks", "access"):
        if manifest.get(label):
            yield label, ", ".join(manifest[label])
    settings: Mapping[str, Any] = manifest.get("settings") or {}
    if settings.get("properties"):
        yield "settings", ", ".join(settings["properties"])
    if manifest.get("api"):
        yield "api", str(manifest["api"])


def _used(uses: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """What it uses, by since when that is there; parts only where they live shorter than what they are part of."""
    ages: dict[str, list[str]] = {}
    for use in uses:
        if not use.lives_as_whole:
            ages.setdefault(use.lifetime.told(), []).append(use.what)
    for n, (told, names) in enumerate(ages.items()):
        yield "" if n else "uses", f"{', '.join(names)} ({told})"
