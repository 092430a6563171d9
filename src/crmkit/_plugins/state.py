"""How a plugin stands, and what it offers."""

from __future__ import annotations

from typing import Any, Final, Generic, Literal, TypeVar

import attrs

T = TypeVar("T")
State = Literal["discovered", "loaded", "active", "failed", "incompatible", "disabled", "quarantined"]

ALL_TYPES: Final = "*"
"""Stands for every record type, where it is told what a plugin guards."""


@attrs.frozen(kw_only=True)
class PluginState:
    """How one plugin stands.

    Attributes:
        name: as its entry point says, or the plugin itself.
        distribution, version: whence it was installed; empty for a module of the project.
        state: ``discovered`` (found, not looked at), ``loaded`` (imported), ``active``, ``failed``, ``incompatible``
            (needs another version of us), ``disabled`` (by a person), ``quarantined`` (passed over: it keeps failing).
        reason: a sentence: why it is not active, or what is slow about it; empty where all is well.
        remedy: a sentence: what to do.
        plugin: the Plugin (or plain module), once it was imported.
        target: ``module:attribute``; empty for one that a program gave.
        import_s: seconds that its import took.
        cause: the exception behind the reason.
    """

    name: str
    distribution: str = ""
    version: str = ""
    state: State = "discovered"
    reason: str = ""
    remedy: str = ""
    plugin: Any = attrs.field(default=None, repr=False)
    is_builtin: bool = False
    target: str = ""
    import_s: float = 0.0
    cause: BaseException | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def source(self) -> str:
        """The name with distribution and version, as messages have it."""
        behind = " ".join(part for part in (self.distribution, self.version) if part)
        return f"{self.name} ({behind})" if behind else self.name

    def told(self) -> str:
        """Return state, reason and remedy as one text."""
        return " ".join(part for part in (f"Plugin {self.source} is {self.state}.", self.reason, self.remedy) if part)


@attrs.frozen
class Offer(Generic[T]):
    """One thing that an active plugin contributes."""

    value: T
    plugin: PluginState
