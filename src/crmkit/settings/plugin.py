"""The settings of one plugin: its attrs class, filled from crmkit.toml, the environment and code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast, get_type_hints

import attrs

from ..errors import DeclarationError, nearest
from ..ports.secret import Secret
from .conversion import WrongValue, converted

S = TypeVar("S")


def variable_of(plugin: str, key: str) -> str:
    """Return the environment variable of a setting: ``two-wheels``, ``chat_url`` -> ``CRMKIT_TWO_WHEELS__CHAT_URL``."""
    return f"CRMKIT_{_worded(plugin)}__{key.upper()}"


def _worded(plugin: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", plugin.upper()).strip("_")


@attrs.frozen
class Told:
    """A plugin's settings.

    Attributes:
        settings: an instance of its class; None where it has none.
        hidden: texts that no message, log or JSON may show: secrets, and whatever was given by reference.
    """

    settings: Any
    hidden: frozenset[str] = attrs.field(default=frozenset[str](), repr=False)

    def redacted(self, text: str) -> str:
        """Return a text with everything hidden blanked."""
        for value in sorted(self.hidden, key=len, reverse=True):
            text = text.replace(value, "***")
        return text


def plugin_settings(
    cls: type[S],
    table: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    code: Mapping[str, Any] | S | None = None,
    *,
    plugin: str = "",
    folder: Path | None = None,
) -> S:
    """Return an instance of a plugin's settings class.

    Args:
        table: its table of crmkit.toml, ``[settings.NAME]``.
        environ: the environment, whole; it goes before the table.
        code: what a program gives, a mapping or an instance; it goes before both.
        plugin: the plugin's name, for messages and for the names of variables.
        folder: where relative paths begin, those of ``file:PATH`` too; by default the working folder.

    Raises:
        DeclarationError: all problems at once, each with its key path.
    """
    return cast("S", settings_told(cls, table, environ, code, plugin=plugin, folder=folder).settings)


def settings_told(
    cls: type[Any],
    table: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    code: Any = None,
    *,
    plugin: str = "",
    folder: Path | None = None,
) -> Told:
    """As ``plugin_settings``, together with the texts that must not be shown."""
    if code is not None and not isinstance(code, Mapping):
        return _given(cls, code, plugin)
    reading = _Reading(plugin=plugin, environ=environ or {}, folder=folder or Path())
    layers = reading.layers(_fields(cls, plugin), table or {}, cast("Mapping[str, Any]", code or {}))
    values = {key: reading.value(key, *found) for key, found in layers.items()}
    if reading.problems:
        raise DeclarationError(f"Settings of {plugin}", reading.problems)
    told = _made(cls, values, plugin, reading.hidden)
    return attrs.evolve(told, settings=_beside(told.settings, reading.folder, cast("Mapping[str, Any]", code or {})))


def _beside(settings: Any, folder: Path, code: Mapping[str, Any]) -> Any:
    """Return settings whose relative paths, but those that a program gave, are meant beside the project's file."""
    if folder == Path():
        return settings
    of = cast("type[Any]", type(settings))
    attributes = [(a.alias or a.name, getattr(settings, a.name)) for a in attrs.fields(of) if a.init]
    moved = {key: folder / value for key, value in attributes if isinstance(value, Path) and key not in code}
    return attrs.evolve(settings, **moved) if moved else settings


def _given(cls: type[Any], code: object, plugin: str) -> Told:
    if not isinstance(code, cls):
        raise DeclarationError(
            f"Settings of {plugin}", [f"An instance of {type(code).__name__} was given: give one of {cls.__name__}."]
        )
    return Told(code, frozenset(_secrets(code)))


def _fields(cls: Any, plugin: str) -> dict[str, tuple[Any, bool]]:
    """Key -> annotated type and whether it must be given."""
    if not isinstance(cls, type):
        raise DeclarationError(
            f"Settings of {plugin}", [f"A {type(cls).__name__} stands there: give the class itself."]
        )
    if not attrs.has(cls):
        raise DeclarationError(
            f"Settings of {plugin}", [f"{cls.__name__} is no attrs class: decorate it with @attrs.frozen."]
        )
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise DeclarationError(f"Settings of {plugin}", [f"{error}: import it outside of TYPE_CHECKING."]) from error
    return {
        a.alias or a.name: (hints.get(a.name, Any), a.default is attrs.NOTHING) for a in attrs.fields(cls) if a.init
    }


def _made(cls: type[Any], values: Mapping[str, Any], plugin: str, hidden: set[str]) -> Told:
    try:
        made = cls(**values)
    except Exception as error:  # noqa: BLE001 - validators of the plugin may raise anything
        told = Told(None, frozenset(hidden | {v.reveal() for v in values.values() if isinstance(v, Secret)}))
        raise DeclarationError(
            f"Settings of {plugin}", [told.redacted(f"{type(error).__name__}: {error}"[:300])]
        ) from None
    return Told(made, frozenset(text for text in (*hidden, *_secrets(made)) if text))


def _secrets(settings: Any) -> Iterator[str]:
    of = cast("type[Any]", type(settings))
    for attribute in attrs.fields(of) if attrs.has(of) else ():
        value = getattr(settings, attribute.name)
        if isinstance(value, Secret):
            yield value.reveal()


@attrs.define
class _Reading:
    """One reading of all layers; it gathers every problem and what must not be shown."""

    plugin: str
    environ: Mapping[str, str]
    folder: Path
    problems: list[str] = attrs.field(factory=list[str])
    hidden: set[str] = attrs.field(factory=set[str])

    def layers(
        self, fields: Mapping[str, tuple[Any, bool]], table: Mapping[str, Any], code: Mapping[str, Any]
    ) -> dict[str, tuple[Any, object, bool]]:
        """Return key -> annotated type, the value that goes before the others, whether it stands in the file."""
        known = {variable_of(self.plugin, key): key for key in fields}
        prefix = variable_of(self.plugin, "")
        variables = {name: value for name, value in self.environ.items() if name.startswith(prefix)}
        self._unknown(table, fields, f"settings.{self.plugin}.{{}}")
        self._unknown(code, fields, f"settings[{self.plugin!r}][{{!r}}]")
        self._unknown(variables, known, "{}")
        chosen: dict[str, tuple[Any, object, bool]] = {}
        for key, (kind, required) in fields.items():
            variable = variable_of(self.plugin, key)
            if key in code:
                chosen[key] = (kind, code[key], False)
            elif variable in variables:
                chosen[key] = (kind, variables[variable], False)
            elif key in table:
                chosen[key] = (kind, table[key], True)
            elif required:
                self.problems.append(f"{key} is missing: set it under [settings.{self.plugin}], or {variable}.")
        return chosen

    def _unknown(self, given: Mapping[str, Any], known: Mapping[str, Any], path: str) -> None:
        for key in given:
            if key not in known:
                self.problems.append(f"{path.format(key)} is no setting of {self.plugin}.{nearest(key, known)}")

    def value(self, key: str, kind: Any, value: object, in_file: bool) -> Any:
        """Return the value as its type wants it, or None with a problem noted."""
        if in_file and _is_secret(kind) and isinstance(value, str) and not value.startswith(("env:", "file:")):
            self.problems.append(
                f"settings.{self.plugin}.{key} is a secret: say where it is, as 'env:NAME' or 'file:PATH'."
            )
            return None
        try:
            return converted(value, kind, self._reference)
        except WrongValue as problem:
            self.problems.append(f"settings.{self.plugin}.{key}: {problem}.")
            return None

    def _reference(self, text: str) -> str:
        if text.startswith("env:"):
            return self._hide(self._from_environment(text.removeprefix("env:")))
        if text.startswith("file:"):
            return self._hide(self._from_file(text.removeprefix("file:")))
        return text

    def _hide(self, text: str) -> str:
        self.hidden.add(text)
        return text

    def _from_environment(self, name: str) -> str:
        if name not in self.environ:
            raise WrongValue(f"the environment has no {name}: set it")
        return self.environ[name]

    def _from_file(self, name: str) -> str:
        try:
            return (self.folder / name).read_text("utf-8").rstrip("\r\n")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
            raise WrongValue(f"the file {name!r} can not be read ({reason})") from None


def _is_secret(kind: Any) -> bool:
    return kind is Secret or Secret in getattr(kind, "__args__", ())
