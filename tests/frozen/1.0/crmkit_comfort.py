"""Survey types, as they were written against API 1.0: a scale of several items, and a class of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from crmkit import LocalText, Plugin
from crmkit.ports.survey_type import Answers, Given, Item, Problem, Scale, SurveyType

comfort = Scale(
    "comfort", lo=1, hi=5, top=4, bottom=2, min_answered=2, headline="mean", better="higher",
    question=LocalText.of("How was your stay?", nl="Hoe was uw verblijf?"),
    labels={1: LocalText.of("poor", nl="slecht"), 5: LocalText.of("splendid", nl="prachtig")},
    items=(Item("bed"), Item("quiet", text=LocalText.of("It was quiet.")), Item("cold", reverse=True)),
)  # fmt: skip


class Stars(SurveyType):
    name = "stars"

    def check(self, raw: object) -> Answers | Problem:
        if not isinstance(raw, str) or not raw or set(raw) != {"*"}:
            return Problem("shape")
        return Answers(whole=Given(raw=Decimal(len(raw)), score=Decimal(len(raw)), text=raw))

    def schema(self, *languages: str) -> Mapping[str, Any]:
        return {"type": "string", "pattern": "^[*]{1,5}$"}


plugin = Plugin("comfort", api=">=1.0,<2", offers=(comfort, Stars()))
