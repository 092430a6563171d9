"""``crmkit import``: a file becomes records."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NoReturn

import click

from ..services.importing.results import ImportResult, Reason
from ..services.importing.runs import ImportStopped
from .progressing import INTERRUPTED, progress
from .showing import as_json, say, show
from .state import current_run

REJECTED: Final = 1
"""Rows were rejected; the others were taken."""


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--as",
    "of",
    default="customers",
    show_default=True,
    metavar="KIND",
    help="What the rows are; --fields lists what a kind has.",
)
@click.option(
    "--map", "mapping", type=click.Path(path_type=Path), help="A mapping file (TOML): which column is which field."
)
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would happen.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Where rejected rows go; by default beside the file.")
@click.option("--country", default="", metavar="NL", help="Of telephone numbers without a calling code.")
@click.option("--from-start", is_flag=True, help="Begin at the first row, also where this import was interrupted.")
@click.option("--fields", is_flag=True, help="List the fields that a mapping can name, and stop.")
@click.pass_obj
def import_(  # noqa: PLR0917  # click names them
    crm: Any,
    file: Path | None,
    of: str,
    mapping: Path | None,
    dry_run: bool,
    rejects: Path | None,
    country: str,
    from_start: bool,
    fields: bool,
) -> None:
    """Import FILE (CSV or JSON Lines, also packed with gzip).

    Rows that can not be taken go to a reject file, with line, column and reason: mend it and import it again. The same
    file imported again changes nothing. Exit code 1: rows were rejected (the others were taken).
    """
    if fields:
        show([_described(field) for field in crm.imports.target(of).fields], noun="field")
        return
    if file is None:
        raise click.UsageError("Name the FILE to import; `--fields` alone lists the fields of a kind.")
    try:
        with progress("rows") as tell:
            result = crm.imports.run(
                file,
                of,
                mapping=mapping,
                dry_run=dry_run,
                rejects=rejects,
                country=country.upper(),
                resume=not from_start,
                progress=tell,
            )
    except ImportStopped as stop:
        stopped(stop)
    ended(result, tells_unused=dry_run or mapping is None)


def stopped(stop: ImportStopped) -> NoReturn:
    """Tell how far an import came that was interrupted, and leave."""
    _tell(stop.result)
    say("Stopped. What was imported is kept, and the same command goes on from there.")
    raise click.exceptions.Exit(INTERRUPTED) from None


def ended(result: ImportResult, *, tells_unused: bool = False) -> None:
    """Tell what came of an import; leave with exit code 1 where rows were rejected."""
    _tell(result)
    if result.unused and tells_unused and not current_run().json:
        click.echo(f"  not taken: {', '.join(result.unused)}  (a mapping says what a column becomes)", err=True)
    if result.rejected and not result.is_dry_run:
        raise click.exceptions.Exit(REJECTED)


def _described(field: Any) -> dict[str, str]:
    return {
        "field": field.name,
        "kind": field.kind.replace("_", " ") + (" (several)" if field.many else ""),
        "needed": "yes" if field.required else "",
        "values": ", ".join(choice for choice in field.choices if choice),
    }


def _tell(result: ImportResult) -> None:
    if current_run().json:
        say("", **as_json(result), rows=result.rows)
    elif result.is_dry_run:
        _tell_dry(result)
    else:
        if result.resumed_at:
            click.echo(f"Went on behind line {result.resumed_at:,}, where this import had stopped.")
        for reason in result.reasons:
            click.echo(f"  rejected {reason}", err=True)
        click.echo(str(result))


def _tell_dry(result: ImportResult) -> None:
    click.echo(f"{result.file} -> {result.of}: {result.rows:,} rows read. Nothing was written (--dry-run).")
    width = max(len(f"{result.rows:,}"), 5)
    for name in ("added", "changed", "unchanged"):
        click.echo(f"  {name:<9}  {getattr(result, name):>{width},}")
    why = "; ".join(map(_why, result.reasons))
    click.echo(f"  {'rejected':<9}  {result.rejected:>{width},}   {why}".rstrip())
    if result.reject_file:
        click.echo(f"Rejected rows would go to {result.reject_file.name}.")


def _why(reason: Reason) -> str:
    return str(reason)
