"""Text at the border: one normal form on every store, and the folded key that a search compares.

The fold answers "is it the same word to somebody who searches": case, accents, vowel points, Arabic and Persian
letter variants, digits of any script, zero-width joiners and bidi marks make no difference. ``FOLD_VERSION`` is kept
in the database, so that folded columns are made anew when the fold changes.
"""

from __future__ import annotations

import re
import unicodedata

from ..errors import InvalidError

FOLD_VERSION = 1

_INVISIBLE = (
    "\u200b\u200c\u200d\u2060\ufeff\u00ad\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_DROP = {ord(c): None for c in _INVISIBLE}
_LETTERS = {
    "\u064a": "\u06cc",  # Arabic yeh -> Persian yeh
    "\u0649": "\u06cc",  # alef maksura
    "\u0643": "\u06a9",  # Arabic kaf -> Persian keheh
    "\u0629": "\u0647",  # teh marbuta -> heh
    "\u0623": "\u0627",
    "\u0625": "\u0627",
    "\u0622": "\u0627",
    "\u0671": "\u0627",
    "\u0640": "",  # tatweel
    "\u0131": "i",  # dotless i
    "\u00f8": "o",
    "\u0142": "l",
    "\u0111": "d",
    "\u00df": "ss",
    "\u00e6": "ae",
    "\u0153": "oe",
}
_FOLDS = {**_LETTERS, **dict.fromkeys(_INVISIBLE, "")}
_FOLDED = re.compile(rf"[{''.join(_FOLDS)}]|[^\w\s\x00-\x7f]|[^\D\x00-\x7f]")
"""What a fold may drop or change, marks and digits too: looking at each letter in Python takes ten times as long."""
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")


def normal(text: str, field: str | None = None) -> str:
    """Return text in NFC.

    Raises:
        InvalidError: it holds NUL or a lone surrogate, which no store can keep.
    """
    if text.isascii():
        if "\x00" in text:
            raise _forbidden(text, field)
        return text
    if _FORBIDDEN.search(text):
        raise _forbidden(text, field)
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def identity(text: str, field: str | None = None) -> str:
    """Return normal text without zero-width and bidi control characters, its outer white space dropped."""
    text = normal(text, field)
    return text.strip() if text.isascii() else text.translate(_DROP).strip()


def _forbidden(text: str, field: str | None) -> InvalidError:
    found = next(c for c in text if c == "\x00" or "\ud800" <= c <= "\udfff")
    return InvalidError(
        f"A text can not hold the character U+{ord(found):04X}: remove it.",
        code="forbidden_character",
        field=field,
        params={"character": f"U+{ord(found):04X}"},
    )


def fold(text: str) -> str:
    """Return the search key of a text (see the module); that of a search key is itself."""
    if text.isascii():
        return " ".join(text.lower().split())
    # Decomposed before the case too: a superscript A is a capital letter once it is one.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join(unicodedata.normalize("NFC", _FOLDED.sub(_folded, decomposed)).split())


def _folded(found: re.Match[str]) -> str:
    character = found[0]
    if character in _FOLDS:
        return _FOLDS[character]
    if unicodedata.combining(character):
        return ""
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)
