"""A Likert scale of five items, two of them reversed."""

from crmkit import Plugin
from crmkit.ports.survey_type import Item, Scale

trust = Scale(
    "trust", lo=1, hi=7, top=6, bottom=2,
    items=(
        Item("keeps-promises"), Item("honest"), Item("cares"),
        Item("hides-things", reverse=True), Item("hard-to-reach", reverse=True),
    ),
    min_answered=4,  # the score is the mean of the answered items; fewer than this: no score
)  # fmt: skip
plugin = Plugin("trust-survey", offers=(trust,))
