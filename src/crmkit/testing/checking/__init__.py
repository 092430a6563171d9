"""Judging a plugin: a source folder or a wheel, without its author's tests, and without installing it.

Its code runs in a process of its own that is told nothing of ours and reaches nobody but this machine. That is no prison: do
not check code that you would not run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .distribution import opened
from .findings import RUNGS, Counts, Finding, Judgement, Rung
from .papers import judge_names, judge_papers, judge_upkeep
from .running import Ran, run_contracts
from .typed import judge_types

__all__ = ["RUNGS", "Counts", "Finding", "Judgement", "Rung", "as_json", "judged"]


def judged(path: Path) -> Judgement:
    """Return how a plugin stands.

    Args:
        path: a folder with a pyproject.toml, or a wheel, which is unpacked into a temporary folder. What it requires is
            taken from where this program runs.

    Raises:
        InvalidError: it is neither, or offers no plugin.
    """
    with opened(path) as distribution:
        ran = {name: run_contracts(distribution, name, target) for name, target in distribution.points.items()}
        findings = [*_worked(ran), *judge_types(distribution)]
        for name, one in ran.items():
            findings += judge_names(distribution, name, one.facts)
            findings += judge_papers(distribution, one.facts)
            findings += judge_upkeep(distribution, one.facts)
    outcomes = [outcome for one in ran.values() for outcome in one.outcomes]
    return Judgement(
        distribution=distribution.name, version=distribution.version, plugins=tuple(ran), counts=_counted(ran),
        left_out=tuple(dict.fromkeys(o.message for o in outcomes if o.outcome == "skipped" and "own tests" in o.message)),
        findings=tuple(dict.fromkeys(findings)),
    )  # fmt: skip


def _worked(ran: Mapping[str, Ran]) -> Iterator[Finding]:
    for name, one in ran.items():
        for outcome in one.of("failed"):
            check = f"{outcome.about}: {outcome.check.removeprefix('test_')}"
            yield Finding(check=check, rung="works", problem=outcome.message or "It failed.")
        if not one.of("passed") and not one.of("failed"):
            yield Finding(check=name, rung="works", problem="No check could be made of it.")


def _counted(ran: Mapping[str, Ran]) -> Counts:
    def total(outcome: str) -> int:
        return sum(len(one.of(outcome)) for one in ran.values())

    return Counts(passed=total("passed"), failed=total("failed"), skipped=total("skipped"))


def as_json(judgement: Judgement) -> dict[str, Any]:
    """Return a judgement as JSON values."""
    return {
        "distribution": judgement.distribution,
        "version": judgement.version,
        "plugins": list(judgement.plugins),
        "rung": judgement.rung,
        "next": judgement.next_rung,
        "contracts": {
            "passed": judgement.counts.passed,
            "failed": judgement.counts.failed,
            "skipped": judgement.counts.skipped,
        },
        "left_out": list(judgement.left_out),
        "findings": [{"check": one.check, "rung": one.rung, "problem": one.problem} for one in judgement.findings],
    }
