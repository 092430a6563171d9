"""The walk: the commands that a user would type, one after the other, with what they print."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Callable, Generator
from pathlib import Path

import attrs
import click

from ...crm import CRM
from ...query import each
from ...records import ContactPoint, Customer, Deal, short_id
from .files import MAPPINGS
from .mail import drop_replies


@attrs.frozen(kw_only=True)
class Walk:
    """One walk through the demo's folder; ``run`` runs a command line and gives its exit code."""

    folder: Path
    run: Callable[[list[str]], int]
    plugins: frozenset[str]

    def step(self, title: str) -> None:
        """Print the title of a step."""
        click.echo()
        click.echo(click.style(title, bold=True))

    def command(self, *words: str) -> None:
        """Print a command line and run it."""
        click.echo(click.style(f"$ crmkit {shlex.join(words)}", dim=True))
        code = self.run([*words])
        if code:
            raise click.exceptions.Exit(code)

    def next(self, line: str) -> None:
        """Offer what to try."""
        click.echo(f"  try: crmkit {line}")

    @contextlib.contextmanager
    def inside(self) -> Generator[None]:
        """Work in the demo's folder, as somebody who typed the commands would."""
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            yield
        finally:
            os.chdir(before)

    def opened(self) -> CRM:
        """Open the demo's CRM."""
        return CRM.project()


def walk(w: Walk) -> None:
    """Go all the way."""
    with w.inside():
        _imports(w)
        _look(w)
        _deal(w)
        _surveys(w)
        _figures(w)
        _report(w)


def _imports(w: Walk) -> None:
    w.step("1  Import what the company has: CSV files from other programs")
    w.command(
        "surveys",
        "create",
        "satisfaction",
        "--question",
        "nps=nps",
        "--question",
        "csat=csat",
        "--question",
        "comment=comment",
        "--title",
        "Satisfaction",
    )
    for name, (of, mapping) in MAPPINGS.items():
        if not name.startswith("case") or "cases" in w.plugins:
            words = ["import", f"files/{name}.csv", "--as", of]
            w.command(*words, *(["--map", f"files/{name}.toml"] if mapping else []))
    w.next("import files/customers.csv --as customers --map files/customers.toml   (again: nothing changes)")


def _look(w: Walk) -> None:
    w.step("2  Find a customer, in any script, and see what passed")
    w.command("customers", "find", "jansen")
    w.command("customers", "find", "نیکنام")
    with w.opened() as crm:
        busy = crm.customers.find("jansen", status="customer")[0]
    w.command("timeline", short_id(busy.id), "--limit", "8")
    w.next(f"customers show {short_id(busy.id)}")


def _deal(w: Walk) -> None:
    w.step("3  A deal is won")
    with w.opened() as crm:
        d = each(Deal)
        deal = crm.find(Deal, d.pipeline == "sales", d.stage == "negotiation", order=[-d.amount], limit=1)[0]
    w.command("deals", "move", short_id(deal.id), "won", "--note", "signed in the shop")
    w.command("deals", "board", "--pipeline", "sales")
    w.next(f"deals history {short_id(deal.id)}")
    w.next(f"history deals/{short_id(deal.id)}")


def _surveys(w: Walk) -> None:
    w.step("4  Ask customers, over the mailbox channel, and read their answers")
    addresses = _askable(w)
    w.command("surveys", "create", "recommend", "--type", "nps", "--title", "Would you recommend us?")
    w.command("surveys", "create", "last-visit", "--type", "csat", "--title", "Your last visit")
    w.command("surveys", "send", "recommend", "--channel", "mailbox", *_each("--to", addresses[:6]))
    w.command(
        "surveys",
        "send",
        "last-visit",
        "--channel",
        "mailbox",
        "--touchpoint",
        "after-sales",
        *_each("--to", addresses[6:12]),
    )
    w.command("work", "--once")
    answered = drop_replies(Path("mailbox"))
    click.echo(f"  ({answered} customers answer: their letters are dropped into mailbox/inbox)")
    w.command("work", "--once")
    w.command("surveys", "show", "recommend")
    w.command("surveys", "show", "last-visit")
    w.next("messages list")


def _each(option: str, values: list[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _askable(w: Walk) -> list[str]:
    """Return the addresses of some customers, who agreed to be asked."""
    p, c = each(ContactPoint), each(Customer)
    with w.opened() as crm:
        found = crm.find(Customer, c.status == "customer", c.kind == "person", order=[c.since], limit=12)
        for customer in found:
            crm.consents.grant(customer, "survey", source="demo")
        points = crm.find(ContactPoint, p.kind == "email", p.customer.in_([customer.id for customer in found]))
        return [point.value for point in points]


def _figures(w: Walk) -> None:
    w.step("5  Figures by month")
    for name in ("nps", "csat", "win-rate"):
        w.command("kpis", "show", name, "--by", "month", "--last", "6")
    w.next("kpis show csat --group touchpoint --since 2026-01-01")
    w.next("kpis explain churn")


def _report(w: Walk) -> None:
    w.step("6  One page of all of it")
    w.command("report", "--out", "report.html", "--company", "Ketting & Co")
