"""The path of a ticket at an Italian help desk: its stages are the steps that the desk's program writes down."""

from crmkit import Pipeline, Plugin, Stage
from crmkit_cases import Case

helpdesk = Pipeline(
    "helpdesk",
    of=Case,
    enters=False,
    stages=(
        Stage("insert"),
        Stage("assign-seriousness"),
        Stage("take-in-charge"),
        Stage("wait", "hold"),
        Stage("require-upgrade"),
        Stage("schedule-intervention"),
        Stage("create-anomaly"),
        Stage("resolve-anomaly"),
        Stage("resolve"),
        Stage("resolved"),
        Stage("verified"),
        Stage("invalid"),
        Stage("duplicate"),
        Stage("closed", "won"),
    ),
)
plugin = Plugin("helpdesk", offers=(helpdesk,))
