"""What was found of a plugin, and the rungs: works, typed, documented, maintained."""

from __future__ import annotations

from typing import Final, Literal

import attrs

Rung = Literal["works", "typed", "documented", "maintained"]
RUNGS: Final[tuple[Rung, ...]] = ("works", "typed", "documented", "maintained")


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: what, in a word or two.
        rung: the rung that takes it.
        problem: a sentence: what is wrong, and what to do; empty where all is well.
    """

    check: str
    rung: Rung
    problem: str = ""


@attrs.frozen(kw_only=True)
class Counts:
    """How many checks of the contracts passed, failed, and were skipped because they do not concern the plugin."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0


@attrs.frozen(kw_only=True)
class Judgement:
    """How a distribution stands.

    Attributes:
        plugins: the names of its plugins.
        counts: of the contracts.
        left_out: why checks were left out which only the author's own tests can do; each reason once.
        findings: everything that was looked at.
    """

    distribution: str
    version: str
    plugins: tuple[str, ...]
    counts: Counts
    left_out: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def missing(self, rung: Rung) -> tuple[Finding, ...]:
        """Return what is missing for a rung, apart from what is missing for those below."""
        return tuple(one for one in self.findings if one.rung == rung and one.problem)

    @property
    def rung(self) -> Rung | None:
        """The highest rung for which nothing is missing, nor for those below it; None: it does not even work."""
        reached: Rung | None = None
        for rung in RUNGS:
            if self.missing(rung):
                return reached
            reached = rung
        return reached

    @property
    def next_rung(self) -> Rung | None:
        """The rung above; None at the top."""
        place = 0 if self.rung is None else RUNGS.index(self.rung) + 1
        return RUNGS[place] if place < len(RUNGS) else None
