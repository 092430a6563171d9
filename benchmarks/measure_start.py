"""How long a program waits for us: importing the face, and `crmkit --help`, against importing click."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.pairs import Pair, command

CLICK = command(sys.executable, "-c", "import click")


def pairs() -> Iterator[Pair]:
    """Whole processes, so that nothing is imported already."""
    yield Pair(name="import crmkit", ours=command(sys.executable, "-c", "import crmkit"), floor=CLICK, limit=1)
    help_ = command(sys.executable, "-c", "import sys; from crmkit.cli import main; sys.argv[1:] = ['--help']; main()")
    yield Pair(name="crmkit --help", ours=help_, floor=CLICK, limit=2)
