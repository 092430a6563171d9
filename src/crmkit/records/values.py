"""Small value types of records: read-only mappings, localised text, and the marker types ``Code``, ``Digest``, ``AnyRef``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, cast
from uuid import UUID

import attrs


class FrozenMap(dict[str, Any]):
    """A read-only mapping, deep-frozen: lists in it are tuples, mappings in it are FrozenMaps."""

    __slots__ = ()

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        super().__init__({key: frozen(value) for key, value in (values or {}).items()})

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("This mapping belongs to a record and can not be changed: use attrs.evolve with a new one.")

    __setitem__ = __delitem__ = __ior__ = _refuse  # pyright: ignore[reportAssignmentType]  # refusing is the point
    update = pop = popitem = clear = setdefault = _refuse  # pyright: ignore[reportAssignmentType]  # refusing is the point

    def __hash__(self) -> int:  # type: ignore[override]  # a dict that never changes may be hashed
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenMap, (dict(self),)


class KeptMap(FrozenMap):
    """Custom values in the form that stores keep; only the border makes one."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return KeptMap, (dict(self),)


EMPTY = FrozenMap()


def frozen(value: Any) -> Any:
    """Return a JSON value with its lists as tuples and its mappings read-only."""
    if type(value) is FrozenMap or isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return FrozenMap(cast("Mapping[str, Any]", value))
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in cast("Sequence[Any]", value))
    return value


if TYPE_CHECKING:
    Code: TypeAlias = str
    JSON: TypeAlias = Any
else:

    class JSON:
        """A value that JSON can write: read back deep-frozen."""

    class Code(str):  # noqa: SLOT000 - a mark for declarations: no value is ever of it
        """A short machine text: no line breaks, compared exactly. A plain ``str`` does; the name is the field's kind."""


class Digest(bytes):
    """A keyed hash of something that is not kept itself."""


@attrs.frozen
class AnyRef:
    """A reference to a record of any type."""

    type: str
    id: UUID


def _texts(values: Mapping[str, str]) -> FrozenMap:
    return values if isinstance(values, FrozenMap) else FrozenMap(values)


@attrs.frozen
class LocalText:
    """A text in several languages: ``LocalText.of("Sold", nl="Verkocht")``."""

    texts: Mapping[str, str] = attrs.field(converter=_texts, default=EMPTY)

    @classmethod
    def of(cls, default: str, **languages: str) -> LocalText:
        """Return a text whose default (key ``""``) is used where a language has none."""
        return cls({"": default, **languages})

    def into(self, *languages: str) -> str:
        """Return the text in the first of these languages that has one; else the default; else any.

        The default stands for English too, where there is no English text beside it.
        """
        for language in languages:
            for key in (language, language.partition("-")[0]):
                if key in self.texts:
                    return self.texts[key]
            if language.partition("-")[0] == "en" and self.texts.get(""):
                return self.texts[""]
        return self.texts.get("") or next(iter(self.texts.values()), "")

    def __str__(self) -> str:
        return self.into()
