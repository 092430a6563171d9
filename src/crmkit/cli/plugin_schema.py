"""``crmkit plugins schema``: the JSON Schema of crmkit.toml, by which editors complete and check settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ..errors import NotFoundError, nearest
from ..settings import project_schema
from .showing import say


@click.command(
    help="Write the JSON Schema of crmkit.toml, with the settings of all installed plugins; none is imported."
)
@click.argument("name", default="")
@click.option("--out", type=click.Path(path_type=Path), help="The file; by default it is printed.")
def schema(name: str, out: Path | None) -> None:
    """Write a schema: of the whole file, or of the settings of one plugin."""
    text = json.dumps(_schema(name), indent=1, ensure_ascii=False)
    if out is None:
        click.echo(text)
        return
    out.write_text(f"{text}\n", "utf-8")
    say(f"Wrote {out}. Name it in the first line of crmkit.toml: #:schema {out}", file=str(out))


def _schema(name: str) -> Mapping[str, Any]:
    from .._plugins import discovered  # metadata only

    known: dict[str, Any] = {found.state.name: found.manifest.get("settings") for found in discovered()}
    told: dict[str, Mapping[str, Any]] = {
        plugin: found for plugin, found in known.items() if isinstance(found, Mapping)
    }
    if not name:
        return project_schema(told)
    if name not in known:
        raise NotFoundError(f"There is no plugin {name!r}.{nearest(name, list(known))} See crmkit plugins list.")
    if name not in told:
        raise NotFoundError(f"The plugin {name!r} has no settings, or no manifest that tells of them.")
    return told[name]
