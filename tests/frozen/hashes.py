"""Write the digests of a new folder of frozen plugins, once: `python -m tests.frozen.hashes 1.1`."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

HERE = Path(__file__).parent
FILE = "HASHES"


def hashes(folder: Path) -> str:
    """Return a line per file: its digest (of the text, whatever a checkout makes of line ends) and its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return "".join(
        f"{hashlib.sha256(path.read_bytes().replace(bytes([13, 10]), bytes([10]))).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in files
        if path.name != FILE
    )


def main(version: str) -> int:
    """Write the digests of a folder that has none."""
    file = HERE / version / FILE
    if file.exists():
        print(f"{file} is there: what is frozen is never written anew.")
        return 1
    file.write_text(hashes(file.parent), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
