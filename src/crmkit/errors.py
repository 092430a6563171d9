"""Every exception of crmkit: what went wrong, and what its caller does next.

One root, cut by the caller's next step. Each class has a stable ``code``, the exit code of the command line and the
HTTP status that a web face answers with. Messages are one or two sentences: what happened, the offending value, what
to do next. They carry no secret and no personal data beyond an id.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar


class CRMError(Exception):
    """The root: whatever crossed crmkit's border is one of these.

    Attributes:
        code: a stable word for programs, such as ``"not_found"``.
        field: the field at fault, or None.
        params: the values named in the message, for faces that write their own text.
    """

    default_code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        field: str | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.field = field
        self.params: Mapping[str, Any] = params or {}


class InvalidError(CRMError):
    """What was given is wrong: mend it and call again."""

    default_code = "invalid"
    exit_code = 2
    http_status = 422


class DeclarationError(InvalidError):
    """A record type, pipeline, plugin or setting is declared wrongly: all its problems at once, for its author."""

    default_code = "declaration"
    http_status = 500

    def __init__(self, subject: str, problems: Sequence[str]) -> None:
        super().__init__(f"{subject}: " + " ".join(problems), params={"subject": subject, "problems": tuple(problems)})
        self.problems = tuple(problems)


class NotFoundError(CRMError):
    """There is no such record or name: look for it, or create it."""

    default_code = "not_found"
    exit_code = 3
    http_status = 404


class AmbiguousError(CRMError):
    """Several records answer to what was given: choose one of ``candidates``."""

    default_code = "ambiguous"
    exit_code = 3
    http_status = 409

    def __init__(self, message: str, *, candidates: Sequence[Any] = (), **more: Any) -> None:
        super().__init__(message, **more)
        self.candidates = tuple(candidates)


class RefusedError(CRMError):
    """A rule (a check of a plugin, or access) refuses it: change what the rule names, or ask who owns the rule."""

    default_code = "refused"
    exit_code = 4
    http_status = 403


class ConflictError(CRMError):
    """Somebody else changed or claimed it first: read it again and decide."""

    default_code = "conflict"
    exit_code = 5
    http_status = 409


class UnsupportedError(CRMError):
    """This store, channel or mode can not do that: use one that declares it."""

    default_code = "unsupported"
    exit_code = 6
    http_status = 501


class PluginError(CRMError):
    """A plugin is at fault: its message names plugin, version and hook.

    Attributes:
        plugin, distribution, version, hook: who failed, and where; empty where unknown.
    """

    default_code = "plugin"
    exit_code = 7
    http_status = 500

    def __init__(
        self, message: str, *, plugin: str = "", distribution: str = "", version: str = "", hook: str = "", **more: Any
    ) -> None:
        super().__init__(message, **more)
        self.plugin, self.distribution, self.version, self.hook = plugin, distribution, version, hook


class ReentrancyError(PluginError):
    """A plugin wrote to the CRM from a hook that may only read."""

    default_code = "reentrancy"


class StoreError(CRMError):
    """The store can not serve: look at the database, file or disk that is named."""

    default_code = "store"
    exit_code = 8
    http_status = 503


class StorageFull(StoreError):
    """No space is left: nothing of the last unit was kept; free space and repeat it."""

    default_code = "storage_full"


class StorageBusy(StoreError):
    """Another process holds the store for longer than we wait: try later."""

    default_code = "storage_busy"


class StoreCorrupt(StoreError):
    """The file is damaged, or is no database of crmkit: restore a backup, or name another file."""

    default_code = "store_corrupt"


class UpgradeNeeded(StoreError):
    """The schema is older than a declaration: run ``crmkit db upgrade`` (or ``crm.upgrade()``)."""

    default_code = "upgrade_needed"


class NewerSchema(StoreError):
    """The database was made by a newer version: use that version, or restore a backup."""

    default_code = "newer_schema"


class OutcomeUnknown(StoreError):
    """The connection broke while committing: ask with the operation's id before you repeat it.

    ``params["operation"]`` has it: where ``find(Unit, each(Unit).operation == id)`` has a record, all was kept.
    """

    default_code = "outcome_unknown"


class TryAgain(CRMError):
    """A race was lost; nothing was kept. Run the whole unit of work again from its start."""

    default_code = "try_again"
    exit_code = 75
    http_status = 503


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the nearest known word, or an empty text."""
    found = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f" Did you mean {found[0]!r}?" if found else ""
