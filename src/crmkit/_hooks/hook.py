"""One hook function with the plugin that it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from ..ports.work import HookOffer
from ..records import Record, declaration_of


@attrs.frozen(eq=False, kw_only=True)
class Plugged:
    """An active plugin, as its hooks need it: whom to name, and its settings.

    Attributes:
        settings: the instance of its settings class; None where it has none.
        redacted: blanks its secrets in a text.
    """

    name: str
    distribution: str = ""
    version: str = ""
    is_builtin: bool = False
    settings: Any = attrs.field(default=None, repr=False)
    redacted: Callable[[str], str] = attrs.field(default=str, repr=False)

    def __str__(self) -> str:
        """Return the name with distribution and version, as messages have it."""
        source = " ".join(part for part in (self.distribution, self.version) if part)
        return f"{self.name} ({source})" if source else self.name


@attrs.frozen(eq=False, kw_only=True)
class Hook:
    """One function that is called.

    Attributes:
        name: the function's name, or that of the specification.
        offer: what its decorator noted.
        may_be_none: for adjust hooks: None leaves the record as it is.
        place: -1 and 1 come before and after all other plugins' hooks (``tryfirst``, ``trylast``).
    """

    plugin: Plugged
    name: str
    function: Callable[..., Any] = attrs.field(repr=False)
    offer: HookOffer
    may_be_none: bool = False
    place: int = 0

    def concerns(self, of: type[Record]) -> bool:
        """Whether it is called for records of a type: its own, any kind of it, or (``Record``) all that people keep.

        What only keeps the house running (cursors, leases, the log) is asked for by its very name.
        """
        return of is self.offer.of or (issubclass(of, self.offer.of) and declaration_of(of).mode != "operational")
