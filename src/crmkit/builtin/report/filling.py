"""Filling a report's view from a CRM, through the verbs and questions that every plugin has."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from crmkit import Customer, Interaction, LocalText, PluginError, Touchpoint
from crmkit.ports.survey_type import Scale
from crmkit.query import count, each

from .catalogue import channel_names, known_language, kpi_titles, noun_of, word
from .funnels import funnels
from .questions import surveys
from .view import (
    Amount,
    BoardView,
    Comparison,
    ContactCount,
    Group,
    KpiView,
    Reading,
    ReportView,
    StageView,
    Unit,
    WaitingView,
)

if TYPE_CHECKING:
    from crmkit import CRM

_log = logging.getLogger("crmkit.report")
TILES: Final = (
    "nps",
    "csat",
    "ces2",
    "customers",
    "new-customers",
    "churn",
    "win-rate",
    "won-value",
    "pipeline-value",
    "cac",
)
"""The KPIs that open the report; those of other plugins come after them."""
BY_TOUCHPOINT: Final = ("nps", "csat", "ces2")
WAITING: Final = 25


def fill(crm: CRM, *, months: int = 12, language: str = "", company: str = "", title: str = "") -> ReportView:
    """Return the view of a report over the last months, the running one included.

    Args:
        language: by default the CRM's first.

    Raises:
        InvalidError: the report can not be read in this language.
    """
    spoken = known_language(language) if language else crm.house.languages[0]
    now = crm.now.astimezone(crm.house.zone)
    since = crm.now - timedelta(days=30 * months)
    waiting = crm.interactions.waiting(limit=None)
    return ReportView(
        title=title or word(spoken, "report_title"),
        company=company,
        generated_at=now,
        language=spoken,
        time_zone=crm.house.zone.key,
        kpis=tuple(_kpis(crm, months, spoken)),
        boards=tuple(_boards(crm, spoken)),
        funnels=tuple(funnels(crm, spoken, since)),
        surveys=tuple(surveys(crm, spoken, since, [o.value for o in crm.house.loaded.offers(Scale)])),
        channels=tuple(_contacts(crm, since, "channel", channel_names(spoken), {})),
        touchpoints=tuple(_contacts(crm, since, "touchpoint", *_touchpoints(crm, spoken))),
        contacts_from=since.astimezone(crm.house.zone).date(),
        waiting=tuple(_waiting(crm, waiting[:WAITING], spoken)),
        waiting_count=len(waiting),
    )


# --- figures ---
def _kpis(crm: CRM, months: int, language: str) -> Iterator[KpiView]:
    known = [facts.name for facts in crm.kpis.list()]
    others = [facts.name for facts in crm.kpis.list() if facts.plugin not in ("kpis", "survey-types")]
    for name in [*(tile for tile in TILES if tile in known), *others]:
        try:
            series = crm.kpis.show(name, by="month", last=months + 1)
        except PluginError as error:  # one plugin's mistake costs its own figure only
            _log.warning("The report leaves out %s: %s", name, error)
            continue
        for currency in sorted({row.currency for row in series.rows}):
            rows = [row for row in series.rows if row.currency in (currency, "")]
            if any(row.value is not None for row in rows):
                yield _kpi(crm, series, currency, rows, language)


def _kpi(crm: CRM, series: Any, currency: str, rows: Sequence[Any], language: str) -> KpiView:
    """Return a KPI; where its name is translated, what its author wrote in English is left out."""
    translated = kpi_titles(language).get(series.name, "")
    title = translated or series.title
    comparisons = (_by_touchpoint(crm, series.name, language),) if series.name in BY_TOUCHPOINT else ()
    return KpiView(
        key=series.name if not currency else f"{series.name}-{currency.lower()}",
        title=title if not currency else f"{title}, {currency}",
        unit=Unit(kind=series.unit, currency=currency),
        better=series.better,
        readings=tuple(_reading(row, _reason(row, translated, language)) for row in rows),
        target=series.target,
        explanation="" if translated else series.explanation,
        comparisons=comparisons,
    )


def _reason(row: Any, translated: str, language: str) -> str:
    """Return why there is no value: in the author's words, or, where the name is translated, in the catalogue's.

    Empty: nothing was counted, which the page says itself. What is hidden has no components.
    """
    if not translated or row.value is not None:
        return str(row.reason)
    if row.n:
        return word(language, "nothing_made")
    return "" if row.components else word(language, "too_few")


def _reading(row: Any, reason: str) -> Reading:
    period = row.period
    return Reading(
        start=period.first_on,
        end=_day_after(period),
        value=row.value,
        low=row.low,
        high=row.high,
        n=row.n,
        change=row.change,
        clear=row.change_is_clear,
        partial=row.is_partial,
        reason=reason,
    )


def _day_after(period: Any) -> date:
    """Return the first day after a period of whole months."""
    first: date = period.first_on
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def _by_touchpoint(crm: CRM, name: str, language: str) -> Comparison:
    names, _ = _touchpoints(crm, language)
    translated = kpi_titles(language).get(name, "")
    series = crm.kpis.show(name, by="month", last=2, group="touchpoint")
    whole = [row for row in series.rows if not row.is_partial]
    last = max((row.period.start for row in whole), default=None)
    groups = [
        Group(
            label=names.get(row.group, row.group or "-"),
            value=row.value,
            low=row.low,
            high=row.high,
            n=row.n,
            change=row.change,
            clear=row.change_is_clear,
            reason=_reason(row, translated, language),
        )
        for row in whole
        if row.period.start == last
    ]
    return Comparison(by=word(language, "by_touchpoint"), groups=tuple(groups))


# --- pipelines ---
def _boards(crm: CRM, language: str) -> Iterator[BoardView]:
    for path in crm.pipelines.list():
        columns = crm.pipelines.board(path.key)
        if any(column.count for column in columns):
            times = {stage.stage: stage for stage in crm.pipelines.durations(path.key)}
            labels = {stage.key: stage.name.into(language) or stage.key for stage in crm.pipelines.stages(path.key)}
            yield BoardView(
                title=path.name.into(language) or path.key,
                noun=noun_of(path.of, language),
                stages=tuple(_stage(column, times.get(column.stage), labels[column.stage]) for column in columns),
            )


def _stage(column: Any, times: Any, label: str) -> StageView:
    return StageView(
        label=label,
        state=column.state,
        count=column.count,
        sums=tuple(Amount(value=value, currency=currency) for currency, value in column.sums.items()),
        days=column.days,
        stale=column.stale,
        median_days=None if times is None else _days(times.median),
        low_days=None if times is None else _days(times.low),
        high_days=None if times is None else _days(times.high),
    )


def _days(time: timedelta | None) -> float | None:
    return None if time is None else time.total_seconds() / 86_400


# --- contacts ---
def _touchpoints(crm: CRM, language: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    found = list(crm.find(Touchpoint))
    return {t.key: _text(t.name, language) or t.key for t in found}, {t.key: t.office for t in found}


def _text(text: LocalText, language: str) -> str:
    return text.into(language)


def _contacts(
    crm: CRM, since: Any, field: str, names: Mapping[str, str], offices: Mapping[str, str]
) -> Iterator[ContactCount]:
    i = each(Interaction)
    key = getattr(i, field)
    counts: dict[str, dict[str, int]] = {}
    for row in crm.tally(Interaction, i.state == "done", i.occurred_at >= since, by=[key, i.direction], n=count()):
        counts.setdefault(row.key[0] or "", {})[row.key[1]] = row.n
    for name, by in sorted(counts.items(), key=lambda item: -sum(item[1].values())):
        yield ContactCount(
            label=names.get(name, name) or "-",
            inbound=by.get("in", 0),
            outbound=by.get("out", 0),
            internal=by.get("internal", 0),
            office=offices.get(name, ""),  # type: ignore[arg-type]  # front or back
        )


def _waiting(crm: CRM, found: Sequence[Interaction], language: str) -> Iterator[WaitingView]:
    places, channels = _touchpoints(crm, language)[0], channel_names(language)
    names: Mapping[UUID, Customer] = crm.get_many(Customer, {one.customer for one in found if one.customer})
    for one in found:
        if one.occurred_at is not None:
            yield WaitingView(
                customer=names[one.customer].name if one.customer and one.customer in names else "?",
                since_at=one.occurred_at.astimezone(crm.house.zone),
                subject=one.subject,
                channel=channels.get(one.channel, one.channel),
                touchpoint=places.get(one.touchpoint, one.touchpoint),
            )
