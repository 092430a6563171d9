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
from .._work.running import Runner
from ..errors import DeclarationError, InvalidError, NotFoundError, StoreError, nearest
from ..ports.store import Add, Schema, Store
from ..ports.watching import HookCall, PluginEvent
from ..records import LedgerEntry, Record, declaration_of
from ..records.ledger import COMPANY, class_from_ledger
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


def absent(name: str) -> NotFoundError:
    """Return the error that there is no such company."""
    return NotFoundError(
        f"There is no company {name!r}: see how its name is written, or make it with `crmkit --tenant {name} db upgrade`.",
        code="no_tenant",
    )


@attrs.frozen(kw_only=True)
class Place:
    """Where a store is.

    Attributes:
        url: a URL, or an engine of the host.
        schema, prefix: where its tables are, beside others.
        company: the one beside others that is meant; empty: none of them.
        must_exist: a file, or a company, that is not there is an error, and is not made.
    """

    url: Any
    schema: str = ""
    prefix: str = ""
    company: str = ""
    must_exist: bool = False

    def open(self, options: Options, loaded: Loaded, types: Sequence[type[Record]]) -> Store:
        """Open the store, for these record types.

        Raises:
            InvalidError: no plugin offers such a store. StoreError: it can not be opened. NotFoundError: there is no such company.
        """
        of = store_class(loaded, self.url)
        if self.must_exist and not of.is_there(self.url):
            raise StoreError(f"There is no {self.url!r}: see how its name is written.", code="not_there")
        how = options.store_options
        store = of.open(self.url, tuple(types), schema=self.schema, prefix=self.prefix, options=how)
        return self._beside(store) if self.company else store

    def _beside(self, store: Store) -> Store:
        """Return the store of the company; closing that closes what was opened."""
        try:
            own = store.tenant(self.company)
            is_missing = self.must_exist and own.status().is_absent
        except BaseException:
            store.close()
            raise
        if is_missing:
            store.close()
            raise absent(self.company)
        return own


def settle(house: House, store: Store, *, create: bool, company: str | None = None) -> tuple[Store, Schema]:
    """Look at the schema, create it where it is absent, and take in the record types whose plugins are gone; return both.

    Args:
        company: whose place it has to be, where somebody has noted that; empty: a CRM's of its own; None: anybody's.

    Raises:
        NewerSchema, StoreCorrupt: the place can not be used. StoreError: it is another's.
    """
    schema = store.status()
    if schema.is_absent and create:
        schema = begin(house, store, schema)
        if company is not None:
            Runner(house=house, store=store, narrowed=False).run(lambda unit: _note_company(unit, company), settle)
    if schema.unknown:
        _take_in(house, schema)
        store = store.with_types(house.types)
    if not schema.is_absent:
        kept = take_note(house, store, schema)
        _refuse_half(kept)
        _refuse_other(kept, company)
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


def _note_company(unit: Any, company: str) -> None:
    """Write whose place it is; who began it at the same moment may have written that already."""
    unit.to_write().write([Add(LedgerEntry(key=COMPANY, value={"name": company}, created_at=unit.now))])


def _refuse_other(kept: Mapping[str, Any], company: str | None) -> None:
    """Two CRMs never share tables unawares: by a schema or a prefix of one that is the place of a company of the other."""
    whose = kept.get(COMPANY, {"name": company})["name"]
    if company is None or whose == company:
        return
    if not company:
        raise StoreError(
            f"These are the tables of the company {whose!r} of another CRM: open that one and say tenant({whose!r}) "
            f"(crmkit --tenant {whose}), or name another schema= or prefix=.",
            code="other_company",
        )
    holder = f"the company {whose!r} of another CRM" if whose else "a CRM of its own, opened by schema= or prefix="
    raise StoreError(
        f"The place of a company {company!r} is taken: its tables are those of {holder}. Give it another name.",
        code="other_company",
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
