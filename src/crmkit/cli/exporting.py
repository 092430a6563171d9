"""``crmkit export``: records become a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from .progressing import progress
from .showing import as_json, say
from .state import current_run


@click.command("export")
@click.argument("of", metavar="KIND")
@click.option(
    "--out", type=click.Path(path_type=Path), help="The file (.csv, .jsonl, also .gz); without it, the screen."
)
@click.option("--where", metavar="JSON", help='Which records: {"field": "status", "op": "==", "value": "customer"}')
@click.option("--format", "form", type=click.Choice(["csv", "json-lines"]), help="By default as the file's name says.")
@click.pass_obj
def export(crm: Any, of: str, out: Path | None, where: str | None, form: Any) -> None:
    """Export the records of a KIND (customers, deals, repair-orders, ...) to CSV or JSON Lines.

    An import of the file gives the same records.
    """
    condition = _parsed(where) if where else None
    if out is None:
        form = form or ("json-lines" if current_run().json else "csv")
        crm.exports.run(of, sys.stdout, where=condition, format=form)
        return
    with progress("records") as tell:
        result = crm.exports.run(of, out, where=condition, format=form, progress=tell)
    say(str(result), **as_json(result))


def _parsed(where: str) -> Any:
    try:
        return json.loads(where)
    except ValueError as error:
        raise click.BadParameter(f"this is no JSON: {error}", param_hint="--where") from None
