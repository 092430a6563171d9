"""The path of a deal at Maven's computer seller."""

from crmkit import Deal, Pipeline, Plugin, Stage

selling = Pipeline(
    "maven",
    of=Deal,
    stages=(Stage("prospecting"), Stage("engaging"), Stage("won", "won"), Stage("lost", "lost")),
)
plugin = Plugin("maven", offers=(selling,))
