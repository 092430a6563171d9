"""The channels of a CRM: offered by plugins, each opened once."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator
from typing import Any

import attrs

from ...errors import CRMError, InvalidError, PluginError, nearest
from ...ports.channel import Channel

_log = logging.getLogger("crmkit.sending")


@attrs.frozen
class Channels:
    """What the house's plugins offer as channels."""

    house: Any

    def names(self) -> tuple[str, ...]:
        """Return the names of all channels."""
        return tuple(offer.value.name for offer in self._offers())

    def facts(self, name: str) -> type[Channel] | Channel:
        """Return a channel's class, for its facts; nothing is opened.

        Raises:
            InvalidError: there is no such channel.
        """
        for offer in self._offers():
            if offer.value.name == name:
                value: type[Channel] | Channel = offer.value
                return value
        known = ", ".join(sorted(self.names())) or "none"
        raise InvalidError(
            f"There is no channel {name!r}: there are {known}.{nearest(name, self.names())}",
            code="unknown_channel",
            field="channel",
        )

    def opened(self, name: str) -> Channel:
        """Return a channel, opened at its first use.

        Raises:
            InvalidError: there is no such channel. PluginError: it can not be opened.
        """
        self.facts(name)
        offer = next(offer for offer in self._offers() if offer.value.name == name)
        made: Channel = self.house.opened(f"channel:{name}", lambda: self._made(offer))
        return made

    def usable(self) -> Iterator[Channel]:
        """Yield the channels that can be opened; one that can not is told in the log, and its messages wait."""
        for name in self.names():
            try:
                yield self.opened(name)
            except CRMError as error:
                _log.warning("channel can not be opened", extra={"channel": name, "reason": str(error)})

    def _offers(self) -> tuple[Any, ...]:
        found: tuple[Any, ...] = self.house.loaded.offers(Channel)
        return found

    def _made(self, offer: Any) -> Channel:
        of = offer.value
        if isinstance(of, Channel):
            return of
        try:
            takes_settings = bool(inspect.signature(of).parameters)
            made: Channel = of(self.house.loaded.settings_of(offer.plugin.name)) if takes_settings else of()
        except Exception as error:
            raise PluginError(
                f"Channel {of.name!r} of plugin {offer.plugin.source} can not be opened: {type(error).__name__}.",
                code="channel",
                plugin=offer.plugin.name,
                version=offer.plugin.version,
            ) from error
        return made
