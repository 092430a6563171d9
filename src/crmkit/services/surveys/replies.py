"""A reply in words that begins with a number: ``9, because you keep your word``. Pure."""

from __future__ import annotations

import re
from typing import Final

import attrs

_DIGIT: Final = "0-9\u0660-\u0669\u06f0-\u06f9"
_REPLY: Final = re.compile(
    rf"[^\w]*(?P<number>[{_DIGIT}]{{1,3}})(?![{_DIGIT}])(?![.,:\u066b][{_DIGIT}])(?:\s*/\s*[{_DIGIT}]{{1,3}})?"
    r"(?:\s*[.,:;!)*_\u060c\u061b\u2013\u2014-]+)?(?P<rest>(?:\s.*)?)$",
    re.DOTALL,
)
_DIGITS: Final = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")


@attrs.frozen
class Reply:
    """A number, and what was said beside it."""

    number: int
    comment: str = ""


def read_reply(text: str) -> Reply | None:
    """Return the number that a text begins with, in Western, Arabic or Persian digits, and the rest; None where it begins otherwise.

    A decimal number or a time of day (``9.5``, ``10:30``) is no answer.
    """
    found = _REPLY.match(text.strip())
    if found is None:
        return None
    return Reply(int(found["number"].translate(_DIGITS)), found["rest"].strip())
