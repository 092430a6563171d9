"""The rules of sending as settings: ``[settings.sending]`` in crmkit.toml."""

from __future__ import annotations

from crmkit import Plugin
from crmkit.ports.sending import SendingRules

plugin = Plugin("sending", settings=SendingRules)
