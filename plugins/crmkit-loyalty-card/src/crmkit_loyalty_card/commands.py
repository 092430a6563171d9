"""``crmkit loyalty-cards ...``."""

import click
from crmkit import CRM, Customer, cli

from .record_type import LoyaltyCard
from .verbs import LoyaltyCards


@click.group(help="Loyalty cards: points at the till.")
def loyalty_cards() -> None:
    """Group of commands."""


@loyalty_cards.command(help="Give a customer a card.")
@click.argument("customer", type=cli.record(Customer))
@click.argument("number")
@click.pass_obj
def issue(crm: CRM, customer: Customer, number: str) -> None:
    """Issue."""
    cli.show(crm.service(LoyaltyCards).issue(customer, number), verb="issued")


@loyalty_cards.command(help="Add points to a card.")
@click.argument("card", type=cli.record(LoyaltyCard))
@click.argument("points", type=int)
@click.pass_obj
def earn(crm: CRM, card: LoyaltyCard, points: int) -> None:
    """Earn."""
    cli.say(f"{crm.service(LoyaltyCards).earn(card, points).points} points")


@loyalty_cards.command(help="Take points off a card.")
@click.argument("card", type=cli.record(LoyaltyCard))
@click.argument("points", type=int)
@click.pass_obj
def spend(crm: CRM, card: LoyaltyCard, points: int) -> None:
    """Spend."""
    cli.say(f"{crm.service(LoyaltyCards).spend(card, points).points} points")


@loyalty_cards.command("list", help="Show the cards of a customer.")
@click.argument("customer", type=cli.record(Customer))
@click.pass_obj
def list_(crm: CRM, customer: Customer) -> None:
    """List."""
    cli.show(list(crm.service(LoyaltyCards).listed(customer)), noun="loyalty card")
