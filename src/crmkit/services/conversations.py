"""Conversations: which exchanges belong together, and which one answers which; written when the second one arrives.

A conversation is a run of exchanges with one customer over one channel in which no two neighbours lie further apart
than ``GAP``. The first one opens it. An inbound message is answered by the first outbound one at or after it in the same
conversation; an outbound one answers the last inbound message of those that waited for it. Automated messages and
internal notes take no part. All of it depends on when things occurred alone, so that an import in any order, and
messages that arrive late, lead to the same conversations; what the actor may not see is part of them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

from ..ports.work import Work
from ..query import Condition, each, has
from ..records import Interaction, Participant

GAP: Final = timedelta(days=14)
"""After so long without a word a conversation is over, and the next message opens another."""
_TICK: Final = timedelta(microseconds=1)

SURVEY_ANSWER: Final = "survey-answer"
"""The kind of a reply that answered a survey: it waits for no answer, and opens no conversation."""


def takes_part(interaction: Interaction) -> bool:
    """Whether an interaction is part of conversations."""
    return (
        interaction.state == "done"
        and interaction.occurred_at is not None
        and interaction.direction in ("in", "out")
        and not interaction.is_automated
        and interaction.kind != SURVEY_ANSWER
    )


def joined(work: Work, one: Interaction, address_key: str = "", within: UUID | None = None) -> Interaction:
    """Return an interaction that is about to be kept with its conversation; a later conversation that it reaches becomes part of it.

    Args:
        address_key: by whose address it is followed while the customer is unknown.
        within: the conversation that it is known to belong to, however long ago.
    """
    if not takes_part(one):
        return one
    if within is not None:
        return attrs.evolve(one, conversation=within, opens_conversation=False)
    with work.unnarrowed():
        conversation, opens = _reached(work, one, _same_thread(one, address_key))
    return attrs.evolve(one, conversation=conversation, opens_conversation=opens)


def settled(work: Work, kept: Interaction) -> Interaction:
    """Write what an interaction that has been kept answers, and what answers it; return it as it is then."""
    if not takes_part(kept) or kept.conversation is None or kept.occurred_at is None:
        return kept
    with work.unnarrowed():
        settle(work, kept.conversation, kept.occurred_at)
        if kept.direction == "out":
            settle(work, kept.conversation, kept.occurred_at + _TICK)
    return work.get(Interaction, kept.id)


def _same_thread(interaction: Interaction, address_key: str) -> list[Condition]:
    """Return the conditions of exchanges with the same party over the same channel; none where the party is unknown."""
    i, p = each(Interaction), each(Participant)
    if interaction.customer is not None:
        party = i.customer == interaction.customer
    elif address_key:
        party = has(p.interaction, p.address_key == address_key, p.role == "customer")
    else:
        return []
    return [
        party,
        i.channel == interaction.channel,
        i.state == "done",
        i.direction != "internal",
        i.is_automated == False,  # noqa: E712  # a condition
        i.kind != SURVEY_ANSWER,
    ]


def _reached(work: Work, one: Interaction, thread: Sequence[Condition]) -> tuple[UUID, bool]:
    """Return the conversation that an interaction joins or opens, and whether it opens it.

    Where it closes the gap between two conversations, the later one becomes part of the earlier.
    """
    at = one.occurred_at
    if not thread or at is None:
        return one.id, True
    i = each(Interaction)
    # ties: the one that was recorded first stands first
    before = work.find(
        Interaction,
        *thread,
        i.id != one.id,
        i.occurred_at <= at,
        i.occurred_at >= at - GAP,
        order=[-i.occurred_at],
        limit=1,
    )
    after = work.find(
        Interaction,
        *thread,
        i.id != one.id,
        i.occurred_at > at,
        i.occurred_at <= at + GAP,
        order=[i.occurred_at],
        limit=1,
    )
    conversation = (before[0].conversation or before[0].id) if before else one.id
    if after and after[0].conversation != conversation:
        _relabel(work, after[0], conversation)
    return conversation, not before


def _relabel(work: Work, first: Interaction, conversation: UUID) -> None:
    """Make a conversation part of another one."""
    i = each(Interaction)
    where = i.conversation == first.conversation if first.conversation else i.id == first.id
    members = list(work.stream(Interaction, where))
    work.replace([attrs.evolve(member, conversation=conversation, opens_conversation=False) for member in members])


def settle(work: Work, conversation: UUID, at: datetime) -> None:
    """Write who answers whom around an instant: between the last outbound message before it and the first one from it on."""
    i = each(Interaction)
    mine = [i.conversation == conversation, i.direction == "out"]
    answer = next(iter(work.find(Interaction, *mine, i.occurred_at >= at, order=[i.occurred_at], limit=1)), None)
    before = next(iter(work.find(Interaction, *mine, i.occurred_at < at, order=[-i.occurred_at], limit=1)), None)
    waiting = _waiting(work, conversation, before, answer)
    answered_at = answer.occurred_at if answer else None
    if changed := [attrs.evolve(one, answered_at=answered_at) for one in waiting if one.answered_at != answered_at]:
        work.replace(changed, name="interaction.answered" if answer else "")
    answers = waiting[-1].id if waiting else None
    if answer is not None and answer.answers != answers:
        work.replace(attrs.evolve(answer, answers=answers))


def _waiting(
    work: Work, conversation: UUID, before: Interaction | None, answer: Interaction | None
) -> Sequence[Interaction]:
    i = each(Interaction)
    where = [i.conversation == conversation, i.direction == "in"]
    if before is not None:
        where.append(i.occurred_at > before.occurred_at)
    if answer is not None:
        where.append(i.occurred_at <= answer.occurred_at)
    return work.find(Interaction, *where, order=[i.occurred_at])
