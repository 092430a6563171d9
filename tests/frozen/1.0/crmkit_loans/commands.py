"""``crmkit book-loans``."""

from __future__ import annotations

import click

from crmkit import CRM, Customer, Money, cli

from . import BookLoan, BookLoans


@click.group(help="Books: lend, list.")
def loans() -> None:
    """Group of commands."""


@loans.command(help="Lend a book.")
@click.argument("customer", type=cli.record(Customer))
@click.argument("number")
@click.argument("title")
@click.option("--fee", type=cli.money())
@click.pass_obj
def lend(crm: CRM, customer: Customer, number: str, title: str, fee: Money | None) -> None:
    made = crm.service(BookLoans).lend(customer, number, title, fee=fee)
    cli.say(f"lent {made.number}: {made.title}", number=made.number, fee=made.fee)


@loans.command("list", help="List what is out.")
@click.pass_obj
def list_(crm: CRM) -> None:
    cli.show(list(crm.find(BookLoan)), columns={"NUMBER": lambda l: l.number, "TITLE": lambda l: l.title}, noun="loan")
