"""Writing a new distribution: whole or not at all, with its manifest, and only where the plugin can be loaded."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Final

import attrs

from ..._plugins import FILE, load, manifest_of, manifest_text
from ...errors import InvalidError
from ...ports.plugin import Plugin
from .names import Names

VERSION: Final = "0.1.0"


def write(folder: Path, files: Mapping[str, str], names: Names) -> None:
    """Write files and manifest into a folder that is not there yet.

    Raises:
        InvalidError: the folder is there, or can not be written; or a name is taken by what crmkit itself brings.
    """
    if folder.exists():
        raise InvalidError(
            f"{str(folder)!r} is there already: name another folder with --out.", code="exists", field="out"
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent, prefix=f".{names.distribution}-") as place:
            made = Path(place) / names.distribution
            _write_files(made, {**files, **_manifest(made, files, names)})
            made.rename(folder)
    except OSError as error:
        raise InvalidError(f"{str(folder)!r} can not be written: {error.strerror}.", code="read_only") from error


def _manifest(made: Path, files: Mapping[str, str], names: Names) -> dict[str, str]:
    _write_files(made, files)
    with _importable(made / "src", names.package):
        plugin: Plugin = importlib.import_module(names.package).plugin
        _judge(plugin)
        manifest = manifest_of(plugin, distribution=names.distribution, version=VERSION)
    return {f"src/{names.package}/{FILE}": manifest_text([manifest])}


def _judge(plugin: Plugin) -> None:
    """Load the plugin beside the built-in ones; its settings are its users'."""
    loaded = load([attrs.evolve(plugin, settings=None)], discover=False)
    for state in loaded.states:
        if state.name == plugin.name and state.state != "active":
            raise InvalidError(
                f"No plugin can be called {plugin.name!r}: {state.reason} Choose another name.", code="plugin_name"
            )


def _write_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


@contextmanager
def _importable(source: Path, package: str) -> Generator[None]:
    """Find a package in a folder, and leave nothing of it behind."""
    before, is_without_bytecode = _forget(package), sys.dont_write_bytecode
    sys.path.insert(0, str(source))
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(source))
        sys.dont_write_bytecode = is_without_bytecode
        _forget(package)
        sys.modules.update(before)


def _forget(package: str) -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name == package or name.startswith(f"{package}.")]
    return {name: sys.modules.pop(name) for name in names}
