"""crmkit: a CRM plugin framework and SDK."""

__version__ = "0.1.0"
