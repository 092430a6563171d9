"""The settings of a project: crmkit.toml < CRMKIT_* environment < code."""

from __future__ import annotations

import tomllib
import zoneinfo
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

import attrs

from ..errors import DeclarationError, InvalidError, nearest
from .conversion import WrongValue, converted
from .tenants import Tenant, tenants_of

FILE_NAME: Final = "crmkit.toml"
_TABLES: Final = MappingProxyType[str, Mapping[str, Any]]({})
_TENANTS: Final = MappingProxyType[str, Tenant]({})


@attrs.frozen(kw_only=True)
class Project:
    """What a project says of itself.

    Attributes:
        store: the URL of the store; a path in it begins at the project's folder.
        time_zone: in which days and months begin (an IANA name).
        currency: of amounts that name none (ISO 4217).
        languages: of labels and messages, the preferred first.
        plugins: modules beside the file (``crm`` for ``crm.py``), each with a ``plugin``.
        disabled: names of plugins that are not used.
        order: names of plugins in the order in which their hooks are called; it beats what they declare of each other.
        hook_budget_s: seconds that one call of a plugin should take at most; what takes longer is told. None: not measured.
        strict: whether a plugin that can not be used is an error that stops the program, for development and tests.
        secret: the key of what is kept as keyed hashes (survey tokens, suppressed addresses): ``env:NAME``,
            ``file:PATH``, or the text itself. Kept outside of the database; whoever loses it loses those.
        settings: the tables ``[settings.NAME]`` of plugins, by name, as they stand.
        tenants: the tables ``[tenants.NAME]``: what differs for one company beside others.
        folder: where the file is; the working folder where there is none.
        file: crmkit.toml; None where there is none.
    """

    store: str = "sqlite:///crm.db"
    time_zone: str = "UTC"
    currency: str = "EUR"
    languages: tuple[str, ...] = ("en",)
    plugins: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    hook_budget_s: float | None = None
    strict: bool = False
    settings: Mapping[str, Mapping[str, Any]] = _TABLES
    tenants: Mapping[str, Tenant] = _TENANTS
    secret: str = attrs.field(default="", repr=False)
    folder: Path = Path()
    file: Path | None = None

    def switched_off(self, tenant: str = "") -> tuple[str, ...]:
        """Return the plugins that are not used, by all or by one company."""
        own = self.tenants.get(tenant) if tenant else None
        return self.disabled if own is None else own.switched_off(self.disabled)


_KINDS: Final[Mapping[str, Any]] = {
    "store": str,
    "time_zone": str,
    "currency": str,
    "languages": tuple[str, ...],
    "plugins": tuple[str, ...],
    "disabled": tuple[str, ...],
    "order": tuple[str, ...],
    "hook_budget_s": float,
    "strict": bool,
    "secret": str,
}
"""What can be set at the top of the file and by ``CRMKIT_NAME``."""


def read_project(path: Path | str | None = None, environ: Mapping[str, str] | None = None, **code: Any) -> Project:
    """Return what a project says of itself.

    Args:
        path: crmkit.toml, or its folder; None: the one in the working folder or the nearest above; where there is
            none, everything is as by default.
        environ: the environment; ``CRMKIT_STORE`` and the like go before the file.
        **code: what a program says; it goes before both.

    Raises:
        InvalidError: the file named can not be read.
        DeclarationError: it says something wrong; all problems at once.
    """
    file, folder = _place(path)
    given = _read(file) if file else {}
    problems: list[str] = []
    tables = _tables(given.pop("settings", {}), problems)
    tenants = tenants_of(given.pop("tenants", {}), problems)
    if isinstance(given.get("plugins"), Mapping):
        del given["plugins"]
        problems.append(
            "'plugins' lists modules, as in plugins = ['crm']: the settings of a plugin stand under [settings.NAME]."
        )
    problems += [
        f"{key!r} is nothing that can be set.{nearest(key, (*_KINDS, 'settings', 'tenants'))}"
        for key in given
        if key not in _KINDS
    ]
    variables = {
        key: environ[f"CRMKIT_{key.upper()}"] for key in _KINDS if environ and f"CRMKIT_{key.upper()}" in environ
    }
    code = {key: value for key, value in code.items() if value is not None}
    values = dict(_values({**{k: v for k, v in given.items() if k in _KINDS}, **variables, **code}, problems))
    problems += _wrong(values)
    if problems:
        raise DeclarationError(str(file or FILE_NAME), problems)
    return Project(**values, settings=tables, tenants=tenants, folder=folder, file=file)


def _place(path: Path | str | None) -> tuple[Path | None, Path]:
    if path is None:
        here = Path.cwd()
        found = next((folder / FILE_NAME for folder in (here, *here.parents) if (folder / FILE_NAME).is_file()), None)
        if found is None:
            return None, Path()
        return (Path(FILE_NAME), Path()) if found.parent == here else (found, found.parent)
    named = Path(path)
    file = named / FILE_NAME if named.is_dir() else named
    if not file.is_file():
        raise InvalidError(
            f"There is no {str(file)!r}: create it with `crmkit init`, or name another one.", code="no_project"
        )
    return file, file.parent


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidError(f"{str(file)!r} can not be read: {reason}.", code="project_file") from error


def _tables(found: object, problems: list[str]) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(found, Mapping):
        problems.append("'settings' holds the tables of plugins: write [settings.NAME].")
        return _TABLES
    tables = cast("Mapping[str, Any]", found)
    problems += [
        f"settings.{name} is no table: write [settings.{name}]."
        for name, t in tables.items()
        if not isinstance(t, Mapping)
    ]
    return MappingProxyType({n: cast("Mapping[str, Any]", t) for n, t in tables.items() if isinstance(t, Mapping)})


def _values(found: Mapping[str, Any], problems: list[str]) -> Iterator[tuple[str, Any]]:
    for key, value in found.items():
        if key not in _KINDS:
            problems.append(f"{key!r} is nothing that can be set.{nearest(key, _KINDS)}")
            continue
        try:
            yield key, converted(value, _KINDS[key], str)
        except WrongValue as problem:
            problems.append(f"{key}: {problem}.")


def _wrong(values: Mapping[str, Any]) -> Iterator[str]:
    zone = values.get("time_zone", "UTC")
    if not _is_zone(zone):
        yield f"time_zone: {zone!r} is no time zone: write one like 'Europe/Amsterdam'.{nearest(zone, zoneinfo.available_timezones())}"
    currency = values.get("currency", "EUR")
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        yield f"currency: {currency!r} is no currency of ISO 4217: write three letters like 'EUR'."
    if values.get("languages") == ():
        yield "languages: name at least one, as in languages = ['en']."


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True
