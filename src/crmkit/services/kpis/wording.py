"""Conditions, paths and intervals in words, for people who ask what a KPI counts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from crmkit.ports.kpi import AdjustedWald, IntervalMethod, MeanInterval, QuantileInterval, RatioInterval, Wilson
from crmkit.query import (
    Ago,
    And,
    Compare,
    Component,
    Condition,
    Difference,
    Has,
    Missing,
    Not,
    OneOf,
    Or,
    Path,
    Product,
    StartOf,
    TextTest,
)
from crmkit.records import AnyRef, short_id

_OPS: Final = {"==": "is", "!=": "is another than", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TESTS: Final = {"starts_with": "starts with", "contains": "contains", "includes": "has"}
_MEASURES: Final = {
    "count": "how many", "distinct": "how many different", "total": "sum of", "least": "least", "most": "greatest",
    "squares": "sum of squares of",
}  # fmt: skip


def condition_in_words(condition: Condition | None) -> str:
    """Return a condition as a clause; "all" for none."""
    return "all" if condition is None else _clause(condition)


def _clause(condition: Condition) -> str:
    if isinstance(condition, And):
        return " and ".join(_inside(part) for part in condition.parts)
    if isinstance(condition, Or):
        return " or ".join(_inside(part) for part in condition.parts)
    if isinstance(condition, Not):
        if isinstance(condition.part, Missing):
            return f"{path_in_words(condition.part.path)} is given"
        return f"not ({_clause(condition.part)})"
    if isinstance(condition, Missing):
        return f"{path_in_words(condition.path)} is missing"
    if isinstance(condition, Compare):
        return f"{path_in_words(condition.path)} {_OPS[condition.op]} {_value(condition.value)}"
    if isinstance(condition, OneOf):
        is_one_of = "is" if len(condition.values) == 1 else "is one of"
        return f"{path_in_words(condition.path)} {is_one_of} {', '.join(map(_value, condition.values))}"
    if isinstance(condition, TextTest):
        return f"{path_in_words(condition.path)} {_TESTS[condition.test]} {_value(condition.value)}"
    return _having(condition)


def _having(condition: Condition) -> str:
    if not isinstance(condition, Has):
        return "all"
    of = condition.reference._root
    return f"has at least {condition.at_least} {of.__name__} where {condition_in_words(condition.where)}"


def _inside(condition: Condition) -> str:
    return f"({_clause(condition)})" if isinstance(condition, And | Or) else _clause(condition)


def path_in_words(path: Path) -> str:
    """Return a path with spaces for underscores: ``customer's country``."""
    return "'s ".join(part.replace("_", " ") for part in str(path).split("."))


def _value(value: Any) -> str:  # a table of kinds
    if isinstance(value, Path):
        return path_in_words(value)
    if isinstance(value, Ago):
        return f"{value.delta.days} days ago" if value.delta.seconds == 0 else f"{value.delta} ago"
    if isinstance(value, StartOf):
        return f"the start of the {value.unit}" + (f" ({value.shift:+d})" if value.shift else "")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, AnyRef):
        return f"{value.type} {short_id(value.id)}"
    if isinstance(value, UUID):
        return short_id(value)
    if isinstance(value, date):
        return value.isoformat()
    return "empty" if value == "" else str(value)


def component_in_words(component: Component) -> str:
    """Return what a component counts: "sum of amount where state is won"."""
    where = "" if component.where is None else f" where {condition_in_words(component.where)}"
    if component.measure == "quantile":
        word = "median of" if component.q == 0.5 else f"{component.q:.0%} quantile of"
    else:
        word = _MEASURES[component.measure]
    return f"{word}{_expression(component.of)}{where}"


def _expression(of: Path | Difference | Product | None) -> str:
    if of is None:
        return ""
    if isinstance(of, Path):
        return f" {path_in_words(of)}"
    word = "less" if isinstance(of, Difference) else "times"
    return f" {path_in_words(of.left)} {word} {path_in_words(of.right)}"


def interval_in_words(method: IntervalMethod | None) -> str:
    """Return how the interval of a value is found."""
    if method is None:
        return "none: the value is exact, or its sources can not tell"
    return {
        Wilson: "Wilson score interval",
        AdjustedWald: "adjusted Wald interval (Rocks 2016)",
        MeanInterval: "Student's t interval of the mean",
        RatioInterval: "delta method for a ratio of sums",
        QuantileInterval: "order statistics (binomial)",
    }[type(method)]
