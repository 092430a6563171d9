"""A reply without what it quotes: what the writer says now."""

from __future__ import annotations

import re
from typing import Final

_SIGNATURE: Final = re.compile(r"^(?:-- ?|—|__+)$")
_ATTRIBUTION: Final = re.compile(
    r"^\W*(?:on\b.{5,200}\bwrote|op\b.{5,200}\bschreef.{0,80}|le\b.{5,200}\ba écrit|am\b.{5,200}\bschrieb.{0,80}"
    r"|.{5,200}\bezt írta.{0,80}|.{5,200}\bírta|.{0,40}\bבתאריך\b.{5,200}|.{5,200}\bכתב(?:ה|/ה)?|.{0,40}\bفي\b.{5,200}\bكتب.{0,80}"
    r"|.{0,40}\bدر\b.{5,200}\bنوشت.{0,80})\s*[:：]\s*$",
    re.IGNORECASE | re.DOTALL,
)
_RULE: Final = re.compile(
    r"^\s*(?:-{2,}\s*(?:original message|oorspronkelijk bericht|eredeti üzenet|forwarded message|הודעה מקורית|الرسالة الأصلية|پیام اصلی)\s*-*"
    r"|_{10,}|>{1,}.*)\s*$",
    re.IGNORECASE,
)
_HEADS: Final = re.compile(r"^\s*\*?(?:from|van|feladó|מאת|من|از|sent|verzonden)\s*:\*?\s+\S", re.IGNORECASE)


def own_words(text: str) -> str:
    """Return what the writer says above or between quotations; where everything is quoted, the text as it is."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept: list[str] = []
    for number, line in enumerate(lines):
        if _ends_here(lines, number):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line.rstrip())
    own = "\n".join(kept).strip()
    return own or text.strip()


def _ends_here(lines: list[str], number: int) -> bool:
    """Say whether a signature or the whole earlier message begins: nothing of the writer's comes behind it."""
    line = lines[number]
    if _SIGNATURE.match(line):
        return True
    if _RULE.match(line) and not line.lstrip().startswith(">"):
        return True
    if (
        _HEADS.match(line)
        and number + 1 < len(lines)
        and any(_HEADS.match(one) for one in lines[number + 1 : number + 4])
    ):
        return True
    return any(
        _is_attribution(lines[number : number + many]) and _quotes_follow(lines, number + many) for many in (1, 2, 3)
    )


def _is_attribution(lines: list[str]) -> bool:
    """Say whether these lines together say who wrote what follows; a line of the writer's above such ones is none of them."""
    if not all(line.strip() for line in lines) or any(_ATTRIBUTION.match(line) for line in lines[1:]):
        return False
    return bool(_ATTRIBUTION.match(" ".join(lines)))


def _quotes_follow(lines: list[str], number: int) -> bool:
    """Say whether all that follows is quotation: between quotations the writer may go on."""
    rest = [line for line in lines[number:] if line.strip()]
    return all(line.lstrip().startswith(">") for line in rest) or not any(
        line.lstrip().startswith(">") for line in rest
    )
