"""The kinds of rows that become more than one record, each with its target and what keeps it; all others follow from a declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import attrs

from ...records import ContactPoint, Customer, Field, Interaction, Record, StageChange, SurveyResponse, declaration_of
from .contact_points import ContactPointKeeper
from .customers import CustomerKeeper, of_customers
from .interactions import InteractionKeeper, of_interactions
from .keeping import RecordKeeper
from .moves import MoveKeeper, of_moves
from .responses import ResponseKeeper, of_responses
from .targets import ImportTarget, is_importable, target_of

Made = Callable[[ImportTarget, Iterable[str]], ImportTarget]


@attrs.frozen
class Kind:
    """One kind of row.

    Attributes:
        of: the record type that a row becomes.
        keeper: what keeps its rows.
        made: from what follows from the declaration, and the names of a mapping's or header's columns, to its target.
    """

    of: type[Record]
    keeper: type[RecordKeeper] = RecordKeeper
    made: Made = lambda plain, columns: plain

    def target(self, custom: Mapping[str, Field], columns: Iterable[str]) -> ImportTarget:
        """Return what columns can become."""
        return self.made(target_of(self.of, custom), columns)


_SPECIAL: Final[Mapping[str, Kind]] = {
    "customers": Kind(Customer, CustomerKeeper, of_customers),
    "contact-points": Kind(ContactPoint, ContactPointKeeper),
    "interactions": Kind(Interaction, InteractionKeeper, of_interactions),
    "stage-changes": Kind(StageChange, MoveKeeper, of_moves),
    "responses": Kind(SurveyResponse, ResponseKeeper, of_responses),
}


def kinds(types: Iterable[Any]) -> dict[str, Kind]:
    """Return all kinds of rows by name: the plurals of the record types, and the special ones."""
    plain = {declaration_of(of).plural: Kind(of) for of in types if is_importable(of)}
    return {**plain, **_SPECIAL}
