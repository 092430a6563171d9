"""Who works here: agents and their teams; either can be responsible."""

from __future__ import annotations

from typing import Annotated

import attrs

from .fields import ZoneName
from .record import Record
from .values import Code


@attrs.frozen(kw_only=True)
class Agent(Record, shared=True, unique=[("key",)]):
    """Somebody who works here, and acts in the CRM."""

    key: Code
    """The short name by which colleagues and imports name the agent: ``mina``."""
    name: str = ""
    email: str = ""
    team: Code = ""
    time_zone: Annotated[Code, ZoneName()] = ""
    is_active: bool = True


@attrs.frozen(kw_only=True)
class Team(Record, shared=True, unique=[("key",)]):
    """A group of agents that is responsible together."""

    key: Code
    name: str = ""
    manager: Code = ""
