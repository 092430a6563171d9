"""``crmkit cases``."""

from __future__ import annotations

from itertools import groupby

import click
from crmkit import CRM, Customer, NotFoundError, cli

from .case import Case
from .verbs import Cases


class _CaseType(click.ParamType[Case]):
    """A case: by its number, or as any record is named."""

    name = "case"

    def convert(self, value: str | Case, param: click.Parameter | None, ctx: click.Context | None) -> Case:
        if isinstance(value, Case):
            return value
        crm: CRM = click.get_current_context().find_root().obj
        found = crm.service(Cases).numbered(value)
        return found or crm.naming.named(Case, value)


@click.group(help="Service cases: open, move, resolve, find, board.")
def cases() -> None:
    """Group of commands."""


@cases.command("open", help="Open a case. CUSTOMER may be '-': not known yet.")
@click.argument("customer")
@click.argument("subject")
@click.option("--priority", type=click.Choice(["low", "normal", "high", "urgent"]), default="normal", show_default=True)
@click.option("--category", default="")
@click.option("--channel", default="phone", show_default=True)
@click.option("--touchpoint", default="")
@click.pass_obj
def open_(crm: CRM, customer: str, subject: str, priority: str, category: str, channel: str, touchpoint: str) -> None:
    """Open."""
    who = None if customer == "-" else crm.naming.named(Customer, customer)
    made = crm.service(Cases).open(
        who, subject, priority=priority, category=category, channel=channel, touchpoint=touchpoint
    )
    cli.show(made, verb=f"opened {made.number}:")


@cases.command(help="Move a case to a stage.")
@click.argument("case", type=_CaseType())
@click.argument("stage")
@click.option("--reason", default="")
@click.option("--note", default="")
@click.pass_obj
def move(crm: CRM, case: Case, stage: str, reason: str, note: str) -> None:
    """Move."""
    moved = crm.service(Cases).move_to(case, stage, reason=reason, note=note)
    cli.say(f"case {moved.number}  {case.stage} -> {moved.stage}", number=moved.number, stage=moved.stage)


@cases.command(help="A case is solved.")
@click.argument("case", type=_CaseType())
@click.option("--solution", default="")
@click.pass_obj
def resolve(crm: CRM, case: Case, solution: str) -> None:
    """Resolve."""
    done = crm.service(Cases).resolve(case, solution)
    cli.say(f"case {done.number}  {case.stage} -> {done.stage}", number=done.number, stage=done.stage)


@cases.command(help="Find cases, the latest first.")
@click.argument("text", default="")
@click.option("--state", type=click.Choice(["open", "hold", "won", "lost"]), default=None)
@click.option("--priority", default="")
@click.option("--limit", default=50, show_default=True)
@click.pass_obj
def find(crm: CRM, text: str, state: str | None, priority: str, limit: int) -> None:
    """Find."""
    found = crm.service(Cases).listed(text=text, state=state or "", priority=priority, limit=limit)
    names = crm.get_many(Customer, {case.customer for case in found if case.customer})
    cli.show(
        list(found),
        noun="case",
        columns={
            "NUMBER": lambda c: c.number,
            "CUSTOMER": lambda c: names[c.customer].name if c.customer in names else "",
            "SUBJECT": lambda c: c.subject,
            "PRIORITY": lambda c: c.priority,
            "STAGE": lambda c: c.stage,
            "OPENED": lambda c: c.opened_at,
        },
    )


@cases.command(help="How many cases stand where.")
@click.pass_obj
def board(crm: CRM) -> None:
    """Show the board."""
    columns = crm.pipelines.board("cases")
    if not columns:
        raise NotFoundError("There is no pipeline of cases: run `crmkit db upgrade`.")
    for _, ones in groupby(columns, lambda column: column.pipeline):
        rows = {column.label or column.stage: str(column.count) for column in ones}
        cli.show([rows], noun="")


@cases.command(help="How long cases stand at each stage.")
@click.option("--pipeline", default="cases", show_default=True, help="Of the cases on another path.")
@click.pass_obj
def durations(crm: CRM, pipeline: str) -> None:
    """Show time in stage."""
    cli.show(
        list(crm.pipelines.durations(pipeline)),
        noun="stage",
        columns={
            "STAGE": lambda d: d.stage,
            "MEDIAN DAYS#": lambda d: None if d.median is None else d.median.total_seconds() / 86_400,
            "MEAN DAYS#": lambda d: None if d.mean is None else d.mean.total_seconds() / 86_400,
            "LEFT#": lambda d: d.n,
            "STILL THERE#": lambda d: d.n_open,
        },
    )
