"""Distributions made on the fly: modules and a dist-info folder, as an installer leaves them, on the path for one test."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

GOOD = """
from crmkit import Plugin
plugin = Plugin({name!r}{more})
"""


class Site:
    """A folder of installed distributions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(
        self,
        name: str,
        source: str | bytes | None = None,
        *,
        module: str = "",
        entry: str = "",
        requires: str = "",
        manifest: dict[str, Any] | None = None,
        version: str = "1.0",
        more: str = "",
    ) -> str:
        """Write a distribution ``crmkit-NAME`` with one plugin; return the name of its module."""
        module = module or f"crmkit_{name.replace('-', '_')}"
        if source is None:
            source = GOOD.format(name=name, more=more)
        (self.folder / f"{module}.py").write_bytes(source.encode() if isinstance(source, str) else source)
        info = self.folder / f"crmkit_{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        required = f"Requires-Dist: {requires}\n" if requires else ""
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: crmkit-{name}\nVersion: {version}\n{required}", "utf-8"
        )
        (info / "entry_points.txt").write_text(f"[crmkit1]\n{name} = {entry or f'{module}:plugin'}\n", "utf-8")
        if manifest is not None:
            content = {
                "crmkit_manifest": 1,
                "plugins": [{"name": name, "distribution": f"crmkit-{name}", "version": version, **manifest}],
            }
            (self.folder / f"{module}.crmkit_manifest.json").write_text(json.dumps(content), "utf-8")
        importlib.invalidate_caches()
        return module


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A folder on the path; what is imported from it is forgotten afterwards."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield Site(folder)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def path_of() -> Callable[[Site], dict[str, str]]:
    """The environment of a program that sees a site."""

    def of(site: Site) -> dict[str, str]:
        return {"PYTHONPATH": str(site.folder), "PATH": ""}

    return of
