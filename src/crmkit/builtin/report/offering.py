"""The report as a plugin."""

from __future__ import annotations

from crmkit import Commands, Plugin

plugin = Plugin(
    "report",
    offers=(Commands("report", "crmkit.builtin.report.commands:report", "Write one self-contained page of figures."),),
)
