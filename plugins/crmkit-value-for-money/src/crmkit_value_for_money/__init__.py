"""Whether customers found it worth its price: one question, from 1 to 5."""

from crmkit import LocalText, Plugin
from crmkit.ports.survey_type import Scale

question = LocalText.of("Was it worth its price?", nl="Was het zijn prijs waard?")
ends = {1: LocalText.of("not at all", nl="helemaal niet"), 5: LocalText.of("entirely", nl="helemaal")}
value_for_money = Scale("value-for-money", lo=1, hi=5, top=4, bottom=2, question=question, labels=ends)
plugin = Plugin("value-for-money", offers=(value_for_money,))
