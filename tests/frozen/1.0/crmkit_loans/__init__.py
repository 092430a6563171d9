"""A record type with its pipeline, service, field and command, as it was written against API 1.0."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import attrs

from crmkit import (
    Choices,
    Code,
    Commands,
    ConflictError,
    Customer,
    FieldDefinition,
    History,
    Id,
    Indexed,
    InvalidError,
    LocalText,
    Money,
    NotPersonal,
    Owner,
    Personal,
    Pipeline,
    Places,
    Plugin,
    Record,
    Searchable,
    Service,
    Stage,
    Staged,
    verb,
)
from crmkit.query import count, each, has

__all__ = ["BookLoan", "BookLoans", "LoanNote", "plugin"]


@attrs.frozen(kw_only=True)
class BookLoan(Staged, unique=[("number",)]):
    """A book that is with a customer."""

    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    number: Code
    title: Annotated[str, NotPersonal(), Searchable()]
    shelf: Annotated[Code, Indexed(), History()] = ""
    kind: Annotated[Code, Choices("novel", "atlas")] = "novel"
    weight_kg: Annotated[Decimal | None, Places(3)] = None
    fee: Money | None = None
    due_on: Annotated[date | None, NotPersonal()] = None
    lent_at: datetime | None = None


@attrs.frozen(kw_only=True)
class LoanNote(Record, append_only=True):
    """What was said about a loan."""

    loan: Annotated[Id[BookLoan], Owner(on_erase="remove")]
    text: Annotated[str, Personal()] = ""


lending = Pipeline(
    "lending",
    of=BookLoan,
    name=LocalText.of("Lending", nl="Uitlening"),
    stages=(
        Stage("lent"),
        Stage("reminded", "hold", probability=40),
        Stage("back", "won"),
        Stage("gone", "lost", reasons=("lost", "stolen")),
    ),
)
card = FieldDefinition(Customer, "library_card", indexed=True)


class BookLoans(Service):
    """What a librarian does."""

    @verb
    def lend(self, customer: Customer, number: str, title: str, *, fee: Money | None = None) -> BookLoan:
        if not title:
            raise InvalidError("A book has a title.", field="title")
        l = each(BookLoan)  # noqa: E741  # as people wrote
        if self.find(BookLoan, l.number == number, l.state == "open"):
            raise ConflictError(f"{number} is lent already: wait for it.")
        made = BookLoan(customer=customer.id, number=number, title=title, fee=fee, lent_at=self.now)
        return self.add(made, name="book_loan.lent")

    @verb
    def back(self, loan: BookLoan, *, note: str = "") -> BookLoan:
        self.add(LoanNote(loan=loan.id, text=note or "it came back"))
        return self.move(loan, "back")

    @verb
    def readers(self) -> list[str]:
        l = each(BookLoan)  # noqa: E741  # as people wrote
        return [one.name for one in self.find(Customer, has(l.customer, l.state == "won"), order=[each(Customer).name])]

    @verb
    def by_kind(self) -> dict[str, int]:
        l = each(BookLoan)  # noqa: E741  # as people wrote
        return {row.key[0]: row.n for row in self.tally(BookLoan, by=[l.kind], n=count())}

    @verb(long=True)
    def lend_all(self, customer: Customer, *titles: str) -> int:
        for n, title in enumerate(titles):
            self.batch(lambda me, n=n, title=title: me.lend(customer, f"bulk-{n}", title))
        return len(titles)


plugin = Plugin(
    "loans",
    capabilities=("personal-data",),
    api=">=1.0,<2",
    offers=(
        BookLoan,
        LoanNote,
        lending,
        card,
        BookLoans,
        Commands("book-loans", "crmkit_loans.commands:loans", "Books: lend, list."),
    ),
)
