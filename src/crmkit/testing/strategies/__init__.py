"""Hypothesis strategies: records of any declared type, worlds of them, and questions about them."""

from __future__ import annotations

from .questions import conditions, questions, tallies
from .records import CustomFields, no_custom_fields, pool_of, records, worlds
from .values import Pool, codes, decimals, instants, ints, jsons, kept_custom, texts, values

__all__ = [
    "CustomFields", "Pool", "codes", "conditions", "decimals", "instants", "ints", "jsons", "kept_custom", "no_custom_fields", "pool_of",
    "questions", "records", "tallies", "texts", "values", "worlds",
]  # fmt: skip
