"""E-mail over SMTP."""

from __future__ import annotations

from crmkit import Plugin

from .channel import Settings, Smtp

__all__ = ["Settings", "Smtp", "plugin"]

plugin = Plugin("smtp", settings=Settings, capabilities=("network", "personal-data"), offers=(Smtp,))
