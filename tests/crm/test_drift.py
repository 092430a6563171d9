"""Somebody has changed the database by hand: it is found, explained, and where that can be, mended by an upgrade."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from crmkit import CRM, Customer, FieldDefinition, Plugin
from crmkit.cli.running import outcome
from crmkit.crm.upgrading import check
from tests.crm.machines import FIRST, SECOND, THIRD, Second
from tests.crm.test_upgrading import filled, opened  # noqa: F401  # the fixture

SIZES = Plugin("sizes", offers=(FieldDefinition(Customer, "size", indexed=True),))


def changed(crm: CRM, *statements: str) -> None:
    """Change the database by hand."""
    transaction = crm.store.begin(write=True)
    for statement in statements:
        transaction.execute(text(statement))
    transaction.commit()


def found(crm: CRM) -> list[Any]:
    return [(one.table, one.name, one.what, one.is_harmless) for one in check(crm.house, crm.store)]


def table(crm: CRM, name: str) -> str:
    """The table, as a statement names it."""
    schema = crm.store._catalogue.schema
    return f"{schema}.{name}" if schema else name


def test_nothing_is_found_where_nobody_changed_anything(opened):  # noqa: F811  # the fixture
    """Not after a creation, after an upgrade with a step, with fields that wait to be dropped, and when they are."""
    filled(opened, FIRST, SIZES)
    for plugin in (FIRST, SECOND, THIRD):
        with opened(plugin, SIZES) as crm:
            assert found(crm) == []
            crm.upgrade()
            assert found(crm) == []
            assert crm.status().pending == ()
    with opened(THIRD, SIZES) as crm:
        crm.upgrade(contract=True)
        assert found(crm) == []
    with opened(SIZES) as crm:
        assert found(crm) == []


def test_what_was_changed_by_hand_is_told_and_mended(opened):  # noqa: F811  # the fixture
    filled(opened)
    with opened(SECOND, SIZES) as crm:
        crm.upgrade()
        index, machine = table(crm, "ix_machine__maker"), table(crm, "machine")
        changed(
            crm,
            f"DROP INDEX {index}",
            f"DROP INDEX {table(crm, 'ix_customer__custom__size')}",
            f"ALTER TABLE {machine} DROP COLUMN model",
            f"ALTER TABLE {machine} ADD COLUMN colour TEXT",
        )
        drifts = found(crm)
        assert ("machine", "ix_machine__maker", "missing index", False) in drifts
        assert ("customer", "ix_customer__custom__size", "missing index", False) in drifts
        assert ("machine", "model", "missing column", False) in drifts
        assert ("machine", "colour", "extra column", True) in drifts
        crm.upgrade()
        assert found(crm) == [("machine", "colour", "extra column", True)]


def test_each_kind_is_told_with_its_remedy(opened):  # noqa: F811  # the fixture
    filled(opened)
    with opened(SECOND) as crm:
        crm.upgrade()
        machine, is_server = table(crm, "machine"), bool(crm.store._catalogue.schema)
        changed(
            crm,
            f"CREATE INDEX slow ON {machine} (model)",
            f"CREATE UNIQUE INDEX strict ON {machine} (title, splits)",
            f"DROP INDEX {table(crm, 'ix_machine__maker')}",
            f"CREATE INDEX ix_machine__maker ON {machine} (splits)",
            f"ALTER TABLE {machine} DROP COLUMN note",
            f"ALTER TABLE {table(crm, 'deal')} RENAME TO deal_old",
            f"DROP TABLE {table(crm, 'cost')}",
        )
        if is_server:
            changed(
                crm,
                f"ALTER TABLE {machine} ALTER COLUMN splits TYPE integer",
                f"ALTER TABLE {machine} ADD CONSTRAINT c CHECK (splits < 9)",
            )
        else:
            changed(crm, f"CREATE TRIGGER c AFTER INSERT ON {machine} BEGIN SELECT 1; END")
        drifts = set(found(crm))
        assert {
            ("cost", "", "missing table", False),
            ("deal", "", "missing table", False),
            ("machine", "note", "missing column", False),
            ("machine", "ix_machine__maker", "other index", False),
            ("machine", "slow", "extra index", True),
            ("machine", "strict", "extra index", False),
            ("machine", "c", "extra rule", False),
        } <= drifts
        assert (("machine", "splits", "other type", False) in drifts) == is_server
        assert all(one.remedy for one in check(crm.house, crm.store))


def test_an_index_whose_build_was_broken_off_is_found_and_built_anew(tmp_path: Path, postgresql_url: str):
    """A concurrent build that fails leaves an index that serves nobody and costs every write."""
    with CRM.open(postgresql_url, plugins=[SECOND], discover=False) as crm:
        anna = crm.customers.add(name="Anna")
        crm.add([Second(customer=anna.id, maker="same") for _ in range(2)])
        changed(crm, "DROP INDEX ix_machine__maker")
        engine = create_engine(
            postgresql_url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection, pytest.raises(Exception, match="could not create unique index"):
            connection.execute(
                text("CREATE UNIQUE INDEX CONCURRENTLY ix_machine__maker ON machine (maker NULLS FIRST)")
            )
        with engine.connect() as connection:
            connection.execute(text("DROP INDEX ix_machine__maker"))
            connection.execute(text("CREATE INDEX ix_machine__maker ON machine (maker NULLS FIRST, id NULLS FIRST)"))
            connection.execute(
                text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_machine__maker'::regclass")
            )
        engine.dispose()
        assert found(crm) == [("machine", "ix_machine__maker", "invalid index", False)]
        done = crm.upgrade()
        assert any("CREATE INDEX CONCURRENTLY ix_machine__maker" in step for step in done)
        assert found(crm) == []
        assert crm.status().pending == ()


def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Exit code 1 where it harms; a line each for people, objects for programs."""
    monkeypatch.chdir(tmp_path)
    assert outcome(["init"]) == 0
    assert outcome(["db", "check"]) == 0
    assert "as it was made" in capsys.readouterr().out
    with CRM.open(f"sqlite:///{tmp_path / 'crm.db'}", discover=False) as crm:
        changed(crm, "ALTER TABLE deal ADD COLUMN colour TEXT")
    assert outcome(["db", "check"]) == 0
    assert "deal.colour: extra column (found TEXT). Drop it" in capsys.readouterr().out
    with CRM.open(f"sqlite:///{tmp_path / 'crm.db'}", discover=False) as crm:
        changed(crm, "DROP TABLE cost")
    assert outcome(["db", "check", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert {(one["table"], one["what"]) for one in told} == {("cost", "missing table"), ("deal", "extra column")}
