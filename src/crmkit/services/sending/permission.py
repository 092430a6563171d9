"""Whether somebody may be written to: consent as a fold of facts. Pure.

The rules, in the order in which they count:

1. An objection to direct marketing is absolute: no grant lifts it (GDPR, article 21 (3)).
2. A withdrawal, another objection or a restriction beats everything for its purpose and channel, until a later grant of
   consent by the subject. What an import brings is not the subject's word, and never lifts one.
3. Purposes that need no consent (``service``, ``transactional``), and those that the company bases on its legitimate
   interest, may go then.
4. Everything else needs a grant that has not expired.

A fact without a channel is about every channel.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import attrs

from ...ports.sending import SendingRules
from ...records import Consent

State = Literal["none", "granted", "withdrawn", "objected"]
ABSOLUTE: Final = frozenset({"marketing"})
IMPORTED: Final = "import"
"""What stands in ``Consent.source`` of a fact that an import brought."""


@attrs.frozen(kw_only=True)
class Standing:
    """What the facts come to; ``last`` is the one that decided."""

    state: State = "none"
    last: Consent | None = None


def standing(facts: Iterable[Consent], purpose: str, kind: str) -> Standing:
    """Return what the facts about a subject come to, for a purpose on a kind of channel (``email``, ``phone``)."""
    found = Standing()
    for fact in sorted(facts, key=lambda fact: (fact.at, fact.id)):
        if fact.purpose == purpose and fact.channel in ("", kind):
            found = _after(found, fact)
    return found


def _after(found: Standing, fact: Consent) -> Standing:
    if fact.action == "grant":
        return Standing(state="granted", last=fact) if _grants(found, fact) else found
    if fact.action == "expire":
        return Standing(last=fact) if found.state == "granted" else found
    if found.state == "objected":
        return found
    return Standing(state="objected" if fact.action == "object" else "withdrawn", last=fact)


def _grants(found: Standing, fact: Consent) -> bool:
    if found.state == "objected" and fact.purpose in ABSOLUTE:
        return False
    return found.state not in ("withdrawn", "objected") or _is_by_subject(fact)


def _is_by_subject(fact: Consent) -> bool:
    return fact.basis == "consent" and fact.source != IMPORTED


def refusal(found: Standing, purpose: str, rules: SendingRules) -> str:
    """Return why a message may not go (``objected``, ``withdrawn``, ``no_consent``), or an empty text."""
    if found.state in ("objected", "withdrawn"):
        return found.state
    if purpose in (*rules.without_consent, *rules.legitimate_interest) or found.state == "granted":
        return ""
    return "no_consent"
