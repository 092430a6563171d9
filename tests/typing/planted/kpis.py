"""KPIs and survey types: what a definition takes, and what its function gives."""

from typing import assert_type

from crmkit import kpi, kpis
from crmkit.ports.kpi import Kpi
from crmkit.ports.survey_type import Answers, Item, Problem, Scale
from crmkit.query import Tallied, count, each
from crmkit import Answer, Interaction

a, i = each(Answer), each(Interaction)


@kpi(of=Answer, at=a.answered_at, where=a.survey_type == "nps", one_per=a.customer, count={"n": count()})
def right(t: Tallied) -> float | None:
    return 100 * t.n if t.n else None


assert_type(right, Kpi)
assert_type(kpis.duration("x", of=Interaction, start=i.occurred_at, end=i.answered_at, stat="median"), Kpi)
assert_type(Scale("x", lo=1, hi=7, top=6, bottom=2, items=[Item("a", reverse=True)]).check(1), Answers | Problem)

kpi(of=Answer, at=a.answered_at, where=a.score, count={"n": count()})  # error: mypy pyright
kpi(of=Answer, at="answered_at", count={"n": count()})  # error: mypy pyright
kpi(of=Answer, at=a.answered_at, count={"n": a.score})  # error: mypy pyright
kpi(of=Answer, at=a.answered_at, count={"n": count()}, better="more")  # error: mypy pyright
kpis.duration("x", of=Interaction, start=i.occurred_at, end=i.answered_at, stat="modus")  # error: mypy pyright
kpis.proportion("x", of=Answer, at=a.answered_at, part=a.score)  # error: mypy pyright
kpis.count("x", of=Answer, at=a.answered_at, titel="X")  # error: mypy pyright
Scale("x", lo=1, hi=7, top=6)  # error: mypy pyright
Scale("x", lo="1", hi=7, top=6, bottom=2)  # error: mypy pyright


@kpi(of=Answer, at=a.answered_at, count={"n": count()})  # error: mypy pyright
def a_text_is_no_value(t: Tallied) -> str:
    return "nine"


@kpi(of=Answer, at=a.answered_at, count={"n": count()})  # error: mypy pyright
def a_formula_takes_counts(t: int) -> float:
    return t
