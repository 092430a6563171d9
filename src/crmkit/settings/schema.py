"""JSON Schema of settings, for editors and for the manifests of plugins."""

from __future__ import annotations

import types
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from ..ports.secret import Secret

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_SIMPLE: Final[Mapping[Any, Mapping[str, Any]]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Decimal: {"type": ["number", "string"]},
    Path: {"type": "string"},
    Secret: {"type": "string", "pattern": "^(env|file):", "writeOnly": True},
    dict: {"type": "object"},
    Mapping: {"type": "object"},
}


def settings_schema(cls: type[Any]) -> dict[str, Any]:
    """Return the JSON Schema of a plugin's settings class: its keys, their types and defaults; a secret's default is left out."""
    hints = get_type_hints(cls, include_extras=True)
    fields = [attribute for attribute in attrs.fields(cls) if attribute.init]
    schema: dict[str, Any] = {
        "$schema": _DIALECT,
        "type": "object",
        "additionalProperties": False,
        "properties": {a.alias or a.name: _property(hints.get(a.name, Any), a.default) for a in fields},
    }
    required = [a.alias or a.name for a in fields if a.default is attrs.NOTHING]
    return {**schema, "required": required} if required else schema


def project_schema(plugins: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the JSON Schema of crmkit.toml, with the settings of these plugins (name -> schema)."""
    texts = {"type": "array", "items": {"type": "string"}}
    tables = {name: _table(schema) for name, schema in plugins.items()}
    return {
        "$schema": _DIALECT,
        "title": "crmkit.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "store": {"type": "string"},
            "time_zone": {"type": "string"},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            "languages": texts,
            "plugins": texts,
            "disabled": texts,
            "order": texts,
            "hook_budget_s": {"type": "number"},
            "strict": {"type": "boolean"},
            "secret": {"type": "string", "writeOnly": True},
            "settings": {"type": "object", "properties": tables},
            "tenants": {"type": "object", "additionalProperties": _tenant(texts, tables)},
        },
    }


def _table(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of ``[settings.NAME]``: every plugin's table may also say that the plugin must be there."""
    properties = {**schema.get("properties", {}), "required": {"type": "boolean", "default": False}}
    return {**{key: said for key, said in schema.items() if key != "$schema"}, "properties": properties}


def _tenant(texts: Mapping[str, Any], tables: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of ``[tenants.NAME]``: of a plugin's settings any may be left out there."""
    some = {name: {key: said for key, said in table.items() if key != "required"} for name, table in tables.items()}
    properties = {"disabled": texts, "enabled": texts, "settings": {"type": "object", "properties": some}}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _property(kind: Any, default: Any) -> dict[str, Any]:
    made = _type(kind)
    if isinstance(default, str | int | float | bool) and default != "":
        made["default"] = default
    return made


def _type(kind: Any) -> dict[str, Any]:
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if kind in _SIMPLE:
        return dict(_SIMPLE[kind])
    if get_origin(kind) is Literal:
        return {"enum": list(get_args(kind))}
    if get_origin(kind) in (Union, types.UnionType):
        kinds = [_type(part) for part in get_args(kind) if part is not type(None)]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if get_origin(kind) in (tuple, list, frozenset, set):
        inner = [part for part in get_args(kind) if part is not Ellipsis]
        return {"type": "array", "items": _type(inner[0]) if inner else {}}
    return {}
