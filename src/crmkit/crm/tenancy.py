"""Companies beside each other in one place: each with the plugins that are active there, and their settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from .._work.house import House
from .._work.running import Runner
from ..errors import UnsupportedError
from ..ports.store import Schema, Store
from .opening import Options, absent, build_house, load_plugins, settle


@attrs.frozen(kw_only=True)
class Company:
    """One company, open.

    Attributes:
        schema: how its schema stood when it was opened.
        is_own: its house is no copy: then it opened things of its own.
    """

    house: House
    store: Store
    schema: Schema
    is_own: bool

    def close(self) -> None:
        """Give back what was opened for it alone."""
        if self.is_own:
            self.house.close()
        self.store.close()


def let_differ(house: House, options: Options, face: Callable[[Any], Any]) -> House:
    """Let the house make one of its own for each company of which something is said; return it."""
    shared = house.company

    def company(name: str) -> House:
        if name not in options.tenants and name not in options.tenant_tables:
            return shared(name)
        own = options_for(options, name)
        made = build_house(own, load_plugins(own), face)
        made.company, made.is_apart = company, True
        return made

    house.company = company
    return house


def options_for(options: Options, name: str) -> Options:
    """Return the options of one company: what the file says of it, then what the program does."""
    for said in (options.tenant_tables.get(name), options.tenants.get(name)):
        if said is not None:
            options = attrs.evolve(options, disabled=said.switched_off(options.disabled))
    file, code = options.tenant_tables.get(name), options.tenants.get(name)
    tables = file.settled(options.tables) if file else options.tables
    settings = code.settled(options.settings) if code else options.settings
    return attrs.evolve(options, tables=tables, settings=settings)


def open_company(runner: Runner, name: str, *, create: bool) -> Company:
    """Return one company, opened at its first use; its schema is created where it is absent.

    On a host's connection, which nobody else may get, it is opened anew for each guest.

    Raises:
        NotFoundError: it is absent, and not to be created. UnsupportedError: to create it would commit a host's work.
    """
    main, place = runner.house, runner.store
    if runner.is_guest:
        return _opened(main, place, name, create)
    company: Company = main.opened((place, name), lambda: _opened(main, place, name, create))
    return company


def _made_outside(name: str) -> UnsupportedError:
    return UnsupportedError(
        f"There is no company {name!r} yet, and making it here would commit what you have done in this transaction: make it "
        f"before, by tenant() of a CRM on an engine or URL, or with `crmkit --tenant {name} db upgrade`.",
        code="tenant_outside",
    )


def _opened(main: House, place: Store, name: str, create: bool) -> Company:
    store = place.tenant(name)
    if (not create or store.upgrade_commits) and store.status().is_absent:
        raise _made_outside(name) if create else absent(name)
    house = main.company(name)
    try:
        settled, schema = settle(house, store.with_types(house.types), create=True, company=name)
        return Company(house=house, store=settled, schema=schema, is_own=house.is_apart)
    except BaseException:
        if house.is_apart:  # the place is its CRM's, which goes on with it
            house.close()
        raise
