"""The channel itself: where letters are put, and where replies are found."""

from __future__ import annotations

import mailbox
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import attrs

from crmkit.ports.channel import Channel, Delivery, NotSent, Receipt, Received, Rejected

from .reading import read_letter
from .writing import BadAddress, Letter, write_letter

SENT, MBOX, INBOX = "sent", "sent.mbox", "inbox"
BATCH: Final = 100
_PARTS: Final = ("cur", "new", "tmp")


@attrs.frozen
class Settings:
    """The table ``[settings.mailbox]`` of crmkit.toml.

    Attributes:
        folder: where the mailbox is; made at the first use.
        sender: the address that letters come from; replies go there.
        name: the name beside it.
        keeps_mbox: whether letters go into ``sent.mbox`` too.
    """

    folder: Path = Path("mailbox")
    sender: str = "crm@localhost"
    name: str = ""
    keeps_mbox: bool = True


class Mailbox(Channel):
    """E-mail in a folder: ``sent`` (a Maildir) and ``sent.mbox`` hold what was sent, ``inbox`` (a Maildir) what came in."""

    name = "mailbox"
    addresses = "email"
    renders = "text"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, delivery: Delivery) -> Receipt:
        """Write one letter. It stands in the Maildir whole or not at all; there it counts as sent."""
        try:
            letter = write_letter(delivery, self._settings.sender, self._settings.name)
        except BadAddress as error:
            raise Rejected("address", is_address=True) from error
        try:
            begun = _begun(self._made(SENT) / "tmp" / letter.file_name, letter)
            if self._settings.keeps_mbox:
                self._appended(letter)
        except (OSError, mailbox.Error) as error:
            raise NotSent(f"The mailbox can not be written: {type(error).__name__}.") from error
        begun.replace(begun.parent.parent / "new" / begun.name)  # whole at once: from here on it counts as sent
        return Receipt(external_id=letter.message_id)

    def _made(self, maildir: str) -> Path:
        for box in (SENT, INBOX):
            for part in _PARTS:
                (self._settings.folder / box / part).mkdir(parents=True, exist_ok=True)
        return self._settings.folder / maildir

    def _appended(self, letter: Letter) -> None:
        box = mailbox.mbox(self._settings.folder / MBOX, create=True)
        try:
            box.lock()
            box.add(letter.raw)
        finally:
            box.close()

    def poll(self, since: str) -> tuple[Iterable[Received], str]:
        """Return the letters in ``inbox/new``, at most 100.

        ``since`` names those that were returned before and have been kept by now: they are moved to ``inbox/cur``.
        """
        inbox = self._settings.folder / INBOX
        if not (inbox / "new").is_dir():
            return (), since
        done = [name for name in since.split("\n") if name]
        for name in done:
            _move_to_read(inbox, name)
        found = sorted(path for path in (inbox / "new").iterdir() if path.is_file() and "\n" not in path.name)[:BATCH]
        letters = [read_letter(path.read_bytes()) for path in found]
        return letters, "\n".join(path.name for path in found)

    def health(self) -> str:
        """Say why the folder can not be written, or nothing."""
        folder = self._settings.folder
        above = next((one for one in (folder, *folder.absolute().parents) if one.exists()), folder)
        return "" if above.is_dir() and os.access(above, os.W_OK) else f"{str(above)!r} can not be written."


def _begun(place: Path, letter: Letter) -> Path:
    """Write the letter onto the disk, beside the place where it counts."""
    with place.open("wb") as file:
        file.write(letter.raw)
        file.flush()
        os.fsync(file.fileno())
    return place


def _move_to_read(inbox: Path, name: str) -> None:
    place = inbox / "new" / Path(name).name
    if place.is_file():
        (inbox / "cur").mkdir(exist_ok=True)
        place.replace(inbox / "cur" / (place.name if ":2," in place.name else f"{place.name}:2,S"))
