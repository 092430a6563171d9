"""Wheels, written as the specification says: a zip of a module and its metadata."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

from .kinds import Wheel


def written(wheel: Wheel, group: str, folder: Path) -> Path:
    """Write a wheel that any installer takes; return its file."""
    plain = wheel.name.replace("-", "_")
    info = f"{plain}-1.0.dist-info"
    requires = "".join(f"Requires-Dist: {one}\n" for one in wheel.requires)
    target = f"{wheel.module}:{wheel.attribute}" if wheel.attribute else wheel.module
    files = {
        f"{wheel.module}.py": wheel.source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {wheel.name}\nVersion: 1.0\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: torture\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[{group}]\n{wheel.entry or wheel.name} = {target}\n",
    }
    record = "".join(f"{name},sha256={_digest(text)},{len(text.encode())}\n" for name, text in files.items())
    path = folder / f"{plain}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(name, text)
    return path


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
