"""``crmkit customers erase``: what tells of a customer goes, after it was shown and agreed to."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

import click

from ..crm import CRM
from ..errors import InvalidError
from ..records import Customer, declaration_of
from ..services.erasing import Erasure
from ..services.erasing.results import NOT_COVERED
from .arguments import record
from .progressing import progress
from .showing import as_json, name_of, say
from .state import current_run


@click.command(
    help="Erase a customer: what tells of them is removed or blanked everywhere; a blank customer stays, so that what is kept refers to somebody. It can not be undone."
)
@click.argument("customer", type=record(Customer))
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be removed, blanked and kept.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def erase(crm: CRM, customer: Customer, *, dry_run: bool, yes: bool) -> None:
    """Erase a customer."""
    if not dry_run and not yes:
        _ask(crm, customer)
    if not dry_run and not current_run().json:
        click.echo(f"Where it is interrupted, go on by the id: crmkit customers erase {name_of(customer)}", err=True)
    with progress("records") as tell:
        done = crm.customers.erase(customer, dry_run=dry_run, progress=tell)
    if current_run().json:
        say("", **as_json(done))
        return
    click.echo(_headline(customer, done))
    for line in _lines(done):
        click.echo(line)


def _ask(crm: CRM, customer: Customer) -> None:
    """Show what would happen, and ask.

    Raises:
        InvalidError: there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise InvalidError("An erasure can not be undone: look at it with --dry-run, then say --yes.", code="confirm")
    with progress("records") as tell:
        plan = crm.customers.erase(customer, dry_run=True, progress=tell)
    for line in _numbers(plan):
        click.echo(line, err=True)
    click.confirm(f"Erase customer {name_of(customer)} ({customer.name})? It can not be undone.", abort=True, err=True)


def _headline(customer: Customer, done: Erasure) -> str:
    name = name_of(customer)
    if done.is_dry_run:
        return f"customer {name} would be erased:"
    if done.is_empty:
        return f"customer {name} was erased before; nothing was left."
    return f"erased customer {name}"


def _lines(done: Erasure) -> Iterator[str]:
    yield from _numbers(done)
    if done.is_dry_run:
        yield "Nothing was written (--dry-run)."
    elif done.is_empty:
        yield from done.notes[len(NOT_COVERED) :]
        return
    yield "Not covered:"
    for note in done.notes:
        yield f"  {note}"


def _numbers(done: Erasure) -> Iterator[str]:
    for label, counts in (("removed", done.removed), ("blanked", done.blanked), ("kept", done.kept)):
        if counts:
            yield f"  {label:<8} {_listed(counts)}"
    if done.log_entries:
        yield f"  {'log':<8} {done.log_entries:,} entries without their values"
    if done.files:
        yield f"  {'files':<8} {done.files:,}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {_called(name, count)}" for name, count in counts.items())


def _called(name: str, count: int) -> str:
    of = current_run().opened().house.by_name[name]
    return (name if count == 1 else declaration_of(of).plural).replace("_", " ").replace("-", " ")
