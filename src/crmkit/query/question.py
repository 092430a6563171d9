"""Questions that find records, in pages, and what binds a question to the moment and the place where it is asked."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar, cast, overload

import attrs

from ..errors import InvalidError
from ..records import Record
from .conditions import Condition, all_of
from .paths import Descending, Path, path_key
from .values import ordered_kinds

R = TypeVar("R", bound=Record)


@attrs.frozen
class Order:
    """One key to order by. Missing is smallest: first ascending, last descending.

    Text orders by code point, ids and digests as bytes, money by currency and then amount, partial dates by their text.
    """

    path: Path = attrs.field(eq=path_key)
    descending: bool = False


@attrs.frozen(kw_only=True)
class Find(Generic[R]):
    """Which records, in which order, how many, after which one.

    Every order ends in the id, in the last key's direction. ``after`` is the ``next`` of the page before.
    """

    of: type[R]
    where: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    after: str | None = None

    @property
    def id_descending(self) -> bool:
        """Whether the final key, the id, runs backwards."""
        return self.order[-1].descending if self.order else False


def find(
    of: type[R],
    *conditions: Condition,
    order: Sequence[Path | Descending] = (),
    limit: int | None = None,
    after: str | None = None,
) -> Find[R]:
    """Return the question; all its parts are checked here.

    Raises:
        InvalidError: a part is about another record type, a key has no order, or the limit is below 1.
    """
    if limit is not None and limit < 1:
        raise InvalidError(f"A page holds at least 1 record, not {limit}.", code="limit")
    return Find(
        of=of, where=all_of(of, conditions), order=tuple([_order(of, key) for key in order]), limit=limit, after=after
    )


def _order(of: type[Record], key: Path | Descending) -> Order:
    path, descending = (key.path, True) if isinstance(key, Descending) else (key, False)
    if path._root is not of:
        raise InvalidError(f"{key!r} is no field of {of.__name__} to order by.", code="order")
    field = path._field
    if field is not None and field.kind not in ordered_kinds:
        raise InvalidError(f"{path} has no order.", code="no_order", field=str(path))
    return Order(path, descending)


@attrs.frozen
class Page(Sequence[R]):
    """Records, read whole; ``next`` continues after the last one, None where there is no more."""

    records: tuple[R, ...]
    next: str | None = None

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, index: int) -> R: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[R, ...]: ...
    def __getitem__(self, index: int | slice) -> R | tuple[R, ...]:
        return self.records[index]

    def __iter__(self) -> Iterator[R]:
        return iter(self.records)


def cursor_of(keys: Sequence[Any]) -> str:
    """Return the text that continues after a record with these keys (JSON values; the last one is the id in hex)."""
    return base64.urlsafe_b64encode(json.dumps(list(keys), separators=(",", ":")).encode()).decode().rstrip("=")


def keys_of(cursor: str, n: int) -> list[Any]:
    """Return the keys that ``cursor_of`` wrote.

    Raises:
        InvalidError: it is none of our cursors, or of another question.
    """
    try:
        keys: Any = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        keys = None
    if not isinstance(keys, list) or len(cast("list[Any]", keys)) != n:
        raise InvalidError(
            f"{cursor!r} is no place to continue this question from: use the `next` of its page.", code="cursor"
        )
    return cast("list[Any]", keys)


Access = Callable[[type[Record]], Condition | None]
