"""Keeping rows of contact points: an address is known by its normal form, which a file need not have."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import InvalidError
from ...records.contact_key import contact_key
from .drafts import Draft
from .keeping import RecordKeeper


class ContactPointKeeper(RecordKeeper):
    """Addresses of customers, each by its customer, kind and key."""

    def identify(self, drafts: Sequence[Draft]) -> None:
        """By id or external id; else by customer, kind and key."""
        for draft in drafts:
            if "key" not in draft.fields and {"kind", "value"} <= draft.fields.keys():
                self._put_key(draft)
        super().identify(self._good(drafts))

    def _put_key(self, draft: Draft) -> None:
        try:
            draft.fields["key"] = contact_key(draft.fields["kind"], draft.fields["value"])
        except InvalidError as error:
            draft.refuse("not-an-address", "value", reason=str(error))
