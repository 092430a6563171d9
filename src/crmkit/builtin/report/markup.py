"""HTML that is escaped by construction.

A plain ``str`` is text and is escaped wherever it enters; only what `element`
made is `Markup` and passes as it is. So a name that reads ``<script>`` can
not become one, whatever the caller forgets.
"""

import re
from collections.abc import Iterable
from html import escape, unescape
from unicodedata import bidirectional

# Embeddings, overrides and isolates: one of these in a name reorders or ends
# the isolation of what stands around it. Marks (LRM, RLM, ALM) are harmless.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NO_BREAK = "\u00a0\u202f"
_STRONG = frozenset({"L", "R", "AL"})
_VOID = frozenset({"meta", "br", "hr", "col"})


class Markup(str):
    """Finished HTML or SVG source."""

    __slots__ = ()


Child = Markup | str | None


def clean(text: str) -> str:
    """Text from a user, fit to be shown on one line.

    Bidirectional controls go, white space becomes a blank, and what can not
    stand in a document (controls, lone surrogates) becomes U+FFFD.
    """
    return " ".join(_scrubbed(text).split())


def _scrubbed(text: str) -> str:
    return "".join(_shown(char) for char in text if char not in _BIDI_CONTROLS)


def _shown(char: str) -> str:
    if char.isspace():
        return char if char in _NO_BREAK else " "
    code = ord(char)
    if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE:
        return "\ufffd"
    return char


def text(value: str) -> Markup:
    """Plain text as HTML, unchanged where it is HTML already."""
    if isinstance(value, Markup):
        return value
    return Markup(escape(_scrubbed(value), quote=True))


def plain(source: Markup) -> Markup:
    """The same without elements, for where only text may stand (``<title>``).

    What was isolated by ``<bdi>`` is isolated by control characters then.
    """
    isolates = source.replace('<bdi dir="ltr">', "\u2066").replace("<bdi>", "\u2068").replace("</bdi>", "\u2069")
    return Markup(re.sub(r"<[^>]*>", "", isolates))


def text_of(source: Markup) -> str:
    """The characters that are seen of it, to guess how wide it is."""
    return unescape(re.sub(r"<[^>]*>", "", source))


def join(children: Iterable[Child], between: str = "") -> Markup:
    """Children one after the other; None is left out."""
    return Markup(between.join(text(child) for child in children if child is not None))


def element(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """One element.

    Attribute names are written with ``_`` for ``-`` and a trailing ``_`` where
    Python has the word (``class_``); None and False leave the attribute out,
    True writes it alone.
    """
    opening = f"<{name}{_attributes(attributes)}>"
    if name in _VOID:
        return Markup(opening)
    return Markup(f"{opening}{join(children)}</{name}>")


def _attributes(attributes: dict[str, str | int | float | bool | None]) -> str:
    written: list[str] = []
    for key, value in attributes.items():
        name = key.rstrip("_").replace("_", "-")
        if value is None or value is False:
            continue
        written.append(f" {name}" if value is True else f' {name}="{_attribute(value)}"')
    return "".join(written)


def _attribute(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if isinstance(value, Markup):
        return plain(value)
    return escape(_scrubbed(str(value)), quote=True)


def isolated(value: str) -> Markup:
    """A name from a user: cleaned, and isolated from the direction around it.

    A name without letters, such as a telephone number, runs from left to right.
    """
    cleaned = clean(value)
    has_letters = any(bidirectional(char) in _STRONG for char in cleaned)
    return element("bdi", cleaned) if has_letters else figures(cleaned)


def figures(value: str) -> Markup:
    """A written number: always left to right, whatever stands around it."""
    return element("bdi", value, dir="ltr")
