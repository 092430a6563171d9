"""``crmkit db upgrade --all-tenants``: the CRM, and every company beside it. What one can not do costs no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click

from ..errors import CRMError, PluginError
from ..ports.store import Schema
from .showing import say
from .state import current_run


def to_do(found: Schema) -> Iterator[str]:
    """Yield what an upgrade would do."""
    yield from found.pending
    for line in found.lines:
        yield from (f"{step}, begun" if line.operation and not n else step for n, step in enumerate(line.steps))


def would_do(found: Schema, *, contract: bool) -> tuple[str, ...]:
    """Return what an upgrade would do, with ``contract`` also what it would drop."""
    return (*to_do(found), *(drop for line in found.lines for drop in line.waits if contract))


def changes(done: Sequence[str]) -> str:
    """Return how much was done, in words."""
    return f"{len(done)} change{'s' * (len(done) > 1)} made." if done else "There was nothing to do."


def upgrade_all(crm: Any, *, dry_run: bool, contract: bool) -> None:
    """Upgrade the CRM, then each company beside it, and say of each what was done.

    Raises:
        PluginError: of one or more it could not be done; all others are upgraded.
    """
    if current_run().tenant:
        raise click.UsageError("--all-tenants is for all companies, --tenant for one: leave one of them out.")
    done: dict[str, tuple[str, ...]] = {}
    failed: dict[str, CRMError] = {}
    for name in ("", *crm.tenants()):
        try:
            own = crm.tenant(name, create=False) if name else crm
            done[name] = _looked(own, contract=contract) if dry_run else own.upgrade(contract=contract)
        except CRMError as error:
            done[name], failed[name] = error.params.get("done", ()), error
        _tell(name, done[name], failed.get(name), dry_run=dry_run)
    if failed:
        raise _error(failed)
    beside = len(done) - 1
    many = f"The CRM and {beside} {'company' if beside == 1 else 'companies'}"
    say(f"Nothing was done to {many} (--dry-run)." if dry_run else f"{many} are upgraded.", done=done)


def _looked(crm: Any, *, contract: bool) -> tuple[str, ...]:
    """Return what an upgrade would do, and what would be in its way."""
    found: Schema = crm.status()
    return (*found.refused.values(), *found.notes, *would_do(found, contract=contract))


def _tell(name: str, done: Sequence[str], error: CRMError | None, *, dry_run: bool) -> None:
    if current_run().json:
        return
    whose = f"company {name}: " if name else ""
    for text in done:
        click.echo(f"{whose}{text}")
    if error is None and not dry_run:
        click.echo(f"{whose}{changes(done)}")


def _error(failed: dict[str, CRMError]) -> PluginError:
    said = " ".join(f"{f'Company {name}' if name else 'The CRM'}: {error}" for name, error in failed.items())
    first = next(iter(failed.values()))
    return PluginError(
        f"{said} All others are upgraded.",
        code="upgrade_failed",
        plugin=getattr(first, "plugin", ""),
        params={"failed": {name: str(error) for name, error in failed.items()}},
    )
