"""What moves along pipelines: any record type that is ``Staged``."""

from __future__ import annotations

from typing import Annotated, Final

import attrs

from .fields import Choices, History, Indexed
from .record import Record
from .values import Code

STATES: Final = ("open", "hold", "won", "lost")


@attrs.frozen(kw_only=True)
class Staged(Record):
    """A record that stands at a stage of a pipeline. ``stage`` is the stage's key; ``state`` follows from it.

    Left empty, ``pipeline`` is the only one of its record type and ``stage`` that pipeline's first.
    """

    pipeline: Annotated[Code, Indexed()] = ""
    stage: Annotated[Code, History()] = ""
    state: Annotated[Code, Choices(*STATES), Indexed()] = "open"
