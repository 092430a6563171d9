"""Record types with one mistake each, as an author may make it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count
from typing import Annotated, Any

import attrs

from crmkit import (
    AnyRef,
    Code,
    Customer,
    Id,
    Indexed,
    Money,
    NotPersonal,
    Owner,
    Personal,
    Plugin,
    Record,
    Searchable,
    Staged,
)


@attrs.frozen(kw_only=True)
class Order(Record, unique=[("shop", "number")]):
    """Something that a customer ordered."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep")] = None
    shop: Code
    number: int
    what: Annotated[str, Personal(), Searchable()] = ""
    price: Money | None = None
    due_on: Annotated[date | None, NotPersonal()] = None
    at: Annotated[datetime | None, Indexed()] = None
    is_paid: bool = False


@attrs.frozen(kw_only=True)
class Job(Staged):
    """Something that moves along a path, and has parts."""

    order: Annotated[Id[Order], Owner(on_erase="remove")]
    what: Annotated[str, Searchable()] = ""
    owner: AnyRef | None = None
    opened_at: datetime | None = None


def _cents(value: int) -> int:
    return max(min(value, 10**9), -(10**9)) * 100


@attrs.frozen(kw_only=True)
class Growing(Record, shared=True):
    """Its converter changes again what it has changed already."""

    shop: Code = ""
    amount: int = attrs.field(default=0, converter=_cents)


def _to_the_second(value: datetime | None) -> datetime | None:
    return value and value.replace(microsecond=0)


@attrs.frozen(kw_only=True)
class Rounding(Record, shared=True):
    """Keeps less than it was given."""

    shop: Code = ""
    at: datetime | None = attrs.field(default=None, converter=_to_the_second)


def _given(record: Any, attribute: Any, value: Any) -> None:
    if not value:
        raise ValueError("give it")


@attrs.frozen(kw_only=True)
class Demanding(Record, shared=True, indexes=[("at",)]):
    """Says that a field may be missing, and does not take it so."""

    shop: Code = "here"
    at: datetime | None = attrs.field(default=None, validator=_given)


@attrs.frozen(kw_only=True, eq=False)
class Alone(Record, shared=True):
    """No two of them are equal."""

    shop: Code = ""


@attrs.frozen(kw_only=True)
class Sealed(Record, shared=True):
    """Is not to be changed, and does not say so."""

    shop: Code = ""

    def __attrs_post_init__(self) -> None:
        if self.version > 1:
            raise ValueError("It is sealed.")


@attrs.frozen(kw_only=True)
class Computed(Record, shared=True):
    """A field is not given but made."""

    shop: Code = ""
    length: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "length", len(self.shop))


@attrs.frozen(kw_only=True)
class Hopeful(Record, shared=True):
    """A field that may be missing is filled where it says nothing."""

    shop: Code = ""
    number: int | None = 5


@attrs.frozen(kw_only=True)
class Titled(Record, shared=True, plural="Repair Orders"):
    """Its name is none to type."""

    shop: Code = ""


@attrs.frozen(kw_only=True)
class Silent(Record, shared=True):
    shop: Code = ""


@attrs.frozen(kw_only=True)
class Unprintable(Record, shared=True):
    """Has a text for people that raises."""

    shop: Code = ""

    def __repr__(self) -> str:
        raise ValueError(self.shop)


def _now() -> datetime:
    return datetime.now(UTC)


@attrs.frozen(kw_only=True)
class Restless(Record, shared=True):
    """A field has another default each time."""

    shop: Code = ""
    number: int = attrs.field(factory=count().__next__)


@attrs.frozen(kw_only=True)
class Stray(Record, shared=True):
    """Names a customer, and belongs to nobody."""

    customer: Id[Customer] | None = None
    shop: Code = ""


@attrs.frozen(kw_only=True)
class Whispering(Record, shared=True):
    """Tells of a person, and belongs to nobody."""

    what: Annotated[str, Personal()] = ""


@attrs.frozen(kw_only=True)
class Repeating(Record):
    """Says again, in a field that is not personal, what a personal one says."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep")] = None
    shop: Code = ""
    what: Annotated[str, Personal()] = ""
    title: Annotated[str, NotPersonal()]

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "title", f"Order of {self.what}")


@attrs.frozen(kw_only=True)
class Faithful(Record):
    """Does not become another customer's."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep")] = None
    shop: Code = ""

    def __attrs_post_init__(self) -> None:
        if self.customer_id is not None and self.customer_id != self.customer:
            raise ValueError("It belongs to another customer.")


@attrs.frozen(kw_only=True)
class Proud(Record, unique=[("customer",)]):
    """Two customers that have one each can not become one."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep", on_merge_conflict="refuse")] = None
    shop: Code = ""


shop = Plugin("shop", offers=(Order, Job))
