"""Steps: how an author changes what is kept already, where adding a field is not enough.

A plugin's data has a line of versions of its own. Each step leads to one of them: it runs once, record by record, in
batches that are kept one after the other, and goes on where it was broken off.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, cast, overload

import attrs

from ..errors import DeclarationError
from ..query import Condition
from ..records import Record, declaration_of
from .lifetime import since
from .work import Work

R = TypeVar("R", bound=Record)


@since("1.0")
@attrs.frozen(kw_only=True, eq=False)
class Step(Generic[R]):
    """One step, made by the decorator ``step``; it stays callable in tests.

    Attributes:
        of: whose records it goes through.
        to: the version of the plugin's data that it leads to.
        where: which records it is for; None: all.
        change: the author's function.
    """

    of: type[R]
    to: int
    change: Callable[..., R | None]
    where: Condition | None = None
    takes_work: bool = False

    @property
    def title(self) -> str:
        """What it does, in the first line of its docstring; else its name."""
        doc = (inspect.getdoc(self.change) or "").partition("\n")[0]
        return doc.rstrip(".") or getattr(self.change, "__name__", "step").replace("_", " ")

    def __call__(self, record: R, work: Work | None = None) -> R | None:
        """Return the record as it is to be, or None where it stays."""
        return self.change(record, work) if self.takes_work else self.change(record)


@since("1.0")
@attrs.frozen(eq=False)
class Drop:
    """Fields that are no longer declared, and are to be dropped: ``Drop(Machine, "maker", to=3)``.

    It waits until a person says that no older version runs any more (``crmkit db upgrade --contract``): older code reads
    and writes the old fields until then.
    """

    of: type[Record]
    fields: tuple[str, ...]
    to: int

    def __init__(self, of: type[Record], *fields: str, to: int) -> None:
        _version(f"Drop of {', '.join(fields)}", to)
        declared = sorted(declaration_of(of).by_name.keys() & set(fields))
        if declared:
            raise DeclarationError("Drop", [f"{of.__name__} still declares {', '.join(declared)}: take it out first."])
        self.__attrs_init__(of, fields, to)  # type: ignore[attr-defined]  # made by attrs

    @property
    def title(self) -> str:
        """What it does."""
        return f"Drop {', '.join(self.fields)}"


class _Steps(Protocol[R]):
    @overload
    def __call__(self, function: Callable[[R], R | None], /) -> Step[R]: ...
    @overload
    def __call__(self, function: Callable[[R, Work], R | None], /) -> Step[R]: ...


@since("1.0")
def step(of: type[R], *, to: int, where: Condition | None = None) -> _Steps[R]:
    """Say that a function changes kept records: ``(record[, work]) -> record``, a changed copy, or None to leave it.

    With ``work``, the unit of work, it may read and write other records too; no other I/O. No adjust and no check is
    asked. Every change is logged (origin ``upgraded``); subscribers are not told.

    Args:
        of: whose records it goes through, by id. Where the record type has changed since, it is a class that declares the
            same name (``class Then(Record, name="machine", ...)``) and the fields that the step needs; it is not offered.
        to: the version that it leads to: 1 for a plugin's first step, then 2, and so on.
        where: which records still need it; None: all, once. With it, every later upgrade sees to what older code has
            written since, until the plugin drops the fields that it was about.
    """

    def made(function: Callable[..., R | None]) -> Step[R]:
        name = getattr(function, "__name__", repr(function))
        _version(f"Step {name}", to)
        found = list(inspect.signature(function).parameters)
        if inspect.iscoroutinefunction(function) or not 1 <= len(found) <= 2:
            raise DeclarationError(f"Step {name}", ["Write a plain function of (record) or (record, work)."])
        return Step(of=of, to=to, change=function, where=where, takes_work=len(found) == 2)

    return cast("_Steps[R]", made)


def _version(what: str, to: Any) -> None:
    if not isinstance(to, int) or isinstance(to, bool) or to < 1:
        raise DeclarationError(what, [f"It leads to version {to!r}: count from 1."])
