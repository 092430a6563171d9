"""What people at the service desk do."""

from __future__ import annotations

import attrs
from crmkit import AnyRef, Counter, Customer, InvalidError, Page, Service, verb
from crmkit.query import each

from .case import Case

FIRST = 1000


class Cases(Service):
    """Service cases: open, move, resolve, find."""

    @verb
    def open(
        self,
        customer: Customer | None,
        subject: str,
        *,
        priority: str = "normal",
        category: str = "",
        channel: str = "",
        touchpoint: str = "",
        owner: AnyRef | None = None,
    ) -> Case:
        """Open a case; it gets the next number.

        Raises:
            InvalidError: there is no such priority.
        """
        return self.add(
            Case(
                customer=None if customer is None else customer.id,
                number=self._next_number(),
                subject=subject,
                priority=priority,
                category=category,
                channel=channel,
                touchpoint=touchpoint,
                owner=owner,
                pipeline="cases",
                opened_at=self.now,
            )
        )

    @verb
    def move_to(self, case: Case, stage: str, *, reason: str = "", note: str = "") -> Case:
        """Move a case to a stage; closing and reopening set ``closed_at``."""
        return self.move(case, stage, reason=reason, note=note)

    @verb
    def resolve(self, case: Case, solution: str = "") -> Case:
        """The case is solved; the solution is kept.

        Raises:
            InvalidError: it is closed already.
        """
        if case.state in ("won", "lost"):
            raise InvalidError(f"Case {case.number} is {case.stage} already: move it back first.", code="closed")
        return self.move(attrs.evolve(case, solution=solution or case.solution), "resolved")

    @verb
    def numbered(self, number: str) -> Case | None:
        """Return the case of a number; None where there is none."""
        return next(iter(self.find(Case, each(Case).number == number, limit=1)), None)

    @verb
    def listed(self, *, state: str = "", priority: str = "", text: str = "", limit: int = 50) -> Page[Case]:
        """Return cases, the latest first."""
        c = each(Case)
        where = [getattr(c, name) == value for name, value in (("state", state), ("priority", priority)) if value]
        where += [c.subject.contains(text)] if text else []
        return self.find(Case, *where, order=[-c.opened_at], limit=limit)

    def _next_number(self) -> str:
        c = each(Counter)
        counter = next(iter(self.find(Counter, c.key == "case", limit=1)), None)
        if counter is None:
            return str(self.add(Counter(key="case", value=FIRST + 1)).value)
        return str(self.replace(attrs.evolve(counter, value=counter.value + 1)).value)
