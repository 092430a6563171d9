"""Erasing a customer: what tells of them is blanked or removed, everywhere; what is left refers to a tombstone."""

from __future__ import annotations

from .results import Erasure
from .service import Erasing

__all__ = ["Erasing", "Erasure"]
