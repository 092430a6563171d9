"""A plugin that grew: what its releases declare, and the steps from one to the next."""

from __future__ import annotations

from typing import Annotated, Any

import attrs

from crmkit import Code, Customer, Id, NotPersonal, Owner, Personal, Plugin, Record, Searchable
from crmkit.ports.step import Drop, step
from crmkit.query import each


@attrs.frozen(kw_only=True)
class First(Record, name="machine", plural="machines"):
    """Release 1: maker and model stand in one text."""

    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    title: Annotated[str, NotPersonal()]
    note: Annotated[str, Personal()] = ""


@attrs.frozen(kw_only=True)
class Second(Record, name="machine", plural="machines", indexes=[("maker",)]):
    """Release 2: they are apart, and the old text stays for older code."""

    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    title: Annotated[str, NotPersonal()] = ""
    note: Annotated[str, Personal()] = ""
    maker: Code = ""
    model: Annotated[str, NotPersonal()] = ""
    splits: int = 0


@attrs.frozen(kw_only=True)
class Third(Record, name="machine", plural="machines", indexes=[("maker",)]):
    """Release 3: the old text is gone."""

    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    note: Annotated[str, Personal()] = ""
    maker: Code = ""
    model: Annotated[str, NotPersonal()] = ""
    splits: int = 0


@attrs.frozen(kw_only=True)
class Searched(Record, name="machine", plural="machines"):
    """Release 1, and its title is searched in."""

    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    title: Annotated[str, NotPersonal(), Searchable()]
    note: Annotated[str, Personal()] = ""


def splitting(of: Any) -> Any:
    """Return the step of release 2, which tells by `splits` how often it saw a record."""

    @step(of, to=1, where=each(of).maker == "")
    def split_title(machine: Any) -> Any:
        """Tell maker and model apart."""
        maker, _, model = machine.title.partition(" ")
        return attrs.evolve(machine, maker=maker, model=model, splits=machine.splits + 1)

    return split_title


FIRST = Plugin("machines", offers=(First,))
SECOND = Plugin("machines", offers=(Second, splitting(Second)))
THIRD = Plugin("machines", offers=(Third, splitting(Second), Drop(Third, "title", to=2)))
SEARCHED = Plugin("machines", offers=(Searched,))
