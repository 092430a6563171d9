"""The mailbox: a channel that writes e-mail into a Maildir and an mbox, and reads the replies that are dropped into it.

It needs no server and no network: a mail program opens the folder, a mail transport may take letters from it.
"""

from __future__ import annotations

from crmkit import Plugin

from .channel import Mailbox, Settings

plugin = Plugin("mailbox", settings=Settings, capabilities=("files", "personal-data"), offers=(Mailbox,))
