"""Erased customers: what is left of them is never changed, and nothing that tells of them is kept any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from ..errors import RefusedError
from ..ports.store import Find
from ..query import each
from ..records import Customer, Declaration, Operation, Record, Redirect, short_id
from ..records.blanking import blanked, tells

if TYPE_CHECKING:
    from .unit import Unit

KIND: Final = "customers.erase"
"""What the operation of an erasure is called; where there is none, nobody was erased, and nobody is looked for."""
_FEW: Final = 8
"""So many customers are got by their ids; of more, the erased ones are asked for."""


class Tombs:
    """Looks, for one unit of work, whether what is written belongs to somebody who was erased."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._fresh: set[UUID] = set()
        self._is_any: bool | None = None

    def learn(self, declaration: Declaration, added: Iterable[Record]) -> None:
        """Remember the customers that this unit added: nobody has erased them."""
        if declaration.of is Customer:
            self._fresh.update(record.id for record in added)

    def refuse_new(self, declaration: Declaration, records: Sequence[Record]) -> None:
        """Refuse new records of erased customers, but those that only say what becomes of a record that stayed.

        Raises:
            RefusedError: one of them is another record of an erased customer, or says something personal.
        """
        if not self._concern(declaration):
            return
        erased = self._erased({record.customer_id for record in records})
        is_another = declaration.direct or declaration.on_erase == "remove"
        for record in records:
            if record.customer_id in erased and (
                is_another or blanked(record, self._custom(declaration)) is not record
            ):
                raise _refused(record.customer_id)

    def refuse_changes(self, declaration: Declaration, pairs: Collection[tuple[Any, Any]]) -> None:
        """Refuse changes of an erased customer, and those that say anew something personal in one of their records.

        Raises:
            RefusedError: one of them is such a change.
        """
        if declaration.of is Customer:
            for old, _ in pairs:
                self.refuse_customer(old)
        elif self._concern(declaration):
            custom = self._custom(declaration)
            telling = {new.customer_id for old, new in pairs if _comes_in(old, new) or tells(old, new, custom)}
            for erased in self._erased(telling):
                raise _refused(erased)

    def refuse_customer(self, record: Record) -> None:
        """Refuse to touch an erased customer.

        Raises:
            RefusedError: the record is one.
        """
        if isinstance(record, Customer) and record.erased_at is not None and not self._unit.is_installing:
            raise _refused(record.id)

    def _concern(self, declaration: Declaration) -> bool:
        """Whether records of a type are looked at: not those of the machinery, and not what an upgrade's step writes."""
        is_watched = (
            declaration.owner is not None and declaration.mode != "operational" and not self._unit.is_installing
        )
        return is_watched and self._any()

    def _custom(self, declaration: Declaration) -> Any:
        return self._unit.definitions.custom(declaration.name)

    def _erased(self, homes: set[UUID | None]) -> set[UUID | None]:
        """Return which of these are erased customers, or were merged into one."""
        asked = [home for home in homes if home is not None and home not in self._fresh]
        if not asked:
            return set()
        erased = self._tombs(asked)
        r = each(Redirect)
        leads = {one.old: one.customer for one in self._unit.tx.find(Find(of=Redirect, where=r.old.in_(asked)))}
        ends = self._tombs(list(set(leads.values()))) if leads else set[UUID]()
        return {*erased, *(old for old, end in leads.items() if end in ends)}

    def _tombs(self, asked: list[UUID]) -> set[UUID]:
        """Return which of these are erased customers."""
        tx = self._unit.tx
        if len(asked) <= _FEW:
            return {key for key, found in tx.get(Customer, asked).items() if found.erased_at is not None}
        c = each(Customer)
        return {found.id for found in tx.find(Find(of=Customer, where=c.id.in_(asked) & ~c.erased_at.is_missing))}

    def _any(self) -> bool:
        """Whether anybody was ever erased: one look at an index, once in a unit of work."""
        if self._is_any is None:
            made = Find(of=Operation, where=each(Operation).kind == KIND, limit=1)
            self._is_any = bool(self._unit.tx.find(made))
        return self._is_any


def _comes_in(old: Record, new: Record) -> bool:
    return old.customer_id != new.customer_id


def _refused(customer: UUID | None) -> RefusedError:
    name = short_id(customer) if customer is not None else ""
    return RefusedError(
        f"Customer {name} was erased: nothing more is kept of them. Somebody who comes back is added as a new customer.",
        code="erased",
        params={"customer": str(customer)},
    )
