"""The manifest as it is read: what a plugin is, as data in its wheel, so that nothing is imported to list or judge it.

It is generated, never written by hand. It lies beside the module that the entry point names
(``crmkit_sms/crmkit_manifest.json``; for a lone module ``crmkit_sms.crmkit_manifest.json``), or among the wheel's own
metadata.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.machinery import PathFinder
from typing import Any, Final, Protocol, cast

FILE: Final = "crmkit_manifest.json"
FORMAT: Final = 1


class Place(Protocol):
    """As much of a distribution as reading takes."""

    def locate_file(self, path: str) -> Any:
        """Return where a file of it is."""
        ...

    def read_text(self, filename: str) -> str | None:
        """Return a file of its metadata, or None."""
        ...


def manifest_place(module: str, *, is_package: bool) -> str:
    """Return the path of the file within a wheel, for the module that the entry point names."""
    return f"{module.replace('.', '/')}/{FILE}" if is_package else f"{module.replace('.', '/')}.{FILE}"


def read_manifest(name: str, target: str, distribution: Place | None) -> Mapping[str, Any] | None:
    """Return the manifest of an installed plugin, or None where it has none that can be read. Imports nothing."""
    for text in _texts(target.partition(":")[0].strip(), distribution):
        with suppress(ValueError, AttributeError, TypeError, KeyError, RecursionError):
            data = json.loads(text)
            if data["crmkit_manifest"] == FORMAT:
                found = next((one for one in data["plugins"] if one["name"] == name), None)
                return found if found is not None and _is_well_formed(found) else None
    return None


def _is_well_formed(found: Mapping[str, Any]) -> bool:
    """Whether what others rely on is as it is generated: a manifest that was written by hand may be anything."""
    texts = all(isinstance(found.get(key, ""), str) for key in ("distribution", "version", "api"))
    lists = all(
        _are_texts(found.get(key, [])) for key in ("checks", "access", "record_types", "capabilities", "requires")
    )
    commands: Any = found.get("commands", [])
    return (
        texts
        and lists
        and isinstance(commands, list)
        and all(_are_texts([c["name"], c.get("help", "")]) for c in cast("list[Any]", commands))
    )


def _are_texts(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(one, str) for one in cast("list[Any]", found))


def _texts(module: str, distribution: Place | None) -> Iterator[str]:
    for place in _places(module):
        if distribution is not None:
            # NotImplementedError: the base class says so for distributions that are not files (a zip, a database)
            with suppress(OSError, UnicodeDecodeError, NotImplementedError):
                yield read(str(distribution.locate_file(place)))
    if distribution is not None:
        with suppress(OSError, UnicodeDecodeError):
            text = distribution.read_text(FILE)
            if text:
                yield text
    yield from _editable(module)


def _places(module: str) -> Iterator[str]:
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        yield manifest_place(".".join(parts[:length]), is_package=True)
    yield manifest_place(module, is_package=False)


def _editable(module: str) -> Iterator[str]:
    """An editable install has its files elsewhere: where the top module would be imported from."""
    with suppress(Exception):  # finders on the path are anyone's
        spec = PathFinder.find_spec(module.partition(".")[0])
        if spec is None or spec.origin is None:
            return
        folder = os.path.dirname(spec.origin)  # noqa: PTH120 - pathlib is dearer than all of this
        root = os.path.dirname(folder) if spec.submodule_search_locations else folder  # noqa: PTH120 - as above
        for place in _places(module):
            with suppress(OSError, UnicodeDecodeError):
                yield read(os.path.join(root, place))  # noqa: PTH118 - as above


def read(path: str) -> str:
    """Return the text of a file."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as above
        return file.read()
