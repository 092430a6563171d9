"""A host's own Alembic: crmkit's upgrade is one line of a version script, in the host's transaction; autogenerate leaves our tables alone."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, event, inspect, make_url, text

from crmkit import CRM
from tests.crm.machines import FIRST, SECOND, First, Second

ENV = """
from alembic import context

engine = context.config.attributes["engine"]
with getattr(engine, context.config.attributes["opened"])() as connection:
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()
"""
ORDERS = """
revision, down_revision = "1", None
from alembic import op
import sqlalchemy as sa

def upgrade():
    op.create_table("orders", sa.Column("n", sa.Integer, primary_key=True))
"""
CRM_ = """
revision, down_revision = {revision!r}, {before!r}
from alembic import op
from crmkit import CRM
from tests.crm.machines import FIRST, SECOND

def upgrade():
    crm = CRM.embedded(op.get_bind().dialect.name, prefix="crm_", plugins=[{plugin}], discover=False)
    crm.on(op.get_bind()).upgrade()
    {after}
"""
HOST = MetaData()
Table("orders", HOST, Column("n", Integer, primary_key=True))


SERVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}
CLEARED = {
    "postgresql": ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"),
    "mariadb": ("DROP DATABASE {database}", "CREATE DATABASE {database}"),
}


@pytest.fixture(params=["sqlite", *(pytest.param(name, marks=getattr(pytest.mark, name)) for name in SERVERS)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A host's engine; on SQLite set up as SQLAlchemy's documentation says, so that DDL is transactional."""
    if request.param in SERVERS:
        url = make_url(request.getfixturevalue(f"{request.param}_url"))
        made = create_engine(url.set(drivername=SERVERS[request.param]))
    else:
        made = create_engine(f"sqlite:///{tmp_path / 'host.db'}")
        event.listen(made, "connect", lambda driver, _: setattr(driver, "isolation_level", None))
        event.listen(made, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    yield made
    with made.begin() as connection:
        for statement in CLEARED.get(request.param, ()):
            connection.execute(text(statement.format(database=made.url.database)))
    made.dispose()


@pytest.fixture
def config(engine: Any, tmp_path: Path) -> Config:
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENV)
    (folder / "versions" / "1_orders.py").write_text(ORDERS)
    made = Config(attributes={"engine": engine, "opened": "begin"})
    made.set_main_option("script_location", str(folder))
    made.set_main_option("path_separator", "os")
    return made


def version(engine: Any) -> str:
    with engine.connect() as connection:
        kept: str = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    return kept


def add_version(config: Config, revision: int, plugin: str, after: str = "") -> None:
    folder = Path(config.get_main_option("script_location") or "")
    source = textwrap.dedent(CRM_).format(
        revision=str(revision), before=str(revision - 1), plugin=plugin, after=after or "pass"
    )
    (folder / "versions" / f"{revision}_crm.py").write_text(source)


@pytest.mark.parametrize("opened", ["begin", "connect"])
def test_a_version_script_upgrades_crmkit(engine, config, opened):
    """Schema, definitions and the plugin's step, in the host's transaction; nothing is pending afterwards."""
    config.attributes["opened"] = opened
    add_version(config, 2, "FIRST")
    command.upgrade(config, "head")
    assert version(engine) == "2"
    with CRM.open(engine=engine, prefix="crm_", plugins=[FIRST], discover=False) as crm:
        assert crm.status().pending == ()
        anna = crm.customers.add(name="Anna Jansen")
        crm.add([First(customer=anna.id, title=f"Gazelle {n}") for n in range(3)])
    add_version(config, 3, "SECOND")
    command.upgrade(config, "head")
    assert version(engine) == "3"
    with CRM.open(engine=engine, prefix="crm_", plugins=[SECOND], discover=False) as crm:
        assert crm.status().pending == ()
        assert {(m.maker, m.splits) for m in crm.find(Second)} == {("Gazelle", 1)}


def test_a_version_that_fails_leaves_nothing(engine, config):
    """What the host rolls back is as it was: our tables, our ledger, the host's version. MariaDB keeps tables; the next run goes on."""
    command.upgrade(config, "1")
    add_version(config, 2, "FIRST", after="raise RuntimeError('the host changed its mind')")
    with pytest.raises(RuntimeError, match="changed its mind"):
        command.upgrade(config, "head")
    if engine.dialect.name != "mariadb":
        assert set(inspect(engine).get_table_names()) == {"orders", "alembic_version"}
    assert version(engine) == "1"
    add_version(config, 2, "FIRST")
    command.upgrade(config, "head")
    assert version(engine) == "2"
    with CRM.open(engine=engine, prefix="crm_", plugins=[FIRST], discover=False) as crm:
        assert crm.status().pending == ()


def test_autogenerate_leaves_our_tables_alone(engine, config):
    """With `include_name` as the guide says it; without, it would drop them all."""
    add_version(config, 2, "FIRST")
    command.upgrade(config, "head")

    def compared(**options: Any) -> list[Any]:
        with engine.connect() as connection:
            return compare_metadata(MigrationContext.configure(connection, opts=options), HOST)

    assert any(change[0] == "remove_table" and change[1].name == "crm_customer" for change in compared())
    assert compared(include_name=lambda name, kind, _: kind != "table" or not name.startswith("crm_")) == []
