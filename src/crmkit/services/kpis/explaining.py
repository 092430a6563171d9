"""Explaining a KPI: what it counts in words, and how its value and interval are found."""

from __future__ import annotations

from typing import Any

from crmkit.ports.kpi import STAY_WORDS, Computed, Counted, Followed, Kpi, Source, Standing, Stays
from crmkit.query import Component, condition_to_json
from crmkit.records import declaration_of
from crmkit.services.kpis.known import Known
from crmkit.services.kpis.series import ComponentFacts, Explanation, SourceFacts
from crmkit.services.kpis.wording import component_in_words, condition_in_words, interval_in_words, path_in_words


def explained(known: Known) -> Explanation:
    """Return what a KPI means."""
    kpi = known.kpi
    return Explanation(
        name=kpi.name, title=kpi.title, unit=kpi.unit, better=kpi.better, area=kpi.area, explanation=kpi.explanation,
        plugin=known.plugin, sources=tuple(map(_source, kpi.sources)), interval=interval_in_words(kpi.interval), n=kpi.n,
        groups=tuple(kpi.groups), target=kpi.target, is_mergeable=kpi.is_mergeable,
    )  # fmt: skip


def times_of(kpi: Kpi) -> tuple[str, ...]:
    """Return the fields by which records fall into periods."""
    return tuple(dict.fromkeys(name for source in kpi.sources for name in _times(source)))


def _times(source: Source) -> tuple[str, ...]:
    if isinstance(source, Counted | Followed):
        return (str(source.at),)
    if isinstance(source, Standing | Stays):
        return (str(source.since), str(source.until))
    return ()


def _source(source: Source) -> SourceFacts:
    return SourceFacts(
        of=declaration_of(source.of).name, words=_words(source), condition=_condition(source), at=_times(source),
        components=_components(source),
    )  # fmt: skip


def _condition(source: Source) -> Any:
    if isinstance(source, Computed):
        return None
    if isinstance(source, Followed):
        return {"first": condition_to_json(source.first), "then": condition_to_json(source.then)}
    return None if source.where is None else condition_to_json(source.where)


def _words(source: Source) -> str:
    if isinstance(source, Computed):
        return (source.compute.__doc__ or "computed").strip().partition("\n")[0]
    if isinstance(source, Followed):
        return f"first: {condition_in_words(source.first)}; then: {condition_in_words(source.then)}"
    words = condition_in_words(source.where)
    if isinstance(source, Counted) and source.one_per is not None:
        return f"{words}; of those with one {path_in_words(source.one_per)} in a period, the last"
    if isinstance(source, Counted) and source.per:
        return f"{words}; added up per {' and '.join(map(path_in_words, source.per))} in a period"
    return words


def _where(component: Component) -> Any:
    return None if component.where is None else condition_to_json(component.where)


def _components(source: Source) -> tuple[ComponentFacts, ...]:
    if isinstance(source, Counted | Standing):
        return tuple(
            ComponentFacts(name=name, words=component_in_words(component), condition=_where(component))
            for name, component in source.components.items()
        )
    return tuple(
        ComponentFacts(name=name, words=STAY_WORDS[name] if isinstance(source, Stays) else name)
        for name in source.names
    )
