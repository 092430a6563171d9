"""KPIs over spans: how long a field had a value. Reached as ``crmkit.kpis.spans`` and ``crmkit.kpis.conversion``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, Unpack

from ..errors import InvalidError
from ..query import Condition, Tallied, each
from ..records import Record, Span, declaration_of
from .kpi import Better, Followed, Kpi, More, Stays, Wilson, made, record_words

Measure = Literal["churn", "retention", "losses", "formula", "stock", "new"]


def conversion(
    name: str,
    *,
    of: type[Record],
    first: str,
    then: str | Sequence[str],
    field: str = "stage",
    pipeline: str = "",
    better: Better = "higher",
    **more: Unpack[More],
) -> Kpi:
    """Which share of those that entered a stage for the first time in a period went on to a later one, ever.

    "Filled": who skipped a stage counts in those it passed over, so name in ``then`` every stage beyond ``first``.

    Args:
        of: the record type that moves, such as Deal.
        first, then: values of ``field``, which is declared with ``History()``.
        pipeline: only of this pipeline.
    """
    s = each(Span)
    where = _spans_of(of, field, pipeline)
    first_of, then_of = where & (s.value == first), where & s.value.in_(_tuple(then))
    source = Followed(of=Span, who=s.record, at=s.entered_at, first=first_of, then=then_of)
    explanation = f"Share of {record_words(of)} records that entered {first} and went on to {_or(_tuple(then))}."

    def formula(t: Tallied) -> float | None:
        return t.followed / t.n if t.n else None

    interval = Wilson("followed")
    return made(name, explanation, source, formula, unit="share", better=better, interval=interval, more=more)


def spans(
    name: str,
    *,
    of: type[Record],
    field: str,
    value: str | Sequence[str],
    measure: Measure,
    pipeline: str = "",
    **more: Unpack[More],
) -> Kpi:
    """Who stayed, went and came, by how long a field (declared with ``History()``) had a value.

    Args:
        measure: ``churn``: of those there at the start of a period, the share that was not at its end. ``retention``: the
            share that was (cohort; with churn it is exactly 1). ``losses``: all stays that ended in the period, also of
            those who came in it or came back, by those at the start. ``formula``: (end - came) / start. ``stock``: who is
            there at the end. ``new``: who came for the first time ever.
    """
    s, values = each(Span), _tuple(value)
    where = _spans_of(of, field, pipeline) & s.value.in_(values)
    source = Stays(of=Span, who=s.record, since=s.entered_at, until=s.left_at, where=where)
    whose = f"{record_words(of)} records with {field} {_or(values)}"
    if measure in ("stock", "new"):
        part = "at_end" if measure == "stock" else "new"
        what = (
            f"How many {whose} there are at the end" if measure == "stock" else f"How many became {_or(values)} first"
        )
        return made(
            name,
            f"{what}.",
            source,
            lambda t: getattr(t, part),
            unit="count",
            better="higher",
            n=part,
            adds_up=True,
            more=more,
        )
    return _share_of_stays(name, source, whose, measure, more)


_STAY_PARTS: Final[Mapping[str, str]] = {"churn": "lost", "retention": "kept", "losses": "left"}
_STAY_WORDS: Final[Mapping[str, str]] = {
    "churn": "Of {whose} at the start of a period, the share that was lost by its end.",
    "retention": "Of {whose} at the start of a period, the share that was still there at its end.",
    "losses": "All losses of {whose} in a period, by those at its start.",
    "formula": "{whose} at the end, less those that came in the period, by those at its start.",
}


def _share_of_stays(name: str, source: Stays, whose: str, measure: Measure, more: More) -> Kpi:
    if measure not in _STAY_WORDS:
        raise InvalidError(
            f"{measure!r} is no measure of stays: use {', '.join(_STAY_WORDS)}, stock or new.", code="measure"
        )
    part = _STAY_PARTS.get(measure, "")

    def formula(t: Tallied) -> float | None:
        if not t.at_start:
            return None
        return float((getattr(t, part) if part else t.at_end - t.entered) / t.at_start)

    return made(
        name, _STAY_WORDS[measure].format(whose=whose).capitalize(), source, formula, unit="share",
        better="lower" if part in ("lost", "left") else "higher",
        interval=Wilson(part, "at_start") if part in ("lost", "kept") else None, n="at_start", more=more,
    )  # fmt: skip


def _spans_of(of: type[Record], field: str, pipeline: str) -> Condition:
    s, declaration = each(Span), declaration_of(of)
    found = declaration.by_name.get(field)
    if found is None or not found.history:
        raise InvalidError(
            f"{of.__name__} keeps no spans of {field!r}: declare the field with History().", code="history"
        )
    where = (s.of == declaration.name) & (s.field == field)
    return where & (s.pipeline == pipeline) if pipeline else where


def _tuple(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _or(values: Sequence[str]) -> str:
    return " or ".join(values)
