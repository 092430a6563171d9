"""What tests of the index of trigrams look at."""

from __future__ import annotations

from typing import Any

from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.compile.finding import shape_of
from crmkit.builtin.sql.store import OpenSqlStore
from crmkit.query import bind, each, find
from crmkit.records import CORE_TYPES, Customer
from tests.builtin.sql.conftest import BINDING, ask

c = each(Customer)


def view(store: Any) -> Any:
    """The same place to code that knows of no index."""
    old = store._catalogue
    return OpenSqlStore(Catalogue(CORE_TYPES, old.database, schema="", prefix=old.prefix), store._begin)


def named(store: Any, needle: str) -> list[str]:
    return sorted(found.name for found in ask(store, Customer, c.name.contains(needle)))


def number(store: Any, text: str) -> int:
    transaction = store.begin(write=False)
    ((found,),) = transaction._link.rows(text)
    transaction.rollback()
    return int(found)


def waits(store: Any) -> int:
    return number(store, "SELECT count(*) FROM customer WHERE search_doc IS NULL OR search_version <> version")


def strays(store: Any) -> int:
    """Documents in the index whose rows are gone, or have another text."""
    return number(
        store,
        "SELECT (SELECT max(last) - max(removed) FROM search_index WHERE of = 'customer')"
        " - (SELECT count(*) FROM customer WHERE search_doc IS NOT NULL)",
    )


def plan_of(store: Any, *conditions: Any) -> str:
    shape, constants = shape_of(bind(find(Customer, *conditions, limit=50), BINDING), store._catalogue.database)
    asked = store._catalogue.find_statement(shape).statement
    transaction = store.begin(write=False)
    rows = transaction._link.rows(f"EXPLAIN QUERY PLAN {asked.text}", asked.values(constants))
    transaction.rollback()
    return "\n".join(str(row[3]) for row in rows)
