"""Which KPIs there are: those that plugins offer, and those that follow from the survey types that plugins offer.

All that the engine knows of the house stands here.
"""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import attrs

from crmkit.errors import InvalidError, NotFoundError, nearest
from crmkit.ports.kpi import Kpi
from crmkit.ports.survey_type import SurveyType
from crmkit.ports.work import Work


@attrs.frozen
class Known:
    """A KPI and the plugin that offers it."""

    kpi: Kpi
    plugin: str


def zone_of(work: Work) -> ZoneInfo:
    """Return the time zone of the business."""
    zone: ZoneInfo = work.house.zone
    return zone


def currency_of(work: Work) -> str:
    """Return the currency that the CRM counts in where nothing says other."""
    return str(work.house.currency)


def known_kpis(work: Work) -> dict[str, Known]:
    """Return all KPIs by name, in the order of their names.

    Raises:
        InvalidError: two plugins offer KPIs of one name.
    """
    found: dict[str, Known] = {}
    for one in _offered(work):
        name = one.kpi.name
        if name in found:
            raise InvalidError(
                f"Two KPIs are called {name!r}: one of plugin {found[name].plugin!r}, one of {one.plugin!r}. Disable one.",
                code="twice",
            )
        found[name] = one
    return dict(sorted(found.items()))


def known_kpi(work: Work, name: str) -> Known:
    """Return the KPI of a name; underscores are read as hyphens.

    Raises:
        NotFoundError: there is none; the nearest is named.
    """
    found = known_kpis(work)
    known = found.get(name) or found.get(name.replace("_", "-").lower())
    if known is None:
        raise NotFoundError(
            f"There is no KPI {name!r}.{nearest(name, found)}", code="unknown_kpi", params={"name": name}
        )
    return known


def _offered(work: Work) -> Iterator[Known]:
    for offer in work.house.loaded.offers(Kpi):
        yield Known(offer.value, offer.plugin)
    for offer in work.house.loaded.offers(SurveyType):
        for kpi in offer.value.kpis():
            yield Known(kpi, offer.plugin)
