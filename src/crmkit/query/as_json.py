"""Questions as JSON, for segments, saved views, rules and access filters. ``from_json`` reads them back, equal.

A path is a text (``"customer.country"``, ``"custom.size"``, ``"name.folded"``), or a list of steps where one of them is a
``latest`` or a name has a dot::

    {"field": "customer.country", "op": "==", "value": "NL"}
    {"field": "closed_at", "op": ">", "moment": {"ago": {"days": 90}}}
    {"field": "delivered_at", "op": ">", "other": "promised_at"}
    {"field": "state", "op": "in", "values": ["won", "lost"]}
    {"field": "name", "op": "contains", "value": "anna"}        also starts_with, includes, is_missing
    {"has": {"of": "interaction", "reference": "customer", "where": {...}, "at_least": 3}}
    {"all": [...]}, {"any": [...]}, {"not": {...}}, {"always": true}
    [{"latest": "answer", "reference": "customer", "where": {...}, "by": "answered_at"}, "score"]

Values are written as a record's are; of a custom field, whose kind is not known where the question is written, decimals,
days and instants say what they are: ``{"decimal": "1.25"}``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from ..errors import InvalidError
from ..records import Field, declaration_of
from ..records.as_json import value_to_json
from .conditions import Always, And, Compare, Condition, Has, Missing, Not, OneOf, Or, TextTest
from .moments import Ago, StartOf, moment_to_json
from .paths import CustomStep, Difference, FieldStep, FoldStep, LatestStep, Path, Product, Step, final_field
from .question import Find
from .tallies import Bucket, Component, Expression, Key, Tally

LOOSE: Final[Mapping[str, Field]] = {
    "decimal": Field(name="value", kind="decimal"),
    "date": Field(name="value", kind="date"),
    "instant": Field(name="value", kind="instant"),
}
"""What a value of a custom field says of itself."""


def condition_to_json(condition: Condition) -> dict[str, Any]:
    """Return a condition, as it was written, as a JSON value.

    Raises:
        InvalidError: it is bound, and so of one moment only.
    """
    for kind, write in _CONDITIONS.items():
        if isinstance(condition, kind):
            return write(condition)
    raise InvalidError(f"{condition!r} is no condition of this language.", code="no_condition")


def find_to_json(question: Find[Any]) -> dict[str, Any]:
    """Return a question that finds records as a JSON value. See the module."""
    made: dict[str, Any] = {"of": declaration_of(question.of).name, **_where(question.where)}
    if question.order:
        made["order"] = [
            {"by": path_to_json(key.path), **({"descending": True} if key.descending else {})} for key in question.order
        ]
    more = {"limit": question.limit, "after": question.after}
    return made | {name: value for name, value in more.items() if value is not None}


def tally_to_json(tally: Tally) -> dict[str, Any]:
    """Return a tally as a JSON value. See the module."""
    made: dict[str, Any] = {"of": declaration_of(tally.of).name, **_where(tally.where)}
    if tally.by:
        made["by"] = [_key(key) for key in tally.by]
    made["components"] = {name: _component(component) for name, component in tally.components.items()}
    for name in ("one_per", "one_per_by"):
        if (path := getattr(tally, name)) is not None:
            made[name] = path_to_json(path)
    return made


def path_to_json(path: Path) -> Any:
    """Return a path as a text, or as a list of steps."""
    steps = [_step(step) for step in path._steps]
    is_plain = all(isinstance(name, str) and "." not in name for part in steps for name in part)
    flat = [name for part in steps for name in part]
    return ".".join(flat) if is_plain else flat


def _step(step: Step) -> list[Any]:
    if isinstance(step, FieldStep) and step.guard is None:
        return [step.field.name]
    if isinstance(step, CustomStep) and step.field is None:
        return ["custom", step.key]
    if isinstance(step, LatestStep):
        parts = {
            "latest": declaration_of(step.of).name,
            "reference": path_to_json(step.reference),
            **_where(step.where),
        }
        return [{**parts, "by": path_to_json(step.by)}]
    if isinstance(step, FoldStep):
        return ["folded"]
    raise InvalidError("The question is bound: write it as JSON before it is.", code="bound")


def _where(where: Condition | None) -> dict[str, Any]:
    return {} if where is None else {"where": condition_to_json(where)}


# --- conditions ---
def _compare(condition: Compare) -> dict[str, Any]:
    path, value = condition.path, condition.value
    made = {"field": path_to_json(path), "op": condition.op}
    if isinstance(value, Path):
        return {**made, "other": path_to_json(value)}
    if isinstance(value, Ago | StartOf):
        return {**made, "moment": moment_to_json(value)}
    return {**made, "value": _value(path, value)}


def _one_of(condition: OneOf) -> dict[str, Any]:
    values = [_value(condition.path, value) for value in condition.values]
    return {"field": path_to_json(condition.path), "op": "in", "values": values}


def _value(path: Path, value: Any) -> Any:
    field = final_field(path)
    return _loose(value) if field is None else value_to_json(field, value)


def _loose(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    kind = "decimal" if isinstance(value, Decimal) else "instant" if isinstance(value, datetime) else "date"
    if not isinstance(value, Decimal | date):
        raise InvalidError(f"{value!r} is no value of a custom field.", code="kind")
    return {kind: value_to_json(LOOSE[kind], value)}


def _has(condition: Has) -> dict[str, Any]:
    of = declaration_of(condition.reference._root).name
    made: dict[str, Any] = {"of": of, "reference": path_to_json(condition.reference), **_where(condition.where)}
    return {"has": made | ({} if condition.at_least == 1 else {"at_least": condition.at_least})}


_CONDITIONS: Final[Mapping[type[Condition], Callable[[Any], dict[str, Any]]]] = {
    Compare: _compare,
    OneOf: _one_of,
    TextTest: lambda made: {"field": path_to_json(made.path), "op": made.test, "value": made.value},
    Missing: lambda made: {"field": path_to_json(made.path), "op": "is_missing"},
    Has: _has,
    And: lambda made: {"all": [condition_to_json(part) for part in made.parts]},
    Or: lambda made: {"any": [condition_to_json(part) for part in made.parts]},
    Not: lambda made: {"not": condition_to_json(made.part)},
    Always: lambda made: {"always": made.value},
}


# --- tallies ---
def _key(key: Key) -> dict[str, Any]:
    if not isinstance(key, Bucket):
        return {"field": path_to_json(key)}
    made: dict[str, Any] = {"period": path_to_json(key.path)}
    if key.unit:
        made["unit"] = key.unit
    if key.edges:
        made["edges"] = [value_to_json(LOOSE["instant"], edge) for edge in key.edges]
    return made


def _component(component: Component) -> dict[str, Any]:
    made: dict[str, Any] = {"measure": component.measure}
    if component.of is not None:
        made["of"] = _expression(component.of)
    if component.measure == "quantile":
        made["q"] = component.q
    return made | _where(component.where)


def _expression(of: Expression) -> Any:
    if isinstance(of, Difference | Product):
        return {_PAIRS[type(of)]: [path_to_json(of.left), path_to_json(of.right)]}
    return path_to_json(of)


_PAIRS: Final[Mapping[type[Any], str]] = {Difference: "difference", Product: "product"}
