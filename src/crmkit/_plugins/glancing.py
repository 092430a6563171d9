"""A glance at what is installed: the manifests of plugins, read straight from the folders on the path.

For help, which nobody likes to wait for: ``importlib.metadata`` takes longer to import than click, and says no more here.
What only it finds (in archives, by other finders) is missed at a glance, and found as soon as anything else asks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from .manifest import read, read_manifest

GROUP: Final = "crmkit1"
"""As in ``crmkit.ports.plugin``, whose import a glance does without."""


class Installed:
    """One distribution in a folder: as much of it as reading a manifest takes."""

    def __init__(self, root: str, info: str) -> None:
        self._root, self._info = root, info

    def locate_file(self, path: str) -> str:
        """Return where a file of the distribution is."""
        return os.path.join(self._root, path)  # noqa: PTH118 - pathlib is dearer than all of this

    def read_text(self, filename: str) -> str | None:
        """Return a file of its metadata, or None."""
        with suppress(OSError, UnicodeDecodeError):
            return read(self.locate_file(f"{self._info}/{filename}"))
        return None


def glanced() -> Iterator[Mapping[str, Any]]:
    """Yield the manifests of installed plugins, by name; a plugin without one is missed."""
    found: dict[str, Mapping[str, Any]] = {}
    for distribution in _distributions():
        for name, target in _points(distribution.read_text("entry_points.txt") or ""):
            manifest = read_manifest(name, target, distribution)
            if manifest is not None:
                found.setdefault(name, manifest)
    for name in sorted(found):
        yield found[name]


def _distributions() -> Iterator[Installed]:
    seen: set[str] = set()
    for root in sys.path:
        with suppress(OSError):
            for info in sorted(os.listdir(root or os.curdir)):  # noqa: PTH208 - as above
                name = info.partition("-")[0].lower()
                if info.endswith((".dist-info", ".egg-info")) and name not in seen:
                    seen.add(name)
                    yield Installed(root or os.curdir, info)


def _points(text: str) -> Iterator[tuple[str, str]]:
    """Name and target of each entry point of the group."""
    _, _, rest = text.partition(f"[{GROUP}]")
    for line in rest.splitlines():
        if line.strip().startswith("["):
            return
        name, sign, target = line.partition("=")
        if sign:
            yield name.strip(), target.strip()
