"""A plugin: one table of contents. An offer's type says its kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

import attrs
import pluggy

from ..errors import InvalidError
from .lifetime import since

if TYPE_CHECKING:
    from .hook import Hooked  # records come with it, which listing plugins does not need

API_VERSION = (1, 0)
"""The version of hooks and ports that this crmkit implements; the entry-point group is ``crmkit1``."""
GROUP = "crmkit1"
hookimpl = pluggy.HookimplMarker("crmkit")


@since("1.0")
@attrs.frozen
class Commands:
    """A command or group of commands that is loaded when it runs.

    Args:
        name: the word on the command line.
        target: ``module:attribute`` of the click command.
        help: one line.
    """

    name: str
    target: str
    help: str = ""


class _Named(Protocol):
    """A KPI, a pipeline, a command, a survey type: what has a name."""

    @property
    def name(self) -> str | None: ...


class _Attrs(Protocol):
    __attrs_attrs__: ClassVar[Any]


class _Data(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


Offered: TypeAlias = "type[Any] | Hooked[..., Any] | _Named | _Attrs | _Data"
"""What a plugin can offer, as type checkers know it: a class, a decorated hook function, an instance of an attrs class or a
data class, or an object with a name. So an undecorated function, a number or None is told where it is written."""


def _name(plugin: Any, attribute: Any, value: str) -> None:
    if not value or not all(c.isalnum() or c in "-_." for c in value):
        raise InvalidError(f"{value!r} is no name for a plugin: use letters, digits and hyphens.", code="plugin_name")


def _tuple(values: Iterable[str]) -> tuple[str, ...]:
    if isinstance(values, str):  # its letters would be taken for names
        raise InvalidError(f"{values!r} stands where a plugin lists names: write [{values!r}].", code="plugin_names")
    return tuple(values)


def _offers(values: Iterable[Offered]) -> tuple[Any, ...]:
    return tuple(values)


@since("1.0")
@attrs.frozen(eq=False)
class Plugin:
    """What is installed: a name and what it offers.

    Offers are record types, ``Pipeline``s, ``FieldDefinition``s, services, commands (click's, or ``Commands``), channels,
    survey types, KPIs, stores, access rules, hook functions, subscribers, and instances of any class that another plugin
    asks for by ``crm.offers(ThatClass)``.

    Args:
        settings: an attrs class of the plugin's own settings.
        capabilities: what it uses beyond the CRM, for people to read: ``network``, ``personal-data``, ``files``, ...
        api: the range of API versions it was written for, ``">=1.0,<2"``; empty: the entry-point group's.
        before, after: names of plugins whose hooks run after (before) this one's.
        requires: names of plugins without which it can not work.
    """

    name: str = attrs.field(validator=_name)
    offers: tuple[Any, ...] = attrs.field(default=(), converter=_offers, kw_only=True)
    settings: type[Any] | None = attrs.field(default=None, kw_only=True)
    capabilities: tuple[str, ...] = attrs.field(default=(), converter=_tuple, kw_only=True)
    api: str = attrs.field(default="", kw_only=True)
    before: tuple[str, ...] = attrs.field(default=(), converter=_tuple, kw_only=True)
    after: tuple[str, ...] = attrs.field(default=(), converter=_tuple, kw_only=True)
    requires: tuple[str, ...] = attrs.field(default=(), converter=_tuple, kw_only=True)
    version: str = attrs.field(default="", kw_only=True)
    """Filled from the distribution where it is empty."""

    def __init__(
        self,
        name: str,
        *,
        offers: Iterable[Offered] = (),
        settings: type[Any] | None = None,
        capabilities: Iterable[str] = (),
        api: str = "",
        before: Iterable[str] = (),
        after: Iterable[str] = (),
        requires: Iterable[str] = (),
        version: str = "",
    ) -> None:
        self.__attrs_init__(  # type: ignore[attr-defined]  # made by attrs
            name,
            offers=offers,
            settings=settings,
            capabilities=capabilities,
            api=api,
            before=before,
            after=after,
            requires=requires,
            version=version,
        )

    @hookimpl
    def crmkit_offers(self) -> Sequence[object]:
        """Answer pluggy: what this plugin offers."""
        return self.offers
