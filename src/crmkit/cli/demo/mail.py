"""The demo's customers answer their mail: replies are written into the inbox, as a mail program would."""

from __future__ import annotations

import email
import email.policy
import itertools
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Final

ANSWERS: Final[Mapping[str, Sequence[str]]] = {
    "Would you recommend us?": (
        "9\n\nQuick and kind.",
        "10",
        "۸\n\nممنون",
        "5\n\nThe invoice was wrong twice.",
        "3 - I waited three weeks for a part.",
        "9",
    ),
    "Your last visit": (
        "5\n\nQuick and kind.",
        "4",
        "۴\n\nممنون",
        "2 - I waited three weeks for a part.",
        "5",
        "٥\n\nشكرا",
    ),
}
"""What they write, by the subject of what asks them: a number (in their digits), perhaps a word on it."""


def drop_replies(mailbox: Path) -> int:
    """Answer the letters in ``sent`` that ask something, one reply each; return how many."""
    letters = sorted((mailbox / "sent" / "new").glob("*"))
    answers = {subject: itertools.cycle(texts) for subject, texts in ANSWERS.items()}
    for index, path in enumerate(letters):
        with path.open("rb") as file:
            sent = email.message_from_binary_file(file, policy=email.policy.default)
        reply = _reply(sent, next(answers[str(sent["Subject"])]))
        new = mailbox / "inbox" / "new"
        new.mkdir(parents=True, exist_ok=True)
        (new / f"reply-{index}.demo").write_bytes(reply.as_bytes())
    return len(letters)


def _reply(sent: EmailMessage, text: str) -> EmailMessage:
    reply = EmailMessage()
    reply["From"], reply["To"] = sent["To"], sent["Reply-To"] or sent["From"]
    reply["Subject"] = f"Re: {sent['Subject']}"
    reply["In-Reply-To"] = sent["Message-ID"]
    reply["Message-ID"] = f"<reply.{str(sent['Message-ID']).strip('<>')}>"
    body = sent.get_body(("plain",))
    quoted = "".join(f"> {line}\n" for line in (body.get_content() if body else "").splitlines())
    reply.set_content(f"{text}\n\nOn an earlier day, Ketting & Co wrote:\n{quoted}")
    return reply
