"""What KPIs leave out: test customers and erased ones, and cells that would tell how one person answered anonymously."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from crmkit.errors import RefusedError
from crmkit.ports.kpi import Counted, Kpi
from crmkit.ports.work import Work
from crmkit.query import Condition, count, each
from crmkit.records import Answer, Customer, Record, Survey, declaration_of
from crmkit.services.kpis.asking import Ask, Cell
from crmkit.services.kpis.counting import cells_of

FEWEST: Final = 5
"""Fewer answers of an anonymous survey are not shown, unless the survey sets a number of its own."""


def of_real_customers(work: Work, kpi: Kpi) -> tuple[Condition, ...]:
    """Return the conditions that leave out what belongs to test customers and to erased ones; none where there is none."""
    c = each(Customer)
    is_left_out = (c.is_test == True) | ~c.erased_at.is_missing  # noqa: E712  # a condition on a path
    ids = [customer.id for customer in work.stream(Customer, is_left_out)]
    if not ids:
        return ()
    return tuple(~_belonging(of).in_(ids) for of in dict.fromkeys(source.of for source in kpi.sources) if _is_owned(of))


def _belonging(of: type[Record]) -> Any:
    return each(of).id if of is Customer else each(of).customer_id


def _is_owned(of: type[Record]) -> bool:
    return of is Customer or declaration_of(of).owner is not None


# --- anonymous surveys ---
def hidden_cells(kpi: Kpi, ask: Ask) -> Mapping[Cell, str]:
    """Return the cells with too few answers of anonymous surveys, and why they are not shown."""
    source, surveys = kpi.sources[0], _anonymous(ask.work, kpi)
    if not surveys or not isinstance(source, Counted):
        return {}
    fewest = max(survey.min_cell if survey.min_cell > 1 else FEWEST for survey in surveys)
    among = each(Answer).survey.in_([survey.id for survey in surveys])
    only = attrs.evolve(source, components={"n": count(among)}, per=())
    reason = f"fewer than {fewest} answers to an anonymous survey"
    return {cell: reason for cell, counts in cells_of(only, ask).items() if 0 < counts["n"] < fewest}


def named(kpi: Kpi, work: Work, records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Return the records behind a number.

    Raises:
        RefusedError: one of them is an answer to an anonymous survey.
    """
    surveys = {survey.id for survey in _anonymous(work, kpi)}
    if any(isinstance(record, Answer) and record.survey in surveys for record in records):
        raise RefusedError("Answers to an anonymous survey are counted, never shown one by one.", code="anonymous")
    return records


def _anonymous(work: Work, kpi: Kpi) -> list[Survey]:
    if kpi.of is not Answer:
        return []
    return list(work.stream(Survey, each(Survey).is_anonymous == True))  # noqa: E712  # a condition on a path
