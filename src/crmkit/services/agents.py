"""Agents and teams: who works here, and how what people type becomes who is responsible."""

from __future__ import annotations

from typing import TypeAlias

from ..errors import InvalidError, nearest
from ..ports.work import Service, Work, verb
from ..query import each, reference_to
from ..records import Agent, AnyRef, Team

Responsible: TypeAlias = Agent | Team | AnyRef | str
"""An agent or a team: the record, a reference to it, or its key (``"mina"``); an empty text is nobody."""


class Agents(Service):
    """Who works here."""

    @verb
    def add(self, key: str, *, name: str = "", email: str = "", team: str = "", time_zone: str = "") -> Agent:  # type: ignore[override]  # the family's own verb
        """Keep a new agent.

        Raises:
            ConflictError: there is an agent with this key.
        """
        return self.unit.add(Agent(key=key, name=name, email=email, team=team, time_zone=time_zone))

    @verb
    def add_team(self, key: str, *, name: str = "", manager: str = "") -> Team:
        """Keep a new team.

        Raises:
            ConflictError: there is a team with this key.
        """
        return self.unit.add(Team(key=key, name=name, manager=manager))

    @verb
    def named(self, key: str) -> Agent | Team:
        """Return the agent with a key or, where there is none, the team.

        Raises:
            InvalidError: there is neither; the nearest key is named.
        """
        return responsible(self.unit, key)

    @verb
    def list(self) -> tuple[Agent, ...]:
        """Return all agents, by key."""
        return tuple(self.unit.find(Agent, order=[each(Agent).key]))

    @verb
    def teams(self) -> tuple[Team, ...]:
        """Return all teams, by key."""
        return tuple(self.unit.find(Team, order=[each(Team).key]))


def responsible(work: Work, key: str) -> Agent | Team:
    """Return the agent with a key, or the team; see ``Agents.named``."""
    for agent in work.find(Agent, each(Agent).key == key, limit=1):
        return agent
    for team in work.find(Team, each(Team).key == key, limit=1):
        return team
    known = [agent.key for agent in work.find(Agent, limit=1000)] + [team.key for team in work.find(Team, limit=1000)]
    raise InvalidError(
        f"There is no agent or team {key!r}: add it first.{nearest(key, known)}", code="unknown_owner", field="owner"
    )


def reference_of(work: Work, who: Responsible | None) -> AnyRef | None:
    """Return the reference to who is responsible; None for nobody."""
    if not who:
        return None
    if isinstance(who, str):
        who = responsible(work, who)
    return reference_to(who) if isinstance(who, Agent | Team) else who


def record_of(work: Work, who: AnyRef | None) -> Agent | Team | None:
    """Return the agent or team that a reference names; None where it names none that is there."""
    if who is None or who.type not in ("agent", "team"):
        return None
    if who.type == "agent":
        return work.get_many(Agent, [who.id]).get(who.id)
    return work.get_many(Team, [who.id]).get(who.id)
