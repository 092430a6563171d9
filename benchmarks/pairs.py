"""Pairs: the same work done by crmkit and by a floor, in turns within one run, so that a slow minute slows both."""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import attrs

SHORTEST_S = 0.02
"""A sample shorter than this is repeated in a loop: the clock is too coarse for one call."""


@attrs.frozen(kw_only=True)
class Side:
    """One way to do the work.

    Attributes:
        run: The work; it gets what `before` made. Only this is timed.
        before: Makes a fresh place to work in for each sample (a database file, a list of rows).
        after: Puts away what `before` made.
    """

    run: Callable[[Any], object]
    before: Callable[[], Any] = lambda: None
    after: Callable[[Any], object] = lambda _: None

    def sample(self, loops: int) -> float:
        """Seconds that one call takes, over this many calls in a row."""
        place = self.before()
        gc.collect()
        begun = time.perf_counter()
        for _ in range(loops):
            self.run(place)
        passed = time.perf_counter() - begun
        self.after(place)
        return passed / loops


@attrs.frozen(kw_only=True)
class Pair:
    """What is measured: ours against a floor.

    Attributes:
        name: What is done, as a person would say it, such as `import 100,000 customers`.
        ours: crmkit's way.
        floor: The least that anyone has to do: it reads and writes the same rows, with nothing in between.
        limit: The highest ratio that we allow ourselves; None where none is set.
        n: How many things (rows, calls) one run of the work handles.
        repeatable: Whether one place serves many calls; then short work is timed in a loop.
        alternates: Whether the calls of a loop alternate with the other side's, each timed alone: then neither finds the
            processor's caches as it left them itself, as in an application that does other work in between.
    """

    name: str
    ours: Side
    floor: Side
    limit: float | None = None
    n: int = 1
    repeatable: bool = False
    alternates: bool = False


def measure(pair: Pair, rounds: int = 7) -> dict[str, Any]:
    """Measure both sides in turns, once unheeded and then `rounds` times; who begins changes with every round.

    Returns:
        What a line of the output says: medians in seconds for one run of the work, their ratio (the median of the
        rounds' own ratios, so that a slow round counts once), the range of the ratios, the limit, and whether it held.
    """
    loops = _loops(pair)
    pair.ours.sample(1)
    ours: list[float] = []
    floors: list[float] = []
    for turn in range(rounds):
        first, second = ((pair.ours, ours), (pair.floor, floors))[:: -1 if turn % 2 else 1]
        if pair.alternates:
            samples = alternating(first[0], second[0], loops)
        else:
            samples = (first[0].sample(loops), second[0].sample(loops))
        first[1].append(samples[0])
        second[1].append(samples[1])
    ratios = [one / other for one, other in zip(ours, floors, strict=True)]
    ratio = statistics.median(ratios)
    return {
        "name": pair.name,
        "ours_s": statistics.median(ours),
        "floor_s": statistics.median(floors),
        "ratio": round(ratio, 3),
        "least": round(min(ratios), 3),
        "most": round(max(ratios), 3),
        "limit": pair.limit,
        "within": None if pair.limit is None else ratio <= pair.limit,
        "n": pair.n,
        "rounds": rounds,
    }


def alternating(one: Side, other: Side, loops: int) -> tuple[float, float]:
    """Seconds that a call of each side takes, the median of so many in turns."""
    sides = [(side, side.before(), list[float]()) for side in (one, other)]
    gc.collect()
    for _ in range(loops):
        for side, place, taken in sides:
            begun = time.perf_counter()
            side.run(place)
            taken.append(time.perf_counter() - begun)
    for side, place, _ in sides:
        side.after(place)
    return statistics.median(sides[0][2]), statistics.median(sides[1][2])


def _loops(pair: Pair) -> int:
    """How many calls make the quicker side's sample long enough; both sides get the same number."""
    loops = 1
    if pair.repeatable:
        while min(side.sample(loops) * loops for side in (pair.ours, pair.floor)) < SHORTEST_S:
            loops *= 2
    return loops


def command(*words: str, env: dict[str, str] | None = None) -> Side:
    """Return the side that runs a program to its end, its output thrown away; it fails where the program fails."""

    def run(_: Any) -> None:
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **(env or {})})

    return Side(run=run)


# A program begins with the peak of whoever started it, so a small process stands in between.
_LAUNCH = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(usage.ru_maxrss)
child.returncode = os.waitstatus_to_exitcode(status)
sys.exit(child.returncode)
"""


def peak_memory_mib(words: Sequence[str]) -> float:
    """Return the most memory that a program held at once, in MiB (Linux); it fails where the program fails."""
    launch = [sys.executable, "-S", "-c", _LAUNCH, *words]
    done = subprocess.run(launch, check=True, stdout=subprocess.PIPE)
    return int(done.stdout) / 1024
