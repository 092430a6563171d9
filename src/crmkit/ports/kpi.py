"""What a KPI is: what is counted, over which records, and how the value follows from the counts.

The usual case is a function of the counts under ``@kpi``, or a shortcut of ``crmkit.kpis``. The engine gives periods in
any calendar and time zone, groups, series, sample sizes, intervals, comparison with the period before, drill-through
and explanation. A value is None where there is nothing to measure, never 0.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias, TypedDict

import attrs

from .. import query
from ..errors import DeclarationError
from ..query import Component, Condition, Path, Tallied
from ..records import Record, declaration_of
from .kpi_source import STAY_WORDS, Asked, Computed, Counted, Followed, Source, Standing, Stays, paths, standing_at
from .lifetime import since

__all__ = [
    "SECONDS_IN", "STAY_WORDS", "UNITS", "AdjustedWald", "Area", "Asked", "Better", "Computed", "Counted", "Followed", "Formula",
    "IntervalMethod", "Kpi", "MeanInterval", "More", "QuantileInterval", "RatioInterval", "Source", "Standing", "Stays", "Unit", "Wilson",
    "kpi", "kpi_over", "made", "paths", "record_words", "standing_at", "titled",
]  # fmt: skip

Better = Literal["higher", "lower", ""]
"""Which direction is good; empty: neither."""
Unit = Literal["share", "points", "count", "number", "money", "seconds", "minutes", "hours", "days"]
"""What a value is in. ``share``: 0..1, which faces show as per cent. ``points``: a score such as -100..100. ``money``:
major units of a currency that stands beside the value; one value per currency, never added."""
Area = Literal["acquisition", "retention", "revenue", "service", "satisfaction", ""]
Formula: TypeAlias = Callable[[Tallied], float | None]
"""From the counts of one period to the value; None where they allow none. Money stands in the counts as a Decimal."""

UNITS: Final = ("share", "points", "count", "number", "money", "seconds", "minutes", "hours", "days")
SECONDS_IN: Final[Mapping[str, int]] = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}


# --- how sure a value is ---
@attrs.frozen
class Wilson:
    """The Wilson score interval of a proportion. ``part`` and ``whole`` name components, as in all that follow."""

    part: str
    whole: str = "n"


@attrs.frozen
class AdjustedWald:
    """The adjusted Wald interval of a net score in points, -100..100 (Rocks 2016)."""

    promoters: str
    detractors: str
    whole: str = "n"


@attrs.frozen
class MeanInterval:
    """The interval of a mean by Student's t; ``scale``: how many units of the components make one of the value."""

    total: str = "total"
    squares: str = "squares"
    n: str = "n"
    scale: float = 1


@attrs.frozen
class RatioInterval:
    """The interval of a ratio of two sums over the same records, by the delta method."""

    above: str = "above"
    below: str = "below"
    above_squares: str = "above_squares"
    below_squares: str = "below_squares"
    products: str = "products"
    n: str = "n"


@attrs.frozen
class QuantileInterval:
    """The order-statistic interval of a quantile; ``of`` names a component that is one. ``scale``: as in a mean."""

    of: str = "median"
    scale: float = 1


IntervalMethod: TypeAlias = Wilson | AdjustedWald | MeanInterval | RatioInterval | QuantileInterval


# --- the definition ---
def titled(name: str) -> str:
    """Return the title that a name makes: ``days-in-workshop`` is "Days in workshop"."""
    words = name.replace("-", " ")
    return words[:1].upper() + words[1:]


@since("1.0")
@attrs.frozen(kw_only=True, eq=False)
class Kpi:
    """One definition of one KPI. It stays callable with counts: ``nps(Tallied((), {...}))``.

    Attributes:
        sources: what is counted; one for most.
        n: the component that is the sample size.
        adds_up: it is a count or a sum, which is 0 where nothing was counted; a share, mean or median has no value there.
        interval: how the interval of a value is found; None: none (an exact stock, a mix of sources).
        nothing: why there is no value, a clause per component ("no customer became new"): the first component that is 0
            gives the reason.
        groups: names for paths to group by, beside all to-one paths of the record type.
        target: the value aimed at.
    """

    name: str
    sources: tuple[Source, ...]
    formula: Formula
    unit: Unit = "number"
    better: Better = "higher"
    title: str
    explanation: str = ""
    area: Area = ""
    interval: IntervalMethod | None = None
    nothing: Mapping[str, str] = attrs.field(factory=dict[str, str])
    groups: Mapping[str, Path] = attrs.field(factory=dict[str, Path])
    target: float | None = None
    n: str = "n"
    adds_up: bool = False

    def __attrs_post_init__(self) -> None:
        if problems := _problems(self):
            raise DeclarationError(f"KPI {self.name!r}", problems)

    def __call__(self, tallied: Tallied) -> float | None:
        """Return the value of counts."""
        return self.formula(tallied)

    @property
    def of(self) -> type[Record]:
        """The record type that is counted first."""
        return self.sources[0].of

    @property
    def components(self) -> tuple[str, ...]:
        """The names of all that is counted."""
        return tuple(name for source in self.sources for name in source.names)

    @property
    def is_mergeable(self) -> bool:
        """Its components of disjoint periods can be put together without the records."""
        return all(source.is_mergeable for source in self.sources)


_TAKEN: Final = frozenset({"of", "by", "one_per", "one_per_by", "key", "values"})
"""What a tally takes or has itself."""


def _problems(kpi: Kpi) -> list[str]:
    problems: list[str] = []
    if not kpi.name or not all(c.isalnum() or c in "-." for c in kpi.name) or kpi.name != kpi.name.lower():
        problems.append("Its name is no name: use small letters, digits and hyphens.")
    if kpi.unit not in UNITS:
        problems.append(f"{kpi.unit!r} is no unit: use one of {', '.join(UNITS)}.")
    if twice := sorted({name for name in kpi.components if kpi.components.count(name) > 1}):
        problems.append(f"Several sources count {', '.join(twice)}: give them different names.")
    if wrong := [name for name in kpi.components if not name.isidentifier() or name in _TAKEN]:
        problems.append(f"{', '.join(map(repr, wrong))}: no name for what is counted.")
    wanted = [kpi.n, *_named_by(kpi.interval), *kpi.nothing]
    if unknown := sorted({name for name in wanted if name not in kpi.components}):
        problems.append(f"Nothing counts {', '.join(unknown)}: there are {', '.join(kpi.components)}.")
    return problems


def _named_by(interval: IntervalMethod | None) -> tuple[str, ...]:
    if interval is None:
        return ()
    return tuple(value for value in attrs.astuple(interval) if isinstance(value, str))


@since("1.0")
def kpi(
    *,
    of: type[Record],
    at: Path,
    count: Mapping[str, Component],
    where: Condition | None = None,
    one_per: Path | None = None,
    per: Path | tuple[Path, ...] = (),
    unit: Unit = "number",
    better: Better = "higher",
    name: str = "",
    title: str = "",
    area: Area = "",
    interval: IntervalMethod | None = None,
    nothing: str | Mapping[str, str] = "",
    groups: Mapping[str, Path] | None = None,
    target: float | None = None,
) -> Callable[[Formula], Kpi]:
    """Make a KPI of a function of the counts; its docstring is what ``kpis explain`` prints.

    Args:
        of: the records that are counted.
        at: the instant by which they fall into periods.
        count: what is counted in each; ``n``, the sample size, is a plain count where it is not given.
        where: which of them.
        one_per: of the records with one value here (one customer), only the last in the period counts.
        per: components are taken over one sum per value of these in a period, not over records.
        name: by default the function's, with hyphens.
        nothing: why there is no value where nothing was counted; by default made of the record type and ``at``.

    Raises:
        InvalidError: a path or condition is about another record type, or ``at`` is no instant.
        DeclarationError: a name is missing or stands twice.
    """
    counted = count if "n" in count else {"n": query.count(), **count}
    source = Counted(of=of, at=at, where=where, one_per=one_per, per=paths(per), components=counted)
    return kpi_over(
        source, unit=unit, better=better, name=name, title=title, area=area, interval=interval,
        nothing=nothing, groups=groups, target=target,
    )  # fmt: skip


def kpi_over(
    *sources: Source,
    unit: Unit = "number",
    better: Better = "higher",
    name: str = "",
    title: str = "",
    area: Area = "",
    interval: IntervalMethod | None = None,
    nothing: str | Mapping[str, str] = "",
    groups: Mapping[str, Path] | None = None,
    target: float | None = None,
    n: str = "n",
    adds_up: bool = False,
) -> Callable[[Formula], Kpi]:
    """Make a KPI of a function of what several sources, or one that is no plain count, give together."""
    reasons = nothing if isinstance(nothing, Mapping) else {n: nothing} if nothing else {}

    def make(formula: Formula) -> Kpi:
        known = name or getattr(formula, "__name__", "").replace("_", "-")
        return Kpi(
            name=known, sources=sources, formula=formula,
            unit=unit, better=better, title=title or titled(known), explanation=inspect.getdoc(formula) or "", area=area,
            interval=interval, nothing=reasons, groups=groups or {}, target=target, n=n, adds_up=adds_up,
        )  # fmt: skip

    return make


class More(TypedDict, total=False):
    """What every shortcut takes; see ``crmkit.kpis``."""

    explanation: str
    title: str
    area: Area
    nothing: str
    groups: Mapping[str, Path]
    target: float


def made(
    name: str, explanation: str, source: Counted | Standing | Stays | Followed, formula: Formula, *, unit: Unit, better: Better,
    interval: IntervalMethod | None = None, n: str = "n", adds_up: bool = False, more: More,
) -> Kpi:  # fmt: skip
    """Return the KPI of one source, for the shortcuts of ``crmkit.kpis``."""
    nothing = more.get("nothing", "")
    return Kpi(
        name=name, sources=(source,), formula=formula, unit=unit, better=better, interval=interval, n=n, adds_up=adds_up,
        explanation=more.get("explanation", explanation), title=more.get("title") or titled(name), area=more.get("area", ""),
        nothing={n: nothing} if nothing else {}, groups=more.get("groups", {}), target=more.get("target"),
    )  # fmt: skip


def record_words(of: type[Record]) -> str:
    """Return what a record type is called in a sentence: ``repair order``."""
    return declaration_of(of).name.replace("_", " ").replace("-", " ")
