"""What a project and its plugins are told: crmkit.toml < CRMKIT_* environment < code. Secrets are named, never shown."""

from __future__ import annotations

from .plugin import Told, plugin_settings, settings_told, variable_of
from .project import FILE_NAME, Project, read_project
from .schema import project_schema, settings_schema
from .switching import switch
from .tenants import Tenant, tenants_of

__all__ = [
    "FILE_NAME", "Project", "Tenant", "Told", "plugin_settings", "project_schema", "read_project", "settings_schema", "switch", "settings_told",
    "tenants_of",    "variable_of",
]  # fmt: skip
