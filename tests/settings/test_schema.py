"""JSON Schema of settings, for editors."""

from __future__ import annotations

import json
from typing import Literal

import attrs

from crmkit.ports.secret import Secret
from crmkit.settings import Project, project_schema, settings_schema


@attrs.frozen
class Settings:
    """Some of each."""

    sender: str
    token: Secret = Secret("s3cr3t")
    timeout_s: float = 10
    mode: Literal["fast", "safe"] = "safe"
    tags: tuple[str, ...] = ()
    limit: int | None = None


def test_a_class_is_told_as_a_schema_without_its_secrets():
    schema = settings_schema(Settings)
    assert schema["required"] == ["sender"]
    assert schema["properties"]["timeout_s"] == {"type": "number", "default": 10}
    assert schema["properties"]["mode"] == {"enum": ["fast", "safe"], "default": "safe"}
    assert schema["properties"]["tags"] == {"type": "array", "items": {"type": "string"}}
    assert schema["properties"]["limit"] == {"type": "integer"}
    assert "s3cr3t" not in json.dumps(schema)


def test_a_projects_schema_holds_its_plugins():
    schema = project_schema({"two-wheels": settings_schema(Settings)})
    table = schema["properties"]["settings"]["properties"]["two-wheels"]
    assert table["required"] == ["sender"]
    assert table["properties"]["required"] == {"type": "boolean", "default": False}, "whether the plugin must be there"
    assert set(table["properties"]) == {*settings_schema(Settings)["properties"], "required"}


def test_a_projects_schema_holds_all_that_can_be_set():
    """What is new in crmkit.toml is unknown to editors until it stands here."""
    known = {field.name for field in attrs.fields(Project)} - {"folder", "file"}
    assert set(project_schema({})["properties"]) == known
