"""Run the measurements and print one line of JSON for each: `python -m benchmarks [--rounds N] [WORD ...]`."""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.pairs import Pair, measure

FOLDER = Path(__file__).parent


def words() -> list[str]:
    """What can be measured: the WORD of every `measure_WORD.py`."""
    return sorted(path.stem.removeprefix("measure_") for path in FOLDER.glob("measure_*.py"))


def results(module: ModuleType, rounds: int) -> Iterator[dict[str, Any]]:
    """Measure what a module offers: pairs are measured here, a line that is ready (memory, sizes) is passed on."""
    for offered in module.pairs():
        yield measure(offered, rounds) if isinstance(offered, Pair) else offered


def machine() -> dict[str, Any]:
    """What the figures were measured with."""
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "machine": platform.machine(),
        "system": platform.system(),
    }


def main() -> int:
    """Print the lines; the exit code is 1 where a limit was not held."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help=f"of {', '.join(words()) or 'none yet'}; default all")
    parser.add_argument("--rounds", type=int, default=7, help="samples for each side (default 7)")
    options = parser.parse_args()
    if unknown := set(options.words) - set(words()):
        parser.error(f"nothing measures {', '.join(sorted(unknown))}: choose of {', '.join(words())}")
    print(json.dumps(machine()), flush=True)
    held = True
    for word in options.words or words():
        for line in results(importlib.import_module(f"benchmarks.measure_{word}"), options.rounds):
            print(json.dumps({"measured": word, **line}), flush=True)
            held = held and line.get("within") is not False
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
