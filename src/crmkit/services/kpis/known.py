"""Which KPIs there are: those that plugins offer, and those that follow from the survey types that plugins offer.

All that the engine knows of the house stands here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from crmkit.errors import ConflictError, NotFoundError, nearest
from crmkit.ports.calendar import Calendar
from crmkit.ports.kpi import Kpi
from crmkit.ports.survey_type import SurveyType
from crmkit.ports.work import Work


@attrs.frozen
class Known:
    """A KPI and the plugin that offers it."""

    kpi: Kpi
    plugin: str
    rival: str = ""
    """Another plugin whose KPI has the same name."""


def zone_of(work: Work) -> ZoneInfo:
    """Return the time zone of the business."""
    zone: ZoneInfo = work.house.zone
    return zone


def currency_of(work: Work) -> str:
    """Return the currency that the CRM counts in where nothing says other."""
    return str(work.house.currency)


def known_kpis(work: Work) -> dict[str, Known]:
    """Return all KPIs by name, in the order of their names. Of two that have one name the first is kept, and says so."""
    found: dict[str, Known] = {}
    for one in _offered(work):
        first = found.setdefault(one.kpi.name, one)
        if first is not one:
            found[one.kpi.name] = attrs.evolve(first, rival=one.plugin)
    return dict(sorted(found.items()))


def known_kpi(work: Work, name: str) -> Known:
    """Return the KPI of a name; underscores are read as hyphens.

    Raises:
        NotFoundError: there is none; the nearest is named.
        ConflictError: two plugins offer KPIs of this name.
    """
    found = known_kpis(work)
    known = found.get(name) or found.get(name.replace("_", "-").lower())
    if known is None:
        raise NotFoundError(
            f"There is no KPI {name!r}.{nearest(name, found) or ' `crmkit kpis list` has them.'}",
            code="unknown_kpi",
            params={"name": name},
        )
    if known.rival:
        raise ConflictError(
            f"Plugins {known.plugin!r} and {known.rival!r} both have a KPI {known.kpi.name!r}: disable one of them.",
            code="twice",
        )
    return known


def offered_calendars(work: Work) -> dict[str, Calendar]:
    """Return the calendars that plugins offer, by name."""
    return {made.name: made for offer in work.house.loaded.offers(Calendar) if (made := _made(offer.value)).name}


def _made(offered: Any) -> Any:
    """Return what is offered; a class is made without arguments."""
    return offered() if isinstance(offered, type) else offered


def _offered(work: Work) -> Iterator[Known]:
    for offer in work.house.loaded.offers(Kpi):
        yield Known(offer.value, offer.plugin.name)
    for offer in work.house.loaded.offers(SurveyType):
        for kpi in _made(offer.value).kpis():
            yield Known(kpi, offer.plugin.name)
