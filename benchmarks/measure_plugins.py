"""What finding and loading plugins costs, with none, 20 and 100 of them installed."""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from benchmarks.pairs import Pair, Side
from crmkit._plugins import discovered, installed_plugins, load
from crmkit.ports.plugin import GROUP

SOURCE = "from crmkit import Plugin\nplugin = Plugin({name!r})\n"


def install(folder: Path, number: int) -> None:
    """Lay out distributions as an installer leaves them, each a plugin with its manifest."""
    for n in range(number):
        name, module = f"bench-{n}", f"crmkit_bench_{number}_{n}"
        info = folder / f"{module}-1.0.dist-info"
        info.mkdir()
        (folder / f"{module}.py").write_text(SOURCE.format(name=name), "utf-8")
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n" + "Classifier: x\n" * 20, "utf-8"
        )
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {module}:plugin\n", "utf-8")
        manifest = {"name": name, "distribution": module, "version": "1.0", "api": "", "checks": [], "commands": []}
        text = json.dumps({"crmkit_manifest": 1, "plugins": [manifest]})
        (folder / f"{module}.crmkit_manifest.json").write_text(text, "utf-8")


def fresh(number: int) -> None:
    """Forget what was imported and cached, so that every run finds everything anew."""
    for n in range(number):
        sys.modules.pop(f"crmkit_bench_{number}_{n}", None)
    importlib.invalidate_caches()


def side(number: int, run: object) -> Side:
    """Measure a call with nothing remembered."""
    return Side(run=lambda _: run() if callable(run) else None, before=lambda: fresh(number))


def bare_load() -> None:
    """Import what the entry points name, and nothing else."""
    for point in metadata.entry_points(group=GROUP):
        if point.name.startswith("bench-"):
            point.load()


def pairs() -> Iterator[Pair]:
    """Each against the bare entry points of the group."""
    for number in (0, 20, 100):
        with tempfile.TemporaryDirectory() as folder:
            install(Path(folder), number)
            sys.path.insert(0, folder)
            try:
                floor = side(number, lambda: list(metadata.entry_points(group=GROUP)))
                yield Pair(
                    name=f"names of {number}", ours=side(number, installed_plugins), floor=floor, limit=1.5, n=number
                )
                yield Pair(name=f"manifests of {number}", ours=side(number, discovered), floor=floor, limit=4, n=number)
                loaded = side(number, lambda: load(builtins=False))
                yield Pair(name=f"load {number} / bare import", ours=loaded, floor=side(number, bare_load), n=number)
            finally:
                sys.path.remove(folder)
