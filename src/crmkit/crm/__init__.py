"""The CRM: where everything is put together."""

from __future__ import annotations

from .face import CRM

__all__ = ["CRM"]
