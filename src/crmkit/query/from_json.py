"""Questions read from JSON, as ``as_json`` writes them: whatever is unknown is refused, with the nearest right word.

What comes from outside can not do more than a question can: there is no text of another language in it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, cast, get_args

import attrs

from ..errors import InvalidError, nearest
from ..records import Field, Record
from ..records.as_json import value_from_json
from .as_json import LOOSE
from .conditions import Always, And, Condition, Not, Or, compare, has, missing, one_of, text_test
from .moments import moment_from_json
from .paths import Difference, Path, Product, final_field, latest, path_of
from .question import Find, Order, find
from .tallies import Bucket, Component, Expression, Key, Measure, Tally, check_component, check_tally

Types = Mapping[str, type[Record]]
"""The record types that a question may be about, by the name of their declaration."""
_DEEPEST: Final = 100
_OPERATORS: Final = ("==", "!=", "<", "<=", ">", ">=")
_TESTS: Final = ("starts_with", "contains", "includes")
_UNITS: Final = ("day", "week", "month", "quarter", "year")


def condition_from_json(data: Any, of: type[Record], types: Types) -> Condition:
    """Return the condition on a record type that ``condition_to_json`` wrote.

    Raises:
        InvalidError: a field, operator, record type or word is unknown, or a value does not fit.
    """
    return _Reader(types).condition(data, of)


def find_from_json(data: Any, types: Types) -> Find[Any]:
    """Return the question that ``find_to_json`` wrote. Raises as ``condition_from_json``."""
    return _Reader(types).find(data)


def tally_from_json(data: Any, types: Types) -> Tally:
    """Return the tally that ``tally_to_json`` wrote. Raises as ``condition_from_json``."""
    return _Reader(types).tally(data)


@attrs.frozen
class _Reader:
    """Reads the parts of one question; ``depth`` counts how many conditions lie around this one."""

    types: Types
    depth: int = 0

    # --- questions ---
    def find(self, data: Any) -> Find[Any]:
        parts = _entries(data, {"of", "where", "order", "limit", "after"}, "a question", needed=("of",))
        of = self._type(parts["of"])
        order = tuple(self._order(key, of) for key in _list(parts.get("order", []), "order"))
        limit, after = parts.get("limit"), parts.get("after")
        if limit is not None and type(limit) is not int:
            raise _no(limit, "limit", "a whole number")
        if after is not None and not isinstance(after, str):
            raise _no(after, "after", "a text")
        keys = [-key.path if key.descending else key.path for key in order]
        return find(of, *self._where(parts, of), order=keys, limit=limit, after=after)

    def _order(self, data: Any, of: type[Record]) -> Order:
        parts = _entries(data, {"by", "descending"}, "a key of an order", needed=("by",))
        if not isinstance(parts.get("descending", False), bool):
            raise _no(parts["descending"], "descending", "true or false")
        return Order(self.path(parts["by"], of), parts.get("descending", False))

    def tally(self, data: Any) -> Tally:
        known = {"of", "where", "by", "components", "one_per", "one_per_by"}
        parts = _entries(data, known, "a tally", needed=("of", "components"))
        of = self._type(parts["of"])
        paths = {name: self.path(parts[name], of) for name in ("one_per", "one_per_by") if name in parts}
        components = _entries(parts["components"], None, "components")
        made = Tally(
            of=of,
            where=next(iter(self._where(parts, of)), None),
            by=tuple(self._key(key, of) for key in _list(parts.get("by", []), "by")),
            components={name: self._component(component, of) for name, component in components.items()},
            **paths,
        )
        check_tally(made)
        return made

    def _key(self, data: Any, of: type[Record]) -> Key:
        parts = _entries(data, {"field", "period", "unit", "edges"}, "a key")
        if set(parts) == {"field"}:
            return self.path(parts["field"], of)
        if "period" not in parts or "field" in parts:
            raise InvalidError(f"{data!r} is no key: write a field, or a period with its unit or edges.", code="key")
        edges = tuple(_kept(LOOSE["instant"], edge) for edge in _list(parts.get("edges", []), "edges"))
        unit = parts.get("unit", "")
        if (unit or not edges) and unit not in _UNITS:
            raise InvalidError(f"{unit!r} is none of {', '.join(_UNITS)}.{_near(unit, _UNITS)}", code="unit")
        if None in edges or list(edges) != sorted(set(edges)):
            raise InvalidError("The edges of periods are ascending instants.", code="edges")
        return Bucket(self.path(parts["period"], of), unit, edges)

    def _component(self, data: Any, of: type[Record]) -> Component:
        parts = _entries(data, {"measure", "of", "where", "q"}, "a component", needed=("measure",))
        measure, q = _word(parts["measure"], get_args(Measure), "measure"), parts.get("q", 0.5)
        if ("of" in parts) == (measure == "count"):
            raise InvalidError(f"{measure} takes {'no' if measure == 'count' else 'an'} `of`.", code="component")
        if isinstance(q, bool) or not isinstance(q, int | float) or not 0 <= q <= 1:
            raise _no(q, "q", "a number from 0 to 1")
        expression = self._expression(parts["of"], of) if "of" in parts else None
        made = Component(cast("Measure", measure), expression, next(iter(self._where(parts, of)), None), q)
        check_component(made)
        return made

    def _expression(self, data: Any, of: type[Record]) -> Expression:
        if not isinstance(data, Mapping):
            return self.path(data, of)
        parts = _entries(data, {"difference", "product"}, "an expression")
        if len(parts) != 1 or len(pair := _list(next(iter(parts.values())), "paths")) != 2:
            raise InvalidError(f"{data!r} is no difference or product of two paths.", code="expression")
        left, right = (self.path(path, of) for path in pair)
        return Difference(left, right) if "difference" in parts else Product(left, right)

    def _where(self, parts: Mapping[str, Any], of: type[Record]) -> tuple[Condition, ...]:
        return (self.condition(parts["where"], of),) if "where" in parts else ()

    # --- paths ---
    def path(self, data: Any, of: type[Record]) -> Path:
        names = data.split(".") if isinstance(data, str) else _list(data, "a path")
        start: type[Record] | Path = of
        if names and isinstance(names[0], Mapping):
            start, names = self._latest(names[0], of), names[1:]
        for name in names:
            if not isinstance(name, str):
                raise _no(name, "a step of a path", "a name")
        return start if isinstance(start, Path) and not names else path_of(start, names)

    def _latest(self, data: Any, of: type[Record]) -> Path:
        parts = _entries(data, {"latest", "reference", "where", "by"}, "a latest", needed=("latest", "reference", "by"))
        other = self._type(parts["latest"])
        reference, by = self.path(parts["reference"], other), self.path(parts["by"], other)
        made = latest(reference, *self._where(parts, other), by=by)
        _check_about(made._root, of)
        return made

    def _type(self, name: Any) -> type[Record]:
        if not isinstance(name, str) or name not in self.types:
            raise InvalidError(
                f"There is no record type {name!r}.{_near(name, self.types)}",
                code="unknown_type",
                params={"type": name},
            )
        return self.types[name]

    # --- conditions ---
    def condition(self, data: Any, of: type[Record]) -> Condition:
        if self.depth > _DEEPEST:
            raise InvalidError(f"A condition lies at most {_DEEPEST} deep inside others.", code="too_deep")
        inner = attrs.evolve(self, depth=self.depth + 1)
        parts = _entries(data, {"field", "op", "value", "values", "other", "moment", *_SHAPES}, "a condition")
        for word in _SHAPES:
            if word in parts:
                _entries(parts, {word}, f"a condition with {word!r}")
                return inner._joined(word, parts[word], of)
        return inner._leaf(parts, of)

    def _joined(self, word: str, data: Any, of: type[Record]) -> Condition:
        if word == "has":
            return self._has(data, of)
        if word == "not":
            return Not(self.condition(data, of))
        if word == "always":
            if not isinstance(data, bool):
                raise _no(data, "always", "true or false")
            return Always(of, data)
        parts = tuple(self.condition(part, of) for part in _list(data, word))
        if not parts:
            raise InvalidError(f"{word!r} holds at least one condition.", code="empty")
        return And(parts) if word == "all" else Or(parts)

    def _has(self, data: Any, of: type[Record]) -> Condition:
        parts = _entries(data, {"of", "reference", "where", "at_least"}, "a has", needed=("of", "reference"))
        other, at_least = self._type(parts["of"]), parts.get("at_least", 1)
        if type(at_least) is not int:
            raise _no(at_least, "at_least", "a whole number")
        made = has(self.path(parts["reference"], other), *self._where(parts, other), at_least=at_least)
        _check_about(made.root, of)
        return made

    def _leaf(self, parts: Mapping[str, Any], of: type[Record]) -> Condition:
        _entries(parts, None, "a condition", needed=("field", "op"))
        path, op = (
            self.path(parts["field"], of),
            _word(parts["op"], (*_OPERATORS, *_TESTS, "in", "is_missing"), "operator"),
        )
        given = _entries(parts, {"field", "op", *_TAKES.get(op, ("value",))}, f"a condition with {op!r}")
        operands = [name for name in _TAKES.get(op, ("value",)) if name in given]
        if len(operands) != (0 if op == "is_missing" else 1):
            raise InvalidError(f"{op!r} takes {' or '.join(_TAKES.get(op, ('value',))) or 'nothing'}.", code="operand")
        if op == "is_missing":
            return missing(path)
        if op == "in":
            return one_of(path, [_value(path, value) for value in _list(given["values"], "values")])
        if op in _TESTS:
            return text_test(path, op, given["value"])
        return compare(path, op, self._operand(path, operands[0], given[operands[0]], of))

    def _operand(self, path: Path, name: str, data: Any, of: type[Record]) -> Any:
        if name == "other":
            return self.path(data, of)
        if name == "moment":
            return moment_from_json(_entries(data, None, "a moving value"))
        return _value(path, data)


_SHAPES: Final = ("all", "any", "not", "has", "always")
_TAKES: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(_OPERATORS, ("value", "other", "moment")),
    "in": ("values",),
    "is_missing": (),
}


def _value(path: Path, data: Any) -> Any:
    field = final_field(path)
    if field is not None:
        return _kept(field, data)
    if isinstance(data, Mapping):
        parts = _entries(data, set(LOOSE), "a value")
        if len(parts) != 1:
            raise InvalidError(f"{data!r} is no value: write one of {', '.join(LOOSE)}.", code="kind")
        ((kind, value),) = parts.items()
        return _kept(LOOSE[kind], value)
    if isinstance(data, list | tuple):
        raise _no(data, str(path), "one value")
    return data


def _kept(field: Field, data: Any) -> Any:
    """Return a value; a number for a decimal may be written as one."""
    if field.kind == "decimal" and isinstance(data, int | float):
        return data
    return value_from_json(field, data)


# --- words ---
def _check_about(root: type[Record], of: type[Record]) -> None:
    if root is not of:
        raise InvalidError(f"It is about {root.__name__}, and not about {of.__name__}.", code="other_type")


def _entries(data: Any, known: Collection[str] | None, what: str, needed: Sequence[str] = ()) -> dict[str, Any]:
    if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in cast("Mapping[Any, Any]", data)):
        raise InvalidError(f"{data!r} is no {what.partition(' ')[2] or what}.", code="shape")
    found = dict(cast("Mapping[str, Any]", data))
    for key in found:
        if known is not None and key not in known:
            raise InvalidError(
                f"{what.capitalize()} has no {key!r}.{_near(key, known)}", code="unknown_word", field=key
            )
    for key in needed:
        if key not in found:
            raise InvalidError(f"{what.capitalize()} needs {key!r}.", code="required", field=key)
    return found


def _list(data: Any, what: str) -> list[Any]:
    if not isinstance(data, list | tuple):
        raise _no(data, what, "a list")
    return list(cast("Sequence[Any]", data))


def _word(data: Any, known: Sequence[str], what: str) -> str:
    if not isinstance(data, str) or data not in known:
        raise InvalidError(
            f"There is no {what} {data!r}: there are {', '.join(known)}.{_near(data, known)}", code=f"unknown_{what}"
        )
    return data


def _near(word: Any, known: Collection[str]) -> str:
    return nearest(word, known) if isinstance(word, str) else ""


def _no(data: Any, what: str, wanted: str) -> InvalidError:
    return InvalidError(f"{data!r} can not be {what}: write {wanted}.", code="kind")
