"""Naming: the record that is meant by what people type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias, TypeVar, cast
from uuid import UUID

from ..errors import AmbiguousError, InvalidError, NotFoundError
from ..ports.work import Service, Work, verb
from ..query import Condition, each
from ..records import Customer, ExternalId, Id, Record, declaration_of, short_id
from ..records.contact_key import contact_key, kind_of_address
from ..records.ids import is_short_id
from ..records.text import fold, normal
from .addresses import customers_at

R = TypeVar("R", bound=Record)
Whom: TypeAlias = Customer | Id[Customer] | str
"""A customer: the record, its id, or what people type for it (see ``Naming.named``)."""
_SHOWN: Final = 10


class Naming(Service):
    """Finding the one record that is meant."""

    @verb
    def named(self, of: type[R], text: str) -> R:
        """Return the record of a type that a text names.

        A text is the last six characters of an id, a whole id, ``source:external-id``, a key where the type has keys
        (an agent's, a touchpoint's), for customers also an e-mail address, a phone number, or the exact name (case and
        accents apart).

        Raises:
            NotFoundError: there is none. AmbiguousError: there are several, its ``candidates``.
        """
        return named(self.unit, of, text)


def named(work: Work, of: type[R], text: str) -> R:
    """See ``Naming.named``."""
    found = _candidates(work, of, text.strip())
    if len(found) == 1:
        return found[0]
    word = declaration_of(of).name.replace("_", " ")
    if not found:
        raise NotFoundError(f"There is no {word} {text!r}: look for it with find, or add it.", params={"text": text})
    shown = ", ".join(short_id(record.id) for record in found[:_SHOWN])
    more = ", ..." if len(found) > _SHOWN else ""
    raise AmbiguousError(
        f"{text!r} names {len(found)} records: choose one of {shown}{more}.", candidates=found, params={"text": text}
    )


def customer_named(work: Work, whom: Whom) -> Customer:
    """Return the customer as it is now; a merged one leads to who it is now.

    Raises:
        NotFoundError, AmbiguousError: as ``Naming.named``.
    """
    if isinstance(whom, str):
        return named(work, Customer, whom)
    return work.get(Customer, whom.id if isinstance(whom, Customer) else whom)


def _candidates(work: Work, of: type[R], text: str) -> list[R]:
    if not text:
        return []
    if (whole := _whole_id(text)) is not None:
        return [work.get(of, Id(whole))]
    ids = _by_external(work, of, text)
    if of is Customer:
        ids += by_address(work, text)
    records: Iterable[R] = [*work.get_many(of, ids).values(), *_by_text(work, of, text)] or _by_tail(work, of, text)
    return list({record.id: record for record in records}.values())


def _whole_id(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) in (32, 36) else None
    except ValueError:
        return None


def _by_external(work: Work, of: type[Record], text: str) -> list[UUID]:
    parts = split_external(text)
    found = external(work, *parts) if parts else None
    return [found.record.id] if found and found.record.type == declaration_of(of).name else []


def _by_text(work: Work, of: type[R], text: str) -> list[R]:
    """Return the records whose key is the text, or the customers whose name it is."""
    if ("key",) in declaration_of(of).unique:
        return list(work.find(of, each(of).key == text))
    if of is not Customer:
        return []
    try:
        c = each(Customer)
        found = work.find(Customer, c.name.folded == fold(text), c.erased_at.is_missing, limit=100)
    except InvalidError:  # holds what no name can hold
        return []
    return cast("list[R]", list(found))


def _by_tail(work: Work, of: type[R], text: str) -> list[R]:
    """Return the records whose short id a text is."""
    return work.called(of, text) if is_short_id(text) else []


# --- by what other systems and letters say ---
def external(work: Work, source: str, value: str) -> ExternalId | None:
    """Return the external id of a source, or None: nobody has it."""
    e = each(ExternalId)
    for found in work.find(ExternalId, e.source == normal(source), e.value == normal(value), limit=1):
        return found
    return None


def split_external(text: str) -> tuple[str, str] | None:
    """Return source and value of ``source:value``, or None where a text has not that form."""
    source, colon, value = text.partition(":")
    return (source, value) if colon and source and value and not source.isspace() else None


def by_address(work: Work, text: str, country: str = "") -> list[UUID]:
    """Return the ids of the customers who have what a text writes as an e-mail address or phone number."""
    kind = kind_of_address(text)
    if kind == "handle":
        return []
    try:
        return customers_at(work, kind, contact_key(kind, text, country))
    except InvalidError:  # looks like one, and is none
        return []


def by_external(work: Work, text: str) -> list[UUID]:
    """Return the id of the customer who has what a text writes as ``source:value``."""
    parts = split_external(text)
    found = external(work, *parts) if parts else None
    return [found.record.id] if found and found.record.type == "customer" else []


def matching(work: Work, text: str) -> Condition | None:
    """Return the condition of customers who answer to a text: part of the name, or exactly an address or external id."""
    text = text.strip()
    if not text:
        return None
    c = each(Customer)
    exact: Sequence[UUID] = [*by_address(work, text), *by_external(work, text)]
    by_name = c.name.contains(text)
    return by_name | c.id.in_(exact) if exact else by_name
