"""A key that becomes unique in a later release, on data that was kept before there was one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import attrs
import pytest
from sqlalchemy import create_engine, text

from crmkit import CRM, Code, ConflictError, Customer, Id, Owner, Plugin, Record
from crmkit.query import each

Opener = Callable[..., CRM]


@attrs.frozen(kw_only=True)
class Loose(Record, name="bike", plural="bikes"):
    """Release 1: two bikes may have one number."""

    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    number: Code | None = None


@attrs.frozen(kw_only=True)
class Strict(Record, name="bike", plural="bikes", unique=[("number",)]):
    """Release 2: they may not."""

    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    number: Code | None = None


@attrs.frozen(kw_only=True)
class Stamped(Record, name="bike", plural="bikes", unique=[("number", "stamp")]):
    """Another release 2, whose key holds a field that is new."""

    customer: Annotated[Id[Customer], Owner(on_erase="keep")]
    number: Code | None = None
    stamp: Code = ""


LOOSE, STRICT, STAMPED = (Plugin("bikes", offers=(of,)) for of in (Loose, Strict, Stamped))
_DROP = {"postgresql": "DROP SCHEMA {} CASCADE", "mariadb": "DROP DATABASE {}"}
_DRIVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}
SERVERS = [pytest.param(name, marks=getattr(pytest.mark, name)) for name in _DROP]


@pytest.fixture(params=["sqlite", *SERVERS])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the CRM of one place, with other plugins each time."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'crm.db'}"
        yield lambda *plugins, **more: CRM.open(url, plugins=plugins, discover=False, **more)
        return
    url, schema = request.getfixturevalue(f"{request.param}_url"), f"t{uuid.uuid4().hex[:12]}"
    yield lambda *plugins, **more: CRM.open(url, schema=schema, plugins=plugins, discover=False, **more)
    engine = create_engine(url.replace(f"{request.param}:", f"{_DRIVERS[request.param]}:"))
    with engine.begin() as connection:
        connection.execute(text(_DROP[request.param].format(schema)))
    engine.dispose()


def filled(opened: Opener, *numbers: str | None) -> list[Any]:
    """Keep bikes of release 1, with these numbers; return them."""
    with opened(LOOSE) as crm:
        anna = crm.customers.add(name="Anna Jansen")
        return crm.add([Loose(customer=anna.id, number=number) for number in numbers])


def never(seconds: float) -> None:
    raise AssertionError("nothing is to be tried again")


@pytest.mark.parametrize("newer", [STRICT, STAMPED])
def test_older_code_that_breaks_a_key_is_told_of_it_at_once(opened, newer):
    """It does not know that a number stands once now; trying again would not help."""
    first, second = filled(opened, "A7", "B8")
    with opened(newer) as new:
        new.upgrade()
    with opened(LOOSE, pause=never) as old:
        another = Loose(customer=first.customer, number="A7")
        with pytest.raises(ConflictError, match="There is a bike with number A7") as added:
            old.add(another)
        with pytest.raises(ConflictError, match="There is a bike with number A7") as changed:
            old.replace(attrs.evolve(second, number="A7"))
        key = ("number",) if newer is STRICT else ("number", "stamp")
        holder = first.id if newer is STRICT else None
        for caught in (added, changed):
            assert (caught.value.code, caught.value.field) == ("taken", "number")
            assert (caught.value.params["key"], caught.value.params["holder"]) == (key, holder)
        assert len(old.find(Loose, each(Loose).number == "A7")) == 1
