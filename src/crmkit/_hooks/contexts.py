"""Contexts of hooks: one per plugin and face, kept with the face and gone with it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from ..ports.work import Context
from .hook import Plugged


def context_of(plugin: Plugged, face: Any) -> Context[Any]:
    """Return what a plugin's hooks may use beside their subject, made once for this face.

    A face that can hold ``_contexts`` keeps them; the map lives as long as the face, so nothing is kept alive by it.
    """
    try:
        return face._contexts[plugin]  # type: ignore[no-any-return]  # a face is whatever the unit of work hands out
    except (AttributeError, KeyError, TypeError):
        return _made(plugin, face)


def _made(plugin: Plugged, face: Any) -> Context[Any]:
    context: Context[Any] = Context(settings=plugin.settings, crm=face, plugin=plugin.name)
    kept = getattr(face, "_contexts", None)
    if not isinstance(kept, dict):
        kept = dict[Plugged, Context[Any]]()
        with suppress(AttributeError, TypeError):
            face._contexts = kept
    kept[plugin] = context
    return context
