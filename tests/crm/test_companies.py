"""Companies beside each other: which there are, whose a place is, and that no two share one unawares."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import create_engine, text

from crmkit import CRM, Customer
from crmkit.errors import StoreError
from crmkit.ports.store import Remove
from crmkit.query import Find
from crmkit.records import LedgerEntry
from crmkit.records.ledger import COMPANY

SERVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}
MARKED = [pytest.param(name, marks=getattr(pytest.mark, name)) for name in SERVERS]


@attrs.frozen
class Place:
    """Where CRMs are made; ``mark`` is what all their names begin with."""

    url: str
    mark: str

    def open(self, **where: Any) -> CRM:
        return CRM.open(self.url, discover=False, **where)


@pytest.fixture(params=["sqlite", *MARKED])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    mark = f"m{secrets.token_hex(3)}"
    if request.param == "sqlite":
        yield Place(f"sqlite:///{tmp_path / 'place.db'}", mark)
        return
    url = request.getfixturevalue(f"{request.param}_url")
    yield Place(url, mark)
    engine = create_engine(url.replace(request.param, SERVERS[request.param], 1))
    with engine.begin() as connection:
        for (schema,) in connection.execute(text("SELECT schema_name FROM information_schema.schemata")).all():
            if mark in schema:
                drop = {"postgresql": f"DROP SCHEMA {schema} CASCADE", "mariadb": f"DROP DATABASE `{schema}`"}
                connection.execute(text(drop[request.param]))
        for schema, table in connection.execute(
            text("SELECT table_schema, table_name FROM information_schema.tables")
        ).all():
            if mark in table:
                connection.execute(text(f"DROP TABLE {schema}.{table}"))
    engine.dispose()


def where(crm: CRM, name: str) -> dict[str, str]:
    """Return the schema and the prefix of a company."""
    catalogue = crm.store.tenant(name)._catalogue
    return {"schema": catalogue.schema, "prefix": catalogue.prefix}


def names(crm: CRM) -> list[str]:
    return [one.name for one in crm.find(Customer)]


def test_it_is_told_which_companies_there_are(place: Place) -> None:
    """Neither one that was only looked for, nor what is a company's own, nor another CRM of the place."""
    prefix = f"{place.mark}_"
    with place.open(prefix=prefix) as crm, place.open(prefix=f"{place.mark}2_") as other:
        assert crm.tenants() == ()
        for name in (f"{place.mark}b", f"{place.mark}a"):
            crm.tenant(name)
        assert crm.store.tenant(f"{place.mark}c").status().is_absent
        crm.tenant(f"{place.mark}a").tenant(f"{place.mark}deep")
        other.tenant(f"{place.mark}d")
        assert crm.tenants() == (f"{place.mark}a", f"{place.mark}b")
        assert crm.tenant(f"{place.mark}a").tenants() == (f"{place.mark}deep",)
        assert other.tenants() == (f"{place.mark}d",)


def test_a_company_s_own_company_is_another_than_that_of_its_crm(place: Place) -> None:
    """By whichever way it was asked for first; and all of them are closed."""
    one, two = f"{place.mark}a", f"{place.mark}b"
    differs = {one: {"disabled": ["trust"]}}
    for options in ({}, {"tenants": differs}):
        with place.open(prefix=f"{place.mark}_", **options) as crm:
            crm.tenant(two).customers.put(("x", "1"), name="beside")
            crm.tenant(one).tenant(two).customers.put(("x", "1"), name="deep")
            assert (names(crm.tenant(two)), names(crm.tenant(one).tenant(two))) == (["beside"], ["deep"])


def test_the_place_of_a_company_is_no_crm_s_of_its_own(place: Place) -> None:
    """By a schema or a prefix that was given for another; a backup or copy says it so on purpose."""
    name = f"{place.mark}a"
    with place.open(prefix=f"{place.mark}_") as crm:
        crm.tenant(name).customers.add(name="Anna")
        said = where(crm, name)
    with pytest.raises(StoreError, match=f"the tables of the company '{name}' of another CRM") as caught:
        place.open(**said)
    assert caught.value.code == "other_company"
    with place.open(prefix=f"{place.mark}_") as crm:
        assert names(crm.tenant(name)) == ["Anna"]


def test_a_crm_of_its_own_is_no_company_of_another(place: Place) -> None:
    name = f"{place.mark}a"
    with place.open(prefix=f"{place.mark}_") as crm:
        said = where(crm, name)
        with place.open(**said) as own:
            own.customers.add(name="Anna")
        assert crm.tenants() == ()
        with pytest.raises(StoreError, match="those of a CRM of its own") as caught:
            crm.tenant(name)
        assert caught.value.code == "other_company"
    with place.open(**said) as own:
        assert names(own) == ["Anna"]


def test_where_nobody_has_noted_whose_it_is_it_is_anybody_s(place: Place) -> None:
    """What older code made has no note."""
    name = f"{place.mark}a"
    with place.open(prefix=f"{place.mark}_") as crm:
        crm.tenant(name).customers.add(name="Anna")
        transaction = crm.store.tenant(name).begin(write=True)
        noted = [entry for entry in transaction.find(Find(of=LedgerEntry)) if entry.key == COMPANY]
        transaction.write([Remove(entry) for entry in noted])
        transaction.commit()
        assert [entry.value["name"] for entry in noted] == [name]
        assert crm.tenants() == (name,)
        with place.open(**where(crm, name)) as own:
            assert names(own) == ["Anna"]


def test_a_table_of_another_program_is_no_company(place: Place) -> None:
    """Also where it has the name that a company's ledger would have."""
    name = f"{place.mark}a"
    with place.open(prefix=f"{place.mark}_") as crm:
        table = crm.store.tenant(name).table(LedgerEntry)
        engine = create_engine(
            place.url.replace("postgresql:", "postgresql+psycopg:").replace("mariadb:", "mariadb+pymysql:")
        )
        with engine.begin() as connection:
            if table.schema:
                kind = "SCHEMA" if engine.dialect.name == "postgresql" else "DATABASE"
                connection.execute(text(f"CREATE {kind} {table.schema}"))
            connection.execute(text(f"CREATE TABLE {table.fullname} (amount INTEGER)"))
        engine.dispose()
        assert crm.tenants() == ()
