"""`crmkit db` with several companies: of which one it was, all of them upgraded, one of them moved."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crmkit import CRM, Customer
from tests.cli.conftest import Run


@pytest.fixture
def companies(begun: Run) -> Run:
    """A project with two companies; each has a customer who is called as it is."""
    for name in ("acme", "umbra"):
        assert begun("--tenant", name, "init")[0] == 0
        assert begun("--tenant", name, "customers", "add", f"Of {name}")[0] == 0
    assert begun("customers", "add", "Of none")[0] == 0
    return begun


def change(statement: str, file: str = "crm.db") -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(statement)
        connection.commit()


def names(file: str, tenant: str = "") -> list[str]:
    with CRM.open(f"sqlite:///{file}", discover=False, create=False) as crm:
        own = crm.tenant(tenant, create=False) if tenant else crm
        return [one.name for one in own.find(Customer)]


def indexes(file: str = "crm.db") -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}


def behind(prefix: str) -> None:
    """Let a place be as older code has made it: without an index."""
    change(f"DROP INDEX ix_{prefix}customer__owner")
    change(f"UPDATE {prefix}ledger SET value = '{{}}' WHERE key = 'type:customer'")


def test_what_was_done_says_of_which_company(companies: Run) -> None:
    """And that there are others, which it was not of."""
    beside = "The 2 companies beside it (acme, umbra) are not"
    assert f"{beside} looked at" in companies("db", "status")[1]
    assert f"{beside} upgraded: crmkit db upgrade --all-tenants" in companies("db", "upgrade")[1]
    assert f"{beside} in it: crmkit --tenant NAME db backup FILE" in companies("db", "backup", "main.backup")[1]
    for words in (("db", "status"), ("db", "upgrade"), ("db", "upgrade", "--dry-run"), ("db", "backup", "acme.backup")):
        code, printed, _ = companies("--tenant", "acme", *words)
        assert (code, printed.startswith("company acme: "), "beside" in printed) == (0, True, False)


def test_programs_are_told_of_which_company(companies: Run) -> None:
    found = json.loads(companies("--json", "db", "status")[1])
    assert (found["tenant"], found["tenants"]) == ("", ["acme", "umbra"])
    found = json.loads(companies("--tenant", "acme", "--json", "db", "status")[1])
    assert (found["tenant"], found["tenants"]) == ("acme", [])
    for words in (("db", "upgrade"), ("db", "backup", "acme.backup")):
        assert json.loads(companies("--tenant", "acme", "--json", *words)[1])["tenant"] == "acme"
    done = json.loads(companies("--json", "db", "upgrade", "--all-tenants")[1])["done"]
    assert done == {"": [], "acme": [], "umbra": []}


def test_where_there_is_no_company_nothing_is_said_of_one(begun: Run) -> None:
    for words in (("db", "status"), ("db", "upgrade"), ("db", "backup", "main.backup")):
        assert "company" not in begun(*words)[1]


def test_all_are_upgraded(companies: Run) -> None:
    """Not by an upgrade of one; nor by a dry run, which says what is due."""
    before = indexes()
    for prefix in ("", "acme__", "umbra__"):
        behind(prefix)
    assert companies("--tenant", "umbra", "db", "upgrade")[0] == 0
    assert before - indexes() == {"ix_customer__owner", "ix_acme__customer__owner"}
    code, printed, _ = companies("db", "upgrade", "--all-tenants", "--dry-run")
    assert code == 0
    assert any(line.startswith("company acme: CREATE INDEX") for line in printed.splitlines())
    assert before - indexes() == {"ix_customer__owner", "ix_acme__customer__owner"}
    code, printed, _ = companies("db", "upgrade", "--all-tenants")
    assert (code, before - indexes()) == (0, set())
    assert "company umbra: There was nothing to do." in printed
    assert printed.endswith("The CRM and 2 companies are upgraded.\n")


def test_what_one_can_not_do_costs_no_other(companies: Run) -> None:
    before = indexes()
    behind("umbra__")
    change("""UPDATE acme__ledger SET value = '{"core": 99}' WHERE key = 'schema'""")
    code, printed, told = companies("db", "upgrade", "--all-tenants")
    assert (code, before - indexes()) == (7, set())
    assert "Company acme: " in told
    assert "has the schema 99" in told
    assert "All others are upgraded." in told
    assert "company umbra: 2 changes made." in printed


def test_all_and_one_are_not_said_together(companies: Run) -> None:
    assert companies("--tenant", "acme", "db", "upgrade", "--all-tenants")[0] == 2


def test_one_is_backed_up_and_restored(companies: Run) -> None:
    """Into a place of its own, and as a company beside others, which is made where it is not there; nobody else's is touched."""
    assert companies("--tenant", "acme", "db", "backup", "acme.backup")[0] == 0
    code, printed, _ = companies("--store", "sqlite:///own.db", "db", "restore", "acme.backup")
    assert (code, names("own.db"), "company" in printed) == (0, ["Of acme"], False)
    code, printed, _ = companies("--tenant", "bolt", "db", "restore", "acme.backup")
    assert (code, names("crm.db", "bolt")) == (0, ["Of acme"])
    assert printed.endswith("crm.db, company bolt\n")
    code, _, told = companies("--tenant", "umbra", "db", "restore", "acme.backup")
    assert (code, "company umbra is not empty" in told) == (5, True)
    assert companies("--tenant", "umbra", "db", "restore", "acme.backup", "--replace")[0] == 0
    assert [names("crm.db", name) for name in ("", "acme", "umbra")] == [["Of none"], ["Of acme"], ["Of acme"]]


def test_one_is_copied(companies: Run) -> None:
    """From the company of that name to the one of that name; or of another, or to a place of its own."""
    code, printed, _ = companies("--tenant", "acme", "db", "copy", "sqlite:///crm.db", "sqlite:///new.db")
    assert (code, names("new.db", "acme")) == (0, ["Of acme"])
    assert printed.endswith("new.db, company acme\n")
    assert companies("db", "copy", "--source-tenant", "umbra", "sqlite:///crm.db", "sqlite:///own.db")[0] == 0
    assert names("own.db") == ["Of umbra"]
    words = ("--tenant", "bolt", "db", "copy", "--source-tenant", "umbra", "sqlite:///crm.db", "sqlite:///crm.db")
    assert companies(*words)[0] == 0
    assert names("crm.db", "bolt") == ["Of umbra"]
    assert companies("--tenant", "acme", "db", "copy", "sqlite:///crm.db", "sqlite:///crm.db")[0] == 2
    assert [names("crm.db", name) for name in ("", "acme", "umbra")] == [["Of none"], ["Of acme"], ["Of umbra"]]


def test_one_that_is_not_there_is_not_copied(companies: Run) -> None:
    code, _, told = companies("--tenant", "acmee", "db", "copy", "sqlite:///crm.db", "sqlite:///new.db")
    assert (code, "There is no company 'acmee'" in told, Path("new.db").exists()) == (3, True, False)


def test_what_was_moved_is_opened_as_whose_it_is_now(companies: Run) -> None:
    """The note of whose place it was stays behind."""
    assert companies("db", "copy", "--source-tenant", "acme", "sqlite:///crm.db", "sqlite:///own.db")[0] == 0
    assert companies("--store", "sqlite:///own.db", "customers", "find")[0] == 0
    assert companies("--tenant", "acme", "db", "copy", "sqlite:///crm.db", "sqlite:///new.db")[0] == 0
    assert companies("--store", "sqlite:///new.db", "db", "upgrade")[0] == 0
    assert companies("--store", "sqlite:///new.db", "--tenant", "acme", "customers", "find")[0] == 0
