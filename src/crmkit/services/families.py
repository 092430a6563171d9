"""The built-in families of verbs, by the names under which a CRM and a unit of work show them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

from ..ports.work import Service
from .kpis import Kpis

Sv = TypeVar("Sv", bound=Service)


class Families(ABC):
    """What a CRM shows beside its own methods; a plugin's family is reached by ``service(Repairs)``."""

    @abstractmethod
    def service(self, of: type[Sv]) -> Sv:
        """Return a family of verbs."""

    @property
    def kpis(self) -> Kpis:
        """What we measure."""
        return self.service(Kpis)
