"""How far customers trust us: five items, two of them reversed."""

from crmkit import LocalText, Plugin
from crmkit.ports.survey_type import Item, Scale

trust = Scale(
    "trust", lo=1, hi=7, top=6, bottom=2, min_answered=4,  # fewer answered items: no score
    question=LocalText.of("How far do you agree?", nl="In hoeverre bent u het ermee eens?"),
    labels={1: LocalText.of("not at all", nl="helemaal niet"), 7: LocalText.of("entirely", nl="helemaal")},
    items=(
        Item("keeps-promises", text=LocalText.of("They keep their promises.", nl="Zij houden zich aan hun woord.")),
        Item("honest", text=LocalText.of("They are honest.", nl="Zij zijn eerlijk.")),
        Item("cares", text=LocalText.of("They care about me.", nl="Zij geven om mij.")),
        Item("hides-things", reverse=True, text=LocalText.of("They hide things.", nl="Zij verzwijgen dingen.")),
        Item("hard-to-reach", reverse=True, text=LocalText.of("They are hard to reach.", nl="Zij zijn slecht te bereiken.")),
    ),
)  # fmt: skip
plugin = Plugin("trust", offers=(trust,))
