"""`crmkit --tenant`: a company that is misspelt is no new one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from crmkit import CRM
from crmkit.cli.running import outcome
from crmkit.errors import NotFoundError
from tests.cli.conftest import Run

LOOKS = (
    ("customers", "find"), ("customers", "add", "Anna"), ("db", "status"), ("db", "check"), ("db", "upgrade", "--dry-run"),
    ("db", "backup", "x.backup"), ("plugins", "doctor"), ("work",),
)  # fmt: skip


def tables(file: str = "crm.db") -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_a_company_that_is_not_there_is_told_and_not_made(begun: Run, words: tuple[str, ...]) -> None:
    before = tables()
    code, printed, told = begun("--tenant", "nosuchco", *words)
    assert (code, printed) == (3, "")
    assert "There is no company 'nosuchco'" in told
    assert "`crmkit --tenant nosuchco db upgrade`" in told
    assert (tables(), Path("x.backup").exists()) == (before, False)


@pytest.mark.parametrize("words", [("db", "upgrade"), ("init",)], ids=" ".join)
def test_a_company_is_made_by_who_says_so(begun: Run, words: tuple[str, ...]) -> None:
    """Again, it is there already."""
    for _ in range(2):
        assert begun("--tenant", "acme", *words)[0] == 0
    assert begun("--tenant", "acme", "customers", "add", "Anna")[0] == 0
    assert "Anna" in begun("--tenant", "acme", "customers", "find")[1]
    assert "Anna" not in begun("customers", "find")[1]
    assert any(name.startswith("acme__") for name in tables())


def test_a_project_is_begun_with_a_company(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert outcome(["--no-plugins", "--tenant", "acme", "init"]) == 0
    assert outcome(["--no-plugins", "--tenant", "acme", "customers", "add", "Anna"]) == 0
    capfd.readouterr()


def test_programs_are_told_too(begun: Run) -> None:
    code, _, told = begun("--tenant", "nosuchco", "--json", "customers", "find")
    assert (code, json.loads(told)["error"]) == (3, "no_tenant")
    code, printed, _ = begun("--tenant", "acme", "--json", "init")
    assert (code, json.loads(printed)["tenant"]) == (0, "acme")


@pytest.mark.parametrize("word", ["disable", "enable"])
def test_a_plugin_is_not_switched_for_a_company_that_is_not_there(begun: Run, word: str) -> None:
    """Misspelt, it would stand in the file and switch nothing; what a person has written there is believed."""
    file = Path("crmkit.toml")
    file.write_text(file.read_text("utf-8").replace("plugins = []", 'plugins = []\ndisabled = ["trust"]'), "utf-8")
    for name, code in (("acmee", 3), ("a b", 2)):
        before = file.read_text("utf-8")
        given, _, told = begun("--tenant", name, "plugins", word, "trust")
        assert (given, file.read_text("utf-8")) == (code, before)
        assert f"{name!r}" in told
    begun("--tenant", "acme", "init")
    assert begun("--tenant", "acme", "plugins", word, "trust")[0] == 0
    assert "[tenants.acme]" in file.read_text("utf-8")
    file.write_text(file.read_text("utf-8") + "[tenants.later]\n", "utf-8")
    assert begun("--tenant", "later", "plugins", word, "trust")[0] == 0
    Path("crm.db").unlink()
    assert begun("--tenant", "umbra", "plugins", word, "trust")[0] == 3
    assert not Path("crm.db").exists()


def test_a_memory_has_no_company_yet(begun: Run) -> None:
    assert begun("--store", "memory:", "--tenant", "acme", "customers", "find")[0] == 0


SERVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}


@pytest.fixture(params=["sqlite", *(pytest.param(name, marks=getattr(pytest.mark, name)) for name in SERVERS)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'place.db'}"
        return
    url = request.getfixturevalue(f"{request.param}_url")
    yield url
    engine = create_engine(url.replace(request.param, SERVERS[request.param], 1))
    with engine.begin() as connection:
        if request.param == "mariadb":
            here = connection.execute(text("SELECT DATABASE()")).scalar_one()
            connection.execute(text(f"DROP DATABASE IF EXISTS {here}__acme"))
    engine.dispose()


def test_a_program_says_whether_it_is_made(place: str) -> None:
    with CRM.open(place, discover=False) as crm:
        with pytest.raises(NotFoundError, match="There is no company 'acme'") as caught:
            crm.tenant("acme", create=False)
        assert caught.value.code == "no_tenant"
        assert crm.store.tenant("acme").status().is_absent
        crm.tenant("acme").customers.add(name="Anna")
    with CRM.open(place, discover=False) as crm:
        assert [one.name for one in crm.tenant("acme", create=False).customers.find("Anna")] == ["Anna"]
