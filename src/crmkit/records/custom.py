"""Custom values as a store keeps them: a text of JSON, read when somebody asks for it."""

from __future__ import annotations

import json
from typing import Any, Final, cast
from uuid import UUID

from ..errors import StoreCorrupt
from .values import EMPTY, FrozenMap

_read: Final = json.JSONDecoder().raw_decode
_BLANKS: Final = " \t\r\n"


def custom_from_text(text: object, of: str, record_id: UUID) -> FrozenMap:
    """Return the custom values that a text of JSON holds.

    Raises:
        StoreCorrupt: it is not what a store of ours writes.
    """
    if text == "{}":
        return EMPTY
    bare = text.strip(_BLANKS) if isinstance(text, str) else ""  # another program may have ended it by a line break
    try:
        found, end = _read(bare)
    except ValueError:
        found, end = None, 0
    if end != len(bare) or not isinstance(found, dict):
        raise StoreCorrupt(
            f"The custom fields of {of} {record_id} are kept as {repr(text)[:80]}, which is no object of JSON: another program has"
            " written it, or the database is damaged. Mend the column `custom` of this row, or restore a backup."
        )
    return FrozenMap(cast("dict[str, Any]", found))
