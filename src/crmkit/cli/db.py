"""``crmkit db``: how the database stands to what the plugins declare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import click

from ..crm import CRM
from ..errors import PluginError
from ..ports.store import Line, Schema
from .checking import check_
from .moving import backup, copy, restore
from .progressing import progress, stopping
from .showing import say, show
from .state import current_run
from .upgrading import changes, to_do, upgrade_all, would_do
from .whose import others, tell_others, whose

_BROKEN_OFF: Final = (
    "What was finished is kept, and no record is half changed: run `crmkit db upgrade` again, and it goes on from there. "
    "`crmkit db status` says what is left."
)


@click.group(help="The database: status, upgrade, check, backup, restore, copy.")
def db() -> None:
    """Look at the database."""


db.add_command(backup)
db.add_command(restore)
db.add_command(copy)


@db.command(help="Say whether the database is as the plugins declare it.")
@click.pass_obj
def status(crm: CRM) -> None:
    """Show what an upgrade would do, what it could not do, and data whose plugin is gone."""
    current_run().looks = True
    found = crm.status()
    if current_run().json:
        lines = [line_to_json(line) for line in found.lines]
        show(
            {"tenant": current_run().tenant, "tenants": others(crm), "pending": found.pending, "behind": found.behind, "refused": found.refused, "unknown": sorted(found.unknown),
             "notes": found.notes, "lines": lines}
        )  # fmt: skip
        return
    todo = list(to_do(found))
    for text in (*todo, *told(found)):
        click.echo(text)
    if found.refused:
        click.echo("Next: see to what is refused above, then crmkit db upgrade")
    else:
        as_declared = f"{whose()}The database is as the plugins declare it."
        click.echo(f"Next: crmkit {_for()}db upgrade" if todo else as_declared)
    tell_others(crm, "are not looked at: crmkit db upgrade --all-tenants --dry-run")


def told(found: Schema) -> Iterator[str]:
    """Yield what an upgrade could not do, and what waits for a person."""
    failed = {line.name: line.failed for line in found.lines if line.failed}
    yield from (f"Plugin {name}: {why}" for name, why in failed.items())
    yield from (why for why in found.refused.values() if why not in failed.values())
    for line in found.lines:
        for drop in line.waits:
            yield f"{drop}: waits until no older version runs any more (crmkit db upgrade --contract)"
    for name in sorted(found.unknown):
        yield f"{name}: kept, but no plugin declares it; it can be read, exported and erased."
    yield from found.notes


def line_to_json(line: Line) -> dict[str, Any]:
    """Return how far the data of a plugin is, for programs."""
    return {
        "name": line.called, "at": line.at, "knows": line.knows, "open": line.operation is not None, "failed": line.failed,
        "steps": line.steps, "waits": line.waits, "types": line.types,
    }  # fmt: skip


@db.command(help="Bring the database to what the plugins declare; with --tenant, that company.")
@click.option("--dry-run", is_flag=True, help="Print what would be done, statement by statement, and do nothing.")
@click.option("--contract", is_flag=True, help="No older version runs any more: drop what plugins no longer declare.")
@click.option("--all-tenants", is_flag=True, help="The CRM, and every company beside it.")
@click.pass_obj
def upgrade(crm: CRM, *, dry_run: bool, contract: bool, all_tenants: bool) -> None:
    """Add what is missing, and run the plugins' steps; nothing is removed without --contract."""
    current_run().may_create, current_run().looks = not dry_run, dry_run
    if all_tenants:
        upgrade_all(crm, dry_run=dry_run, contract=contract)
        return
    if dry_run:
        found = crm.status()
        in_the_way = (*found.refused.values(), *found.notes)
        for text in in_the_way if not current_run().json else ():
            click.echo(text)
        _done(
            would_do(found, contract=contract),
            "Nothing was done (--dry-run).",
            refused=found.refused,
            notes=found.notes,
        )
        return
    with stopping(_BROKEN_OFF), progress("records") as tell:
        try:
            done = crm.upgrade(contract=contract, tell=lambda _, n: tell(n))
        except PluginError as error:
            for text in error.params.get("done", ()) if not current_run().json else ():
                click.echo(text)
            raise
    _done(done, changes(done))
    tell_others(crm, "are not upgraded: crmkit db upgrade --all-tenants")


db.add_command(check_)


def _for() -> str:
    return f"--tenant {current_run().tenant} " if current_run().tenant else ""


def _done(done: tuple[str, ...], words: str, **facts: Any) -> None:
    for text in () if current_run().json else done:
        click.echo(text)
    say(f"{whose()}{words}", done=done, tenant=current_run().tenant, **facts)
