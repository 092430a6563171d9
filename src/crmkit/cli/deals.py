"""``crmkit deals``: chances to sell, and the board they stand on."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import click

from ..crm import CRM
from ..records import Customer, Deal
from ..records.money import places_of
from ..services.pipelines import BoardColumn
from .arguments import day, instant, money, record
from .showing import Cells, name_of, show, shown
from .state import current_run
from .tables import Column, print_table


@click.group(help="Deals: open, change, move, win, lose, find, board, history, durations.")
def deals() -> None:
    """Group of commands."""


def _fields(command: Any) -> Any:
    options = (
        click.option("--amount", type=money(), help="1249, or 'EUR 1249'."),
        click.option("--owner", help="An agent's or team's short name."),
        click.option("--probability", type=click.IntRange(0, 100), help="In percent; by default the stage's."),
        click.option("--expected", "expected_on", type=day(), help="When it is expected to close."),
        click.option("--source"),
        click.option("--product"),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


@deals.command("open", help="Open a deal with a customer.")
@click.argument("customer", type=record(Customer))
@click.argument("title")
@click.option("--pipeline", default="")
@_fields
@click.pass_obj
def open_(crm: CRM, /, customer: Customer, title: str, pipeline: str, **fields: Any) -> None:
    """Open."""
    made = crm.deals.open(customer, title=title, pipeline=pipeline, **_given(fields))
    show(made, verb="opened", next_step=f"Move it on: crmkit deals move {name_of(made)} STAGE")


@deals.command(help="Change what is given; the rest stays.")
@click.argument("deal", type=record(Deal))
@click.option("--title")
@_fields
@click.pass_obj
def change(crm: CRM, /, deal: Deal, title: str | None, **fields: Any) -> None:
    """Change."""
    show(crm.deals.change(deal, title=title, **_given(fields)), verb="changed")


@deals.command(help="Move a deal to a stage.")
@click.argument("deal", type=record(Deal))
@click.argument("stage")
@click.option("--reason", default="")
@click.option("--side", type=click.Choice(["customer", "supplier"]), default=None, help="Whose decision it was.")
@click.option("--note", default="")
@click.option("--at", type=instant(), help="When; by default now.")
@click.pass_obj
def move(crm: CRM, deal: Deal, stage: str, reason: str, side: str | None, note: str, at: datetime | None) -> None:  # noqa: PLR0917  # a command's options
    """Move."""
    _moved(deal, crm.deals.move(deal, stage, reason=reason, side=side or "", note=note, at=at))


@deals.command(help="A deal is won.")
@click.argument("deal", type=record(Deal))
@click.option("--reason", default="")
@click.pass_obj
def win(crm: CRM, deal: Deal, reason: str) -> None:
    """Win."""
    _moved(deal, crm.deals.win(deal, reason=reason))


@deals.command(help="A deal is lost.")
@click.argument("deal", type=record(Deal))
@click.option("--reason", default="")
@click.option("--side", type=click.Choice(["customer", "supplier"]), default=None, help="Whose decision it was.")
@click.pass_obj
def lose(crm: CRM, deal: Deal, reason: str, side: str | None) -> None:
    """Lose."""
    _moved(deal, crm.deals.lose(deal, reason=reason, side=side or ""))


def _moved(before: Deal, after: Deal) -> None:
    if current_run().json:
        show(after)
    else:
        click.echo(
            f"deal {name_of(after)}  {after.title}  {before.stage} -> {after.stage}  {after.amount or ''}".rstrip()
        )


@deals.command(help="Find deals.")
@click.argument("text", default="")
@click.option("--state", type=click.Choice(["open", "hold", "won", "lost"]), default=None)
@click.option("--stage", default="")
@click.option("--owner")
@click.option("--customer", type=record(Customer))
@click.option("--pipeline", default="")
@click.option("--limit", default=50, show_default=True)
@click.option("--after")
@click.pass_obj
def find(crm: CRM, /, text: str, state: str | None, **options: Any) -> None:
    """Find."""
    page = crm.deals.find(text, state=state or "", **options)
    if current_run().json:
        show(page)
        return
    names = crm.get_many(Customer, {deal.customer for deal in page if deal.customer})
    columns: Cells = {
        "ID": name_of,
        "CUSTOMER": lambda d: names[d.customer].name if d.customer in names else "",
        "TITLE": lambda d: d.title,
        "AMOUNT#": lambda d: d.amount,
        "STAGE": lambda d: d.stage,
        "OPENED": lambda d: shown(d.opened_at)[:10],
        "CLOSED": lambda d: shown(d.closed_at)[:10],
    }
    show(list(page), columns=columns, noun="deal", next_step=f"More: --after {page.next}" if page.next else "")


@deals.command(help="The board: how many deals stand where, and for how much.")
@click.option("--pipeline", default="", help="One pipeline; by default all that have deals.")
@click.option("--days", default=30, show_default=True, help="Of closed stages, what closed in the last days.")
@click.pass_obj
def board(crm: CRM, pipeline: str, days: int) -> None:
    """Show the board."""
    columns = crm.deals.board(pipeline, closed_days=days)
    if current_run().json:
        show([column.as_dict() for column in columns])
        return
    for key, ones in groupby(columns, lambda column: column.pipeline):
        _board(key, list(ones))


def _board(key: str, columns: list[BoardColumn]) -> None:
    heads = [Column(key), *(Column(_head(column), is_number=True) for column in columns)]
    currencies = sorted({currency for column in columns for currency in column.sums})
    rows = [["count", *(str(column.count) for column in columns)]]
    rows += [[currency, *(_sum(column, currency) for column in columns)] for currency in currencies]
    if any(column.stale for column in columns):
        rows.append(["stale", *(str(column.stale or "") for column in columns)])
    print_table(heads, rows)


def _head(column: BoardColumn) -> str:
    return f"{column.stage} ({column.days} d)" if column.days else column.stage


def _sum(column: BoardColumn, currency: str) -> str:
    return f"{column.sums[currency]:,.{places_of(currency)}f}" if currency in column.sums else ""


@deals.command(help="Every move of a deal.")
@click.argument("deal", type=record(Deal))
@click.pass_obj
def history(crm: CRM, deal: Deal) -> None:
    """Show the moves."""
    columns: Cells = {
        "AT": lambda c: c.at,
        "FROM": lambda c: c.from_stage,
        "TO": lambda c: c.to_stage,
        "BY": lambda c: c.by,
        "REASON": lambda c: c.reason,
        "SIDE": lambda c: c.side,
        "NOTE": lambda c: c.note,
    }
    show(list(crm.deals.history(deal)), columns=columns, noun="move")


@deals.command(help="How long deals stand at each stage: days; under --json seconds (median_s, mean_s, low_s, high_s).")
@click.option("--pipeline", default="")
@click.option("--since", type=instant())
@click.option("--until", type=instant())
@click.pass_obj
def durations(crm: CRM, pipeline: str, since: datetime | None, until: datetime | None) -> None:
    """Show time in stage."""
    found = crm.deals.durations(pipeline, since=since, until=until)
    if current_run().json:
        show([stage.as_dict() for stage in found])
        return
    columns: Cells = {
        "PIPELINE": lambda d: d.pipeline,
        "STAGE": lambda d: d.stage,
        "MEDIAN DAYS#": lambda d: _days(d.median),
        "MEAN DAYS#": lambda d: _days(d.mean),
        "LEFT#": lambda d: d.n,
        "STILL THERE#": lambda d: d.n_open,
    }
    show(list(found), columns=columns, noun="stage")


def _days(time: timedelta | None) -> float | None:
    return None if time is None else time.total_seconds() / 86_400
