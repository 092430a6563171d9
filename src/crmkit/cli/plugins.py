"""``crmkit plugins``: what is installed, how it stands, and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ..errors import CRMError, InvalidError, NotFoundError, nearest
from ..settings import Project, read_project, switch
from .plugin_check import check_plugin
from .plugin_doctor import doctor
from .plugin_schema import schema
from .plugin_show import show_plugin
from .scaffold import new
from .showing import Cells, say, show
from .state import current_run


@click.group(help="Plugins: list, show, doctor, disable, enable, schema, new, manifest, check.")
def plugins() -> None:
    """Group of commands."""


plugins.add_command(show_plugin)
plugins.add_command(doctor)
plugins.add_command(check_plugin)
plugins.add_command(schema)
plugins.add_command(new)


@plugins.command("list", help="What is installed; nothing of it is imported.")
def list_() -> None:
    """List installed and built-in plugins by their metadata."""
    from .._plugins import discovered  # metadata only

    found = [] if current_run().no_plugins else list(discovered(_disabled()))
    columns: Cells = {
        "NAME": lambda k: k.state.name,
        "VERSION": lambda k: k.state.version,
        "FROM": lambda k: k.state.distribution,
        "STATE": lambda k: "" if k.state.state == "discovered" else k.state.state,
        "OFFERS": lambda k: offers_in_words(k.manifest),
    }
    if current_run().json:
        show([{"name": k.state.name, "version": k.state.version, "distribution": k.state.distribution, "state": k.state.state,
               "reason": k.state.reason, "manifest": k.manifest} for k in found])  # fmt: skip
        return
    show(found, columns=columns, noun="installed plugin", next_step="How they stand once loaded: crmkit plugins doctor")


def _refuse_unknown(name: str) -> None:
    from .._plugins import discovered  # metadata only

    project = _project()
    known = [
        *(found.state.name for found in discovered(project.disabled)),
        *project.disabled,
        *map(str, project.plugins),
    ]
    if name not in known and name not in [module.partition(":")[0] for module in known]:
        raise NotFoundError(
            f"There is no plugin {name!r}.{nearest(name, known)} One that is no longer installed is switched off with --gone."
        )


def _switched(name: str, *, off: bool) -> bool:
    """Write into the project's file that a plugin is off or on, for the company that is named; return whether that changed anything."""
    tenant = current_run().tenant
    if tenant and tenant not in _project().tenants:
        _refuse_absent(tenant)
    return switch(_project(), name, off=off, tenant=tenant)


def _refuse_absent(company: str) -> None:
    """Refuse a company that is not there: a misspelt one would stand in the file, and nothing would be switched.

    No installed plugin is imported; a store that can not be asked without one, or not now, is no reason to refuse.
    """
    from ..crm import CRM  # dear: only a company's switch needs it
    from ..crm.opening import absent

    run = current_run()
    options: dict[str, Any] = {"create": False, "discover": False, "plugins": (), "strict": False}
    try:
        with CRM.project(run.project, store=run.store, **options) as crm:
            if "durable" in crm.store.capabilities and crm.store.tenant(company).status().is_absent:
                raise absent(company)
    except CRMError as error:
        if error.code == "not_there":
            raise absent(company) from error
        if error.code in ("tenant", "no_tenant"):
            raise


def _disabled() -> tuple[str, ...]:
    return _project().switched_off(current_run().tenant)


def _project() -> Project:
    return read_project(current_run().project, os.environ)


def offers_in_words(manifest: Mapping[str, Any]) -> str:
    """Return what a manifest offers: ``2 KPIs, 1 channel``."""
    offers: Mapping[str, list[str]] = manifest.get("offers", {})
    return ", ".join(f"{kind} {', '.join(names)}" for kind, names in offers.items())


@plugins.command(help="Switch a plugin off, in crmkit.toml (with --tenant for one company); nothing of it is imported.")
@click.argument("name")
@click.option("--gone", is_flag=True, help="It is no longer installed: what it guarded may be written without it.")
def disable(name: str, gone: bool) -> None:
    """Switch a plugin off."""
    if not gone:
        _refuse_unknown(name)
    changed = _switched(name, off=True)
    say(f"{name} is switched off." if changed else f"{name} was switched off already.", name=name, state="disabled")


@plugins.command(help="Switch a plugin on again, in crmkit.toml (with --tenant for one company).")
@click.argument("name")
def enable(name: str) -> None:
    """Switch a plugin on again."""
    changed = _switched(name, off=False)
    say(f"{name} is switched on." if changed else f"{name} was not switched off.", name=name, state="discovered")


@plugins.command(help="Write the manifest of a plugin, for its wheel: what it offers, without importing it.")
@click.argument("target", metavar="MODULE[:ATTRIBUTE]")
@click.option(
    "--out", type=click.Path(path_type=Path), help="The file; by default beside the module, where the wheel takes it."
)
def manifest(target: str, out: Path | None) -> None:
    """Generate crmkit_manifest.json."""
    import importlib

    from .._plugins import FILE, manifest_of, manifest_text

    module_name, _, attribute = target.partition(":")
    try:
        module = importlib.import_module(module_name)
        plugin = getattr(module, attribute) if attribute else getattr(module, "plugin", module)
    except (ImportError, AttributeError) as error:
        raise InvalidError(
            f"{target!r} can not be imported: {error}. Install the plugin first (pip install -e .).", code="no_plugin"
        ) from error
    name, distribution, version = _distribution(module_name)
    made = manifest_text([manifest_of(plugin, name=name, distribution=distribution, version=version)])
    place = out or Path(module.__file__ or FILE).parent / FILE
    if not (out or hasattr(module, "__path__")):
        place = Path(module.__file__ or FILE).with_name(f"{module_name}.{FILE}")
    place.write_text(made, "utf-8")
    say(f"Wrote {place}.", file=str(place))


def _distribution(module: str) -> tuple[str, str, str]:
    """The name of the entry point, the distribution and its version; empty where it is not installed."""
    from importlib import metadata

    for point in metadata.entry_points(group="crmkit1"):
        if point.value.partition(":")[0].partition(".")[0] == module.partition(".")[0] and point.dist is not None:
            return point.name, point.dist.name, point.dist.version
    return "", "", ""
