"""Keeping rows of interactions: with who took part, in the conversation that each belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from ...errors import InvalidError
from ...records import Participant
from ...records.contact_key import contact_key, kind_of_address
from ..conversations import joined, settled
from .drafts import Draft
from .keeping import RecordKeeper
from .mapping import Target
from .references import by_addresses
from .targets import ImportTarget
from .values import ExternalKey


class InteractionKeeper(RecordKeeper):
    """Interactions and their participants. A row without a customer is that of the one who has its ``address``."""

    def _put(self, draft: Draft, name: str, value: Any) -> None:
        """An external id of another system names the record; one without a source is what the channel's account calls it."""
        if isinstance(value, ExternalKey) and value.source:
            draft.more[name] = value
        else:
            super()._put(draft, name, value.value if isinstance(value, ExternalKey) else value)

    def identify(self, drafts: Sequence[Draft]) -> None:
        """By id, or by account and external id."""
        for draft in drafts:
            if "external_id" in draft.fields:
                draft.fields.setdefault("account", draft.fields.get("channel") or self.declaration.name)
        self._find_customers([draft for draft in drafts if "address" in draft.more])
        super().identify(drafts)

    def _find_customers(self, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            draft.more["address_key"] = self._key(draft)
        keys = {key for draft in self._good(drafts) if (key := draft.more["address_key"])}
        holders = by_addresses(self.work, keys)
        for draft in self._good(drafts):
            found = holders.get(draft.more["address_key"], set())
            if "customer" not in draft.fields and len(found) == 1:
                draft.fields["customer"] = next(iter(found))

    def _key(self, draft: Draft) -> str:
        address = draft.more["address"]
        try:
            return contact_key(kind_of_address(address), address)
        except InvalidError as error:
            draft.refuse("not-an-address", "address", reason=str(error))
            return ""

    def _add(self, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            made: Any = self.entry(draft).record
            draft.kept = self.work.add(joined(self.work, made, draft.more.get("address_key", "")))

    def complete(self, drafts: Sequence[Draft]) -> None:
        """Keep who took part, and what answers what."""
        new = [draft for draft in drafts if draft.old is None]
        took_part = [
            Participant(
                interaction=draft.kept.id,
                customer=draft.kept.customer,
                role="customer",
                address=draft.more.get("address", ""),
                address_key=draft.more.get("address_key", ""),
                occurred_at=draft.kept.occurred_at,
            )
            for draft in new
            if draft.kept.customer is not None or draft.more.get("address_key")
        ]
        if took_part:
            self.work.add(took_part)
        for draft in new:
            draft.kept = settled(self.work, draft.kept)


def of_interactions(plain: ImportTarget, columns: Iterable[str]) -> ImportTarget:
    """Return the target of interactions: with the address that one came from or went to."""
    fields = [
        attrs.evolve(field, kind="external_id") if field.name == "external_id" else field for field in plain.fields
    ]
    return attrs.evolve(plain, fields=(*fields, Target(name="address")))
