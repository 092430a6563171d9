"""A mail server on this machine that keeps what it takes, and misbehaves when told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class MailServer:
    """What it was given, and how it answers: phase (``MAIL``, ``RCPT``, ``DATA``, ``END``) -> a reply, or what makes one.

    ``"drop"`` breaks the line in that phase; in ``END`` it does so after the letter was kept.
    """

    def __init__(self) -> None:
        self.port = 0
        self.letters: list[tuple[Envelope, EmailMessage]] = []
        self.answers: dict[str, str | Callable[[Envelope], object]] = {}
        self.envelopes = 0

    # --- what aiosmtpd asks of a handler ---
    async def handle_MAIL(self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        self.envelopes += 1
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self._answer("MAIL", server, envelope) or "250 OK"

    async def handle_RCPT(self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return self._answer("RCPT", server, envelope) or "250 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:
        answer = self.answers.get("END", "")
        if not isinstance(answer, str) or answer in ("", "drop") or answer[:1] not in "45":
            assert isinstance(envelope.content, bytes)
            letter = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(letter, EmailMessage)
            self.letters.append((envelope, letter))
        return self._answer("END", server, envelope) or "250 OK"

    def _answer(self, phase: str, server: SMTP, envelope: Envelope) -> str:
        answer = self.answers.get(phase, "")
        if answer == "drop":
            assert server.transport is not None
            server.transport.abort()
        elif not isinstance(answer, str):
            return str(answer(envelope) or "")
        return answer

    # --- as a program reads it ---
    def taken(self) -> int:
        return len(self.letters)

    def only(self) -> tuple[Envelope, EmailMessage]:
        """Return the one letter that came, in its envelope; aiosmtpd reads every property, so this is none."""
        (found,) = self.letters
        return found


class _Protocol(SMTP):
    async def smtp_DATA(self, arg: str) -> None:
        """Answer DATA itself badly where told; aiosmtpd has no handler for that."""
        answer = self.event_handler._answer("DATA", self, self.envelope)
        if answer:
            await self.push(answer)
        else:
            await super().smtp_DATA(arg)


@contextmanager
def mail_server(**options: Any) -> Iterator[MailServer]:
    """Run a mail server on a free port, in a thread of its own."""
    made, loop = MailServer(), asyncio.new_event_loop()

    async def begun() -> asyncio.Server:
        return await loop.create_server(
            lambda: _Protocol(made, loop=loop, hostname="mail.test", **options), "127.0.0.1", 0
        )

    async def ended(server: asyncio.Server) -> None:
        server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        server = asyncio.run_coroutine_threadsafe(begun(), loop).result()
        made.port = server.sockets[0].getsockname()[1]
        yield made
        asyncio.run_coroutine_threadsafe(ended(server), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
