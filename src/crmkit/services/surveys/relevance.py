"""When a question is asked: a closed set of operators over the answers to earlier questions. Pure.

Written as JSON: ``["<=", ["answer", "nps"], 6]``, ``["and", ["answered", "nps"], ["in", ["answer", "shop"], ["utrecht"]]]``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias, cast

Value: TypeAlias = Decimal | str | None
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_LONGEST: Final = 200


def problems_of(rule: Any, earlier: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with a rule: an unknown operator, a question that does not come earlier."""
    if rule is None:
        return
    parts = _parts(rule)
    if parts is None or len(str(rule)) > _LONGEST * 20:
        yield f"{rule!r} is no rule: write a list that begins with an operator."
        return
    name, *rest = parts
    if name in ("and", "or") and rest:
        for part in rest:
            yield from problems_of(part, earlier)
    elif name == "not" and len(rest) == 1:
        yield from problems_of(rest[0], earlier)
    elif name == "answered" and len(rest) == 1:
        yield from _unknown(rest[0], earlier)
    elif name in (*_COMPARISONS, "in", "contains") and len(rest) == 2:
        yield from _unknown(_asked(rest[0]), earlier)
    else:
        yield f"{name!r} is no operator with {len(rest)} arguments."


def _unknown(name: Any, earlier: Collection[str]) -> Iterator[str]:
    if name not in earlier:
        yield f"It asks for {name!r}, which is no earlier question."


def _parts(rule: Any) -> Sequence[Any] | None:
    return cast("Sequence[Any]", rule) if isinstance(rule, list | tuple) and rule else None


def _asked(path: Any) -> Any:
    parts = _parts(path)
    return parts[1] if parts is not None and len(parts) == 2 and parts[0] == "answer" else None


def is_relevant(rule: Any, answers: Mapping[str, Value]) -> bool:
    """Say whether a rule holds; a comparison with a question that is not answered does not."""
    parts = _parts(rule)
    if parts is None:
        return True
    name, *rest = parts
    if name == "and":
        return all(is_relevant(part, answers) for part in rest)
    if name == "or":
        return any(is_relevant(part, answers) for part in rest)
    if name == "not":
        return not is_relevant(rest[0], answers)
    if name == "answered":
        return answers.get(rest[0]) is not None
    return _compared(name, answers.get(_asked(rest[0])), rest[1])


def _compared(name: str, found: Value, wanted: Any) -> bool:
    if found is None:
        return False
    if name == "in":
        return any(_same_kind(found, one) and found == one for one in _parts(wanted) or ())
    if name == "contains":
        return isinstance(found, str) and str(wanted).casefold() in found.casefold()
    return _same_kind(found, wanted) and _COMPARISONS[name](found, wanted)


def _same_kind(found: Value, wanted: Any) -> bool:
    return isinstance(wanted, str) if isinstance(found, str) else isinstance(wanted, int | Decimal)
