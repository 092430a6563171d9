"""``crmkit customers``: who we keep a relationship with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from ..crm import CRM
from ..errors import InvalidError
from ..query import each
from ..records import Agent, ContactPoint, Customer, CustomerLink, Record, Team
from ..services.customers import Profile
from .arguments import instant, record
from .erasing import erase
from .showing import Cells, headline, name_of, say, show, shown
from .state import current_run


@click.group(help="Customers: add, find, show, change, link, merge, erase.")
def customers() -> None:
    """Group of commands."""


customers.add_command(erase)


def _fields(command: Any) -> Any:
    """Add the options that name a customer's fields."""
    options = (
        click.option("--email", "emails", multiple=True, help="An e-mail address; may be given several times."),
        click.option("--phone", "phones", multiple=True, help="A phone number; may be given several times."),
        click.option("--postal", "postals", multiple=True, help="A postal address."),
        click.option("--kind", type=click.Choice(["person", "organisation"])),
        click.option("--status", type=click.Choice(["prospect", "customer", "former"])),
        click.option("--relationship", help="transactional, long-term, dedicated, ..."),
        click.option("--tier"),
        click.option("--owner", help="An agent's or team's short name."),
        click.option("--language"),
        click.option("--time-zone"),
        click.option("--country", help="Two letters: NL."),
        click.option("--preferred-channel"),
        click.option("--tag", "tags", multiple=True, help="May be given several times; replaces all tags."),
        click.option("--since", type=instant(), help="Customer since."),
        click.option("--note"),
        click.option("--set", "custom", multiple=True, metavar="FIELD=VALUE", help="A custom field."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _given(crm: CRM, fields: dict[str, Any]) -> dict[str, Any]:
    made = {name: value for name, value in fields.items() if value not in (None, ())}
    if "custom" in made:
        made["custom"] = custom_values(crm, Customer, made["custom"])
    return made


def custom_values(crm: CRM, of: type[Record], pairs: Iterable[str]) -> dict[str, Any]:
    """Return ``FIELD=VALUE`` words as values of their custom fields' kinds; an empty value empties the field."""
    kinds = {key: field.kind for key, field in crm.custom_fields(of).items()}
    made: dict[str, Any] = {}
    for pair in pairs:
        key, mark, text = pair.partition("=")
        if not mark:
            raise InvalidError(f"{pair!r} names no value: write --set {pair}=VALUE.", code="custom")
        made[key] = _value(kinds.get(key, "text"), text)
    return made


def _value(kind: str, text: str) -> Any:
    if not text:
        return None
    if kind == "bool":
        return text.casefold() in ("yes", "true", "1", "y")
    if kind == "int" and text.lstrip("-").isdigit():
        return int(text)
    return text


@customers.command(help="Keep a new customer; a name is enough.")
@click.argument("name")
@_fields
@click.pass_obj
def add(crm: CRM, /, name: str, **fields: Any) -> None:
    """Add."""
    made = crm.customers.add(name=name, **_given(crm, fields))
    show(made, verb="added", next_step=f"See it: crmkit customers show {name_of(made)}")


@customers.command(help="Change what is given; the rest stays.")
@click.argument("customer", type=record(Customer))
@click.option("--name", default="")
@_fields
@click.pass_obj
def change(crm: CRM, /, customer: Customer, name: str, **fields: Any) -> None:
    """Change."""
    show(crm.customers.change(customer, name=name, **_given(crm, fields)), verb="changed")


@customers.command(help="Find customers by part of their name, by e-mail, phone or external id.")
@click.argument("text", default="")
@click.option("--status", type=click.Choice(["prospect", "customer", "former"]), default=None)
@click.option("--tag", default="")
@click.option("--owner")
@click.option("--limit", default=50, show_default=True)
@click.option("--after", help="Go on after the last page: its `next`.")
@click.pass_obj
def find(  # noqa: PLR0917  # a command's options
    crm: CRM, text: str, status: str | None, tag: str, owner: str | None, limit: int, after: str | None
) -> None:
    """Find."""
    page = crm.customers.find(text, status=status or "", tag=tag, owner=owner, limit=limit, after=after)
    if current_run().json:
        show(page)
        return
    points, owners = _points(crm, page), _owners(crm, page)
    columns: Cells = {
        "ID": name_of,
        "NAME": lambda c: c.name,
        "STATUS": lambda c: c.status,
        "E-MAIL": lambda c: points.get((c.id, "email"), ""),
        "PHONE": lambda c: points.get((c.id, "phone"), ""),
        "OWNER": lambda c: owners.get(c.owner.id, "") if c.owner else "",
    }
    show(list(page), columns=columns, noun="customer", next_step=f"More: --after {page.next}" if page.next else "")


def _points(crm: CRM, page: Iterable[Customer]) -> dict[Any, str]:
    p = each(ContactPoint)
    found = crm.find(ContactPoint, p.customer.in_([c.id for c in page]), order=[p.is_primary])
    return {(point.customer, point.kind): point.value for point in found}


def _owners(crm: CRM, page: Iterable[Customer]) -> dict[Any, str]:
    ids = [customer.owner.id for customer in page if customer.owner]
    agents, teams = crm.get_many(Agent, ids), crm.get_many(Team, ids)
    return {**{a.id: a.key for a in agents.values()}, **{t.id: t.key for t in teams.values()}}


@customers.command("show", help="Show who a customer is, how to reach them, and what is open.")
@click.argument("customer", type=record(Customer))
@click.pass_obj
def show_(crm: CRM, customer: Customer) -> None:
    """Show."""
    profile = crm.customers.show(customer)
    if current_run().json:
        show(profile)
        return
    click.echo()
    for line in _lines(crm, profile):
        click.echo(line)
    click.echo()


def _link(crm: CRM, customer: Customer, link: CustomerLink) -> str:
    is_own = link.customer == customer.id
    other = crm.get(Customer, link.other if is_own else link.customer)
    said = f"{link.role} of {other.name}" if is_own else f"{other.name} is {link.role}"
    return f"{said}  {name_of(other)}{f'  (until {shown(link.until)[:10]})' if link.until else ''}"


def _lines(crm: CRM, profile: Profile) -> Iterable[str]:
    c = profile.customer
    since = f" since {shown(c.since)[:10]}" if c.since else ""
    yield f"{c.name}  {name_of(c)}  {c.status}{since}"
    if c.erased_at is not None:
        yield _row("erased", shown(c.erased_at))
    for point in profile.contact_points:
        yield _row(point.kind, f"{point.value}{'  (primary)' if point.is_primary else ''}")
    for label, value in (
        ("relationship", c.relationship),
        ("stage", c.stage),
        ("tags", shown(c.tags)),
        ("language", c.language),
    ):
        if value:
            yield _row(label, value)
    if profile.owner is not None:
        yield _row("owner", profile.owner.name or profile.owner.key)
    for link in profile.links:
        yield _row("link", _link(crm, c, link))
    for key, kept in c.custom.items():
        yield _row(key, shown(kept))
    for one in profile.open:
        yield _row("open", headline(one))
    for interaction in profile.last[:3]:
        yield _row(
            "last",
            f"{shown(interaction.occurred_at)}  {interaction.channel} {interaction.direction}  {interaction.subject}",
        )
    for planned in profile.next[:3]:
        yield _row("next", f"{shown(planned.due_at)}  {planned.subject}")
    for kind, answer in profile.satisfaction.items():
        yield _row(kind, f"{shown(answer.score)}  {shown(answer.answered_at)[:10]}  {answer.text}".rstrip())
    yield ""
    yield f"Timeline: crmkit timeline {name_of(c)}"


def _row(label: str, text: str) -> str:
    return f"  {label:<13} {text}"


@customers.command(help="Link two customers: the first is ROLE (employee, buyer, referrer, ...) of the second.")
@click.argument("customer", type=record(Customer))
@click.argument("role")
@click.argument("other", type=record(Customer))
@click.pass_obj
def link(crm: CRM, customer: Customer, role: str, other: Customer) -> None:
    """Link."""
    made = crm.customers.link(customer, other, role)
    say(f"linked: {customer.name} is {role} of {other.name}", id=made.id, role=role)


@customers.command(help="Merge the second customer into the first: all that it owns moves.")
@click.argument("winner", type=record(Customer))
@click.argument("loser", type=record(Customer))
@click.pass_obj
def merge(crm: CRM, winner: Customer, loser: Customer) -> None:
    """Merge."""
    show(crm.customers.merge(winner, loser), verb="merged into")


@customers.command(help="Move a customer to a stage of its life cycle.")
@click.argument("customer", type=record(Customer))
@click.argument("stage")
@click.option("--reason", default="")
@click.option("--side", type=click.Choice(["customer", "supplier"]), default=None, help="Whose decision it was.")
@click.option("--note", default="")
@click.option("--pipeline", default="", help="The one to enter; by default the only one of customers.")
@click.pass_obj
def move(crm: CRM, customer: Customer, stage: str, reason: str, side: str | None, note: str, pipeline: str) -> None:  # noqa: PLR0917  # a command's options
    """Move."""
    moved = crm.customers.move(customer, stage, reason=reason, side=side or "", note=note, pipeline=pipeline)
    say(f"{moved.name}  {customer.stage or '-'} -> {moved.stage}", id=moved.id, stage=moved.stage, state=moved.state)
