"""What one run of the program shares: the global options, and the CRM, opened when a command first uses it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import click

from ..errors import CRMError, InvalidError

if TYPE_CHECKING:
    from ..crm import CRM
    from ..settings import Project

DRAIN_S: Final = 2.0


class Run:
    """One run of the program.

    Attributes:
        looks: its command only looks at the database: where there is none, none is made.
        is_of_plugins: whether its command looks at plugins alone: where nobody began a CRM, it is shown one in memory, and a
            bad plugin does not stop it.
    """

    def __init__(
        self, *, json: bool = False, debug: bool = False, full_ids: bool = False, no_plugins: bool = False
    ) -> None:
        self.json, self.debug, self.full_ids, self.no_plugins = json, debug, full_ids, no_plugins
        self.project: Path | None = None
        self.store = ""
        self.actor = ""
        self.tenant = ""
        self.drains = True
        self.is_of_plugins = False
        self.may_create = False
        self.looks = False
        self.options: dict[str, Any] = {}
        self._opened: CRM | None = None
        self._main: CRM | None = None
        self.crm = LazyCRM(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and self._opened is not None:
                self.drain()
        finally:
            if self._main is not None:
                self._main.close()

    def opened(self) -> CRM:
        """Return the CRM, opened as ``crmkit.toml`` and the options say."""
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def project_or_none(self) -> Project | None:
        """Return what the project says, for help and unknown words; None where nothing says anything, or it can not be read."""
        if self.project is None and not _is_anything_said():
            return None
        from ..settings import read_project  # not needed where a built-in command runs

        try:
            return read_project(self.project, os.environ)
        except CRMError:
            return None

    def _open(self) -> CRM:
        from ..crm import CRM  # dear: plugins and SQLAlchemy; only commands that need the CRM load it

        store = self._store_named() or self._store_where_none_is_named()
        made = CRM.project(self.project, store=store, **self._options())
        self._main = made
        may_create = self.may_create or "durable" not in made.store.capabilities  # a memory has none yet
        own = made.tenant(self.tenant, create=may_create) if self.tenant else made
        return own.acting_as(self.actor) if self.actor else own

    def _options(self) -> dict[str, Any]:
        without_plugins = {"discover": False, "plugins": ()} if self.no_plugins else {}
        telling = {"strict": False} if self.is_of_plugins else {}  # what is wrong with a plugin is what it is asked for
        looking = {"create": False} if self.looks else {}
        return {**self.options, **without_plugins, **telling, **looking}

    def _store_named(self) -> str:
        """Return the store that an option names. A misspelt file is no new database."""
        from ..settings import read_project  # loaded with the CRM, which is about to be opened

        scheme, _, place = self.store.partition(":///")
        is_file = scheme == "sqlite" and place not in ("", ":memory:")
        if is_file and not self.may_create and not (read_project(self.project, os.environ).folder / place).exists():
            raise InvalidError(
                f"There is no {place!r}: see how its name is written, or make it with `crmkit --store {self.store} db upgrade`.",
                code="no_store",
            )
        return self.store

    def _store_where_none_is_named(self) -> str:
        """Return the store where no option names one; empty for the project's own.

        A folder in which nobody began a CRM is refused: a question asked in a wrong folder makes no database there.
        """
        from ..settings import read_project  # loaded with the CRM, which is about to be opened

        found = read_project(self.project, os.environ)
        is_named = "CRMKIT_STORE" in os.environ or found.file is not None
        if is_named or (found.folder / "crm.db").exists():
            return ""
        if self.is_of_plugins:
            return "memory:"
        raise InvalidError(
            "There is no CRM in this folder or above it: begin one with `crmkit init`, or name one with --project or --store.",
            code="no_project",
        )

    def drain(self) -> None:
        """Tell subscribers what this command did, for a moment; say what still waits."""
        crm = self._opened
        if crm is None or not self.drains or not crm.house.woken.is_set() or not crm.house.hooks.subscribers:
            return
        self.drains = False
        from ..services.working import Working  # loaded with the CRM, which this command has opened

        waiting = sum(outcome.waiting for outcome in crm.service(Working).tell_subscribers(limit_s=DRAIN_S))
        if waiting and not self.json:
            click.echo(f"{waiting} events wait for another try: crmkit work", err=True)


def _is_anything_said() -> bool:
    here = Path.cwd()
    files = any((folder / "crmkit.toml").is_file() for folder in (here, *here.parents))
    return files or not os.environ.keys().isdisjoint({"CRMKIT_PLUGINS", "CRMKIT_DISABLED"})


class LazyCRM:
    """Stands for the CRM until a command uses it: ``--help`` opens nothing."""

    def __init__(self, run: Run) -> None:
        self.__dict__["run_"] = run

    def __getattr__(self, name: str) -> Any:
        return getattr(self.run_.opened(), name)


def current_run() -> Run:
    """Return the run of the command that is running."""
    found = click.get_current_context().find_root().obj
    run: Run = found.run_
    return run
