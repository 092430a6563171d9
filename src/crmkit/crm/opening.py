"""Putting a house together: plugins loaded, record types gathered, the store opened, the schema looked at."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs

from .._hooks import Hooks
from .._plugins import Loaded, load
from .._work.house import House, system_clock
from ..errors import DeclarationError, InvalidError, StoreError, nearest
from ..ports.store import Schema, Store
from ..ports.watching import HookCall, PluginEvent
from ..records import Record, declaration_of
from ..records.ledger import class_from_ledger
from ..records.money import is_currency
from ..records.times import zone
from ..settings import Project, Tenant, tenants_of
from .checks import keep_checks
from .upgrading import begin, take_note


def _tenants(given: object) -> Mapping[str, Tenant]:
    problems: list[str] = []
    found = tenants_of(given, problems)
    if problems:
        raise DeclarationError("CRM.open", problems)
    return found


@attrs.frozen(kw_only=True)
class Options:
    """How a CRM is opened; see ``CRM.open``. What is said in code goes before ``tables`` and ``tenant_tables``, a file's."""

    plugins: Sequence[Any] = ()
    discover: bool = True
    builtins: bool = True
    disabled: Collection[str] = ()
    order: Sequence[str] = ()
    settings: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    tables: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict[str, Mapping[str, Any]])
    tenants: Mapping[str, Tenant] = attrs.field(factory=dict[str, Tenant], converter=_tenants)
    tenant_tables: Mapping[str, Tenant] = attrs.field(factory=dict[str, Tenant])
    store_options: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    folder: Path | None = None
    time_zone: str = "UTC"
    currency: str = "EUR"
    languages: tuple[str, ...] = ("en",)
    clock: Callable[[], datetime] = system_clock
    pause: Callable[[float], None] = time.sleep
    secret: str = ""
    strict: bool = False
    on_plugin: Callable[[PluginEvent], object] | None = None
    trace: Callable[[HookCall], object] | None = None
    hook_budget_s: float | None = None
    ticks: Callable[[], float] = time.perf_counter
    environ: Mapping[str, str] = attrs.field(factory=lambda: os.environ)


def options_of(given: Mapping[str, Any]) -> Options:
    """Return the options that a program gave.

    Raises:
        InvalidError: one is unknown; the nearest is named.
    """
    known = [attribute.name for attribute in attrs.fields(Options)]
    for name in given:
        if name not in known:
            raise InvalidError(
                f"A CRM is opened without {name!r}.{nearest(name, known)}", code="unknown_option", field=name
            )
    return Options(**given)


def project_options(project: Project, environ: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the store's URL and the options of a project; its modules are found beside its file."""
    return _beside(project.store, project.folder), {
        "plugins": project.plugins,
        "disabled": project.disabled,
        "order": project.order,
        "hook_budget_s": project.hook_budget_s,
        "strict": project.strict,
        "tables": project.settings,
        "tenant_tables": project.tenants,
        "folder": project.folder,
        "time_zone": project.time_zone,
        "currency": project.currency,
        "languages": project.languages,
        "secret": _secret(project, environ),
    }


def _secret(project: Project, environ: Mapping[str, str]) -> str:
    """Return the project's secret, looked up where it is named by reference."""
    kind, _, name = project.secret.partition(":")
    try:
        if kind == "env":
            return environ[name]
        return (project.folder / name).read_text("utf-8").strip() if kind == "file" else project.secret
    except (KeyError, OSError) as error:
        raise InvalidError(
            f"The project's secret ({project.secret!r}) is not there: set it, or name another place in crmkit.toml.",
            code="secret",
        ) from error


def _beside(url: str, folder: Path) -> str:
    """Return a URL whose relative file is meant beside the project's file."""
    scheme, mark, place = url.partition(":///")
    if not mark or place.startswith("/") or place in ("", ":memory:") or folder == Path():
        return url
    return f"{scheme}:///{folder / place}"


def load_plugins(options: Options) -> Loaded:
    """Load the plugins that the options name and find."""
    return load(
        options.plugins, discover=options.discover, builtins=options.builtins, disabled=options.disabled, settings=options.settings,
        tables=options.tables, folder=options.folder, environ=options.environ, strict=options.strict, order=options.order,
    )  # fmt: skip


def build_house(options: Options, loaded: Loaded, face: Callable[[Any], Any]) -> House:
    """Return the house of loaded plugins.

    Raises:
        InvalidError: the currency or time zone does not exist.
    """
    if not is_currency(options.currency):
        raise InvalidError(
            f"{options.currency!r} is no currency of ISO 4217: write a code such as EUR.",
            code="currency",
            field="currency",
        )
    return House(
        loaded=loaded, hooks=_hooks(options, loaded), types=tuple(loaded.types), zone=zone(options.time_zone), currency=options.currency,
        languages=tuple(options.languages), clock=options.clock, pause=options.pause, face=face, secret=options.secret.encode(),
    )  # fmt: skip


def _hooks(options: Options, loaded: Loaded) -> Hooks:
    return Hooks(
        loaded.hooks,
        on_event=options.on_plugin,
        clock=options.ticks,
        trace=options.trace,
        budget_s=options.hook_budget_s,
    )


def store_class(loaded: Loaded, url: Any) -> type[Store]:
    """Return the store that a URL or engine names.

    Raises:
        InvalidError: no active plugin offers such a store.
    """
    scheme = url.partition(":")[0].partition("+")[0] if isinstance(url, str) else url.dialect.name
    found = loaded.stores.get(scheme)
    if found is None:
        raise InvalidError(
            f"No store for {scheme!r}: there are {', '.join(sorted(loaded.stores))}.{nearest(scheme, loaded.stores)}",
            code="unknown_store",
        )
    return found.value


@attrs.frozen(kw_only=True)
class Place:
    """Where a store is.

    Attributes:
        url: a URL, or an engine of the host.
        schema, prefix: where its tables are, beside others.
        must_exist: a file that is not there is an error, and is not made.
    """

    url: Any
    schema: str = ""
    prefix: str = ""
    must_exist: bool = False

    def open(self, options: Options, loaded: Loaded, types: Sequence[type[Record]]) -> Store:
        """Open the store, for these record types.

        Raises:
            InvalidError: no plugin offers such a store. StoreError: it can not be opened.
        """
        of = store_class(loaded, self.url)
        if self.must_exist and not of.is_there(self.url):
            raise StoreError(f"There is no {self.url!r}: see how its name is written.", code="not_there")
        how = options.store_options
        return of.open(self.url, tuple(types), schema=self.schema, prefix=self.prefix, options=how)


def settle(house: House, store: Store, *, create: bool) -> tuple[Store, Schema]:
    """Look at the schema, create it where it is absent, and take in the record types whose plugins are gone; return both.

    Raises:
        NewerSchema, StoreCorrupt: the place can not be used.
    """
    schema = store.status()
    if schema.is_absent and create:
        schema = begin(house, store, schema)
    if schema.unknown:
        _take_in(house, schema)
        store = store.with_types(house.types)
    if not schema.is_absent:
        kept = take_note(house, store, schema)
        _refuse_half(kept)
        checks = {key.removeprefix("checks:"): kept[key]["types"] for key in kept if key.startswith("checks:")}
        house.loaded = house.loaded.require(checks)
        if create:
            keep_checks(house, store, kept)
    return store, schema


def _refuse_half(kept: Mapping[str, Any]) -> None:
    if "copy" in kept:
        raise StoreError(
            "This store holds the half of a copy or of a backup: give the same command again, and it goes on; or begin anew with --replace (replace=True).",
            code="half_copied",
        )


def _take_in(house: House, schema: Schema) -> None:
    known: dict[str, type[Record]] = {declaration_of(of).name: of for of in house.types}
    for name in sorted(schema.unknown, key=lambda n: (_rank(schema.unknown[n]), n)):
        known[name] = class_from_ledger(schema.unknown[name], known)
    house.types = tuple(known.values())
    house.by_name = known


def _rank(declaration: Mapping[str, Any]) -> int:
    """Types that name other unknown ones come after those that name none."""
    return sum(1 for field in declaration["fields"] if field.get("target"))
