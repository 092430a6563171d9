"""How long plugins take, where that is asked for: measured and told, never cut short."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import attrs


@attrs.define
class Spent:
    """What a plugin's hooks took.

    Attributes:
        calls: how many.
        total_s, slowest_s: seconds of all, and of the slowest.
    """

    calls: int = 0
    total_s: float = 0.0
    slowest_s: float = 0.0


def timed(function: Callable[..., Any], spent: Spent) -> Callable[..., Any]:
    """Return a function that adds its time to what its plugin spent, also where it raises."""

    def call(*args: Any) -> Any:
        begun = time.perf_counter()
        try:
            return function(*args)
        finally:
            took = time.perf_counter() - begun
            spent.calls += 1
            spent.total_s += took
            spent.slowest_s = max(spent.slowest_s, took)

    return call
