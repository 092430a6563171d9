"""``crmkit imports``: the imports that were made; go on with one that was interrupted, undo one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import click

from ..crm import CRM
from ..records import Leftover
from ..services.importing.past import PastImport
from ..services.importing.runs import ImportStopped
from ..services.importing.undoing import UndoResult, reason_of
from .importing import ended, stopped
from .progressing import progress
from .showing import Cells, as_json, say, show, shown
from .state import current_run

LEFT: Final = 1
"""Records were left as they are; the others were undone."""
_SHOWN: Final = 20


@click.group(help="Imports that were made: list, show, resume, undo.")
def imports() -> None:
    """Look at imports."""


@imports.command("list", help="The imports that were made, the newest first.")
@click.option("--limit", type=int, default=20, show_default=True)
@click.pass_obj
def list_(crm: CRM, limit: int) -> None:
    """Show the newest imports."""
    columns: Cells = {
        "ID": lambda one: one.id, "AT": lambda one: one.started_at, "FILE": lambda one: one.file, "AS": lambda one: one.of,
        "BY": lambda one: one.actor, "STATE": lambda one: one.state, "ADDED#": lambda one: one.added,
        "CHANGED#": lambda one: one.changed, "UNCHANGED#": lambda one: one.unchanged, "REJECTED#": lambda one: one.rejected,
    }  # fmt: skip
    show(list(crm.imports.past(limit=limit)), columns=columns, noun="import")


@imports.command(
    "show", help="One import: what was asked, what became of it, and what an undo left. ID: the end of its id."
)
@click.argument("name", metavar="ID")
@click.pass_obj
def show_(crm: CRM, name: str) -> None:
    """Show one import."""
    found = crm.imports.show(name)
    left = crm.imports.leftovers(found.id, limit=None if current_run().json else _SHOWN + 1)
    if current_run().json:
        show({**as_json(found), "leftovers": as_json(list(left))})
        return
    for label, value in _told(found).items():
        click.echo(f"{label:<10} {value}")
    _tell_left(list(left), None)
    if found.state in ("stopped", "half undone"):
        click.echo(f"Next: crmkit imports {'resume' if found.state == 'stopped' else 'undo'} {name}")


@imports.command(help="Go on with an import that was interrupted. ID: the end of its id.")
@click.argument("name", metavar="ID")
@click.option("--file", "path", type=click.Path(path_type=Path), help="Where the file is now.")
@click.pass_obj
def resume(crm: CRM, name: str, path: Path | None) -> None:
    """Go on behind the last row that was dealt with."""
    try:
        with progress("rows") as tell:
            result = crm.imports.resume(name, path=path, progress=tell)
    except ImportStopped as stop:
        stopped(stop)
    ended(result)


@imports.command(
    help="Undo an import as a whole; what was changed since, or is used, stays and is listed. ID: the end of its id."
)
@click.argument("name", metavar="ID")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would happen.")
@click.pass_obj
def undo(crm: CRM, name: str, *, dry_run: bool) -> None:
    """Undo an import. Exit code 1: records were left as they are (the others were undone)."""
    with progress("records") as tell:
        done = crm.imports.undo(name, dry_run=dry_run, progress=tell)
    if current_run().json:
        say("", **as_json(done))
    else:
        _tell(done)
    if done.left and not dry_run:
        raise click.exceptions.Exit(LEFT)


def _told(found: PastImport) -> dict[str, str]:
    zone = current_run().opened().house.zone
    ends = f" to {found.finished_at.astimezone(zone):%Y-%m-%d %H:%M}" if found.finished_at else ""
    return {
        "import": str(found.id), "file": f"{found.file} -> {found.of}", "digest": found.digest, "mapping": found.mapping or "none",
        "by": found.actor, "at": f"{found.started_at.astimezone(zone):%Y-%m-%d %H:%M}{ends}", "state": found.state,
        "rows": f"{found.read:,} read: added {found.added:,}  changed {found.changed:,}  unchanged {found.unchanged:,}  rejected {found.rejected:,}",
    }  # fmt: skip


def _tell(done: UndoResult) -> None:
    click.echo(str(done))
    _tell_left(done.leftovers, done.left)
    if done.is_dry_run:
        click.echo("Nothing was written (--dry-run).")


def _tell_left(left: list[Leftover] | tuple[Leftover, ...], count: int | None) -> None:
    for one in left[:_SHOWN]:
        click.echo(f"  left {one.record_type.replace('_', ' ')} {shown(one.record_id)}: {reason_of(one)}")
    if (count or len(left)) > _SHOWN:
        more = f"{count - _SHOWN:,} more" if count else "more"
        kinds = ", ".join(f"{n} {name}" for name, n in Counter(one.record_type for one in left).most_common(3))
        click.echo(f"  ... {more} ({kinds}): crmkit imports show ID --json has all")
