"""The built-in families of verbs, by the names under which a CRM and a unit of work show them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

from ..ports.work import Service
from .agents import Agents
from .consents import Consents
from .customers import Customers
from .deals import Deals
from .exporting.service import Exporting
from .history import History
from .importing.service import Importing
from .interactions import Interactions
from .kpis import Kpis
from .messages import Messages
from .naming import Naming
from .pipelines import Pipelines
from .surveys.verbs import Surveys
from .touchpoints import Touchpoints

Sv = TypeVar("Sv", bound=Service)


class Families(ABC):
    """What a CRM shows beside its own methods; a plugin's family is reached by ``service(Repairs)``."""

    __slots__ = ()

    @abstractmethod
    def service(self, of: type[Sv]) -> Sv:
        """Return a family of verbs."""

    @property
    def customers(self) -> Customers:
        """Customers: add, put, change, find, link, merge, erase, show."""
        return self.service(Customers)

    @property
    def interactions(self) -> Interactions:
        """Interactions: record, timeline, plan, due, done, answer."""
        return self.service(Interactions)

    @property
    def deals(self) -> Deals:
        """Deals: open, change, move, win, lose, board, history, durations."""
        return self.service(Deals)

    @property
    def pipelines(self) -> Pipelines:
        """Pipelines of any record type: stages, board, durations, history."""
        return self.service(Pipelines)

    @property
    def agents(self) -> Agents:
        """Agents and teams: who works here."""
        return self.service(Agents)

    @property
    def touchpoints(self) -> Touchpoints:
        """Touchpoints: where customers meet us."""
        return self.service(Touchpoints)

    @property
    def history(self) -> History:
        """Who changed what."""
        return self.service(History)

    @property
    def naming(self) -> Naming:
        """The record that is meant by what people type."""
        return self.service(Naming)

    @property
    def kpis(self) -> Kpis:
        """What we measure."""
        return self.service(Kpis)

    @property
    def imports(self) -> Importing:
        """Importing: files of rows become records."""
        return self.service(Importing)

    @property
    def messages(self) -> Messages:
        """Messages: queue, deliver, uncertain, resolve, receive, poll."""
        return self.service(Messages)

    @property
    def consents(self) -> Consents:
        """Consent: grant, withdraw, object, state; suppressed addresses."""
        return self.service(Consents)

    @property
    def exports(self) -> Exporting:
        """Exporting: records become files that an import reads back."""
        return self.service(Exporting)

    @property
    def surveys(self) -> Surveys:
        """Surveys: create, publish, send, answer, form, responses, show."""
        return self.service(Surveys)
