"""KPIs: periods, intervals and the engine that measures."""

from __future__ import annotations

from .periods import Period
from .series import Compare, ComponentFacts, Explanation, KpiFacts, Measurement, Series, SourceFacts
from .service import Kpis

__all__ = [
    "Compare",
    "ComponentFacts",
    "Explanation",
    "KpiFacts",
    "Kpis",
    "Measurement",
    "Period",
    "Series",
    "SourceFacts",
]
