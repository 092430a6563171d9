"""The fixtures that plugin authors have: here a test runs on every store."""

from crmkit.testing.fixtures import clock, crm

__all__ = ["clock", "crm"]
